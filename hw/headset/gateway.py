"""The audio gateway's side of the Hands-Free Profile (HFP 1.8), without I/O: bytes in, notices and bytes out.

It shows the headset one call: none, ringing, or up. What only a mobile phone has (dialing, a second call, voice
recognition, codecs other than CVSD) it does not announce, and refuses when asked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum, IntFlag

from hw.headset.at import Command, CommandReader, Form, NotACommandError, parse_command
from hw.headset.notices import (
    AnswerPressed,
    BatteryTold,
    Connected,
    EndAsked,
    EndPressed,
    KeyPressed,
    MutePressed,
    Notice,
    RangOut,
    Reconnected,
    Stalled,
)

RING_EVERY_S = 3.0
RING_LIMIT_S = 60.0
SET_UP_LIMIT_S = 10.0
SET_UP_GRACE_S = 2.0
GAIN_MAX = 15
OPERATOR = "Ringpace"
_BATTERY_INDICATOR = 2
_NO_NUMBER = '"",128'


class CallState(Enum):
    """The one call, as the headset sees it."""

    NONE = "none"
    RINGING = "ringing"
    UP = "up"


class HeadsetFeature(IntFlag):
    """Bits of AT+BRSF that matter here (HFP 1.8 section 4.34.2)."""

    THREE_WAY_CALLING = 0x002
    REMOTE_VOLUME = 0x010
    HF_INDICATORS = 0x100


_NO_FEATURES = HeadsetFeature(0)


class GatewayFeature(IntFlag):
    """Bits of +BRSF (HFP 1.8 section 4.34.2)."""

    THREE_WAY_CALLING = 0x001
    REJECT_CALL = 0x020
    ENHANCED_CALL_STATUS = 0x040
    EXTENDED_ERRORS = 0x100
    HF_INDICATORS = 0x400


FEATURES = (
    GatewayFeature.THREE_WAY_CALLING
    | GatewayFeature.REJECT_CALL
    | GatewayFeature.ENHANCED_CALL_STATUS
    | GatewayFeature.EXTENDED_ERRORS
    | GatewayFeature.HF_INDICATORS
)


class Indicator(IntEnum):
    """Places of the indicators in +CIND and +CIEV, counted from 1."""

    SERVICE = 1
    CALL = 2
    CALLSETUP = 3
    CALLHELD = 4
    SIGNAL = 5
    ROAM = 6
    BATTCHG = 7


_INDICATORS = (
    '("service",(0,1)),("call",(0,1)),("callsetup",(0-3)),("callheld",(0-2)),("signal",(0-5)),("roam",(0,1)),'
    '("battchg",(0-5))'
)


class _Cme(IntEnum):
    """Reasons of a refusal (3GPP TS 27.007 section 9.2)."""

    NOT_ALLOWED = 3
    NOT_SUPPORTED = 4


class _RefusalError(Exception):
    def __init__(self, cme: _Cme) -> None:
        super().__init__(cme)
        self.cme = cme


@dataclass(slots=True)
class _Link:
    """What the headset has said since it began to connect."""

    features: HeadsetFeature = _NO_FEATURES
    set_up_by: float | None = None
    connected: bool = False
    reporting: bool = False
    caller_wanted: bool = False
    extended_errors: bool = False
    holds_told: bool = False
    battery_told: bool = False
    battery_percent: int | None = None
    speaker_gain: int | None = None
    microphone_gain: int = GAIN_MAX
    open_gain: int = GAIN_MAX


class AudioGateway:
    """One headset's link. Make a new one when the bytes come from a new connection.

    Feed it with `receive`; call `handle_timer` when `deadline()` has come; send what `take_output` gives after each
    call. All times are seconds on one monotonic clock. Whatever comes in, it raises nothing and grows by nothing but
    its output, which is at most a few times its input.

    While `keeps_call`, the end button ends no call that is up: it is told, and the headset goes on showing the call.
    """

    def __init__(self) -> None:
        self.call = CallState.NONE
        self.keeps_call = False
        self._link = _Link()
        self._reader = CommandReader()
        self._output = bytearray()
        self._notices: list[Notice] = []
        self._afterwards: list[str] = []
        self._next_ring_at = self._ring_over_at = 0.0
        self._now = 0.0

    @property
    def connected(self) -> bool:
        """The service level connection stands."""
        return self._link.connected

    @property
    def battery_percent(self) -> int | None:
        """What is left in the headset's battery, or None while it has not said."""
        return self._link.battery_percent

    @property
    def speaker_gain(self) -> int | None:
        """Volume at the headset, 0 to 15, or None while it has not said."""
        return self._link.speaker_gain

    @property
    def muted(self) -> bool:
        """The headset's microphone is closed: HFP knows no mute, a gain of 0 stands for it."""
        return self._link.microphone_gain == 0

    @property
    def can_mute(self) -> bool:
        """The headset follows the gain that we ask for."""
        return HeadsetFeature.REMOTE_VOLUME in self._link.features

    def receive(self, data: bytes, now: float) -> list[Notice]:
        """Take in bytes from the headset."""
        self._now = now
        for line in self._reader.feed(data):
            self._take(line)
        return self._take_notices()

    def handle_timer(self, now: float) -> list[Notice]:
        """Do what is due."""
        self._now = now
        if self._link.set_up_by is not None and now >= self._link.set_up_by:
            self._set_up_over()
        if self.call is CallState.RINGING:
            if now >= self._ring_over_at:
                self.hang_up()
                self._notices.append(RangOut())
            elif now >= self._next_ring_at:
                self._ring_once()
        return self._take_notices()

    def deadline(self) -> float | None:
        """When `handle_timer` wants to be called, or None."""
        times = [] if self._link.set_up_by is None else [self._link.set_up_by]
        if self.call is CallState.RINGING:
            times.append(min(self._next_ring_at, self._ring_over_at))
        return min(times, default=None)

    def take_output(self) -> bytes:
        """What is to be sent to the headset now."""
        output = bytes(self._output)
        self._output.clear()
        return output

    def ring(self, now: float) -> None:
        """Let the headset ring until it is answered or `RING_LIMIT_S` have passed; nothing while a call is shown."""
        if self.call is not CallState.NONE or not self.connected:
            return
        self._now = now
        self.call = CallState.RINGING
        self._ring_over_at = now + RING_LIMIT_S
        self._show(Indicator.CALLSETUP, 1)
        self._ring_once()

    def hang_up(self) -> None:
        """Show the headset that the call is over."""
        state, self.call = self.call, CallState.NONE
        if state is CallState.UP:
            self._show(Indicator.CALL, 0)
        elif state is CallState.RINGING:
            self._show(Indicator.CALLSETUP, 0)

    def mute(self, muted: bool) -> bool:
        """Close or open the headset's microphone; False when the headset does not follow."""
        if not self.can_mute:
            return False
        if muted != self.muted:
            self._link.microphone_gain = 0 if muted else self._link.open_gain
            self._say(f"+VGM: {self._link.microphone_gain}")
        return True

    def _take(self, line: str | None) -> None:
        if line is not None and line[:2].upper() != "AT":
            return
        try:
            if line is None:
                raise _RefusalError(_Cme.NOT_SUPPORTED)
            self._obey(parse_command(line))
        except (NotACommandError, _RefusalError) as error:
            cme = error.cme if isinstance(error, _RefusalError) else _Cme.NOT_SUPPORTED
            self._afterwards.clear()
            self._say(f"+CME ERROR: {cme}" if self._link.extended_errors else "ERROR")
            return
        self._say("OK")
        for text in self._afterwards:
            self._say(text)
        self._afterwards.clear()
        self._look_at_set_up()

    def _obey(self, command: Command) -> None:
        handler = _HANDLERS.get((command.name, command.form))
        if handler is None:
            raise _RefusalError(_Cme.NOT_SUPPORTED)
        handler(self, command.arguments)

    # The way to the service level connection (HFP 1.8 section 4.2.1).

    def _on_features(self, arguments: tuple[str, ...]) -> None:
        features = _number(arguments, 0, 0xFFFFFFFF)
        self._begin_anew()
        self._link.features = HeadsetFeature(features)
        self._link.set_up_by = self._now + SET_UP_LIMIT_S
        self._say(f"+BRSF: {FEATURES}")

    def _begin_anew(self) -> None:
        if self.connected:
            self._notices.append(Reconnected())
        self._link = _Link()
        self.call = CallState.NONE

    def _on_indicator_list(self, _: tuple[str, ...]) -> None:
        self._say(f"+CIND: {_INDICATORS}")

    def _on_indicators(self, _: tuple[str, ...]) -> None:
        call, setup = int(self.call is CallState.UP), int(self.call is CallState.RINGING)
        self._say(f"+CIND: 1,{call},{setup},0,5,0,5")

    def _on_reporting(self, arguments: tuple[str, ...]) -> None:
        if not arguments or arguments[0] != "3":
            raise _RefusalError(_Cme.NOT_SUPPORTED)
        self._link.reporting = len(arguments) < 4 or arguments[3] == "1"

    def _on_hold_list(self, _: tuple[str, ...]) -> None:
        self._link.holds_told = True
        self._say("+CHLD: (0,1)")

    def _on_own_indicators(self, arguments: tuple[str, ...]) -> None:
        if not all(argument.isdigit() for argument in arguments):
            raise _RefusalError(_Cme.NOT_SUPPORTED)

    def _on_own_indicator_list(self, _: tuple[str, ...]) -> None:
        self._say(f"+BIND: ({_BATTERY_INDICATOR})")

    def _on_own_indicator_states(self, _: tuple[str, ...]) -> None:
        self._link.battery_told = True
        self._say(f"+BIND: {_BATTERY_INDICATOR},1")

    def _look_at_set_up(self) -> None:
        if self.connected or not self._link.reporting or self._link.set_up_by is None:
            return
        wanted = self._link.features
        holds = self._link.holds_told or HeadsetFeature.THREE_WAY_CALLING not in wanted
        indicators = self._link.battery_told or HeadsetFeature.HF_INDICATORS not in wanted
        if holds and indicators:
            self._connect()
        else:
            self._link.set_up_by = min(self._link.set_up_by, self._now + SET_UP_GRACE_S)

    def _set_up_over(self) -> None:
        """Headsets that leave out the optional end of the set-up are taken as connected; others have stalled."""
        self._link.set_up_by = None
        if self._link.reporting:
            self._connect()
        else:
            self._notices.append(Stalled("it began to connect and did not go on"))

    def _connect(self) -> None:
        self._link.set_up_by = None
        self._link.connected = True
        self._notices.append(Connected())

    # The call.

    def _on_answer(self, arguments: tuple[str, ...]) -> None:
        if self.call is not CallState.RINGING or arguments:
            raise _RefusalError(_Cme.NOT_ALLOWED)
        self.call = CallState.UP
        self._show_afterwards(Indicator.CALL, 1)
        self._show_afterwards(Indicator.CALLSETUP, 0)
        self._notices.append(AnswerPressed())

    def _on_end(self, _: tuple[str, ...]) -> None:
        if self.call is CallState.UP and self.keeps_call:
            self._notices.append(EndAsked())
            return
        state, self.call = self.call, CallState.NONE
        if state is CallState.NONE:
            raise _RefusalError(_Cme.NOT_ALLOWED)
        self._show_afterwards(Indicator.CALL if state is CallState.UP else Indicator.CALLSETUP, 0)
        self._notices.append(EndPressed(rejected=state is CallState.RINGING))

    def _on_hold(self, arguments: tuple[str, ...]) -> None:
        """0 refuses a call that rings, 1 releases the one that is up; there is never a second one to hold."""
        wanted = {"0": CallState.RINGING, "1": CallState.UP}.get(arguments[0])
        if wanted is None or self.call is not wanted:
            raise _RefusalError(_Cme.NOT_ALLOWED)
        self._on_end(())

    def _on_calls(self, _: tuple[str, ...]) -> None:
        if self.call is not CallState.NONE:
            status = 0 if self.call is CallState.UP else 4
            self._say(f"+CLCC: 1,1,{status},0,0,{_NO_NUMBER}")

    def _on_key(self, arguments: tuple[str, ...]) -> None:
        key = arguments[0].upper()
        if self.call is not CallState.UP or len(key) != 1 or key not in "0123456789*#ABCD":
            raise _RefusalError(_Cme.NOT_ALLOWED)
        self._notices.append(KeyPressed(key))

    def _ring_once(self) -> None:
        self._next_ring_at = self._now + RING_EVERY_S
        self._say("RING")
        if self._link.caller_wanted:
            self._say(f"+CLIP: {_NO_NUMBER}")

    # Gains and battery.

    def _on_microphone(self, arguments: tuple[str, ...]) -> None:
        gain, was_muted = _number(arguments, 0, GAIN_MAX), self.muted
        self._link.microphone_gain = gain
        self._link.open_gain = gain or self._link.open_gain
        if self.muted != was_muted:
            self._notices.append(MutePressed(self.muted))

    def _on_speaker(self, arguments: tuple[str, ...]) -> None:
        self._link.speaker_gain = _number(arguments, 0, GAIN_MAX)

    def _on_own_indicator(self, arguments: tuple[str, ...]) -> None:
        if arguments[0] != str(_BATTERY_INDICATOR):
            raise _RefusalError(_Cme.NOT_SUPPORTED)
        self._tell_battery(_number(arguments[1:], 0, 100))

    def _on_apple_features(self, _: tuple[str, ...]) -> None:
        """Apple's accessory guidelines: name and features of the phone; accessories look for this very name."""
        self._say("+XAPL=iPhone,2")

    def _on_apple_event(self, arguments: tuple[str, ...]) -> None:
        """Pairs of key and value; key 1 is the battery in ten steps, 0 to 9 (Apple's accessory guidelines)."""
        count = _number(arguments, 1, 8)
        for key, value in zip(arguments[1 : 2 * count : 2], arguments[2 : 2 * count + 1 : 2], strict=False):
            if key == "1":
                self._tell_battery(10 * (_number((value,), 0, 9) + 1))

    def _on_poly_event(self, arguments: tuple[str, ...]) -> None:
        """Poly (Plantronics): BATTERY, level from 0, number of levels."""
        if arguments[0].upper() == "BATTERY" and len(arguments) > 2:
            levels = _number(arguments[2:], 2, 1000)
            self._tell_battery(100 * _number(arguments[1:], 0, levels - 1) // (levels - 1))

    def _tell_battery(self, percent: int) -> None:
        if percent != self.battery_percent:
            self._link.battery_percent = percent
            self._notices.append(BatteryTold(percent))

    # The rest.

    def _on_caller(self, arguments: tuple[str, ...]) -> None:
        self._link.caller_wanted = _number(arguments, 0, 1) == 1

    def _on_errors(self, arguments: tuple[str, ...]) -> None:
        self._link.extended_errors = _number(arguments, 0, 2) > 0

    def _on_operator(self, _: tuple[str, ...]) -> None:
        self._say(f'+COPS: 0,0,"{OPERATOR}"')

    def _on_noise_reduction(self, arguments: tuple[str, ...]) -> None:
        """Ours is always off (HFP 1.8 section 4.24), so switching it off is all that can be granted."""
        if arguments[0] != "0":
            raise _RefusalError(_Cme.NOT_SUPPORTED)

    def _on_nothing(self, _: tuple[str, ...]) -> None:
        """Granted, and nothing follows from it."""

    def _show(self, indicator: Indicator, value: int) -> None:
        if self._link.reporting:
            self._say(f"+CIEV: {indicator},{value}")

    def _show_afterwards(self, indicator: Indicator, value: int) -> None:
        if self._link.reporting:
            self._afterwards.append(f"+CIEV: {indicator},{value}")

    def _say(self, text: str) -> None:
        self._output += f"\r\n{text}\r\n".encode()

    def _take_notices(self) -> list[Notice]:
        notices, self._notices = self._notices, []
        return notices


def _number(arguments: tuple[str, ...], low: int, high: int) -> int:
    text = arguments[0] if arguments else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and low <= int(text) <= high):
        raise _RefusalError(_Cme.NOT_SUPPORTED)
    return int(text)


_HANDLERS: Mapping[tuple[str, Form], Callable[[AudioGateway, tuple[str, ...]], None]] = {
    ("", Form.ACTION): AudioGateway._on_nothing,
    ("A", Form.ACTION): AudioGateway._on_answer,
    ("+BAC", Form.SET): AudioGateway._on_nothing,
    ("+BIA", Form.SET): AudioGateway._on_nothing,
    ("+BIEV", Form.SET): AudioGateway._on_own_indicator,
    ("+BIND", Form.READ): AudioGateway._on_own_indicator_states,
    ("+BIND", Form.SET): AudioGateway._on_own_indicators,
    ("+BIND", Form.TEST): AudioGateway._on_own_indicator_list,
    ("+BRSF", Form.SET): AudioGateway._on_features,
    ("+BTRH", Form.READ): AudioGateway._on_nothing,
    ("+CCWA", Form.SET): AudioGateway._on_nothing,
    ("+CHLD", Form.SET): AudioGateway._on_hold,
    ("+CHLD", Form.TEST): AudioGateway._on_hold_list,
    ("+CHUP", Form.ACTION): AudioGateway._on_end,
    ("+CIND", Form.READ): AudioGateway._on_indicators,
    ("+CIND", Form.TEST): AudioGateway._on_indicator_list,
    ("+CLCC", Form.ACTION): AudioGateway._on_calls,
    ("+CLIP", Form.SET): AudioGateway._on_caller,
    ("+CMEE", Form.SET): AudioGateway._on_errors,
    ("+CMER", Form.SET): AudioGateway._on_reporting,
    ("+CNUM", Form.ACTION): AudioGateway._on_nothing,
    ("+COPS", Form.READ): AudioGateway._on_operator,
    ("+COPS", Form.SET): AudioGateway._on_nothing,
    ("+IPHONEACCEV", Form.SET): AudioGateway._on_apple_event,
    ("+NREC", Form.SET): AudioGateway._on_noise_reduction,
    ("+VGM", Form.SET): AudioGateway._on_microphone,
    ("+VGS", Form.SET): AudioGateway._on_speaker,
    ("+VTS", Form.SET): AudioGateway._on_key,
    ("+XAPL", Form.SET): AudioGateway._on_apple_features,
    ("+XEVENT", Form.SET): AudioGateway._on_poly_event,
}
