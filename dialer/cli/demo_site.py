"""The demo's site and its far end: a carrier, agents' phones and agents, each a process of its own on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import time as clock_time
from pathlib import Path

from campaigns.importing import ImportReport, import_leads
from campaigns.model import CallingWindow, CampaignState, Kind, Mode, Purpose
from campaigns.store import Store
from dialer.cli.far_end import Process, free_port, start, stop, wait_for
from dialer.sim.leads import fictional_lists
from dialer.site import Site, make_site

CAMPAIGN = "demo"

_CONFIG = """\
# Made by `dialer demo`: everything stays on this machine.

[site]
name = "Ringpace demo"
region = "US"

[sip]
bind = "127.0.0.1:0"
rtp_port_base = {rtp_port_base}

[api]
bind = "127.0.0.1:0"

[[trunk]]
name = "carrier"
kind = "sip"
target = "sip:{{number}}@127.0.0.1:{carrier_port}"
max_lines = {max_lines}
starts_per_s = 10
caller_ids = ["+12125550100", "+12125550101"]
"""

_STATION = """
[[station]]
name = "desk{number}"
kind = "sip"
address = "sip:agent{number}@127.0.0.1:{phones_port}"
"""


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What the demo runs."""

    agents: int
    leads: int
    seed: int


def agent_names(count: int) -> tuple[str, ...]:
    """Names of the demo's agents."""
    names = ("anna", "bruno", "carla", "dan", "eva", "felix", "gina", "hans", "ines", "jan", "kira", "luis")
    return tuple(names[i] if i < len(names) else f"agent{i + 1}" for i in range(count))


def make_demo_site(path: Path, plan: DemoPlan, carrier_port: int, phones_port: int) -> tuple[Site, ImportReport]:
    """A site with one trunk, a station and an agent each, and an active campaign with sample leads."""
    config = _CONFIG.format(
        carrier_port=carrier_port, max_lines=6 * plan.agents, rtp_port_base=free_port(24000, 60000)
    ) + "".join(_STATION.format(number=n + 1, phones_port=phones_port) for n in range(plan.agents))
    site = make_site(path, config_text=config)
    leads = path / "sample-leads.csv"
    leads.write_text(next(fictional_lists(plan.leads)).getvalue(), encoding="utf-8")
    with Store.open(path / "dialer.db") as store:
        # The demo's people live on this machine, so any hour will do; sales calls would wait for the morning.
        window = CallingWindow(clock_time(0, 0), clock_time.max)
        store.create_campaign(
            CAMPAIGN, Kind.TELESALES, Mode.PREDICTIVE, purpose=Purpose.SERVICE, window=window, wrapup_s=30.0
        )
        store.set_campaign_state(CAMPAIGN, CampaignState.ACTIVE)
        report = import_leads(store, CAMPAIGN, leads, rejects=path / "rejects.csv")
        for number, name in enumerate(agent_names(plan.agents)):
            store.add_agent(name, f"desk{number + 1}")
    return site, report


@contextmanager
def far_end(folder: Path, plan: DemoPlan) -> Iterator[tuple[int, int]]:
    """Carrier and phones, running; gives their SIP ports. Raises FarEndFailed."""
    carrier_port, phones_port = free_port(5200, 9000), free_port(9100, 13000)
    common = ("--seed", str(plan.seed), "--profile", "demo")
    carrier = start(
        "carrier",
        *("--bind", f"127.0.0.1:{carrier_port}", "--log", str(folder / "carrier.jsonl")),
        *("--rtp-ports", "13000-16998", *common),
    )
    phones = start(
        "phones",
        *("--bind", f"127.0.0.1:{phones_port}", "--count", str(plan.agents), "--log", str(folder / "phones.jsonl")),
        *("--rtp-ports", "17000-18998", *common),
    )
    try:
        for name, process, port in (("carrier", carrier, carrier_port), ("phones", phones, phones_port)):
            wait_for(name, process, port)
        yield carrier_port, phones_port
    finally:
        stop(carrier, phones)


def start_agents(folder: Path, plan: DemoPlan, api: str, token_file: Path) -> Process:
    """Agents who log in over the API, take calls and dispose of them."""
    return start(
        "agents",
        *("--api", api, "--token-file", str(token_file), "--names", ",".join(agent_names(plan.agents))),
        *("--campaign", CAMPAIGN, "--log", str(folder / "agents.jsonl")),
        *("--seed", str(plan.seed), "--profile", "demo"),
    )
