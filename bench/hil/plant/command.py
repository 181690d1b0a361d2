"""`dialer bench emulate`. Imports little, as `dialer --help` loads it."""

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from bench.hil.plant.plan import Plan
    from bench.hil.plant.plant import Plant
    from dialer.farend.eventlog import EventLog

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
    from bench.hil.emulated.keyboard import Keyboard
    from bench.hil.plant.plant import Plant
    from bench.hil.plant.sections import sections
    from firmware_bridge.firmware.outside import load_pins

    pins = load_pins()
    with Keyboard() as typed:
        async with Plant(plan, events) as plant:
            click.echo(sections(plan, lines=pins.lines, headsets=pins.headsets, ties=pins.ties, sip=sip))
            _say("all is there; type help for what can happen, Ctrl-C ends it")
            async for words in typed:
                await _do(plant, words)


async def _do(plant: "Plant", words: list[str]) -> None:
    from bench.hil.files import BenchError
    from bench.hil.plant.deeds import help_text

    if not words:
        return
    if words == ["help"]:
        _say(help_text(plant.deeds()) + "\n  quit: end, as Ctrl-C does")
        return
    try:
        await plant.do(" ".join(words))
    except BenchError as error:
        _say(str(error))


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
