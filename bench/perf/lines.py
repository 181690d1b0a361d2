"""What SIP lines cost: CPU per line and per join, memory per card, starts per second, answer to two-way audio.

Run with `python -m bench.perf.lines` (about a minute). The far end is another process on the same machine. CPU is
% of one core, memory is PSS. `--calls N` sets the load, `--endurance N` places N calls on one card instead.
"""

import argparse
import asyncio
import contextlib
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from dialer.farend import signals
from dialer.farend.calls import IncomingCall
from dialer.farend.useragent import UserAgent
from hw.contract import Answered, Dialed, Ended, Joined, LineEvent, Ringing, TrunkLines
from hw.sip.config import SipSettings, SipTrunk
from hw.sip.pool import SipPool

FAR_RTP_PORTS = (20000, 24998)
OWN_RTP_PORTS = (25000, 26998)
RTP_PORT_BASE = 30000
MEASURE_S = 4.0
TRUNK = "bench"
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PROFILE = """
base = "all-answer"
[[number]]
match = "+12125550*"
kind = "person"
setup_s = 0.01
ring_s = 0.1
talk_s = 3600.0
patience_s = 3600.0
early_media = false
sound = "tone"
tone_hz = 600
[[number]]
match = "+12125559*"
kind = "no_answer"
setup_s = 0.01
ring_s = 3600.0
early_media = false
[[number]]
match = "+12125558*"
kind = "person"
setup_s = 0.0
ring_s = 0.0
talk_s = 0.1
patience_s = 0.1
early_media = false
sound = "silence"
"""
ANSWERS, RINGS, SHORT = "+1212555{:04d}", "+12125559{:03d}", "+12125558{:03d}"


class Counts:
    """Events seen so far, by kind and call."""

    def __init__(self) -> None:
        self.seen: dict[type[LineEvent], set[str]] = {}
        self.causes: dict[str, int] = {}
        self.also: Callable[[LineEvent], None] | None = None

    def __call__(self, event: LineEvent | TrunkLines) -> None:
        if isinstance(event, TrunkLines):
            return
        self.seen.setdefault(type(event), set()).add(event.call_id)
        if isinstance(event, Ended):
            self.causes[event.cause] = self.causes.get(event.cause, 0) + 1
        if self.also is not None:
            self.also(event)

    async def wait(self, kind: type[LineEvent], count: int, *, limit_s: float = 30) -> None:
        """Wait until `count` calls had this event."""
        async with asyncio.timeout(limit_s):
            while len(self.seen.get(kind, ())) < count:
                await asyncio.sleep(0.005)

    def clear(self) -> None:
        """Start afresh."""
        self.seen.clear()


@contextlib.contextmanager
def carrier() -> Iterator[tuple[int, int]]:
    """The far end in a process of its own; yields its process id and SIP port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "bench.toml"
        profile.write_text(_PROFILE)
        ports = f"{FAR_RTP_PORTS[0]}-{FAR_RTP_PORTS[1]}"
        command = [sys.executable, "-m", "dialer.farend", "carrier", "--bind", f"127.0.0.1:{port}"]
        process = subprocess.Popen(
            [*command, "--profile", str(profile), "--rtp-ports", ports], stdout=subprocess.DEVNULL
        )
        try:
            time.sleep(1.5)
            yield process.pid, port
        finally:
            process.terminate()
            process.wait()


@asynccontextmanager
async def pool_of(max_calls: int, port: int) -> AsyncIterator[tuple[SipPool, Counts]]:
    """A started pool whose trunk leads to `port`."""
    trunk = SipTrunk(TRUNK, f"sip:{{number}}@127.0.0.1:{port}", max_calls)
    pool = SipPool(SipSettings(max_calls=max_calls, rtp_port_base=RTP_PORT_BASE, trunks=(trunk,)))
    counts = Counts()
    await pool.start(counts)
    try:
        yield pool, counts
    finally:
        await pool.close()


def cpu_s(pids: list[int]) -> float:
    """CPU seconds that these processes have used."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS_PER_S


def pss_mb(pids: list[int]) -> float:
    """Proportional set size of these processes, MB."""
    total_kb = 0
    for pid in pids:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total_kb += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total_kb / 1024


async def cpu_percent(pids: list[int]) -> float:
    """CPU that these processes use now, % of one core."""
    await asyncio.sleep(1.0)
    before, began = cpu_s(pids), time.monotonic()
    await asyncio.sleep(MEASURE_S)
    return 100 * (cpu_s(pids) - before) / (time.monotonic() - began)


def pairs_of(pool: SipPool, calls: list[str], *, across: bool) -> list[tuple[str, str]]:
    """Every call in one pair, each pair inside a card or across two."""
    ordered = sorted(calls, key=lambda call: pool.card_of(call) or 0)
    if across:
        half = len(ordered) // 2
        pairs = list(zip(ordered[:half], ordered[half:], strict=False))
    else:
        pairs = list(zip(ordered[::2], ordered[1::2], strict=False))
    return [pair for pair in pairs if (pool.card_of(pair[0]) != pool.card_of(pair[1])) == across]


async def measure_load(calls: int, far_pid: int, port: int) -> None:
    """Idle, ringing, up, joined: CPU and memory."""
    began = time.monotonic()
    async with pool_of(calls, port) as (pool, counts):
        print(f"pool: {len(pool.card_pids())} cards for {calls} calls up in {time.monotonic() - began:.2f} s")
        pids = list(pool.card_pids().values())
        idle = await cpu_percent(pids)
        print(f"idle: {idle / len(pids):.2f} % per card; memory {pss_mb(pids) / len(pids):.1f} MB per card")
        await measure_ringing(pool, counts, calls, idle, pids)
        await measure_up(pool, counts, calls, idle, [*pids, os.getpid()], far_pid)


async def measure_ringing(pool: SipPool, counts: Counts, calls: int, idle: float, pids: list[int]) -> None:
    """CPU of lines that ring."""
    began = time.monotonic()
    for number in range(calls):
        pool.dial(f"r{number}", TRUNK, RINGS.format(number), "+12125550100")
    await counts.wait(Dialed, calls)
    took = time.monotonic() - began
    await counts.wait(Ringing, calls)
    print(f"starts: {calls} calls in {took:.2f} s, {calls / took:.0f} per second")
    ringing = await cpu_percent(pids)
    print(f"ringing: {(ringing - idle) / calls:.3f} % per line over idle, {ringing:.0f} % in all at {calls} lines")
    for number in range(calls):
        pool.hang_up(f"r{number}")
    await counts.wait(Ended, calls)
    counts.clear()


async def measure_up(pool: SipPool, counts: Counts, calls: int, idle: float, pids: list[int], far_pid: int) -> None:
    """CPU of calls that are up, alone and joined, and memory on the way."""
    names = [f"u{number}" for number in range(calls)]
    for number, name in enumerate(names):
        pool.dial(name, TRUNK, ANSWERS.format(number), "+12125550100")
    await counts.wait(Answered, calls)
    up = await cpu_percent(pids)
    print(f"up: {(up - idle) / calls:.2f} % per call over idle, {up:.0f} % in all at {calls} calls")
    print(f"memory at {calls} calls: {pss_mb(pids[:-1]):.0f} MB in all cards, {pss_mb(pids[-1:]):.0f} MB this process")
    for across in (False, True):
        pairs = pairs_of(pool, names, across=across)
        counts.clear()
        for one, other in pairs:
            pool.join(one, other, tone=False)
        await counts.wait(Joined, len(pairs))
        joined = await cpu_percent(pids)
        far = await cpu_percent([far_pid])
        where = "across cards" if across else "in one card"
        print(
            f"joined {where}: {(joined - up) / len(pairs):.2f} % per pair over up, {joined:.0f} % in all at "
            f"{len(pairs)} pairs (far end {far:.0f} %)"
        )
        for one, other in pairs:
            pool.part(one, other)
    if counts.causes.get("line_lost"):
        print(f"LOST CALLS: {counts.causes}")


async def measure_latency(rounds: int) -> None:
    """From the far end's 200 OK until each side hears the other, joined in one card and across cards."""
    calls: dict[str, IncomingCall] = {}

    def on_call(call: IncomingCall) -> bool:
        calls[call.call_id] = call
        call.ring()
        call.answer(signals.tone(600))
        return True

    far = UserAgent(("127.0.0.1", 0), on_call, rtp_ports=OWN_RTP_PORTS)
    await far.open()
    refs: dict[str, str] = {}
    try:
        async with pool_of(12, far.address[1]) as (pool, counts):
            note_refs(pool, counts, refs)
            for agent in ("s1", "s2"):
                pool.call_station(agent, f"sip:{agent}@127.0.0.1:{far.address[1]}")
            await counts.wait(Answered, 2)
            await asyncio.sleep(0.5)
            for across in (False, True):
                taken = [await one_round(pool, calls, refs, number, across=across) for number in range(rounds)]
                show_latency("across cards" if across else "in one card", taken)
    finally:
        await far.close()


def note_refs(pool: SipPool, counts: Counts, refs: dict[str, str]) -> None:
    """Join each customer with the agent its name asks for, the moment it answers."""

    def on_event(event: LineEvent) -> None:
        if isinstance(event, Dialed):
            refs[event.call_id] = event.ref
        if isinstance(event, Answered) and event.call_id.startswith("c"):
            here = pool.card_of(event.call_id)
            wanted = event.call_id.endswith("across")
            agent = next((agent for agent in ("s1", "s2") if (pool.card_of(agent) != here) == wanted), None)
            if agent is not None:
                pool.join(event.call_id, agent, tone=False)

    counts.also = on_event


async def one_round(
    pool: SipPool, calls: dict[str, IncomingCall], refs: dict[str, str], number: int, *, across: bool
) -> float:
    """Seconds from one answer until both sides heard each other."""
    name = f"c{number}-{'across' if across else 'here'}"
    agents = [calls[refs[agent]] for agent in ("s1", "s2")]
    for agent in agents:
        assert agent.media is not None
        agent.media.ears.reset()
    pool.dial(name, TRUNK, ANSWERS.format(number), "+12125550100")
    await asyncio.sleep(0.6)
    customer = calls[refs[name]]
    assert customer.media is not None and customer.answered_at is not None
    heard = [agent.media.ears.first_at for agent in agents if agent.media is not None and agent.media.ears.first_at]
    both = [*heard[:1], *([customer.media.ears.first_at] if customer.media.ears.first_at else [])]
    pool.hang_up(name)
    await asyncio.sleep(0.1)
    return max(both) - customer.answered_at if len(both) == 2 else float("inf")


def show_latency(where: str, taken: list[float]) -> None:
    """Median and 95th percentile."""
    ordered = sorted(1000 * seconds for seconds in taken)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    print(f"answer to two-way audio, {where}: median {statistics.median(ordered):.0f} ms, p95 {p95:.0f} ms")


def end_every_other(pool: SipPool, event: LineEvent) -> None:
    """Hang up every other answered call, and leave the rest to the far end."""
    if isinstance(event, Answered) and int(event.call_id[1:]) % 2:
        pool.hang_up(event.call_id)


async def measure_endurance(calls: int, port: int) -> None:
    """Place many short calls on one card and watch its memory."""
    async with pool_of(4, port) as (pool, counts):
        (pid,) = pool.card_pids().values()
        counts.also = partial(end_every_other, pool)
        placed, began, first_mb = 0, time.monotonic(), 0.0
        while placed < calls:
            live = placed - len(counts.seen.get(Ended, ()))
            if live < 3:
                pool.dial(f"e{placed}", TRUNK, SHORT.format(placed % 1000), "+12125550100")
                placed += 1
            await asyncio.sleep(0.02 if live < 3 else 0.005)
            if placed % (calls // 10) == 0 and live < 3:
                first_mb = first_mb or pss_mb([pid])
                print(f"{placed} calls, {pss_mb([pid]):.1f} MB, {time.monotonic() - began:.0f} s", flush=True)
        with contextlib.suppress(TimeoutError):
            await counts.wait(Ended, calls)
        missing = sorted(counts.seen.get(Dialed, set()) - counts.seen.get(Ended, set()))
        if missing:
            print(f"NEVER ENDED: {missing}")
        same = list(pool.card_pids().values()) == [pid]
        print(
            f"endurance: {calls} calls, {counts.causes}, {first_mb:.1f} -> {pss_mb([pid]):.1f} MB, same process: {same}"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, nargs="+", default=[60, 120])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--endurance", type=int, default=0)
    options = parser.parse_args()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}"
    print(f"machine: {machine}, Python {platform.python_version()}")
    with carrier() as (far_pid, port):
        if options.endurance:
            asyncio.run(measure_endurance(options.endurance, port))
            return
        for calls in options.calls:
            asyncio.run(measure_load(calls, far_pid, port))
    asyncio.run(measure_latency(options.rounds))


if __name__ == "__main__":
    main()
