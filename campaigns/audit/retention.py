"""How long the audit log keeps what it says, and purging what no duty holds any more. The chain stays whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.audit.duties import Duty, cut_of
from campaigns.audit.kinds import PROOFS, Record, record_of
from campaigns.audit.kinds import AuditKind as Kind
from campaigns.audit.log import AuditLog
from campaigns.audit.records import duties_in_use
from campaigns.database import Database
from campaigns.instants import datetime_of, seconds_of
from campaigns.rules.model import Period

# 5 years: what the longest duty that the packs know asks for (16 CFR 310.5, UWG § 7a), for entries under none.
OWN_TERM = Period(5, "y")

# A purge holds up other writers for so many rows at a time, some tenths of a second.
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Term:
    """How long entries of a kind are kept: until `cut` all older ones may go.

    With `rolling` entries about a person stay while the log has one about them newer than that. `because` says why.
    """

    kind: str
    period: Period
    cut: datetime
    rolling: datetime | None
    because: str


@dataclass(frozen=True, slots=True)
class Due:
    """Entries of a kind: how many there are, how many may go, and until when the oldest of the others is kept.

    `kept_until` is None when none is kept, or when that depends on what happens next with the person.
    """

    kind: str
    entries: int
    due: int
    period: str
    kept_until: datetime | None
    because: str


@dataclass(frozen=True, slots=True)
class Purged:
    """Entries whose bodies were blanked, and rows removed at the start of the log."""

    blanked: int
    removed: int


def due(database: Database, duties: Sequence[Duty], now: datetime, *, otherwise: Period = OWN_TERM) -> list[Due]:
    """What of the audit log may go at `now` and what must stay, by kind.

    Of `duties` those count that bind in the regions and for the purposes of the site. Entries under none, and those
    about the site's own operation at least, stay for `otherwise`.
    """
    binding = duties_in_use(database, duties)
    return [_due(database, term) for term in _terms(database, binding, now, otherwise)]


def purge(
    database: Database, duties: Sequence[Duty], now: datetime, *, actor: str, otherwise: Period = OWN_TERM
) -> Purged:
    """Blank the bodies of entries that are due, and remove rows at the start of which nothing is left.

    In transactions of some thousand rows, so that calls go on; each leaves an entry that says so.
    """
    audit, binding = AuditLog(database), duties_in_use(database, duties)
    blanked = 0
    for term in _terms(database, binding, now, otherwise):
        last = 0
        while ids := _due_ids(database, term, last):
            body = {"kind": term.kind, "period": str(term.period), "because": term.because}
            audit.blank(Kind.PURGE, actor, ids, body, at=now)
            blanked, last = blanked + len(ids), ids[-1]
    cut = min([cut_of(otherwise, now), *(cut_of(duty.period, now) for duty in binding)])
    return Purged(blanked, _remove_start(database, audit, cut, now, actor))


def _terms(database: Database, duties: Sequence[Duty], now: datetime, otherwise: Period) -> list[Term]:
    kinds = [kind for (kind,) in database.rows("SELECT DISTINCT kind FROM audit ORDER BY kind")]
    return [_term(kind, duties, now, otherwise) for kind in kinds if kind not in PROOFS]


def _term(kind: str, duties: Sequence[Duty], now: datetime, otherwise: Period) -> Term:
    """The longest of all duties on a kind of entry: which jurisdiction an entry falls under is not asked here."""
    record = record_of(kind)
    binding = [duty for duty in duties if record in duty.records]
    rolling = min((cut_of(duty.period, now) for duty in binding if duty.rolling), default=None)
    candidates = [(duty.period, f"{duty.rule}: {duty.because}") for duty in binding]
    if not binding or record is Record.OPERATION:
        candidates.append((otherwise, "the site's own term"))
    period, because = min(candidates, key=lambda candidate: cut_of(candidate[0], now))
    return Term(kind, period, cut_of(period, now), rolling, because)


_IS_DUE = (
    "kind = ? AND body <> '' AND at <= ? AND (? IS NULL OR person = '' OR NOT EXISTS"
    " (SELECT 1 FROM audit newer WHERE newer.person <> '' AND newer.person = audit.person AND newer.at > ?))"
)


def _due_params(term: Term) -> tuple[object, ...]:
    rolling = None if term.rolling is None else seconds_of(term.rolling)
    return (term.kind, seconds_of(term.cut), rolling, rolling)


def _due_ids(database: Database, term: Term, after: int) -> list[int]:
    sql = f"SELECT id FROM audit WHERE id > ? AND {_IS_DUE} ORDER BY id LIMIT ?"  # noqa: S608 - constant
    return [row_id for (row_id,) in database.rows(sql, (after, *_due_params(term), _BATCH))]


def _due(database: Database, term: Term) -> Due:
    count = database.value(f"SELECT COUNT(*) FROM audit WHERE {_IS_DUE}", _due_params(term))  # noqa: S608 - constant
    entries, oldest = database.rows(
        f"SELECT COUNT(*), MIN(CASE WHEN NOT ({_IS_DUE}) THEN at END) FROM audit WHERE kind = ? AND body <> ''",  # noqa: S608 - constant
        (*_due_params(term), term.kind),
    )[0]
    kept = datetime_of(oldest)
    until = None if kept is None or term.rolling is not None else term.period.after(kept)
    return Due(term.kind, entries, count, str(term.period), until, term.because)


def _remove_start(database: Database, audit: AuditLog, cut: datetime, now: datetime, actor: str) -> int:
    """Remove the rows before the first one that still says something or is younger than `cut`; how many."""
    first, last = database.rows("SELECT MIN(id), MAX(id) FROM audit")[0]
    stays = database.value(
        "SELECT MIN(id) FROM audit WHERE at > ? OR (body <> '' AND kind NOT IN (?, ?, ?))",
        (seconds_of(cut), *sorted(PROOFS)),
    )
    end = last if stays is None else stays - 1
    if first is None or end < first:
        return 0
    body = {"because": "older than every term of retention", "before": cut}
    for through in (*range(first + _BATCH - 1, end, _BATCH), end):
        audit.drop_through(through, actor, body, at=now)
    return int(end - first + 1)
