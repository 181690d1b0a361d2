"""Agents' phones: SIP phones that answer by themselves, keep the call up, talk, and write down what they hear."""

import asyncio
import random
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dialer.farend import signals
from dialer.farend.calls import IncomingCall
from dialer.farend.eventlog import EventLog
from dialer.farend.fields import audible, base, fill, ordered, read, table
from dialer.farend.profile import SoundKind
from dialer.farend.signals import Sound
from dialer.farend.tasks import TaskGroup
from dialer.farend.transactions import Endpoint, Timers
from dialer.farend.useragent import RTP_PORTS, UserAgent
from dialer.farend.witness import Witness, heard_fields

_POLL_S = 0.1
_QUIET_AFTER_S = 1.5


@dataclass(frozen=True, slots=True)
class PhoneHabits:
    """`[phone]`: when it answers, what it sends, and how many phones lose their first leg, and when.

    `tone_hz` 0 is a tone per phone: 1300 Hz for the first, 20 Hz more for each next. A phone hangs up by itself when
    no audio packet has come for `dead_after_s`, as phones do; 0 is never.
    """

    answer_min_s: float = 0.3
    answer_max_s: float = 1.0
    sound: SoundKind = SoundKind.SPEECH
    tone_hz: int = 0
    droppers: int = 0
    drop_min_s: float = 20.0
    drop_max_s: float = 60.0
    drop_vanishes: bool = False
    dead_after_s: float = 20.0


@dataclass(frozen=True, slots=True)
class PhoneProfile:
    """A profile of phones."""

    name: str = "demo"
    phone: PhoneHabits = field(default_factory=PhoneHabits)


BUILT_IN_PHONES = {
    "demo": PhoneProfile(),
    "quick": PhoneProfile(
        "quick", PhoneHabits(answer_min_s=0.0, answer_max_s=0.1, sound=SoundKind.TONE, dead_after_s=2.0)
    ),
    "flaky": PhoneProfile("flaky", PhoneHabits(droppers=1)),
}


def load_phones(name: str) -> PhoneProfile:
    """A built-in profile by name, or one from a TOML file. Raises ProfileError."""
    if name in BUILT_IN_PHONES:
        return BUILT_IN_PHONES[name]
    return parse_phones(read(name, list(BUILT_IN_PHONES)), source=name)


def parse_phones(document: dict[str, Any], *, source: str) -> PhoneProfile:
    """A profile from a TOML document, over the built-in one that `base` names. Raises ProfileError."""
    document = dict(document)
    start = BUILT_IN_PHONES[base(document, list(BUILT_IN_PHONES), source)]
    where = f"{source}: [phone]"
    habits = fill(start.phone, table(document.pop("phone", {}), where), where)
    ordered(habits, where, ("answer_min_s", "answer_max_s"), ("drop_min_s", "drop_max_s"))
    audible(habits.tone_hz, f"{where}: tone_hz")
    start = replace(start, name=Path(source).stem, phone=habits)
    return fill(start, document, f"{source}: top level", only=("name",))


class Phones:
    """`count` phones named agent1, agent2, ... (with another `prefix`, that) on one address.

    Another name is refused with 404, a second call to a busy phone with 486.
    """

    def __init__(
        self,
        bind: Endpoint,
        count: int,
        profile: PhoneProfile,
        seed: int,
        log: EventLog,
        *,
        prefix: str = "agent",
        rtp_ports: tuple[int, int] = RTP_PORTS,
        timers: Timers | None = None,
    ) -> None:
        self.agent = UserAgent(bind, self._on_call, seed=seed, rtp_ports=rtp_ports, timers=timers)
        self.names = [f"{prefix}{index}" for index in range(1, count + 1)]
        self._habits = profile.phone
        self._log = log
        self._random = random.Random(f"phones|{seed}")
        self._droppers = set(self._random.sample(self.names, min(profile.phone.droppers, count)))
        self._tasks = TaskGroup(log)

    async def open(self) -> None:
        """Start serving. Raises OSError when the address is in use."""
        signals.prepare()
        await self.agent.open()
        self._log.write(
            "listening", addresses=[self.address(name) for name in self.names], droppers=sorted(self._droppers)
        )

    async def close(self) -> None:
        """End every call and write the summary; `up` counts the calls that were up."""
        up = len(self.agent.calls)
        await self._tasks.close()
        await self.agent.close()
        self._log.write("summary", up=up, counts=dict(self._log.counts), **self.agent.traffic())

    def address(self, name: str) -> str:
        """The SIP address of a phone."""
        return f"sip:{name}@{self.agent.address[0]}:{self.agent.address[1]}"

    def _on_call(self, call: IncomingCall) -> bool:
        witness = Witness(call, self._log, phone=call.number)
        witness.note("invite", source=call.source)
        if call.number not in self.names:
            call.refuse(404, "no such phone")
        elif any(other is not call and other.number == call.number for other in self.agent.calls.values()):
            call.refuse(486, "busy", cause=17)
        else:
            self._tasks.start(self._live(call, witness), until=call.ended)
        return True

    async def _live(self, call: IncomingCall, witness: Witness) -> None:
        habits = self._habits
        call.ring()
        witness.note("ringing")
        await asyncio.sleep(self._random.uniform(habits.answer_min_s, habits.answer_max_s))
        if not call.answer(self._sound(call.number)):
            return
        witness.note("answered")
        drop_after_s = float("inf")
        if call.number in self._droppers:
            self._droppers.discard(call.number)
            drop_after_s = self._random.uniform(habits.drop_min_s, habits.drop_max_s)
        why = await _listen(call, witness, drop_after_s, habits.dead_after_s)
        if habits.drop_vanishes:
            call.vanish(why)
        else:
            call.hang_up(why)

    def _sound(self, name: str) -> Sound:
        index = self.names.index(name)
        if self._habits.sound is SoundKind.SPEECH:
            return signals.speech(index % signals.VARIANTS)
        if self._habits.sound is SoundKind.SILENCE:
            return signals.silence()
        return signals.tone(self._habits.tone_hz or 1300 + 20 * (index % 100))


async def _listen(call: IncomingCall, witness: Witness, for_s: float, dead_after_s: float) -> str:
    """Log each stretch of sound when it has been quiet for a while, and begin to measure anew; says why it stopped."""
    media = call.media
    now = packet_at = time.monotonic()
    end_at, packets = now + for_s, 0
    while now < end_at:
        last_at = call.heard_at()
        if media is not None and media.ears.frames != packets:
            packets, packet_at = media.ears.frames, now
        if dead_after_s and now - packet_at > dead_after_s:
            return "dead line"
        if last_at is not None and now - last_at > _QUIET_AFTER_S and media is not None:
            witness.note("quiet", last_heard_mono=round(last_at, 4), **heard_fields(media.ears.heard()))
            media.ears.reset()
            packets = 0
        await asyncio.sleep(_POLL_S)
        now = time.monotonic()
    return "dropped"
