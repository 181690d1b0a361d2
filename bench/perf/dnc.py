"""What do-not-call lists cost: checking numbers in bulk and singly, importing a registry, bytes and memory.

    python -m bench.perf.dnc [--entries N] [--directory DIR]

Half of the entries are on the site's list and all of them on a registry's copy, as an FTC flat file has them; one in
ten of the numbers that are asked for is listed. The baseline is a bare Python set of the same numbers in the same run.
"""

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from bench.perf.machine import Figure, median, print_figures, print_machine
from campaigns.dnc import Dnc
from campaigns.store import Store

ENTRIES, BATCH, ROUNDS, SINGLES = 1_000_000, 500, 400, 4000
LISTED_SHARE = 0.1
LOWEST, HIGHEST = 2_010_000_000, 9_899_999_999
AT = datetime(2026, 6, 1, 15, tzinfo=UTC)
AS_OF = datetime(2026, 6, 1, tzinfo=UTC)


def ten_digits(count: int, chance: random.Random) -> list[str]:
    """As many different ten-digit texts, in order, whose area code and exchange begin with 2 to 9."""
    found: set[str] = set()
    while len(found) < count:
        text = str(chance.randrange(LOWEST, HIGHEST))
        if text[3] > "1":
            found.add(text)
    return sorted(found)


def write_flat(path: Path, numbers: Iterable[str]) -> None:
    """The FTC's flat full list: area code and number, apart by a comma."""
    with path.open("w", encoding="ascii") as file:
        file.writelines(f"{number[:3]},{number[3:]}\n" for number in numbers)


def batches(listed: Sequence[str], chance: random.Random) -> Iterator[list[str]]:
    """Batches of E.164 numbers, one in ten of them listed."""
    for _ in range(ROUNDS):
        yield [
            f"+1{chance.choice(listed) if chance.random() < LISTED_SHARE else chance.randrange(LOWEST, HIGHEST)}"
            for _ in range(BATCH)
        ]


def per_number_us(ask: Callable[[list[str]], object], asked: Iterable[list[str]]) -> float:
    """Median over the batches of the CPU time that a number takes, microseconds: others on the machine do not count."""
    taken = []
    for batch in asked:
        began = time.thread_time_ns()
        ask(batch)
        taken.append((time.thread_time_ns() - began) / 1000 / len(batch))
    return median(taken)


def measure_import(store: Store, path: Path, entries: int) -> Iterator[Figure]:
    """A full list, and once more as the next month's."""
    flat, before = path.with_suffix(".txt"), _bytes(store, path)
    for name, day in (("full list, first", AS_OF), ("full list, in place of the copy in use", AT)):
        began = time.perf_counter()
        store.dnc.import_registry(flat, "us-national", as_of=day, full=True, at=AT)
        yield Figure(f"import of a registry, {name}", entries / (time.perf_counter() - began), "lines/s")
        if day is AS_OF:
            yield Figure("  bytes an entry of a registry", (_bytes(store, path) - before) / entries, "B")


def measure_site(store: Store, path: Path, entries: int) -> Iterator[Figure]:
    """Half as many numbers onto the site's own list."""
    before, half = _bytes(store, path), path.with_suffix(".site")
    began = time.perf_counter()
    store.dnc.import_file(half, "US", at=AT)
    yield Figure("import onto the site's list", entries / 2 / (time.perf_counter() - began), "lines/s")
    yield Figure("  bytes an entry of the site's list", (_bytes(store, path) - before) / (entries / 2), "B")


def _bytes(store: Store, path: Path) -> int:
    store.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


def measure_checks(dnc: Dnc, listed: Sequence[str], chance: random.Random) -> Iterator[Figure]:
    """Bulk and single checks beside a bare set."""
    asked = list(batches(listed, chance))
    everything = frozenset(f"+1{number}" for number in listed)

    def look(batch: list[str]) -> list[str]:
        return [number for number in batch if number in everything]

    yield Figure("bulk: hits(500 numbers)", per_number_us(lambda b: dnc.hits(b, AT), asked), "us/number", "3")
    yield Figure("bulk: barred(500 numbers)", per_number_us(lambda b: dnc.barred(b, 1, AT), asked), "us/number", "3")
    yield Figure("bulk: registries_of(500 numbers)", per_number_us(dnc.registries_of, asked), "us/number", "3")
    yield Figure("  baseline: bare set", per_number_us(look, asked), "us/number")
    singles = [[batch[index]] for batch in asked for index in range(SINGLES // ROUNDS)]
    yield Figure("single: hits([number])", per_number_us(lambda b: dnc.hits(b, AT), singles), "us", "20")
    yield Figure("single: barred([number])", per_number_us(lambda b: dnc.barred(b, 1, AT), singles), "us", "20")
    yield Figure("  baseline: bare set", per_number_us(look, singles), "us")


def measure(folder: Path, entries: int) -> Iterator[Figure]:
    """All figures of this bench."""
    chance = random.Random(1)
    listed = ten_digits(entries, chance)
    path = folder / "dnc.db"
    write_flat(path.with_suffix(".txt"), listed)
    write_flat(path.with_suffix(".site"), listed[::2])
    with Store.open(path, create=True) as store:
        yield from measure_site(store, path, entries)
        yield from measure_import(store, path, entries)
        yield from measure_checks(store.dnc, listed, chance)
    yield from measure_memory(folder, chance)


def measure_memory(folder: Path, chance: random.Random) -> Iterator[Figure]:
    """Memory that an import adds in a fresh process, by the length of the file."""
    for count in (500_000, 5_000_000):
        flat = folder / f"{count}.txt"
        with flat.open("w", encoding="ascii") as file:
            step = (HIGHEST - LOWEST) // count
            for place in range(count):
                number = LOWEST + place * step + chance.randrange(step)
                file.write(f"{number // 10**7},2{number % 10**6:06d}\n")
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
            added_mb, rate = fresh.submit(_added, folder / f"{count}.db", flat, count).result()
        note = f"{count:,} lines, {rate:,.0f} lines/s"
        yield Figure("memory added by an import", added_mb, "MB", note=note)


def _added(path: Path, flat: Path, count: int) -> tuple[float, float]:
    """Megabytes and lines a second of an import."""
    with Store.open(path, create=True) as store:
        before, began = peak_mb(reset=True), time.perf_counter()
        store.dnc.import_registry(flat, "us-national", as_of=AS_OF, full=True, at=AT)
        return peak_mb() - before, count / (time.perf_counter() - began)


def peak_mb(*, reset: bool = False) -> float:
    """The process's highest resident size, counted anew after a reset."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=ENTRIES, help="entries of the registry's copy")
    parser.add_argument("--directory", type=Path, help="where to put the stores (default: the temporary directory)")
    options = parser.parse_args()
    print_machine()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="ringpace-bench-", dir=options.directory) as name:
        print_figures("dnc", list(measure(Path(name), options.entries)), load)


if __name__ == "__main__":
    main()
