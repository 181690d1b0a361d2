"""What a long list costs: import beside bare `phonenumbers`, memory, bytes on disk, refills and questions why.

    python -m bench.perf.leads [--rows 1000000] [--directory DIR]

The store is a file with write-ahead log and full synchronous, as in production. The list is in no order of numbers,
which is the hardest for the indexes. Its numbers are on exchange 555, which reaches nobody, and are not dialed.
"""

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import phonenumbers
import zipcodes

from bench.perf.machine import Figure, median, percentile, print_figures, print_machine
from campaigns.importing import import_leads
from campaigns.model import CampaignState, Kind, Mode
from campaigns.places import regions_of
from campaigns.rules import Rulebook, load_builtin
from campaigns.store import Store
from dialer.sim.leads import FIRST_NAMES, LAST_NAMES

CAMPAIGN = "bench"
_PROBED = 20_000
# A Tuesday, when it is day in all of North America.
NOON = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)
_ZIPS_OF_A_STATE = 300
_MOVED_SHARE = 0.1


def area_codes() -> list[str]:
    """The area codes in use in the numbering plan."""
    numbers = (phonenumbers.PhoneNumber(country_code=1, national_number=code * 10**7 + 5552345) for code in _CODES)
    return [str(code) for code, number in zip(_CODES, numbers, strict=True) if phonenumbers.is_valid_number(number)]


_CODES = range(201, 990)


def addresses(codes: list[str]) -> dict[str, list[tuple[str, str, str]]]:
    """By area code, some addresses (city, state, ZIP code) of its state."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for code in codes:
        state = regions_of(f"+1{code}5550100")[:1]
        listed = zipcodes.filter_by(state=state[0][3:], active=True) if state and state[0].startswith("US-") else []
        places = [(each["city"], each["state"], each["zip_code"]) for each in listed]
        found[code] = places[:: max(1, len(places) // _ZIPS_OF_A_STATE)] or [("", "", "")]
    return found


def rows(count: int) -> Iterator[tuple[str, ...]]:
    """Leads with name, address and account; every tenth with a second number. No number comes twice.

    A tenth live elsewhere than their number's area code says.
    """
    chance = random.Random(1)
    lines = [line for line in range(10_000) if line != 1212 and not 100 <= line < 200]
    codes = area_codes()
    homes = addresses(codes)
    picks = chance.sample(range(len(lines) * len(codes)), count + count // 10 + 1)
    for index in range(count):
        area, line = codes[picks[index] % len(codes)], lines[picks[index] // len(codes)]
        second = picks[count + index // 10]
        other = f"{codes[second % len(codes)]}-555-{lines[second // len(codes)]:04d}" if index % 10 == 0 else ""
        home = homes[chance.choice(codes) if chance.random() < _MOVED_SHARE else area]
        yield (
            *(f"({area}) 555-{line:04d}", FIRST_NAMES[index % len(FIRST_NAMES)]),
            *(LAST_NAMES[index // 12 % len(LAST_NAMES)], *chance.choice(home), f"A{index:08d}", other),
        )


def write_list(path: Path, count: int) -> list[str]:
    """A file of leads; a sample of its numbers."""
    probed = []
    header = ("phone", "first_name", "last_name", "city", "state", "postal_code", "vendor_lead_code", "alt_phone")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for index, row in enumerate(rows(count)):
            writer.writerow(row)
            if index < _PROBED:
                probed.append(row[0])
    return probed


def bare_rate(numbers: list[str]) -> float:
    """Numbers a second through bare `phonenumbers`: parse and validity."""
    began = time.perf_counter()
    for number in numbers:
        phonenumbers.is_valid_number(phonenumbers.parse(number, "US"))
    return len(numbers) / (time.perf_counter() - began)


def load(database: Path, path: Path) -> None:
    """Import a file into a new store, and print seconds, rows and peak memory: run in a process of its own."""
    with Store.open(database, create=True) as store:
        store.create_campaign(CAMPAIGN, Kind.TELESALES, Mode.PREDICTIVE)
        before = _peak_kib()
        began = time.perf_counter()
        report = import_leads(store, CAMPAIGN, path)
        took = time.perf_counter() - began
        store.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    print(json.dumps({"took_s": took, "before_kib": before, "peak_kib": _peak_kib(), **report.counts()}))


def _peak_kib() -> int:
    """Peak resident memory of this process; what `getrusage` tells includes the parent's before `exec`."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def measure(folder: Path, count: int) -> Iterator[Figure]:
    """All figures of this bench."""
    path, database = folder / "leads.csv", folder / "leads.db"
    numbers = write_list(path, count)
    before = bare_rate(numbers)
    done = subprocess.run(
        [sys.executable, "-m", "bench.perf.leads", "--load", str(database), str(path)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    bare = (before + bare_rate(numbers)) / 2
    found = json.loads(done.stdout)
    if found["loaded"] != count:
        raise AssertionError(f"{found} of {count}")
    rate = count / found["took_s"]
    note = f"{rate / bare:.2f} of bare phonenumbers ({bare:,.0f} numbers/s); {count:,} leads in {found['took_s']:.1f} s"
    yield Figure("import", rate, "leads/s", note=note)
    note = f"{found['before_kib'] / 1024:.0f} of it before the import began"
    yield Figure("peak memory of the importing process", found["peak_kib"] / 1024, "MiB", note=note)
    note = f"{database.stat().st_size / 2**20:,.0f} MiB; the file has {path.stat().st_size / count:.0f} a lead"
    yield Figure("database for each lead", database.stat().st_size / count, "bytes", note=note)
    yield from at_work(database)


def at_work(database: Path) -> Iterator[Figure]:
    """What a dialer and its manager ask of the store that was just filled, with every rule of the built-in packs."""
    book = Rulebook(load_builtin())
    with Store.open(database, rulebook=lambda: book) as store:
        campaign = store.set_campaign_state(CAMPAIGN, CampaignState.ACTIVE)
        refills = refill_times(store, campaign.campaign_id)
        first, rest = refills[0], refills[1:]
        note = f"p99 {percentile(rest, 0.99):.1f} ms of {len(rest)}; the first, nothing cached, {first:.0f} ms"
        yield Figure("refill of 500 leads, the law looked at", median(rest), "ms", note=note)
        chance, last = random.Random(3), int(store.database.value("SELECT MAX(id) FROM leads"))
        asked = [timed(lambda: store.why(CAMPAIGN, chance.randint(1, last), NOON)) for _ in range(300)]
        note = f"p99 {percentile(asked, 0.99):.1f} ms"
        yield Figure("leads why", median(asked), "ms", note=note)
        counted = timed(lambda: store.hopper_reasons(CAMPAIGN, NOON))
        yield Figure("why hopper, all leads by reason", counted, "ms")
        yield Figure("campaign lint", timed(lambda: store.lint(CAMPAIGN, NOON)), "ms")


def refill_times(store: Store, campaign_id: int) -> list[float]:
    """Milliseconds of refills in turn, each holding the leads of the one before, half of which were dialed."""
    times: list[float] = []
    held: tuple[int, ...] = ()
    for number in range(101):
        at = NOON + timedelta(seconds=20 * number)
        began = time.perf_counter()
        found = store.refill(campaign_id, 500, at, held).leads
        times.append(1000 * (time.perf_counter() - began))
        if len(found) < 500:
            raise AssertionError(f"only {len(found)} leads")
        held = tuple(lead.lead_id for lead in found)
        with store.transaction():
            ids = ", ".join(map(str, held[:250]))
            later = int(at.timestamp()) + 7200
            store.database.execute(
                f"UPDATE leads SET priority = 0, next_at = ?, attempts = 1 WHERE id IN ({ids})",  # noqa: S608
                (later,),
            )
        store.hopper.left(campaign_id, held[:250])  # As the store does for every attempt it reserves.
    return times


def timed(work: Callable[[], object]) -> float:
    """Milliseconds that `work` takes."""
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--directory", type=Path, help="where to put the store (default: the temporary directory)")
    parser.add_argument("--load", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        load(*options.load)
        return
    print_machine()
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="ringpace-bench-", dir=options.directory) as name:
        print_figures("leads", list(measure(Path(name), options.rows)), load_before)


if __name__ == "__main__":
    main()
