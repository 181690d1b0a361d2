"""Rows of a registry's file that is being read: lists of state 'staged', which nobody asks."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from campaigns.database import Database, StoreError
from campaigns.dnc.copies import copies
from campaigns.dnc.registries import Registry
from campaigns.instants import seconds_of

CHUNK = 20_000
_STALLED_S = 60
_AREA_NUMBERS = 10_000_000

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Import:
    """A file of a registry: its date, when it is imported, what to call it, and the area codes it is for ((): all)."""

    registry: Registry
    as_of: datetime
    at: datetime
    label: str
    areas: tuple[str, ...] = ()


def staged(database: Database, of: Import, count: int) -> list[int]:
    """New staged lists. What a broken import left behind goes; StoreError while another import is still at work."""
    now = seconds_of(datetime.now(UTC))
    with database.transaction():
        at_work = database.value(
            "SELECT MAX(imported_at) FROM dnc_lists WHERE registry = ? AND state = 'staged'", (of.registry.id,)
        )
        if at_work is not None and abs(now - at_work) < _STALLED_S:
            raise StoreError(
                f"another import of {of.registry.id} was at work {abs(now - at_work):.0f} s ago; if it was broken off, "
                f"try again in {_STALLED_S} s"
            )
        retire(database, of.registry, "staged")
        made = [_made(database, of, now) for _ in range(count)]
    clean(database, of.registry)
    return made


def _made(database: Database, of: Import, now: float) -> int:
    list_id: int = 1 + database.value("SELECT MAX(id) FROM dnc_lists")
    database.execute(
        "INSERT INTO dnc_lists (id, name, scope, campaign_id, registry, version, areas, state, as_of, imported_at)"
        " VALUES (?, ?, 'registry', NULL, ?, ?, ?, 'staged', ?, ?)",
        (
            *(list_id, f"{of.registry.id} {list_id}", of.registry.id, of.label),
            *(" ".join(of.areas), seconds_of(of.as_of), now),
        ),
    )
    return list_id


def write(database: Database, list_id: int, numbers: Collection[int], *, instead_of: int | None = None) -> None:
    """Add numbers to a staged list, and take them off another, in a commit of its own."""
    ordered = sorted(numbers)
    with database.transaction():
        touch(database, list_id)
        insert(database, list_id, ordered)
        if instead_of is not None:
            delete(database, instead_of, ordered)


def insert(database: Database, list_id: int, numbers: Collection[int]) -> None:
    """Put numbers on a list; those that are on it already stay."""
    database.many(
        "INSERT INTO registry_numbers (list_id, number) VALUES (?, ?) ON CONFLICT (list_id, number) DO NOTHING",
        ((list_id, number) for number in numbers),
    )


def delete(database: Database, list_id: int, numbers: Collection[int]) -> None:
    """Take numbers off a list."""
    database.many(
        "DELETE FROM registry_numbers WHERE list_id = ? AND number = ?", ((list_id, number) for number in numbers)
    )


def touch(database: Database, list_id: int) -> None:
    """A sign of life. Raises StoreError when another import has taken the place of this one."""
    now = seconds_of(datetime.now(UTC))
    changed = database.execute("UPDATE dnc_lists SET imported_at = ? WHERE id = ? AND state = 'staged'", (now, list_id))
    if changed != 1:
        raise StoreError("another import of this registry has taken the place of this one; nothing was changed")


def retire(database: Database, registry: Registry, state: str) -> None:
    """Let nobody ask a registry's lists of a state any more."""
    database.execute("UPDATE dnc_lists SET state = 'retired' WHERE registry = ? AND state = ?", (registry.id, state))


def discard(database: Database, registry: Registry, list_ids: Sequence[int]) -> None:
    """Let go of staged lists."""
    with database.transaction():
        for list_id in list_ids:
            database.execute("UPDATE dnc_lists SET state = 'retired' WHERE id = ? AND state = 'staged'", (list_id,))
    clean(database, registry)


def chunks(database: Database, list_id: int) -> Iterator[list[int]]:
    """The numbers of a list in order, some thousands at a time."""
    after = 0
    while rows := database.rows(
        "SELECT number FROM registry_numbers WHERE list_id = ? AND number > ? ORDER BY number LIMIT ?",
        (list_id, after, CHUNK),
    ):
        numbers = [number for (number,) in rows]
        yield numbers
        after = numbers[-1]


def clean(database: Database, registry: Registry) -> None:
    """Delete retired lists, and the numbers of area codes for which a newer copy stands, in short transactions."""
    sql = "SELECT id FROM dnc_lists WHERE registry = ? AND state = 'retired'"
    for (list_id,) in database.rows(sql, (registry.id,)):
        _delete_span(database, list_id, 0, 10**15)
        with database.transaction():
            database.execute("DELETE FROM dnc_lists WHERE id = ?", (list_id,))
    live = copies(database, registry.id)
    areas = {area: copy.list_id for copy in live for area in copy.areas}
    for copy in live:
        for area, owner in areas.items():
            if owner != copy.list_id:
                _delete_span(database, copy.list_id, *span_of(area))


def span_of(area: str) -> tuple[int, int]:
    """The numbers of a North American area code: half-open."""
    low = int(f"1{area}") * _AREA_NUMBERS
    return low, low + _AREA_NUMBERS


def _delete_span(database: Database, list_id: int, low: int, high: int) -> None:
    """Delete a list's numbers in [low, high)."""
    last = (
        "SELECT MAX(number) FROM (SELECT number FROM registry_numbers"
        " WHERE list_id = ? AND number >= ? AND number < ? ORDER BY number LIMIT ?) AS first"
    )
    while (upto := database.value(last, (list_id, low, high, CHUNK))) is not None:
        with database.transaction():
            database.execute(
                "DELETE FROM registry_numbers WHERE list_id = ? AND number >= ? AND number <= ?", (list_id, low, upto)
            )
        low = upto + 1
