"""One gateway board on the asyncio loop: a serial port and the host's end of its protocol."""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from firmware_bridge import messages as m
from firmware_bridge.commands import Done
from firmware_bridge.host import BoardDown, BoardRefused, BoardUp, Host, HostEvent, Updating
from firmware_bridge.mirror import Mirror, Port
from firmware_bridge.port import PortSettings, SerialPort
from firmware_bridge.session import Unreadable
from firmware_bridge.update import Stage, UpdateError, Upload, check_started, explain

UPDATE_TRIES = 5
BOOT_WITHIN_S = 30.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BoardSettings:
    """A board: its name, its port, and for how many seconds it may be silent before its calls count as lost."""

    name: str
    port: PortSettings
    keepalive_s: float = m.KEEPALIVE_MS / 1000


class Board:
    """Events come as values to `on_event`, on the loop. Commands are those of `Host`, with the same promises."""

    def __init__(
        self, settings: BoardSettings, on_event: Callable[[HostEvent], None], *, seed: int | None = None
    ) -> None:
        self.settings = settings
        self._on_event = on_event
        rng = random.Random(seed) if seed is not None else random.SystemRandom()
        self._host = Host(rng, keepalive_s=settings.keepalive_s)
        self._port = SerialPort(settings.port, on_open=self._opened, on_lost=self._lost, on_data=self._data)
        self._timer: asyncio.TimerHandle | None = None
        self._warned: set[str] = set()
        self._watchers: list[Callable[[HostEvent], None]] = []
        self.updating = False
        self._closing = False

    @property
    def up(self) -> bool:
        """Whether the board can be commanded."""
        return self._host.up

    @property
    def mirror(self) -> Mirror:
        """What the board's lines, headsets and crosspoints are."""
        return self._host.mirror

    @property
    def host(self) -> Host:
        """The protocol's state, for figures."""
        return self._host

    @property
    def problem(self) -> str | None:
        """Why the port is away; None when it is open."""
        return self._port.problem

    def start(self) -> None:
        """Open the port and look for the board, from now on and for as long as it takes."""
        self._closing = False
        self._port.start()

    async def close(self) -> None:
        """End the session, so that the board makes itself safe, and let go of the port."""
        self._closing = True
        self._tell(self._host.stop())
        self._port.write(self._host.data_to_send(self._now()))
        self._cancel_timer()
        self._port.close()

    def call(self, line: int, digits: str, mode: m.DialMode = m.DialMode.DTMF) -> int:
        """Dial on a line; gives the call's number, or 0 when the board is not up or its firmware is being replaced."""
        if self.updating:
            return m.NO_CALL
        number = self._host.call(line, digits, mode)
        self._flush()
        return number

    def release(self, line: int, call: int) -> None:
        """Hang up a call; nothing happens if the line does not have it."""
        self._host.release(line, call)
        self._flush()

    def digits(self, line: int, call: int, digits: str) -> None:
        """Send tones, at most 32, into an answered call."""
        self._host.digits(line, call, digits)
        self._flush()

    def join(self, a: Port, a_call: int, b: Port, b_call: int) -> None:
        """Close a crosspoint; the call of a headset or tie is 0."""
        self._host.join(a, a_call, b, b_call)
        self._flush()

    def part(self, a: Port, b: Port) -> None:
        """Open a crosspoint."""
        self._host.part(a, b)
        self._flush()

    def set_headset(self, headset: int, lamp: m.Lamp, *, ring: bool, muted: bool) -> None:
        """What a headset's lamp, ringer and microphone shall be."""
        self._host.set_headset(headset, lamp, ring=ring, muted=muted)
        self._flush()

    def ask(self, command: m.HostMessage) -> None:
        """Any other command (CountersGet, Reboot ...)."""
        self._host.ask(command)
        self._flush()

    async def update(
        self, image: bytes, on_progress: Callable[[int, int], None] = lambda taken, size: None
    ) -> m.Welcome:
        """Replace the firmware: upload, reboot, see that it works, confirm. Gives what the new firmware says of itself.

        No call is placed meanwhile. Raises `UpdateError` with what is wrong and what to do.
        """
        if self.updating:
            raise UpdateError("this board's firmware is being replaced already")
        events: asyncio.Queue[HostEvent] = asyncio.Queue()

        def watch(event: HostEvent) -> None:
            if isinstance(event, BoardUp | BoardDown | Done | m.UpdateIs):
                events.put_nowait(event)

        self._watchers.append(watch)
        self._set_updating(True)
        try:
            await self._upload(Upload(image), events, on_progress)
            before = self._host.welcome
            welcome = await self._reboot(events)
            check_started(image, before, welcome, self.mirror.update)
            await self._confirm(events)
        except TimeoutError:
            raise UpdateError(f"nothing came of the board for {BOOT_WITHIN_S:g} s: power it off and on") from None
        finally:
            self._watchers.remove(watch)
            self._set_updating(False)
        return welcome

    def _set_updating(self, under_way: bool) -> None:
        self.updating = under_way
        self._tell([Updating(under_way)])

    async def _reboot(self, events: "asyncio.Queue[HostEvent]") -> m.Welcome:
        for _ in range(UPDATE_TRIES):
            self.ask(m.Reboot(0))
            async with asyncio.timeout(BOOT_WITHIN_S):
                while not isinstance(event := await events.get(), BoardUp):
                    if isinstance(event, Done) and isinstance(event.command, m.Reboot):
                        explain(event)
            if event.rebooted:
                return event.welcome
        raise UpdateError(f"the board was lost {UPDATE_TRIES} times before it could reboot; try again")

    async def _confirm(self, events: "asyncio.Queue[HostEvent]") -> None:
        self.ask(m.UpdateConfirm(0))
        async with asyncio.timeout(BOOT_WITHIN_S):
            while not isinstance(event := await events.get(), Done) or not isinstance(event.command, m.UpdateConfirm):
                if isinstance(event, BoardDown):
                    raise UpdateError(f"the new firmware was lost before it was confirmed: {event.reason}; try again")
        explain(event)

    async def _upload(
        self, upload: Upload, events: "asyncio.Queue[HostEvent]", on_progress: Callable[[int, int], None]
    ) -> None:
        tries = 0
        while upload.stage is not Stage.TAKEN:
            if self.up:
                for command in upload.due():
                    self.ask(command)
            async with asyncio.timeout(BOOT_WITHIN_S):
                event = await events.get()
            match event:
                case Done() as done:
                    upload.done(done)
                    on_progress(upload.taken, upload.size)
                case m.UpdateIs() as update:
                    upload.told(update)
                case BoardDown() as down:
                    tries += 1
                    if tries == UPDATE_TRIES:
                        raise UpdateError(f"the board was lost {tries} times: {down.reason}")
                    upload.restart()

    def _opened(self) -> None:
        self._host.start(self._now())
        self._flush()

    def _lost(self, problem: str) -> None:
        self._tell(self._host.drop(problem))
        self._cancel_timer()

    def _data(self, data: bytes) -> None:
        self._tell(self._host.receive(data, self._now()))
        self._flush()

    def _due(self) -> None:
        self._timer = None
        self._tell(self._host.handle_timer(self._now()))
        self._flush()

    def _flush(self) -> None:
        now = self._now()
        self._port.write(self._host.data_to_send(now))
        self._cancel_timer()
        at = self._host.deadline(now)
        if at is not None and self._port.is_open:
            self._timer = asyncio.get_running_loop().call_at(at, self._due)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self, events: list[HostEvent]) -> None:
        for event in events:
            self._log(event)
            for watcher in (self._on_event, *self._watchers):
                watcher(event)

    def _log(self, event: HostEvent) -> None:
        name = self.settings.name
        match event:
            case BoardUp():
                welcome = event.welcome
                _log.info(
                    "%s: board %r is up (build %s, reset cause %s): %d lines, %d headsets",
                    name,
                    welcome.name,
                    welcome.build.hex(),
                    welcome.reset_cause.name,
                    welcome.lines,
                    welcome.headsets,
                )
                self._warned.clear()
            case BoardDown() if not self._closing:
                _log.warning("%s: board lost: %s", name, event.reason)
            case BoardRefused():
                self._warn_once(event.reason)
            case Unreadable():
                self._warn_once(f"a message that cannot be read: {event.detail}")

    def _warn_once(self, what: str) -> None:
        if what not in self._warned and len(self._warned) < 16:
            self._warned.add(what)
            _log.warning("%s: %s", self.settings.name, what)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
