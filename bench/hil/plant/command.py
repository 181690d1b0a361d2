"""`dialer bench emulate`. Imports little, as `dialer --help` loads it."""

import asyncio
import os
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from bench.hil.plant.plan import Plan
    from bench.hil.plant.plant import Plant
    from dialer.farend.eventlog import EventLog

_READ_BYTES = 4096
_MAX_LINE = 1000
_NEEDED = {"qemu-system-arm": "qemu-system-arm", "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi"}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--modems", default="quectel,huawei", show_default=True, metavar="MAKERS",
    help="A modem for each of these: quectel, simcom, huawei, plain; '' for none.",
)  # fmt: skip
@click.option("--board/--no-board", default=True, show_default=True, help="The reference gateway board, in QEMU.")
@click.option("--headset/--no-headset", default=True, show_default=True, help="A hands-free headset.")
@click.option("--sip", is_flag=True, help="Print the sections for a SIP carrier and phones not only as comments.")
@click.option("--seed", type=int, default=1, show_default=True, help="Decides by the number who answers, and how.")
@click.option(
    "--talk-s", nargs=2, type=click.FloatRange(min=0.1), default=(10.0, 30.0), show_default=True, metavar="LEAST MOST",
    help="Seconds that people talk before they hang up.",
)  # fmt: skip
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path), help="Append one JSON line for each event.")
def emulate(
    folder: Path,
    modems: str,
    board: bool,
    headset: bool,
    sip: bool,
    seed: int,
    talk_s: tuple[float, float],
    log: Path | None,
) -> None:
    """Be modems, a gateway board and a headset under FOLDER, with people to call, until Ctrl-C.

    Standard output gets the sections of dialer.toml that fit. What is typed happens: unplug modem 1, freeze board,
    headset off; help lists all. All numbers can be called: 55 of 100 are people who answer, the others are busy, do not
    answer, refuse, or do not exist. Paths in FOLDER where something else is are never replaced.

    \b
    Example:
      dialer bench emulate /tmp/site-devices --modems quectel,simcom --log /tmp/far-sides.jsonl
    """
    from bench.hil.emulated.dialects import DIALECTS
    from bench.hil.plant.people import People
    from bench.hil.plant.plan import MAX_MODEMS, Plan

    makers = tuple(each.strip() for each in modems.split(",") if each.strip())
    if unknown := [each for each in makers if each not in DIALECTS]:
        raise click.UsageError(f"--modems: {', '.join(unknown)} is unknown; known: {', '.join(DIALECTS)}")
    if len(makers) > MAX_MODEMS:
        raise click.UsageError(f"--modems: {len(makers)} modems; at most {MAX_MODEMS}")
    if talk_s[0] > talk_s[1]:
        raise click.UsageError("--talk-s: the first number is the least, the second the most")
    if not (makers or board or headset):
        raise click.UsageError("there is nothing to emulate: give --modems, --board or --headset")
    _run(Plan(folder.absolute(), makers, board, headset, People(seed, talk_s)), log, sip=sip)


def _run(plan: "Plan", log: Path | None, *, sip: bool) -> None:
    from bench.hil.files import BenchError
    from dialer.farend.eventlog import EventLog

    try:
        plan.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BenchError(f"{plan.folder}: no folder can be made there: {error.strerror}") from error
    if plan.board:
        _build_board()
    try:
        events = EventLog(log)
    except OSError as error:
        raise BenchError(f"{log}: the log cannot be written: {error.strerror}") from error
    with events:
        events.listeners.append(_tell)
        asyncio.run(_live(plan, events, sip=sip))


def _build_board() -> None:
    """Build the firmware, if need be. Raises BenchError that names what is missing."""
    from bench.hil.board import FIRMWARE, build_firmware
    from bench.hil.files import BenchError
    from bench.hil.qemu import BoardError

    built = {"arm-none-eabi-gcc"} if FIRMWARE.is_file() else set()
    missing = [package for tool, package in _NEEDED.items() if tool not in built and shutil.which(tool) is None]
    if missing:
        raise BenchError(
            f"the board needs what is missing here: apt-get install {' '.join(missing)}; --no-board does without one"
        )
    try:
        build_firmware()
    except BoardError as error:
        raise BenchError(f"the board: {error}; --no-board does without one") from error


async def _live(plan: "Plan", events: "EventLog", *, sip: bool) -> None:
    from bench.hil.plant.plant import Plant
    from bench.hil.plant.sections import sections
    from firmware_bridge.firmware.outside import load_pins

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            loop.add_signal_handler(number, stop.set)
    pins = load_pins()
    async with Plant(plan, events) as plant:
        click.echo(sections(plan, lines=pins.lines, headsets=pins.headsets, ties=pins.ties, sip=sip))
        _say("all is there; type help for what can happen, Ctrl-C ends it")
        await _obey(plant, stop)


async def _obey(plant: "Plant", stop: asyncio.Event) -> None:
    """Do what is typed, line by line, until `stop` or the end of what is typed."""
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    stopped = asyncio.create_task(stop.wait())
    try:
        with _Typed(lines.put_nowait):
            while not stop.is_set():
                line = asyncio.create_task(lines.get())
                await asyncio.wait((line, stopped), return_when=asyncio.FIRST_COMPLETED)
                if not line.done():
                    line.cancel()
                elif (typed := line.result()) is None or typed.split() == ["quit"]:
                    return
                else:
                    await _do(plant, typed)
    finally:
        stopped.cancel()


async def _do(plant: "Plant", typed: str) -> None:
    from bench.hil.files import BenchError
    from bench.hil.plant.deeds import help_text

    if not typed.strip():
        return
    if typed.split() == ["help"]:
        _say(help_text(plant.deeds()) + "\n  quit: end, as Ctrl-C does")
        return
    try:
        await plant.do(typed)
    except BenchError as error:
        _say(str(error))


class _Typed:
    """Lines from standard input, None at its end; nothing from what cannot be waited for, as /dev/null and files."""

    def __init__(self, take: Callable[[str | None], None]) -> None:
        self._take = take
        self._line = bytearray()

    def __enter__(self) -> None:
        with suppress(OSError):
            asyncio.get_running_loop().add_reader(0, self._read)

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            asyncio.get_running_loop().remove_reader(0)

    def _read(self) -> None:
        try:
            data = os.read(0, _READ_BYTES)
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(0)
            self._take(None)
        *lines, rest = (bytes(self._line) + data).split(b"\n")
        for line in lines:
            self._take(line.decode(errors="replace"))
        self._line = bytearray(rest[:_MAX_LINE])


def _tell(event: dict[str, Any]) -> None:
    """What can be seen of calls and deeds."""
    match event:
        case {"event": "answered"}:
            _say(f"{event['trunk']} {event['line']}: {event.get('number')} answers")
        case {"event": "call"}:
            _say(
                f"{event['trunk']} {event['line']}: {event.get('number', 'a call to nobody')} is over, by {event['by']}"
            )
        case {"event": "did"}:
            _say(f"done: {event['what']}")


def _say(text: str) -> None:
    click.echo(text, err=True)
