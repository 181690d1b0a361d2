"""Call histories that a client brings along from another dialer, so that the law's counters start true."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from campaigns.audit.kinds import AuditKind
from campaigns.audit.trail import NO_TRAIL, Trail
from campaigns.collections.debts import Debts
from campaigns.database import Database
from campaigns.instants import seconds_of
from campaigns.rules.model import OUTCOMES
from campaigns.statuses import STATUSES

_YES = frozenset({"yes", "y", "true", "1", "t"})
_NO = frozenset({"no", "n", "false", "0", "f"})

# What the codes of other dialers tell of a call that no person took.
_CODES = {
    "A": "machine",
    "AA": "machine",
    "AM": "message",
    "AL": "message",
    "AFAX": "fax",
    "B": "busy",
    "AB": "busy",
    "N": "no_answer",
    "NA": "no_answer",
    "DC": "invalid",
    "ADC": "invalid",
    "ADCT": "unconnected",
    "DROP": "abandoned",
}


@dataclass(frozen=True, slots=True)
class HistoricCall:
    """A call of the past. `debt` is a reference, '' when it may have been about any of the person's debts."""

    lead_id: int
    phone: str
    at: datetime
    outcome: str
    conversation: bool
    debt: str = ""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What became of calls: how many were new, how many known, and refusals by place."""

    added: int
    known: int
    refused: Mapping[int, str]


def outcome_of(text: str) -> str:
    """What came of a call, from a word of the rule engine or a dialer's status code. Raises ValueError naming both."""
    word = text.strip().lower().replace(" ", "_").replace("-", "_")
    if word in OUTCOMES:
        return word
    code = text.strip().upper()
    if code in _CODES:
        return _CODES[code]
    status = STATUSES.get(code)
    if status is None or not status.human_answered:
        raise ValueError(
            f"outcome {text!r} is neither one of {', '.join(sorted(OUTCOMES))} nor a status code such as NA, AB, PTP"
        )
    return "refusal" if status.not_interested or status.dnc else "answered"


def conversation_of(text: str, outcome: str) -> bool:
    """Whether the person was spoken to; when the file does not say, whoever took the call was."""
    word = text.strip().casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    if word:
        raise ValueError(f"conversation {text!r} is neither yes nor no")
    return outcome in ("answered", "refusal")


def instant_of(text: str, zone: ZoneInfo | None) -> datetime:
    """A date and time in ISO 8601 with its zone, else in `zone`. Raises ValueError when neither names one.

    In the night when clocks are set back an hour occurs twice: the later one counts, as it weighs on counters longer.
    """
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"at {text!r} is not a date and time such as 2026-11-20T14:05:00-05:00") from None
    if at.tzinfo is not None:
        return at.astimezone(UTC)
    if zone is None:
        raise ValueError(f"at {text!r} has no zone; write one behind it (-05:00), or name the zone of the file")
    return at.replace(tzinfo=zone, fold=1).astimezone(UTC)


class Histories:
    """The imported call histories of a site."""

    def __init__(self, database: Database, debts: Debts, trail: Trail = NO_TRAIL) -> None:
        self._database = database
        self._debts = debts
        self._trail = trail

    def add_many(self, campaign_id: int, calls: Sequence[HistoricCall], source: str, now: datetime) -> Remembered:
        """Remember calls, each once: the same lead, number, second and debt is the same call.

        Refused: a call to come, an unknown debt, and one of another person.
        """
        with self._database.transaction():
            debts = self._debts.by_references(campaign_id, [call.debt for call in calls if call.debt])
            people = self._debts.of(sorted({call.lead_id for call in calls})) if debts else {}
            known = self._known([call.lead_id for call in calls])
            refused: dict[int, str] = {}
            new: list[tuple[object, ...]] = []
            before = 0
            for place, call in enumerate(calls):
                debt = debts.get(call.debt)
                if call.at > now:
                    refused[place] = f"at {call.at.isoformat()} is still to come"
                elif call.debt and debt is None:
                    refused[place] = f"the campaign has no debt {call.debt!r}; import the debts first"
                elif debt is not None and debt not in people[call.lead_id]:
                    refused[place] = f"debt {call.debt} is not owed by the person of lead {call.lead_id}"
                else:
                    debt_id = None if debt is None else debt.debt_id
                    key = (call.lead_id, debt_id, call.phone, seconds_of(call.at))
                    before += key in known
                    new += [] if key in known else [_row(call, debt_id, source)]
                    known.add(key)
            self._database.many(
                "INSERT INTO past_calls (lead_id, debt_id, phone, at, outcome, contact, conversation, source)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                new,
            )
            body = {"campaign": campaign_id, "history": source, "remembered": len(new), "refused": len(refused)}
            self._trail.note(AuditKind.IMPORT, body, at=now)
        return Remembered(len(new), before, refused)

    def _known(self, lead_ids: Sequence[int]) -> set[tuple[int, int | None, str, float]]:
        rows = self._database.rows_in(
            "SELECT lead_id, debt_id, phone, at FROM past_calls WHERE lead_id IN (:values)", sorted(set(lead_ids))
        )
        return {(lead_id, debt_id, phone, at) for lead_id, debt_id, phone, at in rows}


def _row(call: HistoricCall, debt_id: int | None, source: str) -> tuple[object, ...]:
    contact = call.conversation or call.outcome in ("answered", "refusal", "abandoned")
    return (
        *(call.lead_id, debt_id, call.phone, seconds_of(call.at), call.outcome, int(contact), int(call.conversation)),
        source,
    )
