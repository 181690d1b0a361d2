"""What in a campaign cannot hold together: settings against each other, against its leads, and against the law."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum

from campaigns import caps, recycling
from campaigns.caps import Cap
from campaigns.collections.scriptgate import script_faults
from campaigns.database import Database
from campaigns.eligibility import SEARCH_DAYS
from campaigns.law import Law
from campaigns.lists import LeadList
from campaigns.model import AbandonWindow, CallingWindow, CampaignSettings, Outcome, Profile
from campaigns.profiles import Profiles
from campaigns.recycling import RecycleRule
from campaigns.rules.model import Cli, Cooldown, Effect, Limit, Needs, RegistryCheck, Rule, RuleType
from campaigns.rules.rulebook import Rulebook
from campaigns.rules.terms import Terms
from campaigns.telesales.scripts import Script

_STOPPING = frozenset({Effect.BLOCK, Effect.PRESUMPTION, Effect.REQUIRE_MODE})
_WINDOW_OF_SPAN = {
    "campaign_period": AbandonWindow.PERIOD_30D,
    "calendar_month": AbandonWindow.MONTH,
    "calendar_day": AbandonWindow.DAY,
}
_RETRIED = {
    "abandoned": Outcome.ABANDONED,
    "no_answer": Outcome.NO_ANSWER,
    "busy": Outcome.BUSY,
}

# Calls with these statuses may not have reached the network, and a cap does not count those that did not.
_NOT_SURELY_COUNTED = frozenset({"ADCT", "ERI"})

_DAY_S = 86_400


class Severity(StrEnum):
    """An ERROR keeps a campaign from being started; the others do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """Two things that do not go together; `key` is the setting or thing to look at, `mend` what to do about it."""

    severity: Severity
    key: str
    text: str
    mend: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What people see as the number of a campaign's calls.

    `numbers` are given to its trunks. `own` are trunks that show a number of their own, which is not known here.
    `hidden` are trunks that show none, each with how to mend that. When all three are empty no number is shown.
    """

    numbers: Sequence[str] = ()
    own: Sequence[str] = ()
    hidden: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the store knows of a campaign: leads that may still be called by profile, lists, and what is shown.

    `hours` says by profile when it may be called next, None for never within 14 days. `registry_age_days` has the
    registries that were imported.
    """

    open_leads: Mapping[Profile, int]
    leads: int
    lists: Sequence[LeadList]
    hours: Mapping[Profile, datetime | None]
    registry_age_days: Mapping[str, int]
    shown: Shown = Shown()
    script: Script | None = None
    unproved: int = 0


def facts_of(
    database: Database,
    profiles: Profiles,
    law: Law,
    settings: CampaignSettings,
    at: datetime,
    lists: Sequence[LeadList],
    registry_age_days: Mapping[str, int],
    shown: Shown,
    script: Script | None,
) -> Facts:
    """What the database says of a campaign at an instant."""
    counts = database.rows(
        "SELECT profile_id, COUNT(*) FROM leads WHERE campaign_id = ? AND next_at IS NOT NULL GROUP BY profile_id",
        (settings.campaign_id,),
    )
    open_leads = {profiles.get(profile_id): count for profile_id, count in counts}
    return Facts(
        open_leads,
        int(database.value("SELECT COUNT(*) FROM leads WHERE campaign_id = ?", (settings.campaign_id,))),
        lists,
        {profile: law.next_open(settings, profile, at) for profile in open_leads},
        registry_age_days,
        shown,
        script,
        int(
            database.value(
                "SELECT COUNT(*) FROM consents c JOIN leads l ON l.id = c.lead_id WHERE l.campaign_id = ?"
                " AND c.revoked_at IS NULL AND (c.obtained_at IS NULL OR c.evidence = '')",
                (settings.campaign_id,),
            )
        ),
    )


def lint(settings: CampaignSettings, facts: Facts, rulebook: Rulebook, at: datetime) -> list[Problem]:
    """All problems, the worst first."""
    regions = tuple(sorted({region for profile in facts.open_leads for region in profile.regions}))
    found = [*_of_leads(settings, facts), *_of_lists(settings, facts), *_of_recycling(settings, facts.lists)]
    if regions:
        on = at.date()
        terms = rulebook.terms(regions, settings.purpose, settings.party, on, settings.mode)
        rules = [rule for rule in rulebook.rules if _binds(rule, rulebook, regions, settings)]
        found += [*_of_abandonment(settings, terms), *_of_calls(settings, facts, terms)]
        found += _of_script(settings, facts, terms)
        found += [*_of_retries(settings, rules), *_of_grounds(settings, facts, rules)]
    order = list(Severity)
    return sorted(found, key=lambda problem: order.index(problem.severity))


def _binds(rule: Rule, rulebook: Rulebook, regions: Sequence[str], settings: CampaignSettings) -> bool:
    about = (
        (not rule.purposes or settings.purpose in rule.purposes)
        and (not rule.parties or settings.party in rule.parties)
        and (not rule.modes or settings.mode in rule.modes)
    )
    return about and rulebook.standing(rule) in _STOPPING and any(rule.covers(region) for region in regions)


def _of_leads(settings: CampaignSettings, facts: Facts) -> Iterator[Problem]:
    total = sum(facts.open_leads.values())
    if not facts.leads:
        yield Problem(
            Severity.WARNING, "leads", "the campaign has no leads", f"dialer leads import {settings.name} FILE"
        )
        return
    if not total:
        yield Problem(Severity.WARNING, "leads", "no lead may be called any more", f"dialer why hopper {settings.name}")
        return
    unknown = sum(count for profile, count in facts.open_leads.items() if not profile.zones)
    nowhere = sum(count for profile, count in facts.open_leads.items() if profile.zones and not profile.regions)
    never = sum(count for profile, count in facts.open_leads.items() if profile.zones and facts.hours[profile] is None)
    if unknown or nowhere:
        left = total - unknown - nowhere
        yield Problem(
            Severity.WARNING if left else Severity.ERROR,
            "leads",
            f"{unknown + nowhere} of {total} leads are not called, as nobody knows where they are",
            "give their time zone, state or postcode in the list and import it again",
        )
    if never:
        yield Problem(
            Severity.WARNING if never < total - unknown else Severity.ERROR,
            "window",
            f"{never} of {total} leads have no hour in the next {SEARCH_DAYS} days when the campaign's window and the "
            "law both let them be called",
            f"widen the window: dialer campaign set {settings.name} window=...; `dialer leads why` names the rules",
        )


def _of_lists(settings: CampaignSettings, facts: Facts) -> Iterator[Problem]:
    if facts.leads and facts.lists and not any(each.active for each in facts.lists):
        yield Problem(
            Severity.ERROR, "lists", "no list of the campaign is active, so the hopper stays empty",
            f"dialer lists set {settings.name} LIST active=yes",
        )  # fmt: skip


def _of_abandonment(settings: CampaignSettings, terms: Terms) -> Iterator[Problem]:
    for term in terms.abandon:
        most = term.limit.max_percent
        if most is not None and settings.max_abandon_rate * 100 > most + 1e-9:
            binds = term.effect in _STOPPING
            yield Problem(
                Severity.ERROR if binds else Severity.WARNING,
                "max_abandon_rate",
                f"{settings.max_abandon_rate:.1%} may be abandoned, {term.rule} allows {most:g} %",
                f"dialer campaign set {settings.name} max_abandon_rate={most / 100:g}",
            )
        wanted = _WINDOW_OF_SPAN.get(term.limit.span)
        if wanted is not None and wanted is not settings.abandon_window and len(terms.abandon) == 1:
            yield Problem(
                Severity.WARNING,
                "abandon_window",
                f"abandoned calls are counted over {settings.abandon_window}, {term.rule} counts over {wanted}",
                f"dialer campaign set {settings.name} abandon_window={wanted}",
            )


def _of_calls(settings: CampaignSettings, facts: Facts, terms: Terms) -> Iterator[Problem]:
    if terms.ring_min_s is not None and settings.ring_timeout_s < terms.ring_min_s:
        yield Problem(
            Severity.ERROR,
            "ring_timeout_s",
            f"calls ring {settings.ring_timeout_s:g} s, the law asks for {terms.ring_min_s:g} s",
            f"dialer campaign set {settings.name} ring_timeout_s={terms.ring_min_s:g}",
        )
    if terms.connect_max_s is not None and settings.hold_s > terms.connect_max_s:
        yield Problem(
            Severity.ERROR,
            "hold_s",
            f"people wait {settings.hold_s:g} s for an agent, the law allows {terms.connect_max_s:g} s",
            f"dialer campaign set {settings.name} hold_s={terms.connect_max_s:g}",
        )
    if terms.message is not None and not settings.abandon_message:
        yield Problem(
            Severity.WARNING,
            "abandon_message",
            "abandoned people hear the generic message, which does not name the caller as the law asks",
            "record one (WAV, mono, 16 bit) and set abandon_message=FILE",
        )
    if terms.cli is not None:
        yield from _of_caller_ids(settings, facts.shown, terms.cli)


def _of_caller_ids(settings: CampaignSettings, shown: Shown, cli: Cli) -> Iterator[Problem]:
    if cli.number:
        for trunk, mend in shown.hidden.items():
            text = f"trunk {trunk} shows no number, and the law asks for one"
            yield Problem(Severity.WARNING, "caller_id", text, mend)
    if cli.number and not (shown.numbers or shown.own or shown.hidden):
        yield Problem(
            Severity.WARNING, "caller_id", "no number is shown, and the law asks for one",
            f"caller_ids of the trunk in dialer.toml, or dialer campaign set {settings.name} caller_id=+...",
        )  # fmt: skip
    if cli.series:
        yield from _of_series(shown, cli.series)


def _of_series(shown: Shown, series: tuple[str, ...]) -> Iterator[Problem]:
    wanted = " or ".join(series)
    strangers = [each for each in shown.numbers if not each.lstrip("+").removeprefix("91").startswith(series)]
    if strangers:
        yield Problem(
            Severity.ERROR,
            "caller_id",
            f"{', '.join(strangers)} is not of the series {wanted} that such calls must show",
            "show a number of that series",
        )
    for trunk in shown.own:
        text = (
            f"trunk {trunk} shows a number of its own, not known here; such calls must show one of the series {wanted}"
        )
        mend = "make sure that the number of each SIM or line is of that series"
        yield Problem(Severity.WARNING, "caller_id", text, mend)


def _of_script(settings: CampaignSettings, facts: Facts, terms: Terms) -> Iterator[Problem]:
    """A debt is spoken of after the right party is on the line and the law's statement was made (12 CFR 1006.18(e))."""
    if facts.script is None:
        return
    for fault in script_faults(facts.script, settings.kind, terms.disclosures):
        where = f"step {fault.step}: " if fault.step else ""
        yield Problem(
            Severity.ERROR, "script", f"script {facts.script.name}: {where}{fault.detail}",
            f"mend it and import it again: dialer script import FILE --name {facts.script.name}",
        )  # fmt: skip


def _of_recycling(settings: CampaignSettings, lists: Sequence[LeadList]) -> Iterator[Problem]:
    """Recycling that asks for more calls than the campaign's own caps let be made."""
    own = caps.parse(settings.caps)
    for of in lists:
        rules = of.recycle or {}
        if not of.active:
            continue
        for cap in own:
            calls = {status: _calls(rule, cap, settings.window) for status, rule in _counted(rules).items()}
            beyond = {status: rules[status] for status, count in calls.items() if count > cap.most}
            if not beyond:
                continue
            most = max(calls[status] for status in beyond)
            what = "the others are never made" if _period_s(cap) is None else "such leads wait for the cap"
            yield Problem(
                Severity.WARNING,
                "recycle",
                f"list {of.name} recycles {recycling.to_text(beyond)}, up to {most} calls where the campaign's cap "
                f"{cap} allows {cap.most}: {what}",
                f"dialer lists set {settings.name} {of.name} recycle={_within(rules, own, settings.window)}; or raise "
                f"the cap: dialer campaign set {settings.name} caps=...",
            )


def _counted(rules: Mapping[str, RecycleRule]) -> dict[str, RecycleRule]:
    return {status: rule for status, rule in rules.items() if status not in _NOT_SURELY_COUNTED}


def _calls(rule: RecycleRule, cap: Cap, window: CallingWindow) -> int:
    """The most calls that a rule brings in the period of a cap: the first one, then one after each delay."""
    calls, period_s = 1 + rule.max_times, _period_s(cap)
    if period_s is None:
        return calls
    days, rest_s = divmod(period_s, _DAY_S)
    open_s = _open_s(window)
    in_hours = days * math.ceil(open_s / rule.delay_s) + math.ceil(min(rest_s, open_s) / rule.delay_s)
    return min(calls, math.ceil(period_s / rule.delay_s), in_hours)


def _within(rules: Mapping[str, RecycleRule], own: Sequence[Cap], window: CallingWindow) -> str:
    """The rules as text, with no more calls than each cap allows."""
    better = dict(rules)
    for status, rule in _counted(rules).items():
        delay_s, times = rule.delay_s, rule.max_times
        for cap in own:
            period_s = _period_s(cap)
            if period_s is None:
                times = min(times, cap.most - 1)
            elif _calls(rule, cap, window) > cap.most:
                delay_s = max(delay_s, 60 * math.ceil(period_s / cap.most / 60))
        better[status] = RecycleRule(delay_s, times)
    return recycling.to_text({status: rule for status, rule in better.items() if rule.max_times})


def _period_s(cap: Cap) -> int | None:
    """How long a cap counts a call; None: for life."""
    return cap.days * _DAY_S if cap.days is not None else cap.hours * 3600 if cap.hours is not None else None


def _open_s(window: CallingWindow) -> int:
    """How long calls may be made in a day."""
    end_s = _DAY_S if window.end == time.max else _second_of(window.end)
    return end_s - _second_of(window.start)


def _second_of(at: time) -> int:
    return at.hour * 3600 + at.minute * 60 + at.second


def _of_retries(settings: CampaignSettings, rules: Sequence[Rule]) -> Iterator[Problem]:
    for rule in rules:
        if isinstance(rule.params, Cooldown):
            yield from _inside_cooldown(settings, rule, rule.params)
        elif isinstance(rule.params, Limit):
            yield from _beyond_cap(settings, rule, rule.params)


def _inside_cooldown(settings: CampaignSettings, rule: Rule, cooldown: Cooldown) -> Iterator[Problem]:
    rest_s = _seconds(cooldown.period.amount, cooldown.period.unit)
    for said, outcome in _RETRIED.items():
        retry = settings.retry.get(outcome)
        if said in cooldown.outcomes and retry is not None and retry.delay_s is not None and retry.delay_s < rest_s:
            yield Problem(
                Severity.WARNING,
                "retry",
                f"after {outcome} a lead is tried again in {_span(retry.delay_s)}, {rule.id} asks for "
                f"{cooldown.period}: it waits until then",
                f"dialer campaign set {settings.name} retry={outcome}:{rest_s / 3600:g}h",
            )


def _beyond_cap(settings: CampaignSettings, rule: Rule, limit: Limit) -> Iterator[Problem]:
    per_s = None if limit.per is None else _seconds(limit.per.amount, limit.per.unit)
    for outcome in (Outcome.NO_ANSWER, Outcome.BUSY):
        retry = settings.retry.get(outcome)
        if per_s is None or retry is None or retry.delay_s is None or str(outcome) in limit.exclude:
            continue
        tries = min(retry.max_attempts, 1 + int(per_s // max(retry.delay_s, 1.0)))
        if tries > limit.max:
            yield Problem(
                Severity.WARNING,
                "retry",
                f"{outcome} is tried again every {_span(retry.delay_s)} up to {retry.max_attempts} times, but "
                f"{rule.id} allows {limit.max} in {limit.per}: such leads wait for the cap",
                f"dialer campaign set {settings.name} retry={outcome}:{per_s / limit.max / 3600:.3g}h",
            )


def _of_grounds(settings: CampaignSettings, facts: Facts, rules: Sequence[Rule]) -> Iterator[Problem]:
    total = sum(facts.open_leads.values())
    if facts.unproved:
        yield Problem(
            Severity.WARNING, "consent", f"{facts.unproved} consents have no date or no evidence, and cannot be shown",
            f"dialer consent list {settings.name}; record them again with --at and --evidence",
        )  # fmt: skip
    checks: dict[str, tuple[Rule, RegistryCheck]] = {}
    for rule in rules:
        if isinstance(rule.params, Needs):
            grounds = " or ".join(sorted(rule.params.bases))
            count = sum(
                count
                for profile, count in facts.open_leads.items()
                if not profile.basis and any(rule.covers(region) for region in profile.regions)
            )
            if count:
                yield Problem(
                    Severity.WARNING if count < total else Severity.ERROR,
                    "consent",
                    f"{count} of {total} leads need a ground such as {grounds} ({rule.id}) "
                    "and have none on record: they are not called",
                    f"dialer consent import {settings.name} FILE, or columns consent and consent_at in the list",
                )
        elif rule.type is RuleType.REGISTRY and isinstance(rule.params, RegistryCheck):
            checks.setdefault(rule.params.id, (rule, rule.params))
    for rule, check in checks.values():
        yield from _of_registry(facts, rule, check)


def _of_registry(facts: Facts, rule: Rule, check: RegistryCheck) -> Iterator[Problem]:
    age = facts.registry_age_days.get(check.id)
    most = None if check.max_age is None else check.max_age.days
    mend = f"dialer dnc import FILE --registry {check.id} --as-of DATE"
    if age is None:
        text = f"the registry {check.id} was never imported, so nobody looks whether people are on it ({rule.id})"
        yield Problem(Severity.WARNING, "registry", text, mend)
    elif most is not None and age > most:
        text = (
            f"the copy of the registry {check.id} is {age} days old, {rule.id} allows {most}: its leads are not called"
        )
        yield Problem(Severity.ERROR, "registry", text, mend)


def _span(seconds: float) -> str:
    return f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds / 60:g} min"


def _seconds(amount: int, unit: str) -> float:
    hours = {"h": 1, "d": 24, "w": 168, "bd": 24, "mo": 720, "y": 8760}[unit]
    return timedelta(hours=hours * amount).total_seconds()
