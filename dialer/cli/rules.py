"""`dialer rules`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from campaigns.dnc import Hit, Scope
from campaigns.labels import place_of
from campaigns.law import latest_date
from campaigns.model import Mode, Place
from campaigns.numbers import is_possible
from campaigns.places import (
    Whereabouts,
    address_region,
    canonical_zone,
    country_of,
    is_state,
    region_of_code,
    regions_of,
    whereabouts,
)
from campaigns.rules import (
    Basis,
    Case,
    Consent,
    Effect,
    Line,
    PackError,
    Party,
    Purpose,
    Reason,
    Rule,
    Rulebook,
    Verdict,
    load_builtin,
)
from campaigns.rules.lint import TOGETHER, is_place
from campaigns.rules.lint import lint as lint_packs
from campaigns.rules.model import MODES, RuleType
from campaigns.rules.packs import builtin_texts, parse_pack, read_text
from campaigns.rules.reading import Problem
from campaigns.rules.rulebook import switch_faults
from campaigns.rules.scope import meets
from campaigns.rules.windows import in_force
from campaigns.rules.wording import exemption_in_short, in_short
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.output import json_option, show_facts, show_json, show_rows
from dialer.config import CONFIG_NAME

_COLUMNS = ("id", "where", "purpose", "type", "says", "binds", "confidence")
_FIRST_YEAR, _LAST_YEAR = 1970, 2100


@click.group()
def rules() -> None:
    """The calling rules: law as data, with its sources. Not legal advice."""


def _instant(_ctx: click.Context, _param: click.Parameter, value: str) -> datetime:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"'{value}' is no ISO 8601 time; write it as 2026-11-23T09:00-05:00") from None
    if at.tzinfo is None:
        said = at.isoformat(timespec="minutes")
        raise click.BadParameter(f"'{value}' has no offset from UTC; write it as {said}-05:00, or {said}Z for UTC")
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        years = f"{_FIRST_YEAR} to {_LAST_YEAR}"
        raise click.BadParameter(f"'{value}' is in no year that the rules can be asked about: {years}")
    return at


def _day(_ctx: click.Context, _param: click.Parameter, value: str | None) -> date | None:
    try:
        return None if value is None else date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"'{value}' is no date; write it as 2026-11-23") from None


def _phone(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    plain = "".join(char for char in value if char not in " -.()")
    if not is_possible(plain):
        raise click.BadParameter(
            f"'{value}' is not E.164: write + and the country code and all digits, as in +12125550123"
        )
    return plain


def _region(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str:
    region = (value or "").upper()
    if region and not is_place(region):
        raise click.BadParameter(f"'{value}' is no ISO 3166 code; write a state as US-FL, a country as GB")
    return region


def _address(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
    region = _region(ctx, param, value)
    state = "-".join(region.split("-")[:2])
    if state != region:
        raise click.BadParameter(f"'{value}' is a city; write its state, {state}: the city's rules hold there too")
    return region


def _zone(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    zone = canonical_zone(value)
    if value and not zone:
        raise click.BadParameter(f"'{value}' is no IANA time zone of a place, such as America/Denver")
    return zone


def _stated_region(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if value and not (region_of_code(value) or address_region("", value)):
        raise click.BadParameter(f"'{value}' is no country or state that is known; write it as US-FL, Florida or GB")
    return value


def _require_understood(phone: str, *, region: str, country: str, state: str, **_others: str) -> None:
    """A country or state that an import would only doubt is a mistake here. Raises click.UsageError.

    A postcode that says nothing is told in the answer: not all of the world's are known here.
    """
    if region and (country or state):
        raise click.UsageError("--region says country and state in one: leave out --country and --state")
    if country and not address_region(country, ""):
        raise click.BadParameter(
            f"'{country}' is no country that is known; write it as US or GB", param_hint="--country"
        )
    home = next((country_of(one) for one in regions_of(phone)), "")
    if state and not is_state(state, country, home):
        of = address_region(country, "") or home
        raise click.BadParameter(
            f"'{state}' is no state of {of}; write it as FL or Florida, and name another country with --country",
            param_hint="--state",
        )


@rules.command()
@click.option("--phone", required=True, callback=_phone, help="The number to be called, E.164.")
@click.option("--purpose", required=True, type=click.Choice([purpose.value for purpose in Purpose]), help="Why.")
@click.option(
    "--at", metavar="ISO8601", required=True, callback=_instant, help="When, with offset: 2026-11-23T09:00-05:00."
)
@click.option("--region", callback=_address, help="Where the address is: ISO 3166 such as US-FL or GB.")
@click.option(
    "--country", default="", help="Instead of --region, as lists have it: the address's country, in any writing."
)
@click.option("--state", default="", help="Instead of --region, as lists have it: the address's state, FL or Florida.")
@click.option("--postcode", default="", help="The address's postcode.")
@click.option("--timezone", "listed_zone", default="", callback=_zone, help="An IANA zone that the list gives.")
@click.option(
    "--stated-region", default="", callback=_stated_region, help="Where the person said to be: US-FL or Florida."
)
@click.option(
    "--stated-timezone", "stated_zone", default="", callback=_zone, help="The IANA zone that the person said."
)
@click.option("--label", default="", help="What the list calls the number: work, office, home, mobile ...")
@click.option(
    "--consent",
    type=click.Choice([basis.value for basis in Basis]),
    multiple=True,
    help="A ground to call that holds at that time; may be given more than once.",
)
@click.option(
    "--party", type=click.Choice([party.value for party in Party]), default=Party.CONSUMER.value, help="Who is called."
)
@click.option("--mode", type=click.Choice(sorted(MODES)), default=Mode.PREDICTIVE.value, help="How the call is made.")
@click.option(
    "--line", type=click.Choice([line.value for line in Line]), default=Line.UNKNOWN.value, help="Kind of line."
)
@json_option
@pass_context
def check(
    ctx: Context,
    /,
    phone: str,
    purpose: str,
    at: datetime,
    label: str,
    consent: tuple[str, ...],
    party: str,
    mode: str,
    line: str,
    as_json: bool,
    **clues: str,
) -> None:
    """Say whether a call would be legal at a time, which rules say what, and when it would be.

    Where the person may be follows from the number and all that is said of the address, as for leads: the call must be
    legal in every time zone and under the rules of every region that is left. A number is one at home unless its label
    says work. The rules of a city hold for the state that it is in.

    Calls of the past are not looked at. With a site, its do-not-call lists, registries and switches are.

    \b
    Examples:
      dialer rules check --phone +12125550123 --purpose sales --at 2026-11-23T07:59-05:00
      dialer rules check --phone +447700900123 --purpose collections --at 2026-11-22T12:00Z --json
      dialer rules check --phone +18015550123 --region US-UT --purpose sales --consent express --at 2026-11-22T12:00Z
      dialer rules check --phone +12125550123 --state Texas --postcode 79901 --purpose sales --at 2026-11-23T09:30-05:00
      dialer rules check --phone +61255501001 --label office --purpose collections --at 2026-11-23T18:00+11:00
    """
    _require_understood(phone, **clues)
    where = whereabouts(phone, **clues)
    case = Case(
        phone=phone,
        zones=where.zones,
        regions=where.regions,
        purpose=Purpose(purpose),
        party=Party(party),
        line=Line(line),
        mode=mode,
        place=place_of(label),
        consents=tuple(
            Consent(Basis(basis), obtained_at=at, evidence="stated on the command line") for basis in consent
        ),
    )
    own: tuple[Reason, ...] = ()
    if _has_site(ctx):
        case, own = _as_the_site_knows(ctx, case, at)
    verdict = _rulebook(ctx).judge(case, at)
    if own:
        stopped = any(reason.stops for reason in own)
        verdict = replace(
            verdict,
            allowed=verdict.allowed and not stopped,
            reasons=(*own, *verdict.reasons),
            until=None if stopped else verdict.until,
        )
    _show_verdict(verdict, where, case.place, label, as_json=as_json)
    if not _has_site(ctx) and not as_json:
        click.echo("no site here: no do-not-call list, registry copy or switch of a site was looked at", err=True)


def _as_the_site_knows(ctx: Context, case: Case, at: datetime) -> tuple[Case, tuple[Reason, ...]]:
    """The case with what the site's registries say of its number, and what its own lists do."""
    hits = ctx.store.dnc.check(case.phone, at)
    known = replace(
        case,
        on_registries=frozenset(hit.registry for hit in hits if hit.registry is not None),
        registry_age_days=ctx.store.dnc.coverage(at).ages(case.phone, latest_date(case.zones, at)),
    )
    return known, tuple(_own_reason(hit) for hit in hits if hit.scope is not Scope.REGISTRY)


def _own_reason(hit: Hit) -> Reason:
    since = f"since {hit.added_at:%Y-%m-%d} ({hit.source})"
    until = f" until {hit.expires_at:%Y-%m-%d}" if hit.expires_at else ""
    if hit.scope is Scope.SITE:
        return Reason("dnc.site", Effect.BLOCK, f"on the site's do-not-call list {since}{until}", hit.expires_at)
    detail = f"on the do-not-call list of campaign {hit.campaign} {since}{until}, which stops that campaign only"
    return Reason("dnc.campaign", Effect.ALERT, detail)


def _has_site(ctx: Context) -> bool:
    """Whether a site is meant: one that was named must be one, the current directory need not."""
    return ctx.path != Path() or (ctx.path / CONFIG_NAME).exists()


def _rulebook(ctx: Context) -> Rulebook:
    if _has_site(ctx):
        return ctx.site.rulebook(ctx.config)
    try:
        return Rulebook(load_builtin())
    except PackError as error:
        raise Failure(str(error)) from None


def _show_verdict(verdict: Verdict, where: Whereabouts, place: Place | None, label: str, *, as_json: bool) -> None:
    if as_json:
        show_json(
            {
                "allowed": verdict.allowed,
                "reasons": [
                    {"rule": one.rule, "effect": one.effect.value, "detail": one.detail, "until": one.until}
                    for one in verdict.reasons
                ],
                "zones": verdict.zones,
                "regions": verdict.regions,
                "until": verdict.until,
                "because": where.because,
                "place": place,
                "rules": verdict.rules,
                "packs": verdict.packs,
            }
        )
        return
    facts = {
        "allowed": "yes" if verdict.allowed else "no",
        "possible from": verdict.until.isoformat() if verdict.until else "",
        "zones": verdict.zones,
        "regions": verdict.regions,
        "because": "; ".join(where.because),
        "place": place or _unsaid(label),
    }
    show_facts({key: value for key, value in facts.items() if value}, as_json=False)
    rows = [{"effect": one.effect.value, "rule": one.rule, "detail": one.detail} for one in verdict.reasons]
    if rows:
        click.echo()
        show_rows(rows, ("effect", "rule", "detail"), as_json=False, empty="")


def _unsaid(label: str) -> str:
    says = f"the label '{label}' does not say work" if label else "no --label says work"
    return f"{Place.HOME}, as {says}"


@rules.command("list")
@click.option("--region", callback=_region, help="Rules that hold there: ISO 3166 such as US-FL or GB.")
@click.option("--type", "kind", type=click.Choice([kind.value for kind in RuleType]), help="Rules about this.")
@click.option("--purpose", type=click.Choice([purpose.value for purpose in Purpose]), help="Rules for such calls.")
@click.option("--on", metavar="DATE", callback=_day, help="Rules in force on that day.")
@json_option
@pass_context
def list_(ctx: Context, region: str, kind: str | None, purpose: str | None, on: date | None, as_json: bool) -> None:
    """List the rules: what they say, how they bind here, and how well they are sourced.

    \b
    Examples:
      dialer rules list --region US-FL --purpose sales
      dialer rules list --type window --on 2026-12-25
    """
    rulebook = _rulebook(ctx)
    chosen = [
        rule
        for rule in rulebook.rules
        if (not region or meets(rule, region))
        and (kind is None or rule.type.value == kind)
        and (purpose is None or not rule.purposes or Purpose(purpose) in rule.purposes)
        and (on is None or in_force(rule, on))
    ]
    rows = [_facts(rule, rulebook) for rule in chosen]
    show_rows(rows, _COLUMNS, as_json=as_json, empty="no rule is like that")


@rules.command()
@click.argument("rule_id", metavar="ID")
@json_option
@pass_context
def show(ctx: Context, rule_id: str, as_json: bool) -> None:
    """Show everything about one rule, with its source.

    \b
    Example:
      dialer rules show us.sales.hours
    """
    rulebook = _rulebook(ctx)
    found = next((rule for rule in rulebook.rules if rule.id == rule_id), None)
    if found is None:
        raise Failure(f"no rule has the id '{rule_id}'; see: dialer rules list")
    facts = _facts(found, rulebook)
    show_facts(facts if as_json else {key: value for key, value in facts.items() if value}, as_json=as_json)


def _facts(rule: Rule, rulebook: Rulebook) -> dict[str, Any]:
    return {
        "id": rule.id,
        "pack": rule.pack,
        "where": sorted(rule.where),
        "type": rule.type.value,
        "says": in_short(rule.params),
        "purpose": _sorted(rule.purposes),
        "party": _sorted(rule.parties),
        "line": _sorted(rule.lines),
        "mode": _sorted(rule.modes),
        "place": _sorted(rule.places),
        "zone": rule.zone,
        "unless": [exemption_in_short(exemption) for exemption in rule.unless],
        "effect": rule.effect.value,
        "required_modes": sorted(rule.required_modes),
        "binds": rulebook.standing(rule).value,
        "status": rule.status.value,
        "confidence": rule.confidence.value,
        "effective_from": rule.effective_from,
        "effective_to": rule.effective_to,
        "cite": rule.source.cite,
        "url": rule.source.url,
        "checked_on": rule.source.checked_on,
        "note": rule.note,
    }


def _sorted(values: frozenset[Any]) -> list[str]:
    return sorted(str(value) for value in values)


@rules.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--on", metavar="DATE", callback=_day, help="The day to check for; default: today.")
@json_option
@pass_context
def lint(ctx: Context, files: tuple[Path, ...], on: date | None, as_json: bool) -> None:
    """Check rule packs: these files, or else those of the program and of the site's rules/. Exit code 1 for problems.

    With a site and without files, the switches of [rules] in its dialer.toml are checked as well.

    \b
    Examples:
      dialer rules lint
      dialer rules lint rules/ours.toml
    """
    problems = list(_lint(ctx, files, on or datetime.now(UTC).date()))
    if as_json:
        show_json({"problems": [{"file": p.file, "rule": p.rule, "key": p.key, "text": p.text} for p in problems]})
    else:
        for problem in problems:
            click.echo(str(problem))
    if problems:
        raise Failure(f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in the rule packs")
    click.echo("no problems", err=True)


def _lint(ctx: Context, files: Sequence[Path], today: date) -> Iterator[Problem]:
    """Named files are seen beside the program's packs, and only their own problems told."""
    packs, names, whole = [], {TOGETHER}, True
    for name, read in _sources(ctx, files):
        names.add(name)
        try:
            packs.append(parse_pack(read(), name))
        except PackError as error:
            whole = False
            yield from error.problems
    if not files and _has_site(ctx):
        switches = ctx.config.rules
        known = {rule.id for pack in packs for rule in pack.rules}
        for key, text in switch_faults(known if whole else None, switches.enforce, switches.off):
            yield Problem(CONFIG_NAME, "", key, text)
    beside = load_builtin() if files else ()
    yield from (problem for problem in lint_packs((*beside, *packs), today) if problem.file in names)


def _sources(ctx: Context, files: Sequence[Path]) -> Iterator[tuple[str, Callable[[], str]]]:
    if not files:
        for name, text in builtin_texts():
            yield name, partial(str, text)
    own = ctx.site.rules if _has_site(ctx) else None
    for file in files or (sorted(own.glob("*.toml")) if own is not None else ()):
        yield str(file), partial(read_text, file)
