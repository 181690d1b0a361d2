"""One modem on its port: opens it, finds it again after it was unplugged, resets it when it hangs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from hw.contract.driver import DriverError
from hw.modem.modem import Health, Modem, ResetWanted, Told
from hw.modem.pins import PinFile
from hw.modem.port import SerialLine, imei_at, serial_paths
from hw.modem.settings import ModemSettings
from hw.modem.sms import Sms, SmsTold

LOOK_S = 1.0
SEARCH_S = 5.0
RESET_SENT_S = 0.5
RESET_S = 4.0
_RESET = b"\x1b\r\nAT+CFUN=1,1\r"
_log = logging.getLogger(__name__)


class Device:
    """Runs a `Modem` on the event loop. `on_told` gets what it tells, `on_turn` is called after every input.

    `candidates` lists the serial paths where a modem known by its IMEI may have come back; `taken` says which of
    them belong to others. Devices that share candidates share the lock `searching`, so that none finds a port busy
    only because another one is asking there.
    """

    def __init__(
        self,
        settings: ModemSettings,
        on_told: Callable[["Device", Told], None],
        on_sms: Callable[[SmsTold], None],
        *,
        candidates: Callable[[], list[str]] = serial_paths,
        taken: Callable[[str], bool] = lambda path: False,
        probe: Callable[[str, int], Awaitable[str]] = imei_at,
        searching: asyncio.Lock | None = None,
    ) -> None:
        self.settings = settings
        self.modem = Modem(
            settings.name,
            PinFile(settings.pin_file),
            profile=settings.profile,
            clir=settings.clir,
            allow_roaming=settings.allow_roaming,
            audio=settings.audio,
        )
        self.sms = Sms(self.modem)
        self.path: str | None = None
        self._on_told = on_told
        self._on_sms = on_sms
        self._candidates = candidates
        self._taken = taken
        self._probe = probe
        self._searching = searching or asyncio.Lock()
        self._line: SerialLine | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        self._left: SerialLine | None = None
        self._search_at = 0.0
        self._last_path = ""
        self._trouble = ""

    def start(self) -> None:
        """Look for the port and bring the modem up; goes on looking until `close`."""
        self._wanted.set()
        self._keeper = asyncio.create_task(self._keep(), name=f"modem {self.settings.name}")
        self._keeper.add_done_callback(self._kept)

    async def close(self) -> None:
        """Let go of the port."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for line in (self._line, self._left):
            if line is not None:
                line.close()
        self._line = self._left = None

    @property
    def settled(self) -> bool:
        """Whether waiting will hardly change whether it can be used: it is up, out of service, or not there."""
        return self.modem.settled or bool(self._trouble)

    def turn(self) -> None:
        """Pass on what the modem wants written and told, and arm its timer. Call after every command to it."""
        now = self._now()
        self.sms.turn(now)
        self._write()
        for told in self.modem.told():
            if isinstance(told, ResetWanted):
                self._reset(told)
            self._on_told(self, told)
        texts, self.sms.told = self.sms.told, []
        for text in texts:
            self._on_sms(text)
        self._write()
        self._arm(now)

    def _write(self) -> None:
        if self._line is not None:
            self._line.write(self.modem.output())

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _arm(self, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self.modem.deadline
        if deadline is not None and self._line is not None:
            self._timer = asyncio.get_running_loop().call_at(max(deadline, now), self._on_timer)

    def _on_timer(self) -> None:
        self.modem.handle_timer(self._now())
        self.turn()

    def _on_data(self, data: bytes) -> None:
        self.modem.received(data, self._now())
        self._check_identity()
        self.turn()

    def _on_lost(self, why: str) -> None:
        there = Path(self._last_path).exists()
        _log.info("modem %s: %s is lost: %s", self.settings.name, self._last_path, why)
        self._let_go(f"its port {self._last_path} failed: {why}" if there else self._gone())

    def _let_go(self, why: str) -> None:
        self._line = None
        self.path = None
        self._trouble = why
        self.modem.closed(why, self._now())
        self.sms.drop(why)
        self.turn()
        self._wanted.set()

    def _gone(self) -> str:
        """The port that it was on is gone; one sentence, whether or not it is being looked for elsewhere already."""
        imei = self.settings.imei or self.modem.identity.imei
        anywhere = f", into any socket: it is looked for by its IMEI {imei}" if imei else ""
        return f"its port {self._last_path} is gone; plug it in again{anywhere}"

    def _reset(self, told: ResetWanted) -> None:
        _log.warning("modem %s: %s; resetting it", self.settings.name, told.because)
        if self._line is not None:
            self._left, self._line = self._line, None
            self._left.write(_RESET)
            self._left.leave()
        self.path = None
        self._wanted.set()

    def _check_identity(self) -> None:
        """Somebody else's modem on the port that we were told is not ours."""
        imei, expected = self.modem.identity.imei, self.settings.imei
        if expected and imei and imei != expected and self.modem.health is not Health.OUT:
            self.modem.refuse(f"the modem on {self.path} has the IMEI {imei}, not {expected}", self._now())

    async def _keep(self) -> None:
        """Whenever the port is wanted, wait for it and open it."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if self._left is not None:
                await self._finish_reset(self._left)
            while self._line is None:
                path = await self._find()
                if path is None or not self._open(path):
                    await asyncio.sleep(LOOK_S)

    async def _finish_reset(self, line: SerialLine) -> None:
        """A port that takes nothing gets some time for the reset command, then DTR falls all the same."""
        await asyncio.sleep(RESET_SENT_S)
        line.close(drop_dtr=True)
        self._left = None
        await asyncio.sleep(RESET_S)

    def _kept(self, keeper: asyncio.Task[None]) -> None:
        problem = None if keeper.cancelled() else keeper.exception()
        if problem is not None:
            _log.error("modem %s: its port is no longer looked after", self.settings.name, exc_info=problem)

    async def _find(self) -> str | None:
        """The path to open, if the modem is there. The configured one is looked at often, all others now and then."""
        configured = self.settings.port
        if configured.startswith("/") and Path(configured).exists():
            return configured
        imei = self.settings.imei or self.modem.identity.imei
        if not imei:
            self._complain(self._why_absent())
            return None
        if self._now() < self._search_at:
            return None
        async with self._searching:
            for path in self._candidates():
                if not self._taken(path) and await self._probe(path, self.settings.baud) == imei:
                    return path
        self._search_at = self._now() + SEARCH_S
        self._complain(self._why_absent())
        return None

    def _why_absent(self) -> str:
        if self._last_path:
            return self._gone()
        if self.settings.imei:
            return f"no serial port has the modem with IMEI {self.settings.imei}; plug it in"
        return f"there is no {self.settings.port}; plug the modem in or correct the port"

    def _open(self, path: str) -> bool:
        try:
            self._line = SerialLine(path, self.settings.baud, self._on_data, self._on_lost)
        except DriverError as problem:
            self._complain(str(problem))
            return False
        self._trouble = ""
        self.path = self._last_path = path
        self.modem.opened(self._now())
        self.turn()
        return True

    def _complain(self, why: str) -> None:
        """Tell once why there is no port, and again when the reason changes."""
        if why != self._trouble:
            self._trouble = why
            self.modem.closed(why, self._now())
            self.turn()
