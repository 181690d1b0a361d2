"""What a site of 20 agents and 60 lines costs, how soon it dials, and how soon people hear each other.

    python -m bench.perf.site [--starts 5] [--seconds 30]

The dialer, its cards, the carrier and the agents' phones are processes of their own on loopback. CPU is % of one core,
memory is PSS. Times between processes are of CLOCK_MONOTONIC, which they share.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path

from bench.perf.machine import Figure, Usage, median, percentile, print_figures, print_machine, pss_mb, written_bytes
from bench.perf.phones import CUSTOMER_HZ
from bench.perf.rig import Plan, Rig, Work, area, events, rig, until
from campaigns.model import Mode

AGENTS, LINES, CARD_CALLS, SETTLE_S, MEASURE_S, WARM_UP_S = 20, 60, 4, 2.0, 8.0, 15.0
OURS = ("dialer", "fork server", "cards")
_CARRIER = f"""
base = "demo"
[[number]]
match = "+1201*"
kind = "no_answer"
setup_s = 0.05
ring_s = 25
early_media = false
[[number]]
match = "+1202*"
kind = "person"
setup_s = 0.05
ring_s = 0.5
talk_s = 3600
patience_s = 3600
early_media = false
sound = "tone"
[[number]]
match = "+121[25]*"
kind = "person"
setup_s = 0.05
ring_s = 1.0
talk_s = 3
patience_s = 10
early_media = false
sound = "tone"
tone_hz = {CUSTOMER_HZ}
[[number]]
match = "+1216*"
kind = "no_answer"
setup_s = 0.05
ring_s = 60
early_media = false
"""
_PHONES = """
base = "quick"
[phone]
dead_after_s = 0
"""
PLAN = Plan(
    agents=AGENTS,
    lines=LINES,
    starts_per_s=20.0,
    campaigns={
        "start": Work(Mode.PROGRESSIVE, area("216"), {}),
        "ring": Work(Mode.POWER, area("201")[:LINES], {"lines_per_agent": LINES / AGENTS, "ring_timeout_s": 120.0}),
        "hold": Work(Mode.PROGRESSIVE, area("202")[:AGENTS], {}),
        "short": Work(Mode.PROGRESSIVE, area("212", "215"), {"wrapup_s": 2.0}),
        "live": Work(Mode.PREDICTIVE, area("203", "207", "229", "234", "239", "240"), {"wrapup_s": 4.0}),
    },
    carrier=_CARRIER,
    phones=_PHONES,
)


def start_times(site: Rig, environment: Mapping[str, str]) -> dict[str, float]:
    """Seconds from the start of `dialer run` until its API answers, the first phone and the first customer ring."""
    began = site.start_dialer(**environment)
    try:
        until("the API", lambda: site.ask("GET", "/state"), 90.0, 0.01)
        api_at = _now_after(began)
        site.ask("POST", "/campaigns/start/start")
        site.ask("POST", "/agents/agent1/login", {"campaign": "start"})
        until("the first phone", lambda: site.agents_in("PAUSED"), 60.0, 0.01)
        site.ask("POST", "/agents/agent1/ready")
        first = until("the first customer", lambda: events(site.carrier_log, "invite", began), 30.0, 0.01)[0]
        phone = events(site.phones_log, "invite", began)[0]
    finally:
        site.stop_dialer()
    return {"API answers": api_at, "first phone": phone["mono"] - began, "first customer": first["mono"] - began}


def _now_after(began: float) -> float:
    return time.monotonic() - began


def measure_starts(site: Rig, folder: Path, starts: int) -> Iterator[Figure]:
    """How soon `dialer run` dials, with and without the compiled kernels on disk."""
    cold = start_times(site, {"NUMBA_CACHE_DIR": str(folder / "empty")})
    warm = [start_times(site, {}) for _ in range(starts)]
    for name in warm[0]:
        taken = [times[name] for times in warm]
        note = f"median of {starts}, {min(taken):.2f} to {max(taken):.2f}"
        yield Figure(f"start of `dialer run` to: {name}", median(taken), "s", note=note)
    note = "once, after an installation: kernels are compiled"
    yield Figure("very first start to: first customer", cold["first customer"], "s", note=note)


def start_whole(site: Rig) -> None:
    """Start the dialer, and wait until every card is up: one for four calls, and a spare one."""
    site.start_dialer()
    until("the API", lambda: site.ask("GET", "/state"), 90.0)
    wanted = -(-(AGENTS + LINES) // CARD_CALLS) + 1
    until("every card", lambda: len(site.groups()["cards"]) >= wanted, 60.0)


def measure_load(site: Rig) -> Iterator[Figure]:
    """Memory and CPU: idle, agents at their desks, every line ringing, every agent in a call."""
    start_whole(site)
    groups = site.groups()
    cards = len(groups["cards"])
    idle = _usage(groups)
    yield from _memory("idle", groups)
    yield from _cpu("idle", idle, f"{cards} cards")
    site.log_in("ring", site.names)
    seated = _usage(groups)
    yield from _cpu(f"{AGENTS} agents at their phones", seated)
    _dial(site, "ring", LINES)
    ringing = _usage(groups)
    yield from _cpu(f"{AGENTS} agents, {LINES} lines ringing", ringing)
    yield from _memory(f"{AGENTS} agents, {LINES} lines ringing", groups, "limit 600 MB")
    yield from _shares("per ringing line", seated, ringing, LINES)
    until("the lines have rung out", lambda: site.lines_in_use() == 0, 60.0)
    site.log_out()
    site.log_in("hold", site.names)
    seated = _usage(groups)
    _dial(site, "hold", AGENTS)
    until("everybody talks", lambda: site.agents_in("INCALL") == AGENTS)
    joined = _usage(groups)
    yield from _cpu(f"{AGENTS} agents in calls", joined)
    yield from _memory(f"{AGENTS} agents in calls", groups)
    yield from _shares("per joined call (customer's leg and join)", seated, joined, AGENTS)
    site.stop_dialer()


def _dial(site: Rig, campaign: str, lines: int) -> None:
    site.ask("POST", f"/campaigns/{campaign}/start")
    site.make_ready(site.names)
    until(f"{lines} lines in use", lambda: site.lines_in_use() >= lines)


def _usage(groups: dict[str, list[int]]) -> dict[str, float]:
    Usage.over({}, SETTLE_S)
    return Usage.over(groups, MEASURE_S).percent


def _cpu(state: str, usage: Mapping[str, float], note: str = "") -> Iterator[Figure]:
    parts = ", ".join(f"{name} {usage[name]:.1f}" for name in usage)
    yield Figure(f"CPU of the site, {state}", sum(usage[name] for name in OURS), "%", note=f"{parts} {note}".strip())


def _shares(what: str, before: Mapping[str, float], after: Mapping[str, float], count: int) -> Iterator[Figure]:
    rise = {name: (after[name] - before[name]) / count for name in after}
    note = f"dialer {rise['dialer']:.3f}, cards {rise['cards']:.3f}; the carrier's own {rise['carrier']:.3f}"
    yield Figure(f"CPU {what}", sum(rise[name] for name in OURS), "%", note=note)


def _memory(state: str, groups: Mapping[str, list[int]], limit: str = "") -> Iterator[Figure]:
    parts = {name: pss_mb(groups[name]) for name in OURS}
    note = ", ".join(f"{name} {value:.0f}" for name, value in parts.items())
    yield Figure(f"memory of the site, {state}", sum(parts.values()), "MB", limit, note)


def measure_campaign(site: Rig, seconds: float) -> Iterator[Figure]:
    """Answer to two-way audio where an agent is ready, and the CPU of a campaign that dials ahead."""
    start_whole(site)
    site.log_in("short", site.names)
    groups = site.groups()
    site.ask("POST", "/campaigns/short/start")
    site.make_ready(site.names)
    Usage.over({}, seconds)
    site.ask("POST", "/campaigns/short/pause")
    until("talks are over", lambda: site.lines_in_use() == 0, 60.0)
    yield from _audio(site)
    site.log_out()
    site.log_in("live", site.names)
    written = written_bytes(groups["dialer"][0])
    site.ask("POST", "/campaigns/live/start")
    site.make_ready(site.names)
    Usage.over({}, WARM_UP_S)
    usage = Usage.over(groups, seconds).percent
    state = next(c for c in site.ask("GET", "/state")["campaigns"] if c["name"] == "live")
    per_call = (written_bytes(groups["dialer"][0]) - written) / state["attempts"] / 1024
    note = f"{state['attempts']} calls in {WARM_UP_S + seconds:.0f} s, {state['connected']} joined"
    yield Figure("written to disk for each call", per_call, "KiB", note="by the dialer's process, predictive")
    yield from _cpu(f"{AGENTS} agents, predictive", usage, note)
    yield from _memory(f"{AGENTS} agents, predictive", groups)
    site.stop_dialer()


def _audio(site: Rig) -> Iterator[Figure]:
    heard = list(_heard(site))
    customer = [1000 * (call.customer_at - call.answered_at) for call in heard]
    agent = [1000 * (call.agent_at - call.answered_at) for call in heard]
    both = [max(pair) for pair in zip(customer, agent, strict=True)]
    deaf = sum(latency == inf for latency in both)
    note = f"p95 {percentile(both, 0.95):.0f}, worst {max(both):.0f}; {len(both)} calls, {deaf} without audio both ways"
    yield Figure("answer to two-way audio, median", median(both), "ms", "limit 2,000 ms", note)
    note = f"p95 {percentile(customer, 0.95):.0f}; from the carrier's 200 OK until the customer hears the agent"
    yield Figure("  of it at the customer", median(customer), "ms", note=note)
    note = f"p95 {percentile(agent, 0.95):.0f}; until the agent hears the customer"
    yield Figure("  of it at the agent", median(agent), "ms", note=note)


@dataclass(frozen=True, slots=True)
class _Call:
    """When a call was answered, and when each side first heard something; infinite when it never did."""

    answered_at: float
    customer_at: float
    agent_at: float


def _heard(site: Rig) -> Iterator[_Call]:
    """Every call that the dialer gave to an agent, as the two far ends heard it."""
    with site.store() as store:
        agent_of = {row["phone"]: row["agent"] for row in store.report_attempts("short") if row["agent"]}
    at_phones: dict[str, list[float]] = {}
    for line in events(site.phones_log, "heard"):
        at_phones.setdefault(line["phone"], []).append(line["heard_mono"])
    at_customers = {line["call_id"]: line["heard_mono"] for line in events(site.carrier_log, "heard")}
    ended = {line["call_id"]: line["mono"] for line in events(site.carrier_log, "ended")}
    for line in events(site.carrier_log, "answered"):
        if line["number"] in agent_of:
            answered_at, call_id = line["mono"], line["call_id"]
            at_agent = at_phones.get(agent_of[line["number"]], [])
            agent_at = next((at for at in at_agent if answered_at <= at < ended[call_id]), inf)
            yield _Call(answered_at, at_customers.get(call_id, inf), agent_at)


def measure(starts: int, seconds: float) -> list[Figure]:
    """All figures of this bench."""
    with tempfile.TemporaryDirectory(prefix="ringpace-bench-") as name, rig(Path(name), PLAN) as site:
        return [
            *measure_starts(site, Path(name), starts),
            *measure_load(site),
            *measure_campaign(site, seconds),
        ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=5, help="warm starts (default 5)")
    parser.add_argument("--seconds", type=float, default=30.0, help="seconds of each running campaign (default 30)")
    options = parser.parse_args()
    print_machine()
    load = os.getloadavg()[0]
    print_figures("site", measure(options.starts, options.seconds), load)


if __name__ == "__main__":
    main()
