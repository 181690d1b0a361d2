"""What the campaign store costs: import, refill, commits and bytes on disk, recovery.

    python -m bench.perf.store [--directory DIR]

The store is a file with write-ahead log and full synchronous, as in production. `--directory` chooses the disk.
"""

import argparse
import io
import os
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import phonenumbers

from bench.perf.machine import Figure, median, percentile, print_figures, print_machine, written_bytes
from campaigns.importing import import_leads
from campaigns.model import CampaignSettings, CampaignState, Kind, Mode
from campaigns.store import Store
from dialer.core import records as rec
from dialer.journal import Journal
from dialer.sim.leads import fictional_lists
from dialer.sim.simulation import START, Simulation, SimulationSettings

HOPPER, ROUNDS, OPEN_ATTEMPTS = 500, 30, 100
SMALL, LARGE = 20_000, 200_000
BRITISH = ("0113496", "0114496", "0115496", "0116496", "0117496", "0118496", "0121496", "0131496", "0141496")
BRITISH_LONG = ("0151496", "0161496", "0207946", "0191498", "0289649", "0292018", "0770090")


def north_american(count: int) -> list[str]:
    """Numbers reserved for fiction in as many area codes as it takes, as lists give them."""
    codes = [code for code in range(201, 990) if _is_area(code)]
    numbers = [f"({code}) 555-01{index:02d}" for index in range(100) for code in codes]
    return numbers[:count]


def _is_area(code: int) -> bool:
    return phonenumbers.is_valid_number(phonenumbers.parse(f"+1{code}5550100"))


def british() -> list[str]:
    """The 16,000 British drama numbers with an area, as people write them."""
    return [f"{area}0{index:03d}" for area in (*BRITISH, *BRITISH_LONG) for index in range(1000)]


def as_csv(numbers: Sequence[str]) -> io.StringIO:
    """A list with name and account beside each number."""
    lines = [f'"{number}",Ada,Abbott,A{index:06d}' for index, number in enumerate(numbers)]
    return io.StringIO("\n".join(["phone,first_name,last_name,vendor_lead_code", *lines]) + "\n")


def parse_rate(numbers: Sequence[str], region: str) -> float:
    """Numbers a second through bare `phonenumbers`: parse, validity, E.164."""
    began = time.perf_counter()
    for number in numbers:
        parsed = phonenumbers.parse(number, region)
        phonenumbers.is_valid_number(parsed)
        phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return len(numbers) / (time.perf_counter() - began)


def measure_import(folder: Path) -> Iterator[Figure]:
    """Leads a second into a new campaign on disk, against bare parsing of the same numbers in the same run."""
    for name, numbers, region in (
        ("North American", north_american(SMALL), "US"),
        ("British", british(), "GB"),
    ):
        bare = parse_rate(numbers, region)
        with Store.open(folder / f"{region}.db", create=True) as store:
            store.create_campaign("bench", Kind.TELESALES, Mode.PREDICTIVE)
            began = time.perf_counter()
            report = import_leads(store, "bench", as_csv(numbers), region=region)
            rate = report.read / (time.perf_counter() - began)
        if report.loaded != len(numbers):
            raise AssertionError(f"{report.counts()} of {len(numbers)}")
        note = f"{rate / bare:.2f} of bare phonenumbers ({bare:,.0f}/s); {len(numbers):,} leads"
        yield Figure(f"import, {name} numbers", rate, "leads/s", note=note)


def measure_refill(folder: Path) -> Iterator[Figure]:
    """Median time to find the next 500 leads, while 500 are in the hopper already."""
    for count in (SMALL, LARGE):
        with Store.open(folder / f"refill{count}.db", create=True) as store:
            campaign_id = store.create_campaign("bench", Kind.TELESALES, Mode.PREDICTIVE).campaign_id
            began = time.perf_counter()
            for number, part in enumerate(fictional_lists(count)):
                import_leads(store, "bench", part, list_name=f"list {number}", duplicates="list")
            loaded_s = time.perf_counter() - began
            held = [lead.lead_id for lead in store.refill(campaign_id, HOPPER, START).leads]
            taken = []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                found = store.refill(campaign_id, HOPPER, START, held)
                taken.append(1000 * (time.perf_counter() - began))
                if len(found.leads) != HOPPER:
                    raise AssertionError(f"{len(found.leads)} leads instead of {HOPPER}")
        note = f"p95 {percentile(taken, 0.95):.1f}; the import took {loaded_s:.1f} s, {count / loaded_s:,.0f} leads/s"
        yield Figure(f"refill of {HOPPER} from {count:,} leads, median", median(taken), "ms", note=note)


class RecordedSimulation(Simulation):
    """A simulation that keeps the batches which it commits."""

    batches: list[tuple[rec.Record, ...]]

    def _commit(self, records: tuple[rec.Record, ...]) -> set[int]:
        if records:
            self.batches.append(records)
        return super()._commit(records)


def recorded_shift() -> tuple[list[tuple[rec.Record, ...]], int, int]:
    """The commits of a simulated shift of 20 agents; with them the number of its leads and of its calls."""
    settings = SimulationSettings(20, 0.5, seed=1, campaign=CampaignSettings(0, "bench", mode=Mode.PREDICTIVE))
    simulation = RecordedSimulation(settings)
    simulation.batches = []
    result = simulation.run()
    return simulation.batches, result.leads, result.attempts


def measure_commits(folder: Path) -> Iterator[Figure]:
    """Latency of a commit and bytes written for each call, by playing a shift's commits to a store on disk."""
    batches, leads, calls = recorded_shift()
    with Store.open(folder / "commits.db", create=True) as store:
        store.create_campaign("sim", Kind.TELESALES, Mode.PREDICTIVE)
        store.set_campaign_state("sim", CampaignState.ACTIVE)
        for number, part in enumerate(fictional_lists(leads)):
            import_leads(store, "sim", part, list_name=f"list {number + 1}", duplicates="list")
        store.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        journal = Journal(store)
        before, taken = written_bytes(os.getpid()), []
        for batch in batches:
            began = time.perf_counter()
            vetoes = journal.commit(batch)
            taken.append(1000 * (time.perf_counter() - began))
            if vetoes:
                raise AssertionError(f"the store differs from the simulated one: {vetoes}")
        store.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        per_call = (written_bytes(os.getpid()) - before) / calls
    note = f"p95 {percentile(taken, 0.95):.2f}, p99 {percentile(taken, 0.99):.2f}; {len(taken):,} commits with fsync"
    yield Figure("one commit, median", median(taken), "ms", note=note)
    note = f"{len(taken) / calls:.1f} commits a call, checkpoints of the log included; {calls:,} calls"
    yield Figure("written to disk for each call", per_call / 1024, "KiB", note=note)
    yield from _probe_disk(folder)


def _probe_disk(folder: Path) -> Iterator[Figure]:
    """The baseline of a commit: append one page and fsync."""
    taken = []
    with (folder / "probe").open("wb", buffering=0) as handle:
        for _ in range(300):
            began = time.perf_counter()
            handle.write(bytes(4096))
            os.fdatasync(handle.fileno())
            taken.append(1000 * (time.perf_counter() - began))
    note = f"p95 {percentile(taken, 0.95):.2f}"
    yield Figure("  baseline: append 4 KiB and fdatasync, median", median(taken), "ms", note=note)


def measure_recovery(folder: Path) -> Iterator[Figure]:
    """Opening a store that was killed with 100 attempts open, and closing them."""
    path = folder / f"refill{LARGE}.db"
    taken = []
    for _ in range(5):
        _die_with_open_attempts(path)
        began = time.perf_counter()
        with Store.open(path) as store:
            lost = store.close_lost_attempts(datetime.now(UTC))
            store.close_agent_sessions(datetime.now(UTC))
            taken.append(1000 * (time.perf_counter() - began))
        if len(lost) != OPEN_ATTEMPTS:
            raise AssertionError(f"{len(lost)} attempts were open instead of {OPEN_ATTEMPTS}")
    note = f"worst of 5: {max(taken):.0f}; {LARGE:,} leads"
    yield Figure(f"recovery with {OPEN_ATTEMPTS} open attempts after kill -9, median", median(taken), "ms", note=note)


def _die_with_open_attempts(path: Path) -> None:
    child = os.fork()
    if child == 0:
        try:
            _reserve(path)
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        raise AssertionError(f"the child ended with {status}")


def _reserve(path: Path) -> None:
    """Open attempts, each in a commit of its own, every other one answered."""
    store = Store.open(path)
    campaign_id = store.campaign("bench").campaign_id
    first = store.last_attempt_id() + 1
    leads = store.refill(campaign_id, OPEN_ATTEMPTS, START + timedelta(hours=1)).leads
    for number, lead in enumerate(leads):
        with store.transaction():
            at = datetime.now(UTC)
            store.reserve_attempt(
                first + number, campaign_id, lead.lead_id, lead.phone.phone_id, lead.phone.e164, "trunk", "", at
            )
            if number % 2:
                store.mark_answered(first + number, at)


def measure(folder: Path) -> Iterator[Figure]:
    """All figures of this bench."""
    yield from measure_import(folder)
    yield from measure_refill(folder)
    yield from measure_commits(folder)
    yield from measure_recovery(folder)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", type=Path, help="where to put the stores (default: the temporary directory)")
    options = parser.parse_args()
    print_machine()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="ringpace-bench-", dir=options.directory) as name:
        print_figures("store", list(measure(Path(name))), load)


if __name__ == "__main__":
    main()
