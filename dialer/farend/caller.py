"""A caller: places calls to SIP addresses, sends a tone and measures what comes back."""

import asyncio
from types import TracebackType

from dialer.farend import signals
from dialer.farend.calls import OutgoingCall
from dialer.farend.ears import Heard
from dialer.farend.eventlog import EventLog
from dialer.farend.transactions import Endpoint, Timers
from dialer.farend.useragent import RTP_PORTS, UserAgent
from dialer.farend.witness import Witness


class SipCaller:
    """An asynchronous context manager. Audio measured before the answer (early media) is kept in the same figures."""

    def __init__(
        self,
        bind: Endpoint = ("127.0.0.1", 0),
        *,
        seed: int = 0,
        log: EventLog | None = None,
        rtp_ports: tuple[int, int] = RTP_PORTS,
        timers: Timers | None = None,
    ) -> None:
        self.agent = UserAgent(bind, seed=seed, rtp_ports=rtp_ports, timers=timers)
        self._log = log or EventLog()

    async def __aenter__(self) -> "SipCaller":
        await self.agent.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.agent.close()

    def dial(self, address: str, caller_id: str = "+12125550100") -> OutgoingCall:
        """A call ready for `await call.place(sound)`. Raises ValueError for an address that is not SIP."""
        call = self.agent.dial(address, caller_id)
        Witness(call, self._log).note("dial")
        return call

    async def talk(self, address: str, *, tone_hz: int, talk_s: float, caller_id: str = "+12125550100") -> OutgoingCall:
        """Call, send a tone for `talk_s` from the answer on (or until the other side leaves), hang up."""
        call = self.dial(address, caller_id)
        if await call.place(signals.tone(tone_hz)) == 200:
            try:
                await asyncio.wait_for(call.ended.wait(), talk_s)
            except TimeoutError:
                call.hang_up("talk over")
        return call


def heard(call: OutgoingCall) -> Heard | None:
    """What came back on a call, over or not; None where no audio was ever set up."""
    return None if call.media is None else call.media.ears.heard()
