"""The audit log as JSON lines: to be read elsewhere, and to be held against the log later on."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaigns.audit import chain
from campaigns.audit.chain import GENESIS, Head
from campaigns.audit.log import AuditError, AuditLog, Entry
from campaigns.instants import seconds_of

_FORMAT = "ringpace-audit"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Selection:
    """Entries in [since, until) of some kinds (none: all), with what they say or (`bodies` false) their frames only.

    Frames name no person and need not be erased, yet they are enough to hold the log against them.
    """

    since: datetime | None = None
    until: datetime | None = None
    kinds: Sequence[str] = ()
    bodies: bool = True


def export(log: AuditLog, selection: Selection, *, at: datetime) -> Iterator[dict[str, Any]]:
    """A first line with the log's head, a line for each chosen entry up to it, and a last line with their number."""
    head = log.head() or Head(0, GENESIS)
    yield {
        "format": _FORMAT,
        "version": _VERSION,
        "head": str(head),
        "exported_at": at.isoformat(timespec="seconds"),
        "since": None if selection.since is None else selection.since.isoformat(),
        "until": None if selection.until is None else selection.until.isoformat(),
        "kinds": list(selection.kinds),
        "bodies": selection.bodies,
    }
    rows = 0
    for entry in log.entries(since=selection.since, until=selection.until, kinds=selection.kinds):
        if entry.id > head.id:
            break
        yield said(entry, bodies=selection.bodies)
        rows += 1
    yield {"rows": rows}


def said(entry: Entry, *, bodies: bool = True) -> dict[str, Any]:
    """An entry as JSON values; without bodies what it says of persons is left out."""
    frame: dict[str, Any] = {
        "id": entry.id,
        "at": entry.at.isoformat(timespec="microseconds"),
        "kind": entry.kind,
        "actor": entry.actor,
    }
    if bodies:
        frame |= {"person": entry.person, "salt": entry.salt, "body": entry.said()}
    return frame | {"digest": entry.digest, "previous": entry.previous, "hash": entry.hash}


def anchors_in(lines: Iterable[str], name: str) -> Iterator[Head]:
    """The entries of an export, and at last its head, to be met by `verify`; `name` is the file's.

    Each line is checked by itself as well. Raises AuditError naming file and line when it is no export, was changed, or
    is not whole.
    """
    last, rows, head, count = 0, 0, None, None
    for number, line in enumerate(lines, start=1):
        where = f"{name}: line {number}"
        values = _values(line, where)
        if number == 1:
            head = _head_in(values, where)
        elif count is not None:
            raise AuditError(f"{where}: something follows the last line of the export")
        elif "hash" in values:
            anchor = _anchor_in(values, where)
            rows, last = rows + 1, anchor.id
            yield anchor
        else:
            count = values.get("rows")
    if head is None:
        raise AuditError(f"{name}: is empty; `dialer audit export FILE` writes what can be compared")
    if count != rows:
        raise AuditError(f"{name}: is not whole: it has {rows} entries, and its last line is missing or says {count}")
    if head.id > last:
        yield head


def _values(line: str, where: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise AuditError(f"{where}: is no line of an export of the audit log")
    return values


def _head_in(values: dict[str, Any], where: str) -> Head:
    if values.get("format") != _FORMAT or values.get("version") != _VERSION:
        raise AuditError(f"{where}: must say that this is an export of the audit log ({_FORMAT}, version {_VERSION})")
    try:
        return Head.parse(str(values.get("head")))
    except ValueError as error:
        raise AuditError(f"{where}: head: {error}") from None


def _anchor_in(values: dict[str, Any], where: str) -> Head:
    try:
        at_s = seconds_of(datetime.fromisoformat(values["at"]))
        kind, actor, digest, previous = (values[key].encode() for key in ("kind", "actor", "digest", "previous"))
        hashed = chain.hash_of(values["id"], at_s, kind, actor, digest, previous).decode()
        told = values.get("body") is None or _digest_in(values) == digest
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise AuditError(f"{where}: is no entry of the audit log") from None
    if hashed != values["hash"] or not told:
        raise AuditError(f"{where}: the export was changed: its hash is not that of what it says")
    return Head(values["id"], hashed)


def _digest_in(values: dict[str, Any]) -> bytes:
    body = chain.canonical(values["body"])
    return chain.digest_of(values["salt"].encode(), values["person"].encode(), body.encode())
