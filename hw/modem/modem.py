"""One AT modem: its command state, its network state and the one call it carries. Sans-I/O: bytes and times come in."""

from dataclasses import dataclass, replace
from enum import Enum, auto

from hw.contract import Cause
from hw.modem.at import CALL_RESULTS, Chat, Command, Final, Heard, Reply, Silent, Unsolicited, parameters
from hw.modem.bringup import Identity, OutOfService, Pause, Pins, Procedure, bring_up
from hw.modem.calls import Call, CallNews, Stage, Stat, Step
from hw.modem.causes import q850_of_report
from hw.modem.network import Network, operator_of, registration_of, signal_dbm_of
from hw.modem.profiles import COMMON_PREFIXES, calls_listed

POLL_S = 0.5
GUARD_S = 0.3
NETWORK_CHECK_S = 15.0
HANG_UP_HURRY_S = 2.0
HANG_UP_TRIES = 5
HANG_UP_AGAIN_S = 2.0
LIST_FAILURES = 3
MAX_RESETS = 3
STABLE_S = 300.0
DIAL_LIMIT_S = 25.0
DIAL_WAIT_S = 6.0
SIM_GONE = (10, 11, 12, 13, 15)
# What modems say when they have booted: Quectel and SIMCom RDY, Huawei ^SYSSTART, older ones the others.
_BOOTED = ("RDY", "^SYSSTART", "*ATREADY: 1", "START", "NORMAL POWER DOWN", "POWERED DOWN")
_STARTS = "it is being started"
_NUMBER_CHARACTERS = frozenset("0123456789*#")


class Health(Enum):
    """What a modem is good for."""

    ABSENT = auto()
    STARTING = auto()
    READY = auto()
    OUT = auto()


@dataclass(frozen=True, slots=True)
class CallTold:
    """A step of the call. The last ones are for OVER."""

    step: Step
    cause: Cause = Cause.NORMAL
    q850: int | None = None
    detail: str = ""
    talked_s: float = 0.0


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The far side pressed a key."""

    key: str


@dataclass(frozen=True, slots=True)
class StateTold:
    """Whether calls can be placed, or why not."""

    usable: bool
    because: str


@dataclass(frozen=True, slots=True)
class AudioTold:
    """The call's PCM path was switched on or off."""

    on: bool


@dataclass(frozen=True, slots=True)
class VoiceRefused:
    """The modem does not switch the call's PCM path on, so nobody would be heard."""

    because: str


@dataclass(frozen=True, slots=True)
class IncomingRefused:
    """Someone called this SIM and was refused. `number` may be empty."""

    number: str


@dataclass(frozen=True, slots=True)
class ResetWanted:
    """The modem hangs: close the port, let DTR fall, and open it again."""

    because: str


@dataclass(frozen=True, slots=True)
class NoticeTold:
    """A line that is about no call: delivery reports and the like."""

    text: str


Told = CallTold | KeyPressed | StateTold | AudioTold | VoiceRefused | IncomingRefused | ResetWanted | NoticeTold


class Modem:
    """Give it `opened`, `received`, `closed`, `handle_timer`; write `output()`, read `told()`, wake at `deadline`.

    Answers come from the vendor's notifications, and AT+CLCC every 500 ms finds what a lost notification hid. The OK
    of a dial command only says that it was taken.
    """

    def __init__(
        self,
        name: str,
        pins: Pins,
        *,
        profile: str = "",
        clir: int | None = None,
        allow_roaming: bool = False,
        audio: str = "serial",
    ) -> None:
        self.name = name
        self.identity = Identity()
        self.network = Network()
        self.health = Health.ABSENT
        self.because = _STARTS
        self.incoming_refused = 0
        self.voice_refused = ""
        self.call: Call | None = None
        self._pins = pins
        self._profile = profile
        self._clir = clir
        self._allow_roaming = allow_roaming
        self._audio_path = audio
        self._chat = Chat(COMMON_PREFIXES)
        self._told: list[Told] = []
        self._last_state: tuple[bool, str] | None = None
        self._procedure: Procedure | None = None
        self._resume_at: float | None = None
        self._check_at: float | None = None
        self._poll_at: float | None = None
        self._free_at = 0.0
        self._dial: Command | None = None
        self._dial_at: float | None = None
        self._dial_by: float | None = None
        self._audio = False
        self._hang_ups = 0
        self._hang_up_at = 0.0
        self._list_failures = 0
        self._unproven = False
        self._strangers = 0
        self._refused_at = -1e9
        self._refusals = 0
        self._resets = 0
        self._echoes = False
        self._ready_at: float | None = None

    @property
    def usable(self) -> bool:
        """Whether a call could be placed if none is up."""
        return self.health is Health.READY and not self._trouble()

    @property
    def settled(self) -> bool:
        """Whether waiting will hardly change whether it is usable."""
        return self.health is Health.OUT or (self.health is Health.READY and not self.network.searching)

    @property
    def trouble(self) -> str:
        """Why no call can be placed; empty when `usable`."""
        return self.because or self._trouble()

    @property
    def sim(self) -> str:
        """What its SIM is told apart by: the IMSI, or what stands for it where that cannot be read."""
        return self.identity.imsi or self.identity.imei or self.name

    @property
    def free(self) -> bool:
        """Whether a call can be placed now."""
        return self.usable and self.call is None and not self._strangers

    @property
    def quiet(self) -> bool:
        """Whether nothing is being asked, so that an SMS would hold nobody up."""
        return self.free and self._chat.idle

    @property
    def deadline(self) -> float | None:
        """When `handle_timer` wants to be called."""
        times = (self._chat.deadline, self._resume_at, self._check_at, self._poll_at, self._dial_at, self._dial_by)
        return min((at for at in times if at is not None), default=None)

    def output(self) -> bytes:
        """Bytes to write now."""
        return self._chat.output()

    def told(self) -> list[Told]:
        """What happened since the last time."""
        told, self._told = self._told, []
        return told

    def opened(self, now: float) -> None:
        """The port is open: bring the modem up."""
        self._forget_asked(now)
        self.voice_refused = ""
        self.identity = Identity(imei=self.identity.imei)
        self.network = Network()
        self._settle(Health.STARTING, _STARTS)
        self._procedure = bring_up(self.identity, self._pins, profile=self._profile, clir=self._clir)
        self._advance(None, now)

    def closed(self, why: str, now: float) -> None:
        """The port is gone, and with it the call."""
        self._stop(Health.ABSENT, why, now)

    def refuse(self, why: str, now: float) -> None:
        """Do not use the modem, though it answers."""
        self._stop(Health.OUT, why, now)

    def received(self, data: bytes, now: float) -> None:
        """Take what the port gave."""
        for heard in self._chat.feed(data, now):
            self._hear(heard, now)
        self._tell_state()

    def handle_timer(self, now: float) -> None:
        """Do what is due."""
        for heard in self._chat.handle_timer(now):
            self._hear(heard, now)
        if _due(self._resume_at, now):
            self._resume_at = None
            self._advance(None, now)
        if _due(self._dial_by, now):
            self._dial_by = None
            self._give_up_dial(now)
        if _due(self._dial_at, now):
            self._dial_at = None
            self._send_dial(now)
        if _due(self._poll_at, now):
            self._poll_at = now + POLL_S
            self._poll(now)
        if _due(self._check_at, now):
            self._check_network(now)
        self._tell_state()

    def ask(self, command: Command, now: float, *, first: bool = False) -> None:
        """Send a command; `then` of one that finds the queue full gets GONE at once."""
        if not self._chat.ask(command, now, first=first) and command.then is not None:
            command.then(Reply(command, Final.GONE), now)

    def dial(self, number: str, now: float) -> None:
        """Call `number` (E.164). Needs `free`; the steps come as `CallTold`.

        The call waits for what is being asked, such as a text, but not long: it is lawful now, not at any time.
        """
        self.call = Call(number)
        self._hang_ups = 0
        self._unproven = False
        if not number.removeprefix("+") or set(number.removeprefix("+")) - _NUMBER_CHARACTERS or len(number) > 40:
            self._over(self.call, now, Cause.INVALID_NUMBER, f"{number!r} is not a number")
            return
        self._dial = Command(f"ATD{number};", ("+COLP:",), DIAL_LIMIT_S, dials=True, then=self._on_dial)
        self._dial_by = now + DIAL_WAIT_S
        self._send_dial(now)

    def hang_up(self, now: float) -> None:
        """End the call, whatever its state."""
        call = self.call
        if call is None or call.over or call.hanging_up:
            return
        call.hanging_up = True
        if self._take_back_dial():
            self._end(call.ended(""), now, sure=True)
            return
        self._chat.hurry(now + HANG_UP_HURRY_S)
        self._send_hang_up(now)

    def send_digits(self, digits: str, now: float) -> None:
        """Send DTMF, one AT+VTS each (TS 27.007 C.2.11). What is no key is left out."""
        if self.call is not None and self.call.stage is Stage.ACTIVE:
            for digit in digits.upper():
                if digit in "0123456789*#ABCD":
                    self.ask(Command(f"AT+VTS={digit}"), now)

    # What is heard

    def _hear(self, heard: Heard, now: float) -> None:
        if isinstance(heard, Silent):
            self._hangs(now)
        elif isinstance(heard, Unsolicited):
            self._hear_line(heard.text, now)
        elif heard.command.then is not None:
            heard.command.then(heard, now)

    def _hear_line(self, line: str, now: float) -> None:
        key = self.identity.profile.key(line)
        news = self.identity.profile.news(line)
        if key is not None:
            if self.call is not None and self.call.stage is Stage.ACTIVE:
                self._told.append(KeyPressed(key))
        elif news is not None:
            self._hear_news(news, now)
        elif line in CALL_RESULTS:
            self._hear_result(CALL_RESULTS[line].value, now)
        elif line.startswith(("RING", "+CRING:", "+CLIP:")):
            self._hear_ring(line, now)
        elif line in _BOOTED and self.health in (Health.STARTING, Health.READY):
            self._restarted(now)
        elif line.startswith(("+CREG:", "+CEREG:")):
            self._note_registration(line, asked=False)
        else:
            self._told.append(NoticeTold(line))

    def _hear_news(self, news: CallNews, now: float) -> None:
        if news.stat in (Stat.INCOMING, Stat.WAITING):
            self._refuse_incoming(news.number, now, waiting=news.stat is Stat.WAITING)
        elif self.call is not None and self._dial_at is None:
            sure = self.call.index is not None and self.call.index == news.index
            self._follow(self.call.told(news, now), now, sure=sure)

    def _hear_result(self, result: str, now: float) -> None:
        call = self.call
        if call is None or call.stage is Stage.ASKED:
            return
        if call.over:
            call.explain(result, None)
        elif self._blind:
            self._end(call.ended(result), now)
        else:
            call.explain(result, None)
            self._unproven = True
            self._poll(now)

    def _hear_ring(self, line: str, now: float) -> None:
        """A call comes in: +CLIP names the caller, and so does the list of calls."""
        if line.startswith("+CLIP:"):
            self._refuse_incoming(line.partition(":")[2].split(",")[0].strip(' "'), now, waiting=False)
        elif self._blind:
            self._refuse_incoming("", now, waiting=False)
        elif self.health is Health.READY:
            self._ask_list(now)

    def _refuse_incoming(self, number: str, now: float, *, waiting: bool) -> None:
        """An incoming call is refused: alone with +CHUP, beside ours as busy with +CHLD=0 (TS 27.007 7.13, 7.19)."""
        if now - self._refused_at < 2.0 or self.health is not Health.READY:
            return
        self._refused_at = now
        self.incoming_refused += 1
        self._told.append(IncomingRefused(number))
        beside = waiting or (self.call is not None and (self.call.stage is not Stage.ASKED or self._dialing))
        self._refusals += 1
        self.ask(Command("AT+CHLD=0" if beside else "AT+CHUP", then=self._on_refused), now, first=True)

    def _on_refused(self, reply: Reply, now: float) -> None:
        self._refusals -= 1
        self._free_at = max(self._free_at, now + GUARD_S)

    # The call

    @property
    def _blind(self) -> bool:
        """Whether the list of calls cannot be had; it is asked for all the same, as it may come back."""
        return self._list_failures >= LIST_FAILURES

    @property
    def _dialing(self) -> bool:
        """Whether the dial command is out and its result not yet taken in."""
        return self._dial is not None and self._dial_at is None and not self._chat.waits(self._dial)

    def _take_back_dial(self) -> bool:
        """Take the dial command back, if the modem has not got it yet."""
        waits = self._dial is not None and (self._dial_at is not None or self._chat.withdraw(self._dial))
        if waits:
            self._dial = self._dial_at = None
        return waits

    def _give_up_dial(self, now: float) -> None:
        if self.call is not None and self._take_back_dial():
            why = f"the modem had no time for the call in {DIAL_WAIT_S:.0f} s"
            self._over(self.call, now, Cause.NO_LINE, why)

    def _send_dial(self, now: float) -> None:
        """Not while a refusal is under way: what hangs that call up would hang up ours."""
        assert self._dial is not None
        if self._refusals or now < self._free_at:
            self._dial_at = max(self._free_at, now + GUARD_S)
        else:
            self.ask(self._dial, now, first=True)

    def _on_dial(self, reply: Reply, now: float) -> None:
        self._dial = None
        call = self.call
        if call is None or call.over:
            return
        if reply.ok:
            self._follow(call.accepted(), now, sure=True)
            self._poll_at = now + POLL_S
        elif reply.final in (Final.TIMEOUT, Final.GONE):
            self._poll_at = now
        else:
            self._end(call.ended(reply.reason), now)

    def _follow(self, steps: list[Step], now: float, *, sure: bool) -> None:
        """Tell the steps that are true now, and what they entail."""
        for step in steps:
            if step is Step.OVER:
                self._end([step], now, sure=sure)
                return
            self._told.append(CallTold(step))
            if step is Step.ANSWERED:
                self._switch_audio(on=True, now=now)
        if self.call is not None and self._poll_at is None:
            self._poll_at = now + POLL_S

    def _poll(self, now: float) -> None:
        call = self.call
        if (call is None and not self._strangers) or self.health is not Health.READY:
            self._poll_at = None
        elif self._blind and call is not None and call.hanging_up:
            self._poll_at = None
            self._send_hang_up(now)
        else:
            self._ask_list(now)

    def _ask_list(self, now: float) -> None:
        if self._chat.asking is None or self._chat.asking.text != "AT+CLCC":
            self.ask(Command("AT+CLCC", ("+CLCC:",), then=self._on_list), now, first=True)

    def _on_list(self, reply: Reply, now: float) -> None:
        call = self.call
        listed = calls_listed(reply.lines) if reply.ok else None
        if listed is None:
            self._list_failures += reply.final in (Final.OK, Final.ERROR, Final.CME_ERROR)
            if self._blind:
                self._strangers = 0
                self._go_by_result(now)
            return
        self._list_failures = 0
        self._unproven = False
        for one in listed:
            if one.incoming:
                self._hear_news(one, now)
        if (call is not None and call.over) or self._dial is not None:
            return
        outgoing = {one.index: one for one in listed if not one.incoming}
        ours = [one for one in outgoing.values() if call is not None and call.owns(one)]
        if call is not None:
            self._look_for(call, ours, now)
        self._mind_strangers(len(outgoing) - len(ours[:1]), now)

    def _go_by_result(self, now: float) -> None:
        """No list will tell whether a result that came was of our call: it is believed."""
        call = self.call
        if call is not None and self._unproven and self._dial is None:
            self._unproven = False
            self._end(call.ended(call.result), now)

    def _look_for(self, call: Call, listed: list[CallNews], now: float) -> None:
        """What a list says of our call. One without it is asked for again at once, as it may have come damaged."""
        if len(listed) == 1:
            self._follow(call.told(listed[0], now), now, sure=True)
        elif not listed:
            self._end(call.missed(), now, sure=call.hanging_up)
            if call.index is not None and not call.over:
                self._ask_list(now)
        if call.hanging_up and not call.over and now >= self._hang_up_at:
            self._send_hang_up(now)

    def _mind_strangers(self, count: int, now: float) -> None:
        """Outgoing calls that nobody here owns: a second list that has them is believed, and they are hung up."""
        self._strangers = self._strangers + 1 if count else 0
        if not count:
            return
        self._poll_at = now + POLL_S
        if self._strangers == 1:
            self._ask_list(now)
        elif now >= self._hang_up_at:
            self._send_hang_up(now)

    def _send_hang_up(self, now: float) -> None:
        self._hang_ups += 1
        self._hang_up_at = now + HANG_UP_AGAIN_S
        if self._hang_ups > HANG_UP_TRIES:
            self._hangs(now)
        else:
            self.ask(Command("AT+CHUP", then=self._on_hang_up), now, first=True)

    def _on_hang_up(self, reply: Reply, now: float) -> None:
        if reply.final in (Final.ERROR, Final.CME_ERROR):
            self.ask(Command("ATH", then=self._on_hung_up), now, first=True)
        else:
            self._on_hung_up(reply, now)

    def _on_hung_up(self, reply: Reply, now: float) -> None:
        call = self.call
        if call is None or call.over:
            return
        if self._blind and reply.ok:
            self._end(call.ended(""), now, sure=True)
        elif self._blind:
            self._poll_at = now + HANG_UP_AGAIN_S
        else:
            self._poll(now)

    def _end(self, steps: list[Step], now: float, *, sure: bool = False) -> None:
        """The call is over. Unless the modem told so itself, see to it with AT+CHUP that none goes on without us."""
        if not steps or self.call is None:
            return
        self._poll_at = None
        self._switch_audio(on=False, now=now)
        if sure:
            self._ask_why(self.call, now)
        else:
            self.ask(Command("AT+CHUP", limit_s=HANG_UP_HURRY_S, then=self._on_seen_to), now, first=True)

    def _on_seen_to(self, reply: Reply, now: float) -> None:
        call = self.call
        if call is None or not call.over:
            return
        if reply.final is Final.GONE:
            self._over(call, now)
        elif reply.final in (Final.ERROR, Final.CME_ERROR) and reply.command.text != "ATH":
            self.ask(Command("ATH", limit_s=HANG_UP_HURRY_S, then=self._on_seen_to), now, first=True)
        else:
            self._ask_why(call, now)

    def _ask_why(self, call: Call, now: float) -> None:
        """Ask why the call ended, if nothing told."""
        if call.explained:
            self._over(call, now)
        else:
            self.ask(Command("AT+CEER", ("+CEER:",), limit_s=2.0, then=self._on_report), now, first=True)

    def _on_report(self, reply: Reply, now: float) -> None:
        call = self.call
        if call is not None and call.over:
            call.explain("", q850_of_report(" ".join(line.removeprefix("+CEER:") for line in reply.lines)))
            self._over(call, now)

    def _over(self, call: Call, now: float, cause: Cause | None = None, detail: str = "") -> None:
        talked_s = now - call.answered_at if call.answered_at is not None else 0.0
        self.call = None
        self._dial = self._dial_at = self._dial_by = None
        self._hang_ups = 0
        self._poll_at = now + POLL_S if self._strangers else None
        self._free_at = now + GUARD_S
        self._told.append(CallTold(Step.OVER, cause or call.cause(), call.q850, detail or call.result, talked_s))

    def _switch_audio(self, *, on: bool, now: float) -> None:
        if on == self._audio:
            return
        self._audio = on
        profile = self.identity.profile
        ways = dict(profile.audio_on)
        if self._audio_path in ways and on:
            self.ask(Command(ways[self._audio_path], then=self._on_voice), now)
        elif self._audio_path in ways:
            for text in profile.audio_off:
                self.ask(Command(text), now)
        self._told.append(AudioTold(on))

    def _on_voice(self, reply: Reply, now: float) -> None:
        """A refusal may be a damaged line: the voice is asked for once more."""
        if self._audio and not reply.ok and reply.final is not Final.GONE:
            self.ask(replace(reply.command, then=self._on_voice_again), now, first=True)

    def _on_voice_again(self, reply: Reply, now: float) -> None:
        if self._audio and not reply.ok and reply.final is not Final.GONE:
            self.voice_refused = f"it refuses {reply.command.text} ({reply.reason})"
            self._told.append(VoiceRefused(self.voice_refused))

    # The network

    def _check_network(self, now: float) -> None:
        self._check_at = now + NETWORK_CHECK_S
        if self._ready_at is not None and now - self._ready_at > STABLE_S:
            self._resets = 0
        if self.call is None and self._chat.echoed and not self._echoes:
            self._restarted(now)
        elif self.call is None:
            self.ask(Command("AT+CPIN?", ("+CPIN:",), then=self._on_sim), now)
            self.ask(Command("AT+CREG?", ("+CREG:",), then=self._on_registration), now)
            self.ask(Command("AT+CEREG?", ("+CEREG:",), then=self._on_registration), now)
            self.ask(Command("AT+COPS?", ("+COPS:",), then=self._on_operator), now)
            self.ask(Command("AT+CSQ", ("+CSQ:",), then=self._on_signal), now)

    def _on_sim(self, reply: Reply, now: float) -> None:
        """A SIM that is no longer ready is opened anew, or the modem goes out of service with the reason."""
        locked = reply.ok and bool(reply.lines) and parameters(reply.lines[0])[:1] != ["READY"]
        if self.health is Health.READY and self.call is None and (locked or reply.code in SIM_GONE):
            self.opened(now)

    def _on_registration(self, reply: Reply, now: float) -> None:
        for line in reply.lines:
            self._note_registration(line, asked=True)

    def _note_registration(self, line: str, *, asked: bool) -> None:
        registration = registration_of(line, asked=asked)
        if registration is not None and line.startswith("+CREG:"):
            self.network = replace(self.network, circuit=registration)
        elif registration is not None:
            self.network = replace(self.network, packet=registration)

    def _on_operator(self, reply: Reply, now: float) -> None:
        if reply.ok and reply.lines:
            self.network = replace(self.network, operator=operator_of(reply.lines[0]))

    def _on_signal(self, reply: Reply, now: float) -> None:
        if reply.ok and reply.lines:
            self.network = replace(self.network, signal_dbm=signal_dbm_of(reply.lines[0]))
        if self.health is Health.STARTING and self._procedure is None:
            self._settle(Health.READY, "")

    # Health

    def _advance(self, reply: Reply | None, now: float) -> None:
        """Take the procedure one step on."""
        if self._procedure is None:
            return
        try:
            step = next(self._procedure) if reply is None else self._procedure.send(reply)
        except StopIteration:
            self._procedure = None
            self._came_up(now)
        except OutOfService as problem:
            self._stop(Health.OUT, str(problem), now)
        else:
            if isinstance(step, Pause):
                self._resume_at = now + step.seconds
            else:
                self.ask(replace(step, then=self._advance), now)

    def _came_up(self, now: float) -> None:
        self._chat.notices = COMMON_PREFIXES + self.identity.profile.prefixes
        self._ready_at = now
        self._echoes = self._chat.echoed
        self._list_failures = self._strangers = self._hang_ups = 0
        self._settle(Health.STARTING, _STARTS)
        self._check_network(now)

    def _restarted(self, now: float) -> None:
        """The modem has forgotten its settings, as the echo or its greeting shows."""
        self._stop(Health.ABSENT, "the modem restarted by itself", now)
        self.opened(now)

    def _hangs(self, now: float) -> None:
        self._resets += 1
        why = "the modem does not answer"
        if self._resets > MAX_RESETS:
            self._stop(Health.OUT, f"{why}, and {MAX_RESETS} resets did not help; switch it off and on", now)
            return
        self._stop(Health.ABSENT, f"{why}; it is being reset ({self._resets} of {MAX_RESETS})", now)
        self._told.append(ResetWanted(why))

    def _stop(self, health: Health, why: str, now: float) -> None:
        self._procedure = None
        self._strangers = 0
        self._resume_at = self._check_at = self._poll_at = self._dial_at = None
        if self._audio:
            self._audio = False
            self._told.append(AudioTold(on=False))
        if self.call is not None:
            lost = not self.call.over
            self._over(self.call, now, Cause.LINE_LOST if lost else None, why if lost else "")
        self._settle(health, why)
        self._forget_asked(now)
        self._tell_state()

    def _forget_asked(self, now: float) -> None:
        for reply in self._chat.restart():
            if reply.command.then is not None:
                reply.command.then(reply, now)

    def _settle(self, health: Health, because: str) -> None:
        self.health = health
        self.because = because

    def _trouble(self) -> str:
        return self.network.trouble(allow_roaming=self._allow_roaming)

    def _tell_state(self) -> None:
        state = (self.usable, self.trouble)
        if state != self._last_state:
            self._last_state = state
            self._told.append(StateTold(*state))


def _due(at: float | None, now: float) -> bool:
    return at is not None and now >= at
