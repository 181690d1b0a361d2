"""What in a campaign cannot hold together: settings against each other, against its leads, and against the law."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from campaigns.collections.scriptgate import script_faults
from campaigns.database import Database
from campaigns.eligibility import SEARCH_DAYS
from campaigns.labels import place_of
from campaigns.law import Law
from campaigns.lists import LeadList
from campaigns.model import AbandonWindow, CampaignSettings, Place, Profile
from campaigns.paces import Group, place_matters
from campaigns.profiles import Profiles
from campaigns.redials import Redials
from campaigns.rules.model import STOPPING, Cli, Effect, Needs, RegistryCheck, Rule, RuleType
from campaigns.rules.rulebook import Rulebook
from campaigns.rules.terms import Terms
from campaigns.rules.windows import in_force
from campaigns.telesales.scripts import Script

_WINDOW_OF_SPAN = {
    "campaign_period": AbandonWindow.PERIOD_30D,
    "calendar_month": AbandonWindow.MONTH,
    "calendar_day": AbandonWindow.DAY,
}


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
    """What the store knows of a campaign: leads that may still be called, its lists, and what people see as its number.

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
    groups: Sequence[Group] = ()


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
    groups = _groups(database, profiles, law.rulebook, settings)
    open_leads: dict[Profile, int] = {}
    for group in groups:
        open_leads[group.profile] = open_leads.get(group.profile, 0) + group.leads
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
        groups,
    )


def _groups(
    database: Database, profiles: Profiles, rulebook: Rulebook, settings: CampaignSettings
) -> tuple[Group, ...]:
    """The leads that may still be called; by where their number rings only where a cap or rest asks for it."""
    counts = database.rows(
        "SELECT list_id, profile_id, COUNT(*) FROM leads WHERE campaign_id = ? AND next_at IS NOT NULL"
        " GROUP BY list_id, profile_id",
        (settings.campaign_id,),
    )
    asked = {row[1] for row in counts if place_matters(rulebook, settings, profiles.get(row[1]))}
    found: dict[tuple[int, int, Place | None], int] = {
        (list_id, profile_id, None): count for list_id, profile_id, count in counts if profile_id not in asked
    }
    for list_id, profile_id, label, count in database.rows_in(
        "SELECT l.list_id, l.profile_id, p.label, COUNT(*) FROM leads l JOIN lead_phones p ON p.id = l.next_phone_id"
        " WHERE l.campaign_id = ? AND l.next_at IS NOT NULL AND l.profile_id IN (:values) GROUP BY 1, 2, 3",
        sorted(asked),
        (settings.campaign_id,),
    ):
        key = (list_id, profile_id, place_of(label))
        found[key] = found.get(key, 0) + count
    return tuple(Group(of, profiles.get(profile_id), count, place) for (of, profile_id, place), count in found.items())


def lint(settings: CampaignSettings, facts: Facts, rulebook: Rulebook, at: datetime) -> list[Problem]:
    """All problems, the worst first."""
    regions = tuple(sorted({region for profile in facts.open_leads for region in profile.regions}))
    found = [*_of_leads(settings, facts), *_of_lists(settings, facts)]
    found += _of_redials(settings, facts, rulebook, at)
    if regions:
        on = at.date()
        terms = rulebook.terms(regions, settings.purpose, settings.party, on, settings.mode)
        rules = [rule for rule in rulebook.rules if _binds(rule, rulebook, regions, settings, on)]
        found += [*_of_abandonment(settings, terms), *_of_calls(settings, facts, terms)]
        found += _of_script(settings, facts, terms)
        found += _of_grounds(settings, facts, rules)
    order = list(Severity)
    return sorted(found, key=lambda problem: order.index(problem.severity))


def _binds(rule: Rule, rulebook: Rulebook, regions: Sequence[str], settings: CampaignSettings, on: date) -> bool:
    about = (
        (not rule.purposes or settings.purpose in rule.purposes)
        and (not rule.parties or settings.party in rule.parties)
        and (not rule.modes or settings.mode in rule.modes)
        and not (rule.effect is Effect.REQUIRE_MODE and settings.mode in rule.required_modes)
        and in_force(rule, on)
    )
    return about and rulebook.standing(rule) in STOPPING and any(rule.covers(region) for region in regions)


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
            binds = term.effect in STOPPING
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


def _of_redials(settings: CampaignSettings, facts: Facts, rulebook: Rulebook, at: datetime) -> Iterator[Problem]:
    for excess in Redials(settings, facts.lists, facts.groups, rulebook, at).excesses():
        yield Problem(Severity.WARNING, excess.key, excess.text, excess.mend)


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
