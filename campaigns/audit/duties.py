"""Legal duties to keep records, read from the rule packs, and what they hold back. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from campaigns.audit.kinds import Record
from campaigns.rules.model import Confidence, Pack, Period, Purpose, Retention, Rule, Status

# What a pack's word for records means here. A record of a debt says nothing without the person who owes it; a record
# of a telemarketing call is the call itself (16 CFR 310.5(a)(2)), and the sale where there was one.
_CALL_RECORDS = frozenset({Record.CALLS, Record.SALES})
_DEBT_RECORDS = frozenset({Record.CALLS, Record.DEBTS, Record.IDENTITY, Record.NUMBERS, Record.NOTES})
_WORDS: Mapping[str, frozenset[Record]] = {
    "consents": frozenset({Record.CONSENTS}),
    "do_not_call": frozenset({Record.DNC}),
    "logs": frozenset({Record.CALLS, Record.OPERATION}),
    "recordings": frozenset(),
}
_FROM_EACH_RECORD = "call"


@dataclass(frozen=True, slots=True)
class Duty:
    """Records that must be kept for a time, from each record on or (`rolling`) from the person's last activity on.

    `where` are ISO 3166 regions, empty for anywhere; `purposes` empty is for any purpose. `because` cites the law.
    """

    rule: str
    records: frozenset[Record]
    period: Period
    rolling: bool = False
    where: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    because: str = ""

    def binds(self, regions: Collection[str], purpose: str) -> bool:
        """Whether it is on records of a person in one of these regions. Of a person who may be anywhere: always."""
        if self.purposes and purpose not in self.purposes:
            return False
        if not self.where or not regions:
            return True
        return any(region == place or region.startswith(f"{place}-") for region in regions for place in self.where)


@dataclass(frozen=True, slots=True)
class Hold:
    """What duties keep of one group of records: rows newer than `after` (None: all), under `duties`."""

    after: datetime | None
    duties: tuple[Duty, ...]

    def until(self, newest: datetime, last_activity: datetime) -> tuple[datetime, Duty]:
        """When the last duty on a newest row is over, and which one that is."""
        ends = [(duty.period.after(last_activity if duty.rolling else newest), duty) for duty in self.duties]
        return max(ends, key=lambda end: end[0])


def cut_of(period: Period, now: datetime) -> datetime:
    """The instant up to which what happened is `period` ago at `now`; in months without that day, their last day."""
    return replace(period, amount=-period.amount).after(now)


def duties_of(packs: Iterable[Pack], enforce: Collection[str] = (), off: Collection[str] = ()) -> tuple[Duty, ...]:
    """The retention rules of packs as duties: those in force, with high or medium confidence.

    Rules in `enforce` count in any case, as somebody confirmed them; those in `off` do not.
    """
    rules = [rule for pack in packs for rule in pack.rules if isinstance(rule.params, Retention)]
    counting = [rule for rule in rules if rule.id not in off and (rule.id in enforce or _certain(rule))]
    return tuple(duty for rule in counting for duty in _duties_in(rule))


def _duties_in(rule: Rule) -> Iterable[Duty]:
    terms = rule.params
    assert isinstance(terms, Retention)
    rolling = terms.start != _FROM_EACH_RECORD
    for word, period in terms.keep:
        records = _records_in(word, rule.purposes)
        if records:
            yield Duty(rule.id, records, period, rolling, rule.where, frozenset(rule.purposes), rule.source.cite)


def _certain(rule: Rule) -> bool:
    return rule.status is Status.IN_FORCE and rule.confidence in (Confidence.HIGH, Confidence.MEDIUM)


def _records_in(word: str, purposes: Collection[Purpose]) -> frozenset[Record]:
    if word == "records":
        return _DEBT_RECORDS if Purpose.COLLECTIONS in purposes else _CALL_RECORDS
    return _WORDS.get(word, frozenset(Record))


def hold(duties: Sequence[Duty], record: Record, last_activity: datetime | None, now: datetime) -> Hold | None:
    """What `duties` keep of a group of records at `now`; None when nothing.

    `last_activity` is the person's, None when nothing ever happened: then there is no record that a duty could hold.
    """
    active = [duty for duty in duties if record in duty.records]
    if last_activity is None or not active:
        return None
    rolling = [duty for duty in active if duty.rolling and duty.period.after(last_activity) > now]
    if rolling:
        return Hold(None, tuple(rolling + [duty for duty in active if not duty.rolling]))
    still = [duty for duty in active if not duty.rolling]
    return Hold(min(cut_of(duty.period, now) for duty in still), tuple(still)) if still else None
