"""A SIP far end that behaves as a script of `hw.fake.FarEnd` says, on the far end's own SIP and RTP stack."""

import asyncio
import struct
from collections.abc import Mapping

from dialer.farend import sdp, signals
from dialer.farend.calls import IncomingCall
from dialer.farend.useragent import UserAgent
from hw.fake import DIGIT_GAP_S, FarEnd

RTP_PORTS = (33000, 34998)
_KEYS = "0123456789*#ABCD"
_EVENT_SAMPLES = 800
_PACKETS_PER_KEY = 5


class SipFarEnd:
    """Open with `await open()`; `calls` keeps every call that came, by Call-ID."""

    def __init__(self, scripts: Mapping[str, FarEnd], default: FarEnd, port: int = 0) -> None:
        self.agent = UserAgent(("127.0.0.1", port), self._on_call, rtp_ports=RTP_PORTS)
        self.calls: dict[str, IncomingCall] = {}
        self.digits: dict[str, str] = {}
        self._scripts = scripts
        self._default = default
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """Its SIP port."""
        return self.agent.address[1]

    async def open(self) -> None:
        """Serve."""
        await self.agent.open()

    async def close(self) -> None:
        """Stop at once."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.agent.close()

    def _on_call(self, call: IncomingCall) -> bool:
        self.calls[call.call_id] = call
        script = self._scripts.get(call.number, self._default)
        call.answers_cancel = script.crosses
        if script.crosses:
            call.on_cancel = lambda: self._answer(call)
        call.on_digit = lambda digit: self._on_digit(call, digit)
        task = asyncio.create_task(self._live(call, script))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    def _on_digit(self, call: IncomingCall, digit: str) -> None:
        self.digits[call.call_id] = self.digits.get(call.call_id, "") + digit

    async def _live(self, call: IncomingCall, script: FarEnd) -> None:
        steps = [(script.ring_s, self._ring), (script.answer_s, self._answer), (script.fail_s, self._refuse)]
        at_s = 0.0
        for due_s, step in sorted((due_s, step) for due_s, step in steps if due_s is not None):
            await asyncio.sleep(due_s - at_s)
            at_s = due_s
            if call.ending is not None:
                return
            step(call)
        if call.answered_at is None:
            return
        for key in script.digits:
            await asyncio.sleep(DIGIT_GAP_S)
            await press(call, key)
        if script.hang_up_s is not None:
            await asyncio.sleep(script.hang_up_s)
            call.hang_up("script")

    def _script(self, call: IncomingCall) -> FarEnd:
        return self._scripts.get(call.number, self._default)

    def _ring(self, call: IncomingCall) -> None:
        if self._script(call).early_media:
            call.open_early(signals.ringback())
        else:
            call.ring()

    def _answer(self, call: IncomingCall) -> None:
        call.answer(signals.silence())

    def _refuse(self, call: IncomingCall) -> None:
        script = self._script(call)
        call.refuse(script.sip_code, "script", cause=script.q850)


async def press(call: IncomingCall, key: str) -> None:
    """Send a key as telephone-events (RFC 4733 section 2.5), 20 ms apart, the end three times."""
    assert call.media is not None
    offer = sdp.parse(call.invite.request.body)
    timestamp = 160 * int(asyncio.get_running_loop().time() * 50) & 0xFFFFFFFF
    for number in range(_PACKETS_PER_KEY + 3):
        end = number >= _PACKETS_PER_KEY
        duration = min(_EVENT_SAMPLES, 160 * (number + 1))
        marker = 0x80 if number == 0 else 0
        header = struct.pack("!BBHII", 0x80, marker | (offer.dtmf or 101), 40000 + number, timestamp, 99)
        body = struct.pack("!BBH", _KEYS.index(key), 0x80 | 10 if end else 10, duration)
        call.media.sock.sendto(header + body, (offer.host, offer.port))
        await asyncio.sleep(0.02)
