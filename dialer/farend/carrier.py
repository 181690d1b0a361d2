"""The carrier: takes every call to any number and lets it meet the person, machine or refusal of its plan."""

import asyncio
import contextlib
import time
from collections import Counter
from typing import Any

from dialer.farend import signals
from dialer.farend.calls import IncomingCall
from dialer.farend.eventlog import EventLog
from dialer.farend.profile import Kind, Plan, Profile, SoundKind, plan
from dialer.farend.signals import Sound
from dialer.farend.tasks import TaskGroup
from dialer.farend.transactions import Endpoint, Timers
from dialer.farend.useragent import RTP_PORTS, UserAgent
from dialer.farend.witness import Witness

_POLL_S = 0.1
_NO_REPLY_S = 40.0
_EARLY_REFUSAL_S = 2.0


class Carrier:
    """Serves on `bind` from `await open()` to `await close()`. Several may live in one loop."""

    def __init__(
        self,
        bind: Endpoint,
        profile: Profile,
        seed: int,
        log: EventLog,
        *,
        max_calls: int | None = None,
        rtp_ports: tuple[int, int] = RTP_PORTS,
        timers: Timers | None = None,
    ) -> None:
        self.agent = UserAgent(bind, self._on_call, seed=seed, rtp_ports=rtp_ports, timers=timers)
        self._profile = profile
        self._seed = seed
        self._log = log
        self._max_calls = max_calls
        self._called: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._tasks = TaskGroup(log)

    async def open(self) -> None:
        """Start serving. Raises OSError when the address is in use."""
        signals.prepare()
        await self.agent.open()
        host, port = self.agent.address
        self._log.write("listening", address=f"{host}:{port}", profile=self._profile.name, seed=self._seed)

    async def close(self) -> None:
        """End every call and write the summary; `up` counts the calls that were up."""
        summary = self.summary()
        await self._tasks.close()
        await self.agent.close()
        self._log.write("summary", **summary)

    def summary(self) -> dict[str, Any]:
        """Counts since the start: calls, calls still up, kinds met, SIP and RTP traffic."""
        return {
            "calls": sum(self._called.values()),
            "up": len(self.agent.calls),
            "kinds": dict(self._kinds),
            **self.agent.traffic(),
        }

    def _on_call(self, call: IncomingCall) -> bool:
        nth = self._called[call.number]
        self._called[call.number] += 1
        made = plan(self._profile, self._seed, call.number, nth)
        self._kinds[made.kind.value] += 1
        witness = Witness(call, self._log, kind=made.kind.value)
        witness.note("invite", nth=nth, source=call.source)
        if self._max_calls is not None and len(self.agent.calls) > self._max_calls:
            call.refuse(503, "max calls", cause=34)
            return True
        visit = _Visit(call, made, witness, self._profile.time_scale)
        self._tasks.start(visit.run(), until=call.ended)
        return made.kind is not Kind.NO_REPLY


class _Visit:
    """One call meeting its plan."""

    def __init__(self, call: IncomingCall, made: Plan, witness: Witness, time_scale: float) -> None:
        self._call = call
        self._plan = made
        self._witness = witness
        self._time_scale = time_scale
        self._cancel_came = asyncio.Event()
        call.answers_cancel = made.kind is Kind.GLARE
        call.unanswerable = made.kind is Kind.NO_REPLY
        call.on_cancel = self._cancelled

    async def run(self) -> None:
        """Live through the plan; whoever ends the call ends this."""
        made = self._plan
        if made.kind is Kind.NO_REPLY:
            await asyncio.sleep(_NO_REPLY_S)
            self._call.ignore()
            return
        await asyncio.sleep(made.setup_s)
        if made.code is None or made.ring_s > 0:
            self._alert()
            await self._wait_ringing()
        elif made.early_media:
            self._open_early(signals.busy_tone())
            await asyncio.sleep(_EARLY_REFUSAL_S * self._time_scale)
        if made.code is not None:
            self._call.refuse(made.code, made.kind.value, cause=made.cause)
        else:
            await self._answer()

    async def _wait_ringing(self) -> None:
        if self._plan.kind is Kind.GLARE:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._cancel_came.wait(), self._plan.ring_s)
        else:
            await asyncio.sleep(self._plan.ring_s)

    def _alert(self) -> None:
        if self._plan.early_media:
            self._open_early(signals.ringback())
        else:
            self._call.ring()
            self._witness.note("ringing")

    def _open_early(self, sound: Sound) -> None:
        if self._call.open_early(sound):
            self._witness.note("early_media")

    def _cancelled(self) -> None:
        self._witness.note("cancel")
        self._cancel_came.set()

    async def _answer(self) -> None:
        if not self._call.answer(self._first_sound()):
            return
        self._witness.note("answered")
        if self._plan.kind is Kind.MACHINE:
            await asyncio.sleep(self._plan.talk_s)
            why = "machine done"
        else:
            why = await self._talk()
        if self._plan.vanish:
            self._call.vanish(why)
        else:
            self._call.hang_up(why)

    def _first_sound(self) -> Sound:
        made = self._plan
        if made.kind is Kind.MACHINE:
            return signals.greeting(made.variant, max(1, round(made.greeting_s * 10)), made.tone_hz)
        if made.sound is SoundKind.SPEECH:
            return signals.hello(made.variant)
        return signals.tone(made.tone_hz) if made.sound is SoundKind.TONE else signals.silence()

    async def _talk(self) -> str:
        """Say hello until someone speaks, then talk; leave when the talk is over or nobody speaks any more."""
        answered_at = time.monotonic()
        spoken_at: float | None = None
        while True:
            await asyncio.sleep(_POLL_S)
            now = time.monotonic()
            heard_at = self._call.heard_at()
            if spoken_at is None and heard_at is not None:
                spoken_at = now
                if self._plan.sound is SoundKind.SPEECH:
                    self._call.play(signals.speech(self._plan.variant))
            if spoken_at is not None and now - spoken_at >= self._plan.talk_s:
                return "talk over"
            if now - (heard_at or answered_at) >= self._plan.patience_s:
                return "nobody spoke"
