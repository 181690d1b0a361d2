"""The store's door to do-not-call lists."""

import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from campaigns.audit.kinds import AuditKind
from campaigns.audit.trail import NO_TRAIL, Trail
from campaigns.database import Database, Row, StoreError
from campaigns.dnc import entries, registry_import
from campaigns.dnc.copies import Coverage, age_days, copies, on_copies, routes
from campaigns.dnc.model import Hit, Listing, RegistryReport, Scope, require_e164
from campaigns.dnc.registries import registry_of, require_areas
from campaigns.dnc.staging import Import, Progress
from campaigns.instants import datetime_of, seconds_of
from campaigns.profiles import Profiles
from campaigns.textfiles import Source, name_of, reading

_EXPORTED = 5000


class Dnc:
    """Do-not-call lists: of the site and of campaigns, which bar a number, and copies of national registries.

    Whether a registry bars a number is for the calling rules to say: consent may lift it. `at` is now unless given.
    """

    def __init__(self, database: Database, profiles: Profiles, trail: Trail = NO_TRAIL) -> None:
        self._database = database
        self._profiles = profiles
        self._trail = trail

    def add(
        self,
        numbers: Sequence[str],
        source: str,
        at: datetime | None = None,
        *,
        campaign_id: int | None = None,
        expires_at: datetime | None = None,
    ) -> int:
        """Bar numbers for the site or a campaign; how many were not barred, or not for as long.

        Leads whose turn is on one of them move to their next number, or end. Raises ValueError when a number is not
        E.164 or the expiry is past.
        """
        now = at or datetime.now(UTC)
        _require_future(expires_at, now)
        with self._database.transaction():
            list_id = self._made_list(campaign_id)
            added = entries.add(
                self._database, self._profiles, numbers, source, now, list_id=list_id, expires_at=expires_at
            )
            for e164 in numbers:
                facts = {"number": e164, "source": source, "campaign": campaign_id, "expires_at": expires_at}
                self._trail.note(AuditKind.DNC, {"what": "added", **facts}, at=now, numbers=(e164,))
            return added

    def remove(self, e164: str, *, campaign_id: int | None = None) -> bool:
        """Take a number off the site's or a campaign's list and reopen leads that ended only for it (DNCL).

        False when it was not on that list. Raises ValueError when it is not E.164.
        """
        require_e164(e164)
        with self._database.transaction():
            list_id = self._list(campaign_id)
            removed = list_id is not None and entries.remove(self._database, self._profiles, e164, list_id=list_id)
            if removed:
                facts = {"what": "removed", "number": e164, "campaign": campaign_id}
                self._trail.note(AuditKind.DNC, facts, numbers=(e164,))
            return removed

    def hits(self, numbers: Iterable[str], at: datetime | None = None) -> dict[str, tuple[Hit, ...]]:
        """All lists that numbers are on, first the site's, then campaigns', then registries; others are left out."""
        wanted = list(numbers)
        own = entries.entries_of(self._database, wanted, at or datetime.now(UTC))
        found: dict[str, list[Hit]] = {}
        names = self._names() if own else {}
        for row in sorted(own, key=lambda row: row[1]):
            found.setdefault(row[0], []).append(_own_hit(row, names))
        for e164, copy in on_copies(self._database, wanted):
            hit = Hit(
                e164,
                copy.version,
                copy.imported_at,
                Scope.REGISTRY,
                copy.registry,
                registry=copy.registry,
                as_of=copy.as_of,
            )
            found.setdefault(e164, []).append(hit)
        return {e164: tuple(hits) for e164, hits in found.items()}

    def check(self, e164: str, at: datetime | None = None) -> tuple[Hit, ...]:
        """All lists that a number is on. Raises ValueError when it is not E.164."""
        require_e164(e164)
        return self.hits([e164], at).get(e164, ())

    def barred(self, numbers: Sequence[str], campaign_id: int, at: datetime | None = None) -> frozenset[str]:
        """Those of the numbers that may not be called for a campaign whatever consent there is."""
        return entries.barred(self._database, numbers, campaign_id, at or datetime.now(UTC))

    def registries_of(self, numbers: Sequence[str]) -> dict[str, frozenset[str]]:
        """The registries that each of the numbers is on; numbers on none are left out."""
        found: dict[str, set[str]] = {}
        for e164, copy in on_copies(self._database, numbers):
            found.setdefault(e164, set()).add(copy.registry)
        return {e164: frozenset(registries) for e164, registries in found.items()}

    def registry_ages(self, at: datetime | None = None) -> dict[str, int]:
        """Age in days of each registry's copy, of the oldest where there are several."""
        now, ages = at or datetime.now(UTC), dict[str, int]()
        for copy in copies(self._database):
            ages[copy.registry] = max(ages.get(copy.registry, 0), age_days(copy.as_of, now))
        return ages

    def coverage(self, at: datetime | None = None) -> Coverage:
        """Which numbers the copies in use cover: `Coverage.ages(e164)` is exact where copies are of area codes."""
        return Coverage(at or datetime.now(UTC), routes(self._database))

    def lists(self, at: datetime | None = None, max_ages: Mapping[str, int] | None = None) -> list[Listing]:
        """Every list with its entries; `max_ages` (days by registry) stands before what registries are known for."""
        now = at or datetime.now(UTC)
        sql = "SELECT list_id, COUNT(*) FROM dnc WHERE expires_at IS NULL OR expires_at > ? GROUP BY list_id"
        counts: dict[int, int] = dict(self._database.rows(sql, (seconds_of(now),)))
        own = [
            Listing(list_id, name, Scope(scope), counts.get(list_id, 0), campaign)
            for list_id, (name, scope, campaign) in sorted(self._names().items())
        ]
        count = "SELECT COUNT(*) FROM registry_numbers WHERE list_id = ?"
        return own + [
            Listing(
                copy.list_id,
                copy.registry,
                Scope.REGISTRY,
                self._database.value(count, (copy.list_id,)),
                registry=copy.registry,
                areas=copy.areas,
                version=copy.version,
                as_of=copy.as_of,
                imported_at=copy.imported_at,
                age_days=age_days(copy.as_of, now),
                max_age_days=(max_ages or {}).get(copy.registry, registry_of(copy.registry).max_age_days),
            )
            for copy in copies(self._database)
        ]

    def import_file(
        self,
        source: Source,
        region: str,
        *,
        at: datetime | None = None,
        label: str | None = None,
        campaign_id: int | None = None,
        expires_at: datetime | None = None,
    ) -> dict[str, Any]:
        """Add a file's numbers to the site's or a campaign's list: {read, added, already, bad, bad_lines}.

        `bad` counts all lines that are no number, `bad_lines` has the first thousand. Raises StoreError when the file
        cannot be read, ValueError when the expiry is past.
        """
        now = at or datetime.now(UTC)
        _require_future(expires_at, now)
        with self._database.transaction():
            list_id = self._made_list(campaign_id)
        with _reading(source) as lines:
            counts = entries.import_lines(
                self._database,
                self._profiles,
                lines,
                region,
                now,
                label or name_of(source),
                list_id=list_id,
                expires_at=expires_at,
            )
        facts = {key: counts[key] for key in ("read", "added", "already", "bad")}
        body = {"what": "imported", "source": label or name_of(source), "campaign": campaign_id, **facts}
        self._trail.note(AuditKind.DNC, body, at=now)
        return counts

    def import_registry(
        self,
        source: Source,
        registry: str,
        *,
        as_of: datetime,
        full: bool,
        at: datetime | None = None,
        areas: Sequence[str] = (),
        label: str | None = None,
        force: bool = False,
        progress: Progress = lambda _: None,
    ) -> RegistryReport:
        """Replace a registry's copy by a full list, or of some area codes; or add and delete what a change list says.

        A file that cannot be used changes nothing. Raises ValueError for a wrong registry or area code, StoreError for
        a file that is unreadable, older than the copy in use, has bad lines or is cut off; `force` overrides the last
        two. `progress` is told the number of lines read.
        """
        of = registry_of(registry)
        require_areas(of, tuple(areas))
        if areas and not full:
            raise ValueError("a change list applies to all the area codes of the copy: leave out the area codes")
        named = Import(of, as_of, at or datetime.now(UTC), label or name_of(source), tuple(areas))
        run = registry_import.full if full else registry_import.change
        with _reading(source) as lines:
            report = run(self._database, named, lines, force=force, progress=progress)
        body = {
            "what": "full copy" if full else "changes",
            "registry": registry,
            "as_of": as_of,
            "areas": list(areas),
            "source": named.label,
            "read": report.read,
            "added": report.added,
            "removed": report.removed,
            "entries": report.entries,
        }
        self._trail.note(AuditKind.DNC, body, at=named.at)
        registry_import.wake_held(self._database, of, named.at)
        return report

    def remove_registry(self, registry: str, at: datetime | None = None) -> bool:
        """Forget all copies of a registry; False when there is none. Raises ValueError for a wrong id."""
        of = registry_of(registry)
        forgotten = registry_import.forget(self._database, of)
        if forgotten:
            registry_import.wake_held(self._database, of, at or datetime.now(UTC))
            self._trail.note(AuditKind.DNC, {"what": "forgotten", "registry": registry})
        return forgotten

    def export(self, list_ids: Sequence[int] | None = None, at: datetime | None = None) -> Iterator[dict[str, Any]]:
        """Every entry that holds, list by list, number by number: {number, scope, list, source, added_at, ...}."""
        now = seconds_of(at or datetime.now(UTC))
        for list_id, (name, scope, campaign) in sorted(self._names().items()):
            if list_ids is None or list_id in list_ids:
                for row in self._entries(list_id, now):
                    yield _exported(row[0], scope, name, campaign, *row[1:])
        for copy in copies(self._database):
            if list_ids is None or copy.list_id in list_ids:
                for number in self._numbers(copy.list_id):
                    added_at = copy.imported_at.timestamp()
                    yield _exported(f"+{number}", "registry", copy.registry, None, copy.version, added_at, None)

    def sweep(self, at: datetime | None = None) -> int:
        """Remove expired entries and reopen the leads that ended only for them; how many there were."""
        return entries.sweep(self._database, self._profiles, at or datetime.now(UTC))

    def _entries(self, list_id: int, now: float) -> Iterator[Row]:
        after = ""
        while rows := self._database.rows(
            "SELECT e164, source, added_at, expires_at FROM dnc WHERE list_id = ? AND e164 > ?"
            " AND (expires_at IS NULL OR expires_at > ?) ORDER BY e164 LIMIT ?",
            (list_id, after, now, _EXPORTED),
        ):
            yield from rows
            after = rows[-1][0]

    def _numbers(self, list_id: int) -> Iterator[int]:
        after = 0
        while rows := self._database.rows(
            "SELECT number FROM registry_numbers WHERE list_id = ? AND number > ? ORDER BY number LIMIT ?",
            (list_id, after, _EXPORTED),
        ):
            yield from (number for (number,) in rows)
            after = rows[-1][0]

    def _names(self) -> dict[int, tuple[str, str, str | None]]:
        """Name, scope and campaign of the lists of the site and of campaigns."""
        rows = self._database.rows(
            "SELECT d.id, d.name, d.scope, c.name FROM dnc_lists d LEFT JOIN campaigns c ON c.id = d.campaign_id"
            " WHERE d.scope <> 'registry'"
        )
        return {list_id: (name, scope, campaign) for list_id, name, scope, campaign in rows}

    def _list(self, campaign_id: int | None) -> int | None:
        return entries.SITE_LIST if campaign_id is None else entries.campaign_list(self._database, campaign_id)

    def _made_list(self, campaign_id: int | None) -> int:
        return entries.SITE_LIST if campaign_id is None else entries.made_campaign_list(self._database, campaign_id)


def _own_hit(row: Row, names: Mapping[int, tuple[str, str, str | None]]) -> Hit:
    e164, list_id, source, added_at, expires_at = row
    name, scope, campaign = names[list_id]
    since = datetime_of(added_at)
    assert since is not None
    return Hit(e164, source, since, Scope(scope), name, datetime_of(expires_at), campaign)


def _exported(
    e164: str, scope: str, name: str, campaign: str | None, source: str, added_at: float, expires_at: float | None
) -> dict[str, Any]:
    return {
        "number": e164,
        "scope": scope,
        "list": name,
        "campaign": campaign,
        "source": source,
        "added_at": datetime_of(added_at),
        "expires_at": datetime_of(expires_at),
    }


def _require_future(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise ValueError(f"the entry would have expired already, at {expires_at.isoformat()}")


@contextmanager
def _reading(source: Source) -> Iterator[Iterable[str]]:
    """The lines of a file, or of the one file in a zip archive, as registries hand out their lists."""
    if isinstance(source, Path | str) and Path(source).is_file() and zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) != 1:
                raise StoreError(f"{source}: holds {len(names)} files; unpack it and import one at a time")
            with (
                archive.open(names[0]) as packed,
                TextIOWrapper(packed, encoding="utf-8-sig", errors="replace") as text,
            ):
                yield text
        return
    with reading(source, errors="replace") as lines:
        yield lines
