"""`dialer agent`."""

from collections.abc import Mapping
from typing import Any

import click

from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.output import json_option, show_facts, show_json, show_rows
from dialer.core.states import AgentState


@click.group()
def agent() -> None:
    """Agents: add them, and act for them on the running dialer."""


@agent.command()
@click.argument("name")
@click.option("--station", required=True, help="Name of a [[station]] in dialer.toml.")
@pass_context
def add(ctx: Context, name: str, station: str) -> None:
    """Add an agent who works at a station.

    \b
    Example:
      dialer agent add anna --station desk1
    """
    _require_station(ctx, station)
    try:
        ctx.store.add_agent(name, station)
    except ValueError as error:
        raise Failure(str(error)) from None
    click.echo(f"agent {name} works at {station}")


@agent.command()
@click.argument("name")
@click.option("--station", required=True, help="Name of a [[station]] in dialer.toml.")
@pass_context
def move(ctx: Context, name: str, station: str) -> None:
    """Give an agent another station; who is logged in moves at the next log-in.

    \b
    Example:
      dialer agent move anna --station desk2
    """
    _require_station(ctx, station)
    ctx.store.move_agent(name, station)
    click.echo(f"agent {name} works at {station} from the next log-in on")


@agent.command()
@click.argument("name")
@pass_context
def remove(ctx: Context, name: str) -> None:
    """Remove an agent who is logged out; calls and times stay in the reports.

    \b
    Example:
      dialer agent remove anna
    """
    if ctx.running():
        state = ctx.api("GET", "agents", name)["state"]
        if state != AgentState.LOGGED_OUT:
            raise Failure(f"agent {name} is {state}; first: dialer agent logout {name}")
    ctx.store.remove_agent(name)
    click.echo(f"agent {name} is removed")


@agent.command("list")
@json_option
@pass_context
def list_(ctx: Context, as_json: bool) -> None:
    """List the agents, with their states when the dialer runs, and the pause codes of those who pause.

    \b
    Example:
      dialer agent list
    """
    states: dict[str, Any] = {}
    if ctx.running():
        states = {a["name"]: a for a in ctx.api("GET", "agents")}
    rows = [
        {
            "name": a.name,
            "station": a.station,
            "state": states.get(a.name, {}).get("state", "LOGGED_OUT"),
            "code": states.get(a.name, {}).get("code", ""),
        }
        for a in ctx.store.agents()
    ]
    columns = ("name", "station", "state", "code")
    show_rows(rows, columns, as_json=as_json, empty="no agents; add one with: dialer agent add")


@agent.command()
@click.argument("name")
@click.option("--campaign", help="Campaign to work for. Default: the active one.")
@pass_context
def login(ctx: Context, name: str, campaign: str | None) -> None:
    """Log an agent in: the station is called and stays connected.

    \b
    Example:
      dialer agent login anna --campaign spring
    """
    _command(ctx, name, "login", {"campaign": campaign})


@agent.command()
@click.argument("name")
@pass_context
def ready(ctx: Context, name: str) -> None:
    """Let the agent get calls.

    \b
    Example:
      dialer agent ready anna
    """
    _command(ctx, name, "ready")


@agent.command()
@click.argument("name")
@click.option("--code", default="BREAK", show_default=True, help="Pause code.")
@pass_context
def pause(ctx: Context, name: str, code: str) -> None:
    """Give the agent no more calls, at once or after this one.

    \b
    Example:
      dialer agent pause anna --code LUNCH
    """
    _command(ctx, name, "pause", {"code": code})


@agent.command()
@click.argument("name")
@pass_context
def logout(ctx: Context, name: str) -> None:
    """Log the agent out, at once or after this call.

    \b
    Example:
      dialer agent logout anna
    """
    _command(ctx, name, "logout")


@agent.command()
@click.argument("name")
@pass_context
def hangup(ctx: Context, name: str) -> None:
    """Hang up the customer; the agent goes to wrap-up.

    \b
    Example:
      dialer agent hangup anna
    """
    _command(ctx, name, "hangup")


@agent.command()
@click.argument("name")
@click.option("--status", required=True, help="Status code, for example SALE, NI, PTP.")
@click.option("--at", "callback_at", metavar="TIME", help="With CALLBK: when to call again, in the person's own time.")
@click.option("--zone", default="", help="IANA zone of --at, where the person's is not certain.")
@click.option("--mine", is_flag=True, help="The agent makes the callback; else anyone does.")
@click.option("--comments", default="", help="What whoever calls back should know.")
@click.option(
    "--consented",
    is_flag=True,
    help="In collections: the person asked for this call, so it may come within the days of rest after a talk.",
)
@click.option("--product", help="With SALE: what was sold.")
@click.option("--quantity", type=click.IntRange(1), help="With SALE: how many. Default: 1.")
@click.option("--amount", help="With SALE: the price of all of it, such as 19.90.")
@click.option("--currency", help="With SALE: the ISO 4217 code of --amount, such as EUR.")
@click.option("--promise", metavar="AMOUNT", help="With PTP: what the person promised to pay, in the debt's currency.")
@click.option("--by", metavar="DATE", help="With --promise: the day by which it is paid.")
@click.option("--debt", metavar="REFERENCE", help="With --promise: on which debt, where the person owes on several.")
@pass_context
def dispose(
    ctx: Context,
    name: str,
    status: str,
    callback_at: str | None,
    zone: str,
    mine: bool,
    comments: str,
    consented: bool,
    product: str | None,
    quantity: int | None,
    amount: str | None,
    currency: str | None,
    promise: str | None,
    by: str | None,
    debt: str | None,
) -> None:
    """Set what came of the agent's last call.

    A callback is refused when the person may not be called then; the answer says from when on they may. In a campaign
    with a script a sale needs product, amount and currency, here or as answers of these names, and the script's
    required answers.

    \b
    Examples:
      dialer agent dispose anna --status SALE
      dialer agent dispose anna --status SALE --product Gold --amount 19.90 --currency EUR --quantity 2
      dialer agent dispose anna --status CALLBK --at "2026-11-24 15:00" --mine --consented
      dialer agent dispose anna --status PTP --promise 120.00 --by 2026-12-01 --debt A-1001
    """
    if (promise is None) != (by is None):
        raise click.UsageError("--promise and --by go together: how much, and by which day")
    sale = {"product": product, "quantity": quantity, "amount": amount, "currency": currency}
    body: dict[str, Any] = {"status": status, **{key: value for key, value in sale.items() if value is not None}}
    if promise is not None:
        body |= {"promise": promise, "by": by, **({} if debt is None else {"debt": debt})}
    if callback_at is not None:
        body |= {"callback_at": callback_at, "zone": zone, "mine": mine, "comments": comments, "consented": consented}
    elif zone or mine or comments or consented:
        raise click.UsageError("--zone, --mine, --comments and --consented go with --at")
    _command(ctx, name, "dispose", body)


@agent.command()
@click.argument("name")
@json_option
@pass_context
def script(ctx: Context, name: str, as_json: bool) -> None:
    """Show what the agent says now by the campaign's script, and what is asked.

    \b
    Example:
      dialer agent script anna
    """
    sheet = ctx.api("GET", "agents", name, "script")
    if as_json:
        show_json(sheet)
        return
    click.echo(f"{sheet['script']} {sheet['version']}, step {sheet['step']}\n")
    if sheet["say"]:
        click.echo(sheet["say"] + "\n")
    if sheet["ask"]:
        asked = [{**each, "wanted": _wanted(each)} for each in sheet["ask"]]
        show_rows(asked, ("field", "prompt", "wanted", "answer"), as_json=False, empty="")
    if sheet["ended"]:
        click.echo(f"end of the script; dispose as {' or '.join(sheet['ends'])}")


def _wanted(field: Mapping[str, Any]) -> str:
    bounds = [f"{word} {field[key]}" for word, key in (("from", "min"), ("to", "max")) if field[key] is not None]
    of = " | ".join(field["choices"]) or " ".join(filter(None, [field["kind"], field["currency"], *bounds]))
    return of if field["required"] else f"{of} (optional)"


@agent.command()
@click.argument("name")
@click.argument("answers", nargs=-1, required=True, metavar="FIELD=VALUE...")
@pass_context
def answer(ctx: Context, name: str, answers: tuple[str, ...]) -> None:
    """Take down answers to the script's questions; FIELD= leaves an optional one open.

    An answer to an earlier question is mended; the script goes back as far as its way changes by it.

    \b
    Examples:
      dialer agent answer anna reached=customer
      dialer agent answer anna product=Gold amount=19.90 email=
    """
    pairs = [text.partition("=") for text in answers]
    for field, sign, value in pairs:
        if not sign or not field.strip():
            raise click.UsageError(f"'{field}{sign}{value}' is not FIELD=VALUE, for example product=Gold")
    _command(ctx, name, "answer", {"answers": {field.strip(): value for field, _, value in pairs}})


@agent.command()
@click.argument("name")
@json_option
@pass_context
def state(ctx: Context, name: str, as_json: bool) -> None:
    """Show an agent's state.

    \b
    Example:
      dialer agent state anna --json
    """
    show_facts(ctx.api("GET", "agents", name), as_json=as_json)


def _require_station(ctx: Context, station: str) -> None:
    if ctx.config.station_named(station) is None:
        known = ", ".join(s.name for s in ctx.config.station) or "none yet"
        raise Failure(f"dialer.toml has no [[station]] named '{station}'; known: {known}")


def _command(ctx: Context, name: str, verb: str, body: dict[str, Any] | None = None) -> None:
    click.echo(ctx.api("POST", "agents", name, verb, body=body)["text"])
