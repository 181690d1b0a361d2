"""What it costs to find the next leads in a million, many lists and many places.

    python -m bench.perf.refill [--leads N] [--rounds N] [--directory DIR]

The store is a file with write-ahead log and full synchronous, as in production. Between two refills of 500, as long as
500 leads are held in the hopper, 250 are called and get a time for their retry, and 20 seconds go by. Beside it, in the
same run, the refill of the last release (a scan for each list and profile) and the query that needs no memory at all.
"""

import argparse
import heapq
import os
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.perf.machine import Figure, median, percentile, print_figures, print_machine
from campaigns.gates import Gate, window_gate
from campaigns.leads import NEW, RETRY
from campaigns.model import CampaignSettings, Kind, Mode, Profile
from campaigns.ordering import Ordering, order_key
from campaigns.store import Store

HOPPER, CALLED, STEP_S = 500, 250, 20
START = datetime(2026, 6, 1, 17, 0, tzinfo=UTC)
ZONES = (
    *("America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles"),
    *("America/Anchorage", "Pacific/Honolulu", "Europe/London", "Asia/Kolkata", "Australia/Sydney"),
)
CHUNK = 20_000

_LEAD = (
    "INSERT INTO leads (id, campaign_id, list_id, status, attempts, next_phone_id, profile_id, priority, next_at,"
    " last_attempt_at, first_name, last_name, city, state, custom) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'Ada',"
    " 'Abbott', 'Springfield', ?, '{\"product\": \"A\"}')"
)
_PHONE = (
    "INSERT INTO lead_phones (id, lead_id, position, label, e164, profile_id, attempts, uncallable)"
    " VALUES (?, ?, 0, 'phone', ?, ?, 0, 0)"
)


def fill(store: Store, campaign_id: int, leads: int, lists: int, profiles: int) -> None:
    """Lists one after the other as files bring them; three leads in ten have been tried and wait for their time."""
    chance = random.Random(7)
    database = store.database
    with store.transaction():
        ids = [
            store.profiles.id_of(Profile((ZONES[number % len(ZONES)],), (f"US-{number:04}",), "express"))
            for number in range(profiles)
        ]
        for number in range(lists):
            database.execute(
                "INSERT INTO lists (id, campaign_id, name, created_at, priority, weight) VALUES (?, ?, ?, 0, ?, ?)",
                (number + 1, campaign_id, f"list {number}", int(number < lists // 2), 1 + number % 3),
            )
    weights = [1 / (1 + place) for place in range(profiles)]
    start_s = int(START.timestamp())
    for first in range(0, leads, CHUNK):
        rows, phones = [], []
        for number, profile_id in enumerate(chance.choices(ids, weights, k=min(CHUNK, leads - first)), first):
            list_id, position = 1 + number * lists // leads, number % (leads // lists)
            e164 = f"+1{2_010_000_000 + number * 7 % 7_900_000_000}"
            tried = chance.random() < 0.3
            key = start_s + chance.randrange(-3600, 2 * 86_400) if tried else order_key(position, 0, e164, "")
            turn = ("NA", 1, number + 1, profile_id, RETRY, key, key - 3600.0)
            new = ("NEW", 0, number + 1, profile_id, NEW, key, None)
            rows.append((number + 1, campaign_id, list_id, *(turn if tried else new), chance.choice(("FL", "GA"))))
            phones.append((number + 1, number + 1, e164, profile_id))
        with store.transaction():
            database.many(_LEAD, rows)
            database.many(_PHONE, phones)


def call(store: Store, campaign_id: int, ids: list[int], at: datetime) -> None:
    """Leads were called without an answer: they are tried again in an hour."""
    seconds = int(at.timestamp())
    with store.transaction():
        store.database.many(
            f"UPDATE leads SET priority = {RETRY}, next_at = ?, last_attempt_at = ?, attempts = attempts + 1"  # noqa: S608
            " WHERE id = ?",
            [(seconds + 3600, seconds, lead_id) for lead_id in ids],
        )
    store.hopper.left(campaign_id, ids)


@dataclass(frozen=True, slots=True)
class Taken:
    """Milliseconds of the first refill, and of those that follow while leads are called; CPU time of these."""

    first: float
    wall: list[float]
    cpu: list[float]

    @property
    def note(self) -> str:
        return f"CPU {median(self.cpu):.1f}, p99 {percentile(self.wall, 0.99):.1f}, the first {self.first:.0f} ms"


def refills(store: Store, campaign: CampaignSettings, rounds: int, at: datetime, gate: Gate) -> Taken:
    """Refills between which leads are called and time goes by."""
    taken: list[float] = []
    cpu: list[float] = []
    held: list[int] = []
    for _ in range(rounds + 1):
        call(store, campaign.campaign_id, held[:CALLED], at)
        held = held[CALLED:]
        at += timedelta(seconds=STEP_S)
        began, cpu_began = time.perf_counter(), time.process_time()
        found = store.hopper.refill(campaign, HOPPER, at, held, gate)
        taken.append(1000 * (time.perf_counter() - began))
        cpu.append(1000 * (time.process_time() - cpu_began))
        if len(found.leads) != HOPPER:
            raise AssertionError(f"{len(found.leads)} leads instead of {HOPPER}")
        held += [lead.lead_id for lead in found.leads][: HOPPER - len(held)]
    return Taken(taken[0], taken[1:], cpu[1:])


def by_scans(store: Store, campaign_id: int, lists: int, open_ids: list[int], now: int) -> float:
    """Milliseconds of the merge that opens an index range for each list and open profile, and keeps nothing."""
    began = time.perf_counter()
    due: list[int] = []
    for priority in (RETRY, NEW):
        scans = [
            store.database.lazy(
                "SELECT next_at, id FROM leads WHERE campaign_id = ? AND list_id = ? AND profile_id = ?"
                " AND priority = ? AND next_at <= ? ORDER BY next_at, id LIMIT ?",
                (campaign_id, list_id, profile_id, priority, now, HOPPER),
            )
            for list_id in range(1, lists + 1)
            for profile_id in open_ids
        ]
        due += [lead_id for (_, lead_id), _ in zip(heapq.merge(*scans), range(HOPPER), strict=False)]
    return 1000 * (time.perf_counter() - began)


def by_sorting(store: Store, campaign_id: int, open_ids: list[int], now: int) -> float:
    """Milliseconds of the plain query without any index."""
    began = time.perf_counter()
    marks = ", ".join(str(int(each)) for each in open_ids)
    store.database.rows(
        "SELECT id FROM leads NOT INDEXED WHERE campaign_id = ? AND next_at <= ?"  # noqa: S608
        f" AND profile_id IN ({marks}) ORDER BY priority, next_at, id LIMIT ?",
        (campaign_id, now, HOPPER),
    )
    return 1000 * (time.perf_counter() - began)


def measure(folder: Path, leads: int, rounds: int) -> Iterator[Figure]:
    """Refills of 500 with few places and with very many."""
    for lists, profiles in ((5, 300), (20, 2000)):
        name = f"{lists} lists, {profiles:,} profiles"
        path = folder / f"refill{profiles}.db"
        with Store.open(path, create=True) as store:
            made = store.create_campaign("bench", Kind.TELESALES, Mode.PREDICTIVE, window="08:00-21:00")
            campaign_id = made.campaign_id
            fill(store, campaign_id, leads, lists, profiles)
            bytes_each = path.stat().st_size / leads
            gate = window_gate(made.window)
            taken = refills(store, made, rounds, START, gate)
            wall = median(taken.wall)
            yield Figure(f"refill of {HOPPER} of {leads:,}, {name}, median", wall, "ms", "< 10", taken.note)
            now = int(START.timestamp())
            open_ids = [row_id for row_id, profile in store.profiles.items() if gate.opens(profile, START)]
            groups = store.database.rows("SELECT COUNT(DISTINCT profile_id * 100 + list_id) FROM leads")[0][0]
            scans = median([by_scans(store, campaign_id, lists, open_ids, now) for _ in range(3)])
            note = f"{len(open_ids)} profiles open, {groups:,} groups; without loading what it found"
            yield Figure(f"a scan for each group, {name}", scans / wall, "times", "", note)
            plain = median([by_sorting(store, campaign_id, open_ids, now) for _ in range(3)])
            yield Figure(f"no index, {name}", plain / wall, "times", "", f"{plain:.0f} ms")
            began = time.perf_counter()
            counted = store.hopper.reasons(made, START, gate)
            counted_ms = 1000 * (time.perf_counter() - began)
            note = f"{sum(each.leads for each in counted):,} leads"
            yield Figure(f"all leads by reason, {name}", counted_ms, "ms", "< 200", note)
            yield from orders(store, campaign_id, rounds, gate, name)
            yield Figure(f"database, {name}", bytes_each, "bytes", "", "for each lead with one number")


def orders(store: Store, campaign_id: int, rounds: int, gate: Gate, name: str) -> Iterator[Figure]:
    """The same with lists of other orders, and with filters."""
    at = START + timedelta(hours=1)
    for ordering in (Ordering.FRESH_FIRST, Ordering.OLDEST_ATTEMPT, Ordering.BEST_HOUR):
        for each in store.lists.all(campaign_id):
            store.lists.set(campaign_id, each.name, {"ordering": ordering})
        taken = refills(store, store.campaign_by_id(campaign_id), rounds, at, gate)
        yield Figure(f"{ordering}, {name}, median", median(taken.wall), "ms", "", taken.note)
        at += timedelta(seconds=STEP_S * (rounds + 1))
    for each in store.lists.all(campaign_id):
        changes = {"ordering": Ordering.RETRIES_FIRST, "condition": 'state == "FL" and attempts < 3'}
        store.lists.set(campaign_id, each.name, changes)
    taken = refills(store, store.campaign_by_id(campaign_id), rounds, at, gate)
    note = f"half of the leads pass; {taken.note}"
    yield Figure(f"with filters, {name}, median", median(taken.wall), "ms", "", note)
    began = time.perf_counter()
    counted = store.hopper.reasons(store.campaign_by_id(campaign_id), at, gate)
    taken_ms = 1000 * (time.perf_counter() - began)
    yield Figure(f"reasons with filters, {name}", taken_ms, "ms", "", f"{sum(each.leads for each in counted):,} leads")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", type=Path, help="where to put the stores (default: the temporary directory)")
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    print_machine()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="ringpace-bench-", dir=options.directory) as name:
        print_figures("refill", list(measure(Path(name), options.leads, options.rounds)), load)


if __name__ == "__main__":
    main()
