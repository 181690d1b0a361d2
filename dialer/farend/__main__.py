"""Command line of the far end: `python -m dialer.farend carrier|phones|agents`."""

import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import click

from dialer.farend.carrier import Carrier
from dialer.farend.eventlog import EventLog
from dialer.farend.profile import BUILT_IN, ProfileError, load
from dialer.farend.transactions import Endpoint
from dialer.farend.useragent import RTP_PORTS


class _Address(click.ParamType[Endpoint]):
    name = "IP:PORT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Endpoint:
        host, colon, port = str(value).rpartition(":")
        if not colon or not port.isdigit() or not int(port) < 65536:
            self.fail(f"{value!r} is not IP:PORT, such as 127.0.0.1:5070", param, ctx)
        return host, int(port)


class _Ports(click.ParamType[tuple[int, int]]):
    name = "FIRST-LAST"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        first, _, last = str(value).partition("-")
        if not (first.isdigit() and last.isdigit() and 1024 <= int(first) < int(last) < 65536):
            self.fail(f"{value!r} is not FIRST-LAST within 1024-65535, such as 20000-29998", param, ctx)
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


_rtp_ports = click.option(
    "--rtp-ports", type=_Ports(), default=RTP_PORTS, show_default="20000-29998", help="Ports for audio."
)
_seed = click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same behaviour.")
_log = click.option(
    "--log", type=click.Path(dir_okay=False, path_type=Path), help="Append one JSON line per event to this file."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Carrier, phones and agents for trying the dialer without a telephone network."""


@main.command()
@click.option(
    "--bind", type=_Address(), default="127.0.0.1:5070", show_default=True, help="Where to take SIP calls (UDP)."
)
@click.option(
    "--profile", "profile_name", default="demo", show_default=True, help=f"TOML file, or one of {', '.join(BUILT_IN)}."
)
@_seed
@_log
@click.option("--max-calls", type=click.IntRange(min=1), help="Refuse further calls with 503 and Q.850 cause 34.")
@_rtp_ports
def carrier(
    bind: Endpoint, profile_name: str, seed: int, log: Path | None, max_calls: int | None, rtp_ports: tuple[int, int]
) -> None:
    """Take calls to any number and behave by a seeded profile.

    Example: python -m dialer.farend carrier --bind 127.0.0.1:5070 --profile quick --seed 7 --log carrier.jsonl
    """
    try:
        profile = load(profile_name)
    except ProfileError as error:
        raise click.ClickException(str(error)) from error

    _run(lambda events: Carrier(bind, profile, seed, events, max_calls=max_calls, rtp_ports=rtp_ports), log)


if __name__ == "__main__":
    sys.exit(main())
