"""The values of the do-not-call lists. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

_E164 = re.compile(r"\+[1-9]\d{6,14}")


class Scope(StrEnum):
    """Whom a list binds: the whole site, one campaign, or whoever the law of a national registry binds."""

    SITE = "site"
    CAMPAIGN = "campaign"
    REGISTRY = "registry"


@dataclass(frozen=True, slots=True)
class Hit:
    """A number on a list: where it came from, and when (aware UTC).

    `campaign` names the campaign of a campaign's list, `registry` and `as_of` tell which copy of a registry it was.
    """

    e164: str
    source: str
    added_at: datetime
    scope: Scope = Scope.SITE
    list: str = "site"
    expires_at: datetime | None = None
    campaign: str | None = None
    registry: str | None = None
    as_of: datetime | None = None

    def age_days(self, at: datetime) -> int:
        """Whole days since the entry was made, or since the date of the registry's copy."""
        return max(0, (at - (self.as_of or self.added_at)).days)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as a whole. `as_of` is the date of a registry's copy, `areas` the area codes that it covers ((): all)."""

    list_id: int
    name: str
    scope: Scope
    entries: int
    campaign: str | None = None
    registry: str | None = None
    areas: tuple[str, ...] = ()
    version: str = ""
    as_of: datetime | None = None
    imported_at: datetime | None = None
    age_days: int | None = None
    max_age_days: int | None = None

    @property
    def stale(self) -> bool:
        """Whether the copy is older than the registry allows."""
        return self.age_days is not None and self.max_age_days is not None and self.age_days > self.max_age_days


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no number."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class RegistryReport:
    """What an import made of a registry's copy; `entries` are those that it has now."""

    registry: str
    kind: str
    as_of: datetime
    read: int
    added: int
    removed: int
    bad: int
    bad_lines: tuple[BadLine, ...]
    entries: int


def require_e164(e164: str) -> None:
    """Raises ValueError when a text is not E.164."""
    if not _E164.fullmatch(e164):
        raise ValueError(f"{e164!r} is not E.164 (+ and 7 to 15 digits); parse it with campaigns.numbers.parse first")
