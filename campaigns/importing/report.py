"""What an import says of itself: counts, warnings, and the errors for files that cannot be imported."""

from dataclasses import dataclass, field
from enum import StrEnum

from campaigns.collections.debts import told_over
from campaigns.database import StoreError

_COUNTS = ("read", "loaded", "duplicate", "invalid", "dnc", "no_timezone")
_WARNINGS_KEPT = 1000


class Duplicates(StrEnum):
    """Where a number must not occur yet."""

    LIST = "list"
    CAMPAIGN = "campaign"
    SITE = "site"

    @classmethod
    def _missing_(cls, value: object) -> "Duplicates | None":
        return cls.SITE if value == "system" else None


class ImportFileError(StoreError):
    """A lead file cannot be imported at all; the text says why and how to mend it."""


@dataclass(slots=True)
class ImportReport:
    """What came of each row: `read` is the sum of loaded, duplicate, invalid and dnc.

    A row that brought a further debt or number to a person who is there already counts as loaded. `no_timezone` rows
    are loaded but not dialed until their zone is known. `warnings` are sentences about what was loaded in part or
    read otherwise than written; the first thousand are kept and `more_warnings` counts the rest. `encoding` is what
    the text was taken for when it is not UTF-8, `share` how much of the file has been read (None: unknown),
    `strange_states` the rows whose state is not understood. `over` has the leads that got a further debt and are not
    called about it, each with the status that ended its dialing.
    """

    read: int = 0
    loaded: int = 0
    duplicate: int = 0
    invalid: int = 0
    dnc: int = 0
    no_timezone: int = 0
    warnings: list[str] = field(default_factory=list)
    more_warnings: int = 0
    encoding: str = ""
    list_name: str = ""
    share: float | None = None
    strange_states: int = 0
    over: dict[int, str] = field(default_factory=dict)
    _such_as: str = ""

    def counts(self) -> dict[str, int]:
        """The six counts by name."""
        return {name: getattr(self, name) for name in _COUNTS}

    def strange_state(self, state: str) -> None:
        """One more row whose state means nothing here."""
        self.strange_states += 1
        self._such_as = self._such_as or state

    def close(self) -> None:
        """Put the sentences about the whole file before the other warnings, of which only some may be kept."""
        if self.over:
            self.warnings.insert(0, told_over(self.over))
        if self.strange_states:
            what = "row has" if self.strange_states == 1 else "rows have"
            self.warnings.insert(
                0, f"{self.strange_states} {what} a state that is not understood, such as {self._such_as}"
            )

    def warn(self, sentence: str) -> None:
        """Keep a warning, or count it when there are many."""
        if len(self.warnings) < _WARNINGS_KEPT:
            self.warnings.append(sentence)
        else:
            self.more_warnings += 1

    def count(self, kind: str) -> None:
        """One more row of a kind."""
        setattr(self, kind, getattr(self, kind) + 1)
