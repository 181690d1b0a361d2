"""One headset's link on the asyncio loop: its port, its audio gateway, and looking for it again when it is lost."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from hw.contract.driver import DriverError
from hw.headset.gateway import AudioGateway
from hw.headset.notices import Connected, Notice, Reconnected, Stalled
from hw.headset.port import SerialPort

LOOK_AGAIN_S = (0.1, 0.3, 1.0, 2.0, 5.0, 10.0)
REASONS_LOGGED = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lost:
    """The link is gone, for the reason that `detail` gives."""

    detail: str


class HeadsetLink:
    """The link to the headset `name` behind `port`.

    `on_notice` gets what the headset does, and `Lost` when a link that was connected is gone.
    """

    def __init__(self, name: str, port: str, baud: int, on_notice: Callable[[Notice | Lost], None]) -> None:
        self._name = name
        self._path = port
        self._baud = baud
        self._on_notice = on_notice
        self._gateway = AudioGateway()
        self._port: SerialPort | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._look: asyncio.TimerHandle | None = None
        self._failures = 0
        self._logged: set[str] = set()
        self.trouble = "it has not connected yet"

    @property
    def gateway(self) -> AudioGateway:
        """What is known of the headset. Change it through this link only."""
        return self._gateway

    def open(self) -> None:
        """Look for the headset from now on."""
        self._look = None
        try:
            self._port = SerialPort(self._path, self._baud, self._on_data, self._drop)
        except DriverError as error:
            self._down(str(error))

    def close(self) -> None:
        """Let go of the port."""
        for timer in (self._timer, self._look):
            if timer is not None:
                timer.cancel()
        self._timer = self._look = None
        if self._port is not None:
            self._port.close()
            self._port = None

    def ring(self) -> None:
        """Let the headset ring."""
        self._gateway.ring(asyncio.get_running_loop().time())
        self._after([])

    def hang_up(self) -> None:
        """Show the headset that the call is over."""
        self._gateway.hang_up()
        self._after([])

    def mute(self, muted: bool) -> bool:
        """Close or open the headset's microphone; False when it does not follow."""
        done = self._gateway.mute(muted)
        self._after([])
        return done

    def keep_call(self, keep: bool) -> None:
        """Let the end button only be told, or let it end the call."""
        self._gateway.keeps_call = keep

    def _on_data(self, data: bytes) -> None:
        self._after(self._gateway.receive(data, asyncio.get_running_loop().time()))

    def _on_timer(self) -> None:
        self._timer = None
        self._after(self._gateway.handle_timer(asyncio.get_running_loop().time()))

    def _after(self, notices: list[Notice]) -> None:
        gateway = self._gateway
        if self._port is not None:
            self._port.write(gateway.take_output())
        for notice in notices:
            if self._gateway is gateway:
                self._take(notice)
        self._arm()

    def _take(self, notice: Notice) -> None:
        match notice:
            case Connected():
                self._failures, self.trouble = 0, ""
                self._logged.clear()
                _log.info("headset %s is connected", self._name)
            case Reconnected():
                self.trouble = "it connects anew"
                _log.warning("headset %s connects anew: the link it had is lost", self._name)
            case Stalled(detail):
                self._drop(detail)
                return
        self._on_notice(notice)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._gateway.deadline()
        if due is not None and self._port is not None:
            self._timer = asyncio.get_running_loop().call_at(due, self._on_timer)

    def _drop(self, because: str) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None
        self._down(because)

    def _down(self, because: str) -> None:
        was_connected = self._gateway.connected
        self._gateway = AudioGateway()
        self.trouble = because
        if because not in self._logged and len(self._logged) < REASONS_LOGGED:
            self._logged.add(because)
            _log.warning("headset %s: %s; looking for it again", self._name, because)
        delay_s = LOOK_AGAIN_S[min(self._failures, len(LOOK_AGAIN_S) - 1)]
        self._failures += 1
        self._look = asyncio.get_running_loop().call_later(delay_s, self.open)
        if was_connected:
            self._on_notice(Lost(because))
