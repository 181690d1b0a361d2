"""A hands-free headset on a pty, with buttons to press: bumble's hands-free role (HFP 1.8) speaks for it.

`python -m bench.hil.emulated.headset PORT` runs one by hand, with the buttons on the keyboard.
"""

import argparse
import asyncio
import errno
import logging
import os
import select
import tty
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

from bumble import hfp
from bumble.core import InvalidPacketError

from bench.hil.emulated.keyboard import Keyboard
from bench.hil.files import BenchError
from bench.hil.links import drop_link, make_link

READ_BYTES = 4096
PATIENCE_S = 5.0
_LOOK_S = 0.03
_CONNECT_DELAY_S = 0.1
_AGAIN_S = 0.5
_log = logging.getLogger(__name__)
_FEATURES = [
    hfp.HfFeature.THREE_WAY_CALLING,
    hfp.HfFeature.CLI_PRESENTATION_CAPABILITY,
    hfp.HfFeature.ENHANCED_CALL_STATUS,
    hfp.HfFeature.CODEC_NEGOTIATION,
    hfp.HfFeature.HF_INDICATORS,
]
_INDICATORS = [hfp.HfIndicator.ENHANCED_SAFETY, hfp.HfIndicator.BATTERY_LEVEL]


class EmulatedHeadset:
    """A headset whose link is the pty that the symbolic link `port` points to while it is switched on.

    It connects whenever somebody opens the port, as a headset does when its RFCOMM channel comes up. With
    `answers_after_s` its agent presses the button that long after it begins to ring; without `battery_percent` it never
    tells its battery. `follows_gains` says, before it connects, whether the gateway may set its gains.
    """

    def __init__(self, port: Path, *, battery_percent: int | None = 80, answers_after_s: float | None = None) -> None:
        self.port = port
        self.battery_percent = battery_percent
        self.answers_after_s = answers_after_s
        self.speaker_gain = self.microphone_gain = 12
        self.follows_gains = True
        self.connections = self.rings = 0
        self._master: int | None = None
        self._pty_name = ""
        self._life: asyncio.Task[None] | None = None
        self._answering: asyncio.TimerHandle | None = None
        self._unit: _Unit | None = None
        self._presses: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()

    @property
    def connected(self) -> bool:
        """The service level connection stands."""
        return self._unit is not None and self._unit.ready

    @property
    def protocol(self) -> hfp.HfProtocol:
        """Bumble's hands-free role of the link that stands. Raises ConnectionError without one."""
        if self._unit is None or not self._unit.ready:
            raise ConnectionError(f"the headset at {self.port} has no link")
        return self._unit.protocol

    @property
    def ringing(self) -> bool:
        """Its ringing light is on."""
        return self._indicator(hfp.AgIndicator.CALL_SETUP) == hfp.CallSetupAgIndicator.INCOMING_CALL_PROCESS

    @property
    def in_call(self) -> bool:
        """Its call light is on."""
        return self._indicator(hfp.AgIndicator.CALL) == 1

    @property
    def muted(self) -> bool:
        """Its microphone is closed."""
        return self.microphone_gain == 0

    async def switch_on(self) -> None:
        """Be there: the port appears. Raises BenchError when something else is at its path."""
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self._pty_name = os.ttyname(slave)
        os.close(slave)
        try:
            self.port.parent.mkdir(parents=True, exist_ok=True)
            make_link(self.port, self._pty_name)
        except (OSError, BenchError):
            os.close(master)
            raise
        self._master = master
        self._life = asyncio.create_task(self._live(self._master))

    async def switch_off(self) -> None:
        """Be gone, port and all; nothing when it is off."""
        if self._life is None or self._master is None:
            return
        for task in (self._life, *self._presses):
            task.cancel()
        await asyncio.gather(self._life, *self._presses, return_exceptions=True)
        drop_link(self.port, self._pty_name)
        os.close(self._master)
        self._life = self._master = None

    async def fall_silent(self) -> None:
        """Hear and say nothing more while the port stays, as a serial module that hangs."""
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)

    async def press_answer(self) -> None:
        """The button while it rings. Raises HfpProtocolError when the gateway refuses, ConnectionError without one."""
        await self.protocol.answer_incoming_call()  # type: ignore[no-untyped-call]

    async def press_end(self) -> None:
        """The button to end or refuse a call."""
        await self.protocol.terminate_call()  # type: ignore[no-untyped-call]

    async def mute(self, muted: bool, open_gain: int = 12) -> None:
        """The mute button: the microphone's gain goes to 0, or back to `open_gain`."""
        self.microphone_gain = 0 if muted else open_gain
        await self.send(f"AT+VGM={self.microphone_gain}")

    async def set_volume(self, gain: int) -> None:
        """The volume buttons, 0 to 15."""
        self.speaker_gain = gain
        await self.send(f"AT+VGS={gain}")

    async def set_battery(self, percent: int) -> None:
        """Let the battery have another level."""
        self.battery_percent = percent
        await self.send(f"AT+BIEV={hfp.HfIndicator.BATTERY_LEVEL},{percent}")

    async def send(self, command: str) -> None:
        """Any command. Raises HfpProtocolError when it is refused."""
        await self.protocol.execute_command(command)

    async def calls(self) -> list[hfp.CallInfo]:
        """The calls that the gateway has, as AT+CLCC tells them."""
        return await self.protocol.query_current_calls()

    def say_raw(self, data: bytes) -> None:
        """Any bytes, as noise on the line. Raises ConnectionError without a link."""
        self.protocol.dlc.write(data)

    async def until(self, true: Callable[["EmulatedHeadset"], bool]) -> None:
        """Wait until `true(self)`. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_S):
            while not true(self):
                self._news.clear()
                await self._news.wait()

    def _indicator(self, indicator: hfp.AgIndicator) -> int:
        states = self._unit.protocol.ag_indicators if self._unit is not None else []
        return next((state.current_status for state in states if state.indicator is indicator), 0)

    async def _live(self, master: int) -> None:
        while True:
            while _hung_up(master):
                await asyncio.sleep(_LOOK_S)
            await asyncio.sleep(_CONNECT_DELAY_S)
            self._unit = unit = _Unit(master, self.follows_gains)
            self._listen(unit.protocol)
            try:
                await unit.live(self._on_ready)
            except (ConnectionError, InvalidPacketError, hfp.HfpProtocolError, TimeoutError) as error:
                _log.info("headset at %s: %s", self.port, error or "no answer")
            finally:
                unit.close()
                self._unit = None
                self._tell()
            await asyncio.sleep(_AGAIN_S)

    async def _on_ready(self, protocol: hfp.HfProtocol) -> None:
        self.connections += 1
        await protocol.execute_command("AT+CLIP=1")
        await protocol.execute_command(f"AT+VGS={self.speaker_gain}")
        await protocol.execute_command(f"AT+VGM={self.microphone_gain}")
        if self.battery_percent is not None:
            await protocol.execute_command(f"AT+BIEV={hfp.HfIndicator.BATTERY_LEVEL},{self.battery_percent}")
        self._tell()

    def _listen(self, protocol: hfp.HfProtocol) -> None:
        protocol.on(protocol.EVENT_RING, self._on_ring)
        protocol.on(protocol.EVENT_AG_INDICATOR, lambda _: self._tell())
        protocol.on(protocol.EVENT_MICROPHONE_VOLUME, self._on_microphone_gain)

    def _on_ring(self) -> None:
        self.rings += 1
        if self.answers_after_s is not None and self._answering is None:
            loop = asyncio.get_running_loop()
            self._answering = loop.call_later(self.answers_after_s, self._answer_if_ringing)
        self._tell()

    def _answer_if_ringing(self) -> None:
        self._answering = None
        if self.ringing:
            press = asyncio.create_task(self._answer())
            self._presses.add(press)
            press.add_done_callback(self._presses.discard)

    async def _answer(self) -> None:
        with suppress(hfp.HfpProtocolError, ConnectionError, TimeoutError):
            await self.press_answer()

    def _on_microphone_gain(self, gain: int) -> None:
        self.microphone_gain = gain
        self._tell()

    def _tell(self) -> None:
        self._news.set()


class _Unit:
    """One connection: bumble's protocol over the master side of a pty, which takes the place of an RFCOMM channel."""

    def __init__(self, master: int, follows_gains: bool) -> None:
        self._master = master
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ready = False
        self.sink: Callable[[bytes], None] = lambda _: None
        self.multiplexer = SimpleNamespace(l2cap_channel=SimpleNamespace(EVENT_CLOSE="close", on=lambda *_: None))
        features = [*_FEATURES, hfp.HfFeature.REMOTE_VOLUME_CONTROL] if follows_gains else _FEATURES
        configuration = hfp.HfConfiguration(features, _INDICATORS, [hfp.AudioCodec.CVSD, hfp.AudioCodec.MSBC])
        self.protocol = hfp.HfProtocol(self, configuration)  # type: ignore[arg-type]
        asyncio.get_running_loop().add_reader(master, self._read)

    async def live(self, on_ready: Callable[[hfp.HfProtocol], Awaitable[None]]) -> None:
        """Connect, then do what the gateway says until the link ends. Raises ConnectionError then."""
        work = asyncio.create_task(self._work(on_ready))
        try:
            await asyncio.wait((work, self._closed), return_when=asyncio.FIRST_COMPLETED)
            if self._closed.done():
                raise ConnectionError("the port was closed")
            await work
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    def write(self, data: str | bytes) -> None:
        """Send to the gateway; what the port does not take is lost."""
        with suppress(BlockingIOError, OSError):
            os.write(self._master, data.encode() if isinstance(data, str) else data)

    def close(self) -> None:
        """Hear nothing more."""
        asyncio.get_running_loop().remove_reader(self._master)
        self._closed.cancel()

    async def _work(self, on_ready: Callable[[hfp.HfProtocol], Awaitable[None]]) -> None:
        await self.protocol.initiate_slc()  # type: ignore[no-untyped-call]
        await on_ready(self.protocol)
        self.ready = True
        while True:
            await self.protocol.handle_unsolicited()  # type: ignore[no-untyped-call]

    def _read(self) -> None:
        try:
            data = os.read(self._master, READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b""
        if data:
            self.sink(data)
        else:
            asyncio.get_running_loop().remove_reader(self._master)
            if not self._closed.done():
                self._closed.set_result(None)


def _hung_up(master: int) -> bool:
    """Nobody has the other side of the pty open."""
    poll = select.poll()
    poll.register(master, 0)
    return any(event & select.POLLHUP for _, event in poll.poll(0))


_BUTTONS = "answer, end, mute, open, volume N, battery N, off, on, quit"


async def _press(headset: EmulatedHeadset, words: list[str]) -> None:
    match words:
        case ["answer"]:
            await headset.press_answer()
        case ["end"]:
            await headset.press_end()
        case ["mute" | "open" as button]:
            await headset.mute(button == "mute")
        case ["volume", gain] if gain.isdecimal():
            await headset.set_volume(int(gain))
        case ["battery", percent] if percent.isdecimal():
            await headset.set_battery(int(percent))
        case ["off"]:
            await headset.switch_off()
        case ["on"]:
            await headset.switch_off()
            await headset.switch_on()
        case _:
            print(f"buttons: {_BUTTONS}")


async def _by_hand(port: Path, answers_after_s: float | None) -> None:
    headset = EmulatedHeadset(port, answers_after_s=answers_after_s)
    with Keyboard() as typed:
        await headset.switch_on()
        try:
            print(f"headset at {port}; buttons: {_BUTTONS}", flush=True)
            async for words in typed:
                await _press_and_tell(headset, words)
        finally:
            await headset.switch_off()


async def _press_and_tell(headset: EmulatedHeadset, words: list[str]) -> None:
    try:
        await _press(headset, words)
    except (BenchError, hfp.HfpProtocolError, ConnectionError, TimeoutError) as error:
        print(f"not done: {error or 'no answer'}")
    light = "in a call" if headset.in_call else "ringing" if headset.ringing else "idle"
    link = "connected" if headset.connected else "no link"
    print(f"{link}, {light}, {'muted' if headset.muted else 'open'}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A hands-free headset that is not there, on a pty.")
    parser.add_argument("port", type=Path, help="symbolic link to be made to its pty, as `port` in [[station]]")
    parser.add_argument("--answers-after", type=float, metavar="SECONDS", help="press the answer button by itself")
    arguments = parser.parse_args()
    try:
        asyncio.run(_by_hand(arguments.port, arguments.answers_after))
    except BenchError as error:
        parser.exit(1, f"error: {error}\n")
