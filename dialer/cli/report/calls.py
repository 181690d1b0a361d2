"""`dialer report penetration|hours|best-hours|callerids`: what came of calls, by list and pass, hour, shown number."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from campaigns.reports.callerids import by_caller_id
from campaigns.reports.hours import best_hours as hours_by_worth
from campaigns.reports.hours import by_hour
from campaigns.reports.penetration import penetration as how_far
from dialer.cli.context import Context, pass_context
from dialer.cli.report import pictures
from dialer.cli.report.common import (
    Form,
    form_options,
    list_option,
    percent,
    period_options,
    selection,
    share_text,
    show_table,
)

_NO_ATTEMPTS = "no attempts yet"


@click.command()
@click.argument("campaign")
@period_options
@list_option
@form_options(draw=True)
@pass_context
def penetration(
    ctx: Context,
    campaign: str,
    since: str | None,
    until: str | None,
    list_name: str | None,
    as_json: bool,
    csv_file: Path | None,
    draw: Path | None,
) -> None:
    """How far the lists are called: leads by number of calls, what each pass brought, what is left, why leads ended.

    A pass is the how manieth call of its lead an attempt was. Times choose attempts; how leads stand is of now.
    Shares are of the attempts of their pass, with 95 % intervals; of sales of the contacts, of promises of the
    right-party contacts.

    \b
    Examples:
      dialer report penetration spring
      dialer report penetration spring --list june --draw june.png
    """
    form, of = Form(as_json, csv_file, draw), selection(ctx, campaign, since, until, list_name)
    found = how_far(ctx.store.database, of)
    rows = [{"list": each["list"], **one} for each in found["lists"] for one in each["passes"]]
    picture = partial(pictures.penetration, found=found, title=_title("Penetration", of.facts()))
    form.give(found, rows, lambda: _show_penetration(found), picture)


def _show_penetration(found: dict[str, Any]) -> None:
    parts = [*found["lists"]]
    if len(parts) > 1:
        parts.append({"list": "all lists", **found["total"]})
    show_table([_list_row(each) for each in parts], empty="no lists yet; `dialer leads import` makes one")
    held = [
        {"held back by": rule, "list": part["list"], "leads": count}
        for part in found["lists"]
        for rule, count in part["held"].items()
    ]
    if held:
        show_table(held, title="\nleft, but held back now:", empty="")
    why = [end for end, count in found["total"]["ended"].items() if count]
    if why:
        ended = [{"list": part["list"], **{end: part["ended"][end] for end in why}} for part in parts]
        show_table(ended, title="\ncalled no more, because:", empty="")
    money = "promises" if found["total"]["all_passes"]["promises"] else "sales"
    for each in found["lists"]:
        rows = [_pass_row(one, money) for one in each["passes"]]
        show_table(
            rows, title=f"\nlist {each['list']}, by pass:", empty=f"list {each['list']}: no attempts in this time"
        )


def _list_row(part: Mapping[str, Any]) -> dict[str, Any]:
    at_least = {each["times"]: each["leads"] for each in part["dialed_at_least"]}
    return {
        "list": part["list"] if part.get("active", True) else f"{part['list']} (inactive)",
        "leads": part["leads"],
        "dialed": f"{part['dialed']['part']:,} = {percent(part['dialed']['rate'])}" if part["leads"] else "0",
        **{f"{times}x or more": at_least.get(times, 0) for times in (2, 3, 4)},
        "left": part["left"],
        "no zone": part["without_zone"],
        "being called": part["being_called"],
        "ended": sum(part["ended"].values()),
    }


def _pass_row(one: Mapping[str, Any], money: str) -> dict[str, Any]:
    rates = one["rates"]
    return {
        "pass": one["pass"],
        "dialed": one["attempts"],
        "people": _counted_share(one["people"], rates["people"]),
        "contacts": _counted_share(one["contacts"], rates["contacts"]),
        "right party": _counted_share(one["right_party"], rates["right_party"]),
        money: f"{one[money]:,} = {share_text(rates[money])}" if one[money] else "0",
    }


def _counted_share(count: int, share: Mapping[str, Any]) -> str:
    if share["rate"] is None:
        return f"{count:,}"
    return f"{count:,} = {percent(share['rate'])} [{100 * share['low']:.1f}, {100 * share['high']:.1f}]"


@click.command()
@click.argument("campaign")
@click.option(
    "--clock",
    type=click.Choice(["person", "site"]),
    default="person",
    show_default=True,
    help="Whose hours the table and the CSV show: the called person's, or those of the campaign's zone. JSON has both.",
)
@period_options
@list_option
@form_options(draw=True)
@pass_context
def hours(
    ctx: Context,
    campaign: str,
    clock: str,
    since: str | None,
    until: str | None,
    list_name: str | None,
    as_json: bool,
    csv_file: Path | None,
    draw: Path | None,
) -> None:
    """What came of the calls by the hour in which they were placed. Percentages are of the hour's attempts.

    \b
    Examples:
      dialer report hours spring
      dialer report hours spring --clock site --since 2026-06-01 --draw hours.png
    """
    form, of = Form(as_json, csv_file, draw), selection(ctx, campaign, since, until, list_name)
    found = by_hour(ctx.store.database, ctx.store.profiles, of)
    rows = [row for row in found[clock] if row["attempts"]]
    table = [{"hour": _hour(row["hour"]), **_result_cells(row)} for row in rows]
    if table:
        table.append({"hour": "all", **_result_cells(found["total"])})
    picture = partial(pictures.hours, found=found, title=_title("Calls by hour", of.facts()))
    form.give(found, found[clock], lambda: show_table(table, empty=_NO_ATTEMPTS), picture)


def _hour(hour: int | None) -> str:
    return "unknown" if hour is None else f"{hour:02}:00"


def _result_cells(row: Mapping[str, Any]) -> dict[str, Any]:
    rates, results = row["rates"], row["results"]
    return {
        "attempts": row["attempts"],
        "people": percent(rates["people"]["rate"]),
        "contacts": percent(rates["contacts"]["rate"]),
        **{name: results[name] for name in ("abandoned", "machine", "refused", "no answer")},
        "bad number, failed": results["bad number"] + results["failed"],
        "open": results["open"],
    }


@click.command(name="best-hours")
@click.argument("campaign")
@period_options
@list_option
@form_options(draw=True)
@pass_context
def best_hours(
    ctx: Context,
    campaign: str,
    since: str | None,
    until: str | None,
    list_name: str | None,
    as_json: bool,
    csv_file: Path | None,
    draw: Path | None,
) -> None:
    """Where and when people are reached: by time zone and local hour, and what a list ordered by best_hour expects.

    \b
    Example:
      dialer report best-hours spring --draw best.png
    """
    form, of = Form(as_json, csv_file, draw), selection(ctx, campaign, since, until, list_name)
    found = hours_by_worth(ctx.store.database, ctx.store.profiles, of)
    rows = [{"place": each["place"], **hour} for each in found["places"] for hour in each["hours"]]
    table = [
        {
            "place": row["place"],
            "hour": _hour(row["hour"]),
            "people": _counted_share(row["people"]["part"], row["people"]),
            "of attempts": row["people"]["of"],
            "expected": percent(row["expected"]),
            "best": row["best"],
        }
        for row in rows
    ]
    picture = partial(pictures.best_hours, found=found, title=_title("Where and when people are reached", of.facts()))
    form.give(found, rows, lambda: show_table(table, empty=_NO_ATTEMPTS), picture)


@click.command(name="callerids")
@click.argument("campaign")
@period_options
@list_option
@form_options(draw=True)
@pass_context
def caller_ids(
    ctx: Context,
    campaign: str,
    since: str | None,
    until: str | None,
    list_name: str | None,
    as_json: bool,
    csv_file: Path | None,
    draw: Path | None,
) -> None:
    """What came of the calls by the number that was shown, and which number is answered less than the others.

    Refusals: declined by the person (SIP 603), unwanted (607), blocked by the network (603+, 608). A number is held
    against the others in calls of the same hour and pass; a warning means that chance explains it in one campaign of
    a hundred (Cochran-Mantel-Haenszel test).

    \b
    Examples:
      dialer report callerids spring
      dialer report callerids spring --since 2026-06-01 --csv -
    """
    form, of = Form(as_json, csv_file, draw), selection(ctx, campaign, since, until, list_name)
    found = by_caller_id(ctx.store.database, of)
    table = [{"shown number": row["caller_id"] or "(the trunk's)", **_shown_cells(row)} for row in found["caller_ids"]]
    if len(table) > 1:
        table.append({"shown number": "all", **_shown_cells(found["total"])})
    picture = partial(
        pictures.caller_ids, found=found, title=_title("Answers and refusals by shown number", of.facts())
    )
    form.give(found, found["caller_ids"], lambda: show_table(table, empty=_NO_ATTEMPTS), picture)
    for warning in found["warnings"]:
        click.echo(f"warning: {warning['detail']}", err=True)


def _shown_cells(row: Mapping[str, Any]) -> dict[str, Any]:
    picked_up = row["rates"]["picked_up"]
    return {
        "attempts": row["attempts"],
        "picked up": f"{percent(picked_up['rate'])} [{100 * picked_up['low']:.1f}, {100 * picked_up['high']:.1f}]",
        "expected": percent(row.get("expected_rate")),
        "people": percent(row["rates"]["people"]["rate"]),
        "603": row["declined"],
        "607": row["unwanted"],
        "608, 603+": row["blocked"],
    }


def _title(what: str, facts: Mapping[str, Any]) -> str:
    of_list = f", list {facts['list']}" if facts["list"] else ""
    return f"{what}: campaign {facts['campaign']}{of_list}"
