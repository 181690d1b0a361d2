"""Rule packs: TOML text to values, with errors that name file, rule and key. Pure but for the two loaders of files."""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from campaigns.model import AbandonClock
from campaigns.rules import reading
from campaigns.rules.calendar import complaints
from campaigns.rules.clocks import zone_of
from campaigns.rules.model import (
    COOLDOWN_EVENTS,
    MODES,
    OUTCOMES,
    Abandon,
    Basis,
    Citation,
    Cli,
    ClosedDays,
    Confidence,
    ConnectMax,
    Cooldown,
    Count,
    Disclosure,
    Effect,
    Exemption,
    HolidaySet,
    Hours,
    Key,
    Limit,
    Line,
    Message,
    MinuteSpan,
    Needs,
    Optout,
    Pack,
    Params,
    Party,
    Period,
    Place,
    Purpose,
    Recording,
    RegistryCheck,
    Retention,
    RingMin,
    Rule,
    RuleType,
    SipAction,
    Span,
    Status,
)
from campaigns.rules.reading import PackError, Problem, Problems, Table

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_GROUPS = {"all": range(7), "weekdays": range(5), "weekends": range(5, 7)}
_WRITTEN_EFFECTS = ("block", "presumption", "require_mode", "alert")
_RECORDS = ("records", "recordings", "consents", "do_not_call", "logs")
_ABANDON_SPANS = ("campaign_period", "rolling", "calendar_day", "calendar_month")
_SIP_ACTIONS = (
    "back_off",
    "cool_caller_id",
    "count_against_caller_id",
    "do_not_rotate_numbers",
    "no_immediate_retry",
    "open_redress_ticket",
    "read_call_info",
    "suppress_number",
)


def parse_pack(text: str, file: str) -> Pack:
    """The pack in a TOML text; `file` is its name in errors. Raises PackError with every problem found."""
    problems = Problems(file)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PackError([Problem(file, "", "", f"this is no TOML: {error}")]) from None
    pack = _read_pack(Table(document, problems), file)
    found = problems.found or overlapping_ids([pack])
    if found:
        raise PackError(found)
    return pack


def overlapping_ids(packs: Iterable[Pack]) -> list[Problem]:
    """A problem for every rule or pack whose id is taken already."""
    found: list[Problem] = []
    rules: dict[str, str] = {}
    names: dict[str, str] = {}
    for pack in packs:
        if pack.id in names:
            found.append(Problem(pack.file, "", "id", f"a pack {pack.id!r} is in {names[pack.id]} already"))
        names.setdefault(pack.id, pack.file)
        for rule in pack.rules:
            if rule.id in rules:
                found.append(
                    Problem(pack.file, rule.id, "id", f"is taken already, in {rules[rule.id]}; give it another")
                )
            rules.setdefault(rule.id, pack.file)
    return found


def parse_packs(texts: Iterable[tuple[str, str]]) -> tuple[Pack, ...]:
    """The packs in pairs of file name and TOML text. Raises PackError with the problems of all of them."""
    packs: list[Pack] = []
    problems: list[Problem] = []
    for file, text in texts:
        try:
            packs.append(parse_pack(text, file))
        except PackError as error:
            problems.extend(error.problems)
    problems = problems or overlapping_ids(packs)
    if problems:
        raise PackError(problems)
    return tuple(packs)


@lru_cache(maxsize=1)
def load_builtin() -> tuple[Pack, ...]:
    """The packs that come with the program. Raises PackError."""
    return parse_packs(builtin_texts())


def builtin_texts() -> list[tuple[str, str]]:
    """Name and text of the packs that come with the program."""
    folder = resources.files("campaigns.rules") / "packs"
    files = sorted((item for item in folder.iterdir() if item.name.endswith(".toml")), key=lambda item: item.name)
    return [(item.name, item.read_text(encoding="utf-8")) for item in files]


def load_directory(folder: Path) -> tuple[Pack, ...]:
    """The packs in a folder's *.toml files. Raises PackError, also when the folder or a file cannot be read."""
    return parse_packs(read_folder(folder))


def read_folder(folder: Path) -> list[tuple[str, str]]:
    """Name and text of a folder's *.toml files. Raises PackError."""
    if not folder.is_dir():
        raise PackError([Problem(str(folder), "", "", "is no folder with rule packs (*.toml)")])
    return [(str(file), read_text(file)) for file in sorted(folder.glob("*.toml"))]


def read_text(file: Path) -> str:
    """A pack's text. Raises PackError when the file cannot be read as UTF-8."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PackError([Problem(str(file), "", "", f"cannot be read as UTF-8 text: {error}")]) from None


def _read_pack(document: Table, file: str) -> Pack:
    head = document.table("pack", required=True) or Table({}, document.problems)
    pack_id = head.take("id", reading.word, "", required=True)
    title = head.take("title", reading.text, "", required=True)
    version = head.take("version", reading.text, "", required=True)
    jurisdiction = head.take("jurisdiction", reading.text, "", required=True)
    head.finish()
    rules = []
    for index, table in enumerate(document.tables("rule")):
        table.rule = str(table.values.get("id", f"number {index + 1}"))
        table.path = ""
        rule = _read_rule(table, pack_id)
        if rule is not None:
            rules.append(rule)
    document.finish()
    return Pack(pack_id, title, version, jurisdiction, tuple(rules), file)


def _read_rule(table: Table, pack: str) -> Rule | None:
    rule_type = table.take("type", reading.member(RuleType), None, required=True)
    if rule_type is None:
        return None
    effect = Effect(table.take("effect", reading.one_of(_WRITTEN_EFFECTS), "block"))
    first, last = _effective(table)
    rule = Rule(
        id=table.take("id", reading.word, "", required=True),
        type=rule_type,
        where=table.take("where", reading.regions, frozenset(), required=True),
        params=_PARAMS[rule_type](table),
        effect=effect,
        status=table.take("status", reading.member(Status), Status.IN_FORCE, required=True),
        confidence=table.take("confidence", reading.member(Confidence), Confidence.KNOWLEDGE, required=True),
        purposes=table.take("purpose", reading.members(Purpose), frozenset()),
        parties=table.take("party", reading.members(Party), frozenset()),
        lines=table.take("line", reading.members(Line), frozenset()),
        modes=table.take("mode", reading.words(MODES), frozenset()),
        places=table.take("place", reading.members(Place), frozenset()),
        required_modes=_required_modes(table, effect),
        zone=table.take("zone", _zone, ""),
        unless=tuple(_exemption(inner) for inner in table.tables("unless")),
        effective_from=first,
        effective_to=last,
        source=_source(table),
        note=table.take("note", reading.text, ""),
        pack=pack,
    )
    table.finish()
    return rule


def _zone(value: Any) -> str:
    if zone_of(reading.text(value)) is None:
        raise reading.WrongValue(f"{value!r} is not in the zone database; give an IANA name such as Asia/Kolkata")
    return str(value)


def _required_modes(table: Table, effect: Effect) -> frozenset[str]:
    if effect is Effect.REQUIRE_MODE:
        return table.take("modes", reading.words(MODES), frozenset(), required=True)
    return frozenset()


def _effective(table: Table) -> tuple[Any, Any]:
    inner = table.table("effective")
    if inner is None:
        return None, None
    first, last = inner.take("from", reading.day, None), inner.take("to", reading.day, None)
    if first and last and last < first:
        inner.complain("to", f"{last} is before {first}")
    inner.finish()
    return first, last


def _source(table: Table) -> Citation:
    inner = table.table("source")
    if inner is None:
        return Citation()
    source = Citation(
        cite=inner.take("cite", reading.text, ""),
        url=inner.take("url", reading.text, ""),
        checked_on=inner.take("checked_on", reading.day, None),
    )
    inner.finish()
    return source


def _exemption(table: Table) -> Exemption:
    key = "consent" if table.has("consent") else "basis"
    exemption = Exemption(
        bases=table.take(key, _bases, frozenset(), required=True),
        max_age=table.take("max_age", reading.period, None),
        first_day_counts=table.take("first_day_counts", reading.flag, None),
        ends_with_conversation=table.take("ends_with_conversation", reading.flag, False),
    )
    _require_whole_days(table, "max_age", exemption.max_age, exemption.first_day_counts)
    table.finish()
    return exemption


def _bases(value: Any) -> frozenset[Basis]:
    bases = reading.members(Basis)(value)
    if not bases or Basis.NONE in bases:
        raise reading.WrongValue("must name grounds such as express, written, ebr, inquiry or contract")
    return bases


def _require_whole_days(table: Table, key: str, period: Period | None, first_day_counts: bool | None) -> None:
    if first_day_counts is not None and (period is None or period.days is None):
        table.complain(key, "must be in days or weeks, such as 7d, when first_day_counts is given")


def _inner(table: Table, key: str, read: Callable[[Table], Params], empty: Params) -> Params:
    inner = table.table(key, required=True)
    if inner is None:
        return empty
    params = read(inner)
    inner.finish()
    return params


def _hours(table: Table) -> Params:
    holidays = _holiday_set(table.table("holidays"))
    inner = table.table("hours", required=True)
    if inner is None:
        return Hours(week=((),) * 7)
    week: list[tuple[MinuteSpan, ...]] = [()] * 7
    for group, days in _DAY_GROUPS.items():
        if inner.has(group):
            spans = inner.take(group, reading.spans, ())
            week = [spans if index in days else old for index, old in enumerate(week)]
    for index, name in enumerate(_DAYS):
        week[index] = inner.take(name, reading.spans, week[index])
    holiday = inner.take("holiday", reading.spans, None)
    inner.finish()
    if (holiday is None) != (holidays is None):
        table.complain("holidays", "hours.holiday and holidays go together: say both which days and which hours")
    return Hours(tuple(week), holiday, holidays)


def _closed_days(table: Table) -> Params:
    weekdays = table.take("weekdays", _weekdays, frozenset[int]())
    holidays = _holiday_set(table.table("holidays"))
    days = table.take("days", _weekdays, frozenset(range(7)))
    if not weekdays and holidays is None:
        table.complain("holidays", 'the rule closes no day: give holidays, or weekdays such as ["sun"]')
    return ClosedDays(weekdays, holidays, days)


def _weekdays(value: Any) -> frozenset[int]:
    named = reading.words((*_DAYS, *_DAY_GROUPS))(value)
    groups = [day for name in named & _DAY_GROUPS.keys() for day in _DAY_GROUPS[name]]
    return frozenset((*groups, *(_DAYS.index(name) for name in named if name in _DAYS)))


def _holiday_set(table: Table | None) -> HolidaySet | None:
    if table is None:
        return None
    holidays = HolidaySet(
        country=table.take("country", reading.text, ""),
        subdivision=table.take("subdivision", reading.text, ""),
        categories=table.take("categories", reading.texts, ()),
        observed=table.take("observed", reading.flag, True),
        add=table.take("add", reading.texts, ()),
        remove=table.take("remove", reading.texts, ()),
    )
    table.finish()
    for text in complaints(holidays):
        table.problems.add(table.rule, "holidays", text)
    return holidays


def _limit(table: Table) -> Limit:
    span = Span(table.take("basis", reading.one_of(tuple(Span)), Span.ROLLING))
    limit = Limit(
        max=table.take("max", reading.count, 0, required=True),
        per=table.take("per", reading.period, None, required=span is Span.ROLLING),
        span=span,
        key=table.take("key", reading.member(Key), Key.PERSON),
        count=table.take("count", reading.member(Count), Count.ATTEMPT),
        exclude=table.take("exclude", reading.words(OUTCOMES), frozenset()),
        exclude_consented=table.take("exclude_consented", reading.flag, False),
        first_day_counts=table.take("first_day_counts", reading.flag, None),
        all_channels=table.take("channels", reading.one_of(("calls", "all")), "calls") == "all",
    )
    _require_whole_days(table, "per", limit.per, limit.first_day_counts)
    if span is not Span.ROLLING and limit.per is not None:
        table.complain("per", f"has no meaning with basis {span.value}; leave it out")
    return limit


def _cooldown(table: Table) -> Cooldown:
    events = table.take(
        "after", reading.words((*COOLDOWN_EVENTS, "contact", "conversation")), frozenset(), required=True
    )
    cooldown = Cooldown(
        outcomes=frozenset().union(*(COOLDOWN_EVENTS.get(event, ()) for event in events)),
        contact="contact" in events,
        conversation="conversation" in events,
        period=table.take("for", reading.period, Period(1, "d"), required=True),
        key=table.take("key", reading.member(Key), Key.PERSON),
        first_day_counts=table.take("first_day_counts", reading.flag, None),
    )
    _require_whole_days(table, "for", cooldown.period, cooldown.first_day_counts)
    return cooldown


def _needs(table: Table) -> Params:
    return Needs(
        bases=table.take("needs", _bases, frozenset(), required=True),
        max_age=table.take("max_age", reading.period, None),
        evidence=table.take("evidence", reading.flag, False),
    )


def _registry(table: Table) -> RegistryCheck:
    check = RegistryCheck(
        id=table.take("id", reading.word, "", required=True),
        max_age=table.take("max_age", reading.period, None),
    )
    if check.max_age is not None and check.max_age.days is None:
        table.complain("max_age", "must be in days or weeks, such as 31d")
    return check


def _ring_min(table: Table) -> RingMin:
    return RingMin(table.take("seconds", reading.seconds, 0.0, required=True), table.take("rings", reading.count, None))


def _connect_max(table: Table) -> ConnectMax:
    return ConnectMax(
        seconds=table.take("seconds", reading.seconds, 0.0, required=True),
        clock=table.take("clock", reading.one_of(tuple(AbandonClock)), "greeting_end"),
    )


def _abandon(table: Table) -> Abandon:
    return Abandon(
        max_percent=table.take("max_percent", reading.percent, None),
        of=table.take("of", reading.one_of(("live_answered",)), "live_answered"),
        span=table.take("basis", reading.one_of(_ABANDON_SPANS), "", required=table.has("max_percent")),
        period=table.take("period", reading.period, None, required=table.has("max_percent")),
        per=table.take("per", reading.one_of(("campaign", "site")), "campaign"),
        counts=table.take("counts", reading.text, ""),
    )


def _message(table: Table) -> Message:
    return Message(
        within_s=table.take("within_seconds", reading.seconds, None),
        says=table.take("says", reading.texts, ()),
        forbids=table.take("forbids", reading.texts, ()),
        opt_out=table.take("opt_out", reading.flag, False),
    )


def _cli(table: Table) -> Cli:
    return Cli(
        number=table.take("number", reading.flag, False),
        name=table.take("name", reading.flag, False),
        series=table.take("series", reading.texts, ()),
        takes_do_not_call_requests=table.take("takes_do_not_call_requests", reading.flag, False),
    )


def _recording(table: Table) -> Recording:
    return Recording(
        announce=table.take("announce", reading.flag, False),
        required=table.take("required", reading.flag, False),
        consent=table.take("consent", reading.one_of(("one", "all_parties")), "one"),
    )


def _disclosure(table: Table) -> Disclosure:
    return Disclosure(
        says=table.take("says", reading.texts, (), required=True),
        later_says=table.take("later_says", reading.texts, ()),
        within_s=table.take("within_seconds", reading.seconds, None),
        end_after_refusal_s=table.take("end_after_refusal_seconds", reading.seconds, None),
    )


def _retention(table: Table) -> Retention:
    periods = {kind: table.take(kind, reading.period, None) for kind in _RECORDS}
    if not any(periods.values()):
        table.complain("records", f"the rule keeps nothing: give a length of time for one of {', '.join(_RECORDS)}")
    return Retention(
        keep=tuple((kind, period) for kind, period in periods.items() if period),
        start=table.take("from", reading.one_of(("call", "last_use", "last_activity")), "call"),
        stamped_in=table.take("stamped_in", reading.text, ""),
        tamper_proof=table.take("tamper_proof", reading.flag, False),
    )


def _optout(table: Table) -> Optout:
    return Optout(
        business_days=table.take("business_days", reading.count, 0, required=True),
        keep=table.take("keep", reading.period, None),
    )


def _sip(table: Table) -> SipAction:
    return SipAction(
        code=table.take("code", reading.one_of(("603", "603+", "607", "608")), "", required=True),
        actions=tuple(sorted(table.take("actions", reading.words(_SIP_ACTIONS), frozenset(), required=True))),
    )


_EMPTY_LIMIT = Limit(0, None, Span.ROLLING, Key.PERSON, Count.ATTEMPT)
_EMPTY_COOLDOWN = Cooldown(frozenset(), False, False, Period(1, "d"), Key.PERSON)

_PARAMS: Mapping[RuleType, Callable[[Table], Params]] = {
    RuleType.WINDOW: _hours,
    RuleType.CLOSED_DAYS: _closed_days,
    RuleType.FREQUENCY: lambda table: _inner(table, "limit", _limit, _EMPTY_LIMIT),
    RuleType.COOLDOWN: lambda table: _inner(table, "cooldown", _cooldown, _EMPTY_COOLDOWN),
    RuleType.CONSENT: _needs,
    RuleType.REGISTRY: lambda table: _inner(table, "registry", _registry, RegistryCheck("")),
    RuleType.RING_MIN: lambda table: _inner(table, "ring_min", _ring_min, RingMin(0.0)),
    RuleType.CONNECT_MAX: lambda table: _inner(table, "connect_max", _connect_max, ConnectMax(0.0)),
    RuleType.ABANDON: lambda table: _inner(table, "abandon", _abandon, Abandon()),
    RuleType.MESSAGE: lambda table: _inner(table, "message", _message, Message()),
    RuleType.CLI: lambda table: _inner(table, "cli", _cli, Cli()),
    RuleType.RECORDING: lambda table: _inner(table, "recording", _recording, Recording()),
    RuleType.DISCLOSURE: lambda table: _inner(table, "disclosure", _disclosure, Disclosure(())),
    RuleType.RETENTION: lambda table: _inner(table, "retention", _retention, Retention(())),
    RuleType.OPTOUT_DEADLINE: lambda table: _inner(table, "optout_deadline", _optout, Optout(0)),
    RuleType.SIP_ACTION: lambda table: _inner(table, "sip_action", _sip, SipAction("", ())),
}
