"""Importing a registry's file: read and checked beside the copy in use, which changes at one stroke at the end.

A full import makes its staged list live in one short transaction, so that a dialer beside it never waits long and never
sees half a copy. A change import moves its staged rows in, some thousands at a time, and dates the copies last: broken
off, it can be done again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from campaigns.database import Database, StoreError
from campaigns.dnc import staging
from campaigns.dnc.copies import Copy, Route, copies, routes
from campaigns.dnc.formats import registry_changes, registry_numbers
from campaigns.dnc.model import BadLine, RegistryReport
from campaigns.dnc.registries import Registry
from campaigns.dnc.staging import CHUNK, Import, Progress
from campaigns.hopper import PUT_OFF_S
from campaigns.instants import seconds_of
from campaigns.leads import wake

_BAD_LINES_KEPT = 1000
_WOKEN_AT_ONCE = 1000

# Leads that a rule put off without a known end; not those that wait for the time which their last attempt decided.
_HELD = """
SELECT l.id FROM leads l JOIN lead_phones p ON p.id = l.next_phone_id
WHERE l.held_by <> '' AND l.held_by >= 'rule:' AND l.held_by < 'rule;' AND l.priority >= 0
    AND l.next_at > ? AND l.next_at <= ? AND p.e164 LIKE ?
    AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.lead_id = l.id AND a.retry_at = l.next_at)
"""
_SHRUNK = 0.5
_NOT_COVERED = "its area code is not among those that are imported"
_NO_COPY = "no copy in use covers it; import a full list of its area code first"


@dataclass(slots=True)
class _Read:
    """What a file was found to hold so far."""

    progress: Progress
    lines: int = 0
    bad: int = 0
    bad_lines: list[BadLine] = field(default_factory=list)

    def reject(self, line: BadLine) -> None:
        self.bad += 1
        if len(self.bad_lines) < _BAD_LINES_KEPT:
            self.bad_lines.append(line)


def full(
    database: Database, of: Import, lines: Iterable[str], *, force: bool = False, progress: Progress = lambda _: None
) -> RegistryReport:
    """Replace the registry's copy, or its area codes, by the file.

    Raises StoreError and changes nothing when the file is older than the copy in use and, without `force`, when a line
    cannot be used or more than half of the copy would go.
    """
    of = replace(of, areas=tuple(sorted(set(of.areas))))
    before = copies(database, of.registry.id)
    _require_not_older(of, [copy for copy in before if _stands_in_for(of, copy)])
    (list_id,) = staging.staged(database, of, 1)
    try:
        read = _stage_full(database, of, list_id, lines, progress)
        count, replaced = _count(database, list_id), sum(_count(database, c.list_id, of.areas) for c in before)
        _require_sound(of, read, count, replaced, force=force)
        common = sum(_common(database, list_id, copy.list_id) for copy in before)
        _swap(database, of, list_id)
    except BaseException:
        staging.discard(database, of.registry, [list_id])
        raise
    staging.clean(database, of.registry)
    return _report(database, of, "full", read, count - common, replaced - common)


def _stands_in_for(of: Import, copy: Copy) -> bool:
    return not of.areas or not copy.areas or not set(of.areas).isdisjoint(copy.areas)


def _stage_full(database: Database, of: Import, list_id: int, lines: Iterable[str], progress: Progress) -> _Read:
    read, chunk, wanted = _Read(progress), list[int](), frozenset(of.areas)
    for found in registry_numbers(lines, of.registry):
        read.lines += 1
        if isinstance(found, BadLine):
            read.reject(found)
        elif wanted and str(found)[1:4] not in wanted:
            read.reject(BadLine(read.lines, f"+{found}", _NOT_COVERED))
        else:
            chunk.append(found)
            if len(chunk) == CHUNK:
                staging.write(database, list_id, chunk)
                progress(read.lines)
                chunk = []
    staging.write(database, list_id, chunk)
    return read


def _count(database: Database, list_id: int, areas: Sequence[str] = ()) -> int:
    """The numbers of a list, or those of it in these area codes."""
    if not areas:
        return int(database.value("SELECT COUNT(*) FROM registry_numbers WHERE list_id = ?", (list_id,)))
    sql = "SELECT COUNT(*) FROM registry_numbers WHERE list_id = ? AND number >= ? AND number < ?"
    return sum(int(database.value(sql, (list_id, *staging.span_of(area)))) for area in areas)


def _common(database: Database, list_id: int, other: int) -> int:
    sql = (
        "SELECT COUNT(*) FROM registry_numbers a JOIN registry_numbers b ON b.number = a.number"
        " WHERE a.list_id = ? AND b.list_id = ?"
    )
    return int(database.value(sql, (list_id, other)))


def _swap(database: Database, of: Import, list_id: int) -> None:
    """From here on the file is the copy of its area codes."""
    with database.transaction():
        staging.touch(database, list_id)
        if not of.areas:
            staging.retire(database, of.registry, "live")
        for copy in copies(database, of.registry.id):
            left = " ".join(area for area in copy.areas if area not in of.areas)
            if copy.areas:
                state = "live" if left else "retired"
                database.execute("UPDATE dnc_lists SET areas = ?, state = ? WHERE id = ?", (left, state, copy.list_id))
        database.execute(
            "UPDATE dnc_lists SET state = 'live', imported_at = ? WHERE id = ?", (seconds_of(of.at), list_id)
        )


def change(
    database: Database, of: Import, lines: Iterable[str], *, force: bool = False, progress: Progress = lambda _: None
) -> RegistryReport:
    """Add and delete the numbers of a change list; of several lines of one number the last holds.

    Raises StoreError and changes nothing when there is no copy to change, when the file is not newer than it and,
    without `force`, when a line cannot be used.
    """
    before = copies(database, of.registry.id)
    route = next((route for route in routes(database) if route.registry == of.registry.id), None)
    if route is None:
        raise StoreError(f"there is no copy of {of.registry.id} to change yet; import a full list with --full")
    _require_not_older(of, before)
    added, deleted = staging.staged(database, of, 2)
    try:
        read = _stage_changes(database, of, route, (added, deleted), lines, progress)
        _require_sound(of, read, read.lines - read.bad, 0, force=force)
        came, went = _move_in(database, route, added), _move_out(database, route, deleted)
        _date(database, of, before)
    finally:
        staging.discard(database, of.registry, [added, deleted])
    return _report(database, of, "change", read, came, went)


def _stage_changes(
    database: Database, of: Import, route: Route, into: tuple[int, int], lines: Iterable[str], progress: Progress
) -> _Read:
    read, chunk = _Read(progress), dict[int, bool]()
    for found in registry_changes(lines, of.registry):
        read.lines += 1
        if isinstance(found, BadLine):
            read.reject(found)
        elif route.copy_of(f"+{found[0]}") is None:
            read.reject(BadLine(read.lines, f"+{found[0]}", _NO_COPY))
        else:
            chunk[found[0]] = found[1]
            if len(chunk) == CHUNK:
                _write_changes(database, into, chunk)
                progress(read.lines)
                chunk = {}
    _write_changes(database, into, chunk)
    return read


def _write_changes(database: Database, into: tuple[int, int], chunk: dict[int, bool]) -> None:
    added, deleted = into
    staging.write(database, added, [number for number, adds in chunk.items() if adds], instead_of=deleted)
    staging.write(database, deleted, [number for number, adds in chunk.items() if not adds], instead_of=added)


def _move_in(database: Database, route: Route, added: int) -> int:
    """How many numbers were not on their copies."""
    came = 0
    for chunk in staging.chunks(database, added):
        with database.transaction():
            for copy, mine in route.split([f"+{number}" for number in chunk]):
                there = _there(database, copy, mine)
                new = [number for number in map(_number, mine) if number not in there]
                staging.insert(database, copy.list_id, new)
                came += len(new)
    return came


def _move_out(database: Database, route: Route, deleted: int) -> int:
    """How many numbers were on their copies."""
    went = 0
    for chunk in staging.chunks(database, deleted):
        with database.transaction():
            for copy, mine in route.split([f"+{number}" for number in chunk]):
                there = _there(database, copy, mine)
                staging.delete(database, copy.list_id, there)
                went += len(there)
    return went


def _there(database: Database, copy: Copy, numbers: list[str]) -> set[int]:
    sql = "SELECT number FROM registry_numbers WHERE list_id = ? AND number IN (:values)"
    return {number for (number,) in database.rows_in(sql, [_number(e164) for e164 in numbers], (copy.list_id,))}


def _number(e164: str) -> int:
    return int(e164[1:])


def _date(database: Database, of: Import, changed: Iterable[Copy]) -> None:
    with database.transaction():
        for copy in changed:
            database.execute(
                "UPDATE dnc_lists SET as_of = ?, imported_at = ?, version = ? WHERE id = ?",
                (seconds_of(of.as_of), seconds_of(of.at), of.label, copy.list_id),
            )


def _require_not_older(of: Import, before: Iterable[Copy]) -> None:
    if of.as_of > of.at:
        raise StoreError(f"{of.label}: a list cannot be of the future, as {_day(of.as_of)} is; nothing was changed")
    for copy in before:
        if copy.as_of > of.as_of:
            raise StoreError(
                f"{of.label}: is of {_day(of.as_of)}, and the copy of {of.registry.id} in use is newer, of "
                f"{_day(copy.as_of)}; nothing was changed"
            )


def _day(at: datetime) -> str:
    return at.isoformat(timespec="minutes")


def _require_sound(of: Import, read: _Read, count: int, replaced: int, *, force: bool) -> None:
    if read.bad and not force:
        first = read.bad_lines[0]
        raise StoreError(
            f"{of.label}: {read.bad} of {read.lines} lines cannot be used; the first is line {first.line}, "
            f"{first.text!r}: {first.reason}. Nothing was changed; --force imports the other lines"
        )
    if count == 0:
        raise StoreError(f"{of.label}: holds no number; nothing was changed")
    if count < _SHRUNK * replaced and not force:
        raise StoreError(
            f"{of.label}: holds {count:,} numbers, and the copy in use {replaced:,}: the file looks cut off. "
            "Nothing was changed; --force imports it all the same"
        )


def _report(database: Database, of: Import, kind: str, read: _Read, added: int, removed: int) -> RegistryReport:
    entries = sum(_count(database, copy.list_id) for copy in copies(database, of.registry.id))
    bad_lines = tuple(read.bad_lines)
    return RegistryReport(of.registry.id, kind, of.as_of, read.lines, added, removed, read.bad, bad_lines, entries)


def forget(database: Database, registry: Registry) -> bool:
    """Drop all copies of a registry; whether there were any."""
    there = bool(copies(database, registry.id))
    with database.transaction():
        staging.retire(database, registry, "live")
    staging.clean(database, registry)
    return there


def wake_held(database: Database, registry: Registry, at: datetime) -> None:
    """Let leads of the registry's country be looked at anew that a rule put off, as it may have asked for this copy.

    In short transactions. Which rules ask for the copy is not known here: what another one holds is put off again.
    """
    now = seconds_of(at)
    rows = database.rows(_HELD, (now, now + PUT_OFF_S, f"{registry.prefix}%"))
    for start in range(0, len(rows), _WOKEN_AT_ONCE):
        with database.transaction():
            wake(database, [lead_id for (lead_id,) in rows[start : start + _WOKEN_AT_ONCE]], at)
