"""What rules demand of the way a call is made, beyond whether it may be: ringing, abandonment, messages, records. Pure.

Rules that meet in one call are joined to the strictest of each.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from campaigns.rules.model import (
    Abandon,
    Cli,
    ConnectMax,
    Disclosure,
    Effect,
    Message,
    Optout,
    Period,
    Recording,
    Retention,
    RingMin,
    Rule,
    RuleType,
    SipAction,
)

TYPES = (
    RuleType.RING_MIN,
    RuleType.CONNECT_MAX,
    RuleType.ABANDON,
    RuleType.MESSAGE,
    RuleType.CLI,
    RuleType.RECORDING,
    RuleType.DISCLOSURE,
    RuleType.RETENTION,
    RuleType.OPTOUT_DEADLINE,
    RuleType.SIP_ACTION,
)

_CLOCKS = ("pickup", "greeting_start", "greeting_end")
_UNIT_DAYS = {"h": 1 / 24, "d": 1.0, "bd": 1.0, "w": 7.0, "mo": 31.0, "y": 366.0}

P = TypeVar("P")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class AbandonTerm:
    """One limit on abandoned calls; an ALERT warns and does not hold calls back."""

    rule: str
    effect: Effect
    limit: Abandon


@dataclass(frozen=True, slots=True)
class Terms:
    """The demands of all rules that bind (`rules`), joined; None or empty where no rule demands anything."""

    rules: tuple[str, ...]
    ring_min_s: float | None
    ring_min_rings: int | None
    connect_max_s: float | None
    connect_clock: str | None
    abandon: tuple[AbandonTerm, ...]
    message: Message | None
    cli: Cli | None
    recording: Recording | None
    disclosures: tuple[Disclosure, ...]
    retention: dict[str, Period]
    optout_business_days: int | None
    sip_actions: dict[str, tuple[str, ...]]


def joined(rules: Sequence[tuple[Rule, Effect]]) -> Terms:
    """The terms of rules that bind (with how they do): alerts count for abandonment alone."""
    binding = [rule for rule, effect in rules if effect is not Effect.ALERT]
    rings = _params(binding, RingMin)
    connects = _params(binding, ConnectMax)
    return Terms(
        rules=tuple(rule.id for rule, _ in rules),
        ring_min_s=_best(max, (ring.seconds for ring in rings)),
        ring_min_rings=_best(max, (ring.rings for ring in rings if ring.rings is not None)),
        connect_max_s=_best(min, (connect.seconds for connect in connects)),
        connect_clock=min((connect.clock for connect in connects), key=_CLOCKS.index, default=None),
        abandon=tuple(
            AbandonTerm(rule.id, effect, rule.params) for rule, effect in rules if isinstance(rule.params, Abandon)
        ),
        message=_message(_params(binding, Message)),
        cli=_cli(_params(binding, Cli)),
        recording=_recording(_params(binding, Recording)),
        disclosures=tuple(_params(binding, Disclosure)),
        retention=_retention(_params(binding, Retention)),
        optout_business_days=_best(min, (optout.business_days for optout in _params(binding, Optout))),
        sip_actions=_sip_actions(_params(binding, SipAction)),
    )


def _params(rules: Iterable[Rule], kind: type[P]) -> list[P]:
    return [rule.params for rule in rules if isinstance(rule.params, kind)]


def _best(choose: Callable[[list[V]], V], values: Iterable[V]) -> V | None:
    known = list(values)
    return choose(known) if known else None


def _in_order(lists: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for items in lists for item in items))


def _message(messages: Sequence[Message]) -> Message | None:
    if not messages:
        return None
    return Message(
        within_s=_best(min, (message.within_s for message in messages if message.within_s is not None)),
        says=_in_order(message.says for message in messages),
        forbids=_in_order(message.forbids for message in messages),
        opt_out=any(message.opt_out for message in messages),
    )


def _cli(clis: Sequence[Cli]) -> Cli | None:
    if not clis:
        return None
    return Cli(
        number=any(cli.number for cli in clis),
        name=any(cli.name for cli in clis),
        series=_in_order(cli.series for cli in clis),
        takes_do_not_call_requests=any(cli.takes_do_not_call_requests for cli in clis),
    )


def _recording(recordings: Sequence[Recording]) -> Recording | None:
    if not recordings:
        return None
    everyone = any(recording.consent == "all_parties" for recording in recordings)
    return Recording(
        announce=any(recording.announce for recording in recordings),
        required=any(recording.required for recording in recordings),
        consent="all_parties" if everyone else "one",
    )


def _retention(retentions: Iterable[Retention]) -> dict[str, Period]:
    longest: dict[str, Period] = {}
    for retention in retentions:
        for kind, period in retention.keep:
            longest[kind] = max(longest.get(kind, period), period, key=_days)
    return longest


def _days(period: Period) -> float:
    return period.amount * _UNIT_DAYS[period.unit]


def _sip_actions(actions: Iterable[SipAction]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for action in actions:
        found[action.code] = _in_order((found.get(action.code, ()), action.actions))
    return found
