"""`dialer sms`."""

from datetime import UTC, datetime
from typing import Any

import click

from campaigns.reminders import DEFAULT_TEXTS, Reminder, due
from campaigns.texts import Text, TextAsked, TextKind
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.output import json_option, show_rows

_TRUNK = click.option("--trunk", help="Over this trunk. Default: the first of the campaign's that can.")
_REMINDED = ("about", "lead_id", "result", "because", "text")
_COLUMNS = ("text_id", "lead_id", "phone", "kind", "about", "state", "asked_at", "delivered_at", "text", "because")


@click.group()
def sms() -> None:
    """Text messages by the site's modems: reminders of promises and callbacks, and what became of them."""


@sms.command()
@click.argument("campaign")
@click.argument("lead_id", type=int)
@click.argument("text")
@_TRUNK
@pass_context
def send(ctx: Context, campaign: str, lead_id: int, text: str, trunk: str | None) -> None:
    """Send TEXT, as it is, to a lead; refused when the person may not be called now.

    \b
    Example:
      dialer sms send spring 17 "The papers are in the post."
    """
    ctx.store.lead(campaign, lead_id)
    answer = ctx.api("POST", "campaigns", campaign, "texts", body={"lead_id": lead_id, "text": text, "trunk": trunk})
    if answer["refused"] is not None:
        raise Failure(f"lead {lead_id} was sent nothing: {_because(answer['refused'])}")
    click.echo(f"text {answer['text_id']} is with a modem; what becomes of it: dialer sms list {campaign}")


@sms.command()
@click.argument("campaign")
@click.option("--promises", "kind", flag_value=TextKind.PROMISE.value, help="Of promises to pay that are due.")
@click.option("--callbacks", "kind", flag_value=TextKind.CALLBACK.value, help="Of callbacks that were appointed.")
@click.option(
    "--days-before", type=click.IntRange(0, 60), default=1, show_default=True, help="Due within so many days."
)
@click.option("--text", metavar="TEMPLATE", help="What to say, with variables as in scripts. Default: plain English.")
@_TRUNK
@click.option("--dry-run", is_flag=True, help="Show the texts and what stands against them; send nothing.")
@json_option
@pass_context
def remind(
    ctx: Context,
    campaign: str,
    kind: str | None,
    days_before: int,
    text: str | None,
    trunk: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remind people, each once, of promises or callbacks that are due today or within some days.

    Whom the law does not let be called now gets no text now; run this again later, for example every hour by cron.
    A text goes out every second. Received answers stay on the SIM: say in the text how to reach you.

    \b
    Examples:
      dialer sms remind arrears --promises --dry-run
      dialer sms remind spring --callbacks --days-before 0 --text "We call you on {callback.at}. Acme, 212 555 0100"
    """
    if kind is None:
        raise Failure("say of what: --promises or --callbacks")
    about, of, now = TextKind(kind), ctx.store.campaign(campaign), datetime.now(UTC)
    found = due(ctx.store.database, of, about, days_before, text or DEFAULT_TEXTS[about], now)
    rows: list[dict[str, Any]] = []
    stopped: Failure | None = None
    for each in found:
        asked = TextAsked(of, each.lead_id, each.text, trunk or "", about, each.about)
        try:
            result = _lacking(each) or (_foretold(ctx, asked, now) if dry_run else _sent(ctx, asked))
        except Failure as failure:
            stopped = failure
            break
        rows.append({"kind": about.value, "about": each.about, "lead_id": each.lead_id, "text": each.text, **result})
    if rows or stopped is None:
        show_rows(rows, _REMINDED, as_json=as_json, empty="nobody is to be reminded")
    if stopped is not None:
        raise Failure(f"{len(found) - len(rows)} of {len(found)} were not reminded: {stopped.message}")


@sms.command("list")
@click.argument("campaign")
@click.option("--limit", type=click.IntRange(1), help="The latest so many.")
@json_option
@pass_context
def list_(ctx: Context, campaign: str, limit: int | None, as_json: bool) -> None:
    """List texts, and whether they were sent and delivered.

    `sent` means that the network took it; `delivered`, that the phone has it. Not every network reports that.

    \b
    Example:
      dialer sms list arrears --limit 20
    """
    texts = ctx.store.texts.listing(ctx.store.campaign(campaign).campaign_id, limit)
    show_rows([_facts(each) for each in texts], _COLUMNS, as_json=as_json, empty="no texts")


def _lacking(reminder: Reminder) -> dict[str, Any]:
    return {"result": "refused", "because": f"{reminder.lacks} is not known"} if reminder.lacks else {}


def _foretold(ctx: Context, asked: TextAsked, now: datetime) -> dict[str, Any]:
    against = ctx.store.texts.check(asked, now)
    if against is None:
        return {"result": "would be sent", "because": ""}
    return {"result": "refused", "because": against.detail}


def _sent(ctx: Context, asked: TextAsked) -> dict[str, Any]:
    body = {"lead_id": asked.lead_id, "text": asked.text, "kind": asked.kind.value, "about": asked.about}
    answer = ctx.api("POST", "campaigns", asked.campaign.name, "texts", body={**body, "trunk": asked.trunk or None})
    if answer["refused"] is not None:
        return {"result": "refused", "because": _because(answer["refused"])}
    return {"result": "asked", "because": "", "text_id": answer["text_id"]}


def _because(refused: dict[str, Any]) -> str:
    until = f"; possible from {refused['until']} on" if refused["until"] else ""
    return f"{refused['detail']}{until}"


def _facts(each: Text) -> dict[str, Any]:
    facts: dict[str, Any] = {name: getattr(each, name) for name in each.__slots__}
    for key in ("asked_at", "sent_at", "delivered_at", "failed_at"):
        facts[key] = None if facts[key] is None else facts[key].isoformat(timespec="seconds")
    return {**facts, "kind": each.kind.value, "state": each.state.value}
