"""Command line of the far end: `python -m dialer.farend carrier|phones|agents|call|profile`."""

import asyncio
import json
import signal
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

from dialer.farend.agents import Agents
from dialer.farend.bots import BUILT_IN_AGENTS, load_agents
from dialer.farend.caller import SipCaller, heard
from dialer.farend.carrier import Carrier
from dialer.farend.eventlog import EventLog
from dialer.farend.fields import ProfileError, keys_of, to_toml
from dialer.farend.phones import BUILT_IN_PHONES, Phones, load_phones
from dialer.farend.profile import BUILT_IN, Override, SoundKind, load
from dialer.farend.transactions import Endpoint

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Profile = TypeVar("_Profile")
_FILE = click.Path(dir_okay=False, path_type=Path)


def _address(ctx: click.Context, param: click.Parameter, value: str) -> Endpoint:
    host, colon, port = value.rpartition(":")
    if not colon or not port.isdecimal() or not int(port) < 65536:
        raise click.BadParameter(f"{value!r} is not IP:PORT, such as 127.0.0.1:5070", ctx, param)
    return host, int(port)


def _ports(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, int]:
    first, _, last = value.partition("-")
    if not (first.isdecimal() and last.isdecimal() and 1024 <= int(first) < int(last) < 65536):
        raise click.BadParameter(f"{value!r} is not FIRST-LAST within 1024-65535, such as 20000-29998", ctx, param)
    return int(first), int(last)


class _Server(Protocol):
    async def open(self) -> None: ...

    async def close(self) -> None: ...


async def _serve(server: _Server) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    await server.open()
    try:
        await stop.wait()
    finally:
        await server.close()


def _run(make: Callable[[EventLog], _Server], log: Path | None) -> None:
    async def main(events: EventLog) -> None:
        await _serve(make(events))

    try:
        with EventLog(log) as events:
            asyncio.run(main(events))
    except OSError as error:
        raise click.ClickException(str(error)) from error


_rtp_ports = click.option("--rtp-ports", default="20000-29998", show_default=True, callback=_ports, help="Audio ports.")
_seed = click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same behaviour.")
_log = click.option("--log", type=_FILE, help="Append one JSON line per event to this file.")


def _bind(default: str) -> Callable[[_Command], _Command]:
    return click.option("--bind", default=default, show_default=True, callback=_address, help="IP:PORT for SIP (UDP).")


def _profile(built_in: Iterable[str]) -> Callable[[_Command], _Command]:
    text = f"TOML file, or one of {', '.join(built_in)}."
    return click.option("--profile", "profile_name", default="demo", show_default=True, help=text)


def _loaded(loader: Callable[[str], _Profile], name: str) -> _Profile:
    try:
        return loader(name)
    except ProfileError as error:
        raise click.ClickException(str(error)) from error


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Carrier, phones and agents for trying the dialer without a telephone network."""


@main.command()
@_bind("127.0.0.1:5070")
@_profile(BUILT_IN)
@_seed
@_log
@click.option("--max-calls", type=click.IntRange(min=1), help="Refuse further calls with 503 and Q.850 cause 34.")
@_rtp_ports
def carrier(
    bind: Endpoint,
    profile_name: str,
    seed: int,
    log: Path | None,
    max_calls: int | None,
    rtp_ports: tuple[int, int],
) -> None:
    """Take calls to any number and behave by a seeded profile.

    Example: python -m dialer.farend carrier --bind 127.0.0.1:5070 --profile quick --seed 7 --log carrier.jsonl
    """
    profile = _loaded(load, profile_name)
    _run(lambda events: Carrier(bind, profile, seed, events, max_calls=max_calls, rtp_ports=rtp_ports), log)


@main.command()
@_bind("127.0.0.1:5080")
@click.option("--count", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many phones.")
@click.option("--prefix", default="agent", show_default=True, help="Phones are PREFIX1, PREFIX2, ...")
@click.option("--tone-hz", type=click.IntRange(100, 3400), help="Send this tone, whatever the profile says.")
@_profile(BUILT_IN_PHONES)
@_seed
@_log
@_rtp_ports
def phones(
    bind: Endpoint,
    count: int,
    prefix: str,
    tone_hz: int | None,
    profile_name: str,
    seed: int,
    log: Path | None,
    rtp_ports: tuple[int, int],
) -> None:
    """Be the agents' SIP phones: answer, keep the call up, talk and measure.

    Example: python -m dialer.farend phones --bind 127.0.0.1:5080 --count 5 --log phones.jsonl
    """
    profile = _loaded(load_phones, profile_name)
    if tone_hz is not None:
        profile = replace(profile, phone=replace(profile.phone, sound=SoundKind.TONE, tone_hz=tone_hz))
    _run(lambda events: Phones(bind, count, profile, seed, events, prefix=prefix, rtp_ports=rtp_ports), log)


@main.command()
@click.option("--api", required=True, help="The dialer's local API, such as http://127.0.0.1:8088.")
@click.option("--token-file", required=True, type=_FILE, help="File that holds the API's token.")
@click.option("--names", required=True, help="Agents, separated by commas.")
@click.option("--campaign", help="Campaign to log in to; otherwise the dialer chooses.")
@_profile(BUILT_IN_AGENTS)
@_seed
@_log
def agents(
    api: str, token_file: Path, names: str, campaign: str | None, profile_name: str, seed: int, log: Path | None
) -> None:
    """Be agents at the dialer's API: log in, be ready, dispose of calls, pause, log out at the end.

    Example: python -m dialer.farend agents --api http://127.0.0.1:8088 --token-file api.token --names alice,bob
    """
    profile = _loaded(load_agents, profile_name)
    people = [name.strip() for name in names.split(",") if name.strip()]
    if not people:
        raise click.BadParameter("give at least one name, such as alice,bob", param_hint="--names")
    _run(lambda events: Agents(api, token_file, people, profile, seed, events, campaign=campaign), log)


@main.command()
@click.argument("address")
@click.option("--bind", default="127.0.0.1:0", show_default=True, callback=_address, help="IP:PORT for SIP (UDP).")
@click.option("--tone-hz", type=click.IntRange(100, 3400), default=700, show_default=True, help="Tone to send.")
@click.option("--talk-s", type=click.FloatRange(min=0), default=3.0, show_default=True, help="Seconds to talk.")
@click.option("--caller-id", default="+12125550100", show_default=True, help="Number to show.")
@_rtp_ports
def call(address: str, bind: Endpoint, tone_hz: int, talk_s: float, caller_id: str, rtp_ports: tuple[int, int]) -> None:
    """Place one call to a SIP ADDRESS, send a tone, print codes and what was heard as JSON.

    Example: python -m dialer.farend call sip:agent1@127.0.0.1:5080 --tone-hz 700 --talk-s 3
    """

    async def place() -> dict[str, object]:
        async with SipCaller(bind, rtp_ports=rtp_ports) as caller:
            made = await caller.talk(address, tone_hz=tone_hz, talk_s=talk_s, caller_id=caller_id)
            found = heard(made)
            return {"codes": made.codes, "reason": made.reason, "heard": None if found is None else asdict(found)}

    try:
        click.echo(json.dumps(asyncio.run(place())))
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error


@main.command("profile")
@click.argument("which", type=click.Choice(["carrier", "phones", "agents"]))
@click.argument("name", default="demo")
def show_profile(which: str, name: str) -> None:
    """Print a profile (built in or a file) as TOML with every key.

    Example: python -m dialer.farend profile carrier quick > mine.toml
    """
    loaders: dict[str, Callable[[str], Any]] = {"carrier": load, "phones": load_phones, "agents": load_agents}
    click.echo(to_toml(_loaded(loaders[which], name)), nl=False)
    if which == "carrier":
        click.echo("\n" + keys_of(Override()), nl=False)


if __name__ == "__main__":
    main()
