"""Bringing a modem up: who it is, its SIM, its settings. A procedure yields commands and is given their replies."""

import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

from hw.modem.at import Command, Final, Reply, number_at, parameters
from hw.modem.profiles import PROFILES, Profile, profile_of

WAKE_TRIES = 4
SIM_TRIES = 20
SIM_PAUSE_S = 1.0
MIN_PIN_TRIES = 2
LIST_TRIES = 5
LIST_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Pause:
    """Let some time pass."""

    seconds: float


Procedure = Generator[Command | Pause, Reply | None, None]


class OutOfService(Exception):
    """The modem cannot be used; the text says why and what to do."""


class Pins(Protocol):
    """Where the PIN comes from, and that a wrong one is not tried twice."""

    def take(self, imei: str) -> str | None:
        """The PIN to try, None when none is configured. Raises `OutOfService` when it was refused before."""

    def accepted(self, imei: str) -> None:
        """It was right."""


@dataclass(slots=True)
class Identity:
    """Who the modem and its SIM are. `profile` is how it is spoken to."""

    maker: str = ""
    model: str = ""
    imei: str = ""
    imsi: str = ""
    profile: Profile = PROFILES["plain"]


def bring_up(
    identity: Identity, pins: Pins, *, profile: str, clir: int | None
) -> Generator[Command | Pause, Reply | None, None]:
    """Fill in `identity`, open the SIM and set the modem up. Raises `OutOfService`.

    `profile` names one of `PROFILES`, or is empty to go by AT+CGMI. `clir` is the mode for AT+CLIR (TS 27.007 7.7).
    """
    yield from _wake()
    yield from _identify(identity, profile)
    yield from _open_sim(identity, pins)
    yield from _set_up(identity.profile, clir)


def _ask(command: Command) -> Generator[Command | Pause, Reply | None, Reply]:
    reply = yield command
    assert reply is not None
    if reply.final is Final.GONE:
        raise OutOfService("the port went away")
    return reply


def _value(text: str, prefix: str = "") -> Generator[Command | Pause, Reply | None, str]:
    reply = yield from _ask(Command(text, (prefix,) if prefix else (), bare=True))
    lines = [line for line in reply.lines if line]
    return lines[-1].removeprefix(prefix).strip().strip('"') if reply.ok and lines else ""


def _wake() -> Procedure:
    for _ in range(WAKE_TRIES):
        reply = yield from _ask(Command("AT", limit_s=1.5))
        if reply.ok:
            break
    else:
        raise OutOfService("something answers on the port, but not as a modem does: AT brings no OK")
    yield from _ask(Command("ATZ"))
    for text in ("ATE0", "ATV1", "ATQ0", "AT+CMEE=1"):
        yield from _ask(Command(text))


def _identify(identity: Identity, profile: str) -> Procedure:
    identity.maker = yield from _value("AT+CGMI", "+CGMI:")
    identity.model = yield from _value("AT+CGMM", "+CGMM:")
    serial = yield from _value("AT+CGSN", "+CGSN:")
    match = re.search(r"\d{14,16}", serial)
    identity.imei = match[0] if match else ""
    identity.profile = PROFILES[profile] if profile else profile_of(identity.maker, identity.model)


def _open_sim(identity: Identity, pins: Pins) -> Procedure:
    for _ in range(SIM_TRIES):
        state, code = yield from _sim_state()
        if state == "READY":
            identity.imsi = yield from _value("AT+CIMI", "+CIMI:")
            return
        if state == "SIM PIN":
            yield from _give_pin(identity, pins)
        elif state:
            raise OutOfService(_locked(state))
        elif code in (10, 13, 15):
            raise OutOfService(_NO_SIM[code])
        yield Pause(SIM_PAUSE_S)
    raise OutOfService(f"the SIM is still not ready after {SIM_TRIES * SIM_PAUSE_S:.0f} s; take it out and in again")


_NO_SIM = {
    10: "there is no SIM in the modem",
    13: "the SIM does not work (SIM failure); clean or replace it",
    15: "the modem does not take this SIM (wrong SIM)",
}


def _sim_state() -> Generator[Command | Pause, Reply | None, tuple[str, int | None]]:
    reply = yield from _ask(Command("AT+CPIN?", ("+CPIN:",)))
    values = parameters(reply.lines[-1]) if reply.lines else []
    return (values[0].upper() if reply.ok and values else ""), reply.code


def _locked(state: str) -> str:
    if state == "SIM PUK":
        return "the SIM is blocked and wants its PUK; put it into a phone, enter the PUK there and set a PIN"
    return f"the SIM or the modem is locked ({state}); unlock it with its own tool"


def _give_pin(identity: Identity, pins: Pins) -> Procedure:
    pin = pins.take(identity.imei)
    if pin is None:
        raise OutOfService("the SIM wants a PIN; name a file that holds it as pin_file")
    reply = yield from _ask(Command("AT+CPINR", ("+CPINR:",)))
    left = next((number_at(parameters(line), 1) for line in reply.lines if "SIM PIN," in line.replace('"', "")), None)
    if left is not None and left < MIN_PIN_TRIES:
        raise OutOfService(f"the SIM allows {left} more try for its PIN, so none is made; enter the PIN in a phone")
    reply = yield from _ask(Command(f'AT+CPIN="{pin}"', secret=True, limit_s=10))
    if not reply.ok:
        raise OutOfService("the SIM refused the PIN; it is not tried again until pin_file is changed")
    pins.accepted(identity.imei)


def _set_up(profile: Profile, clir: int | None) -> Procedure:
    texts = ["AT+COPS=3,0", "AT+CREG=1", "AT+CEREG=1", "AT+CLIP=1", "AT+CRC=0", "AT+CMGF=0", "AT+CNMI=2,1,0,1,0"]
    if clir is not None:
        texts.append(f"AT+CLIR={clir}")
    for text in texts:
        yield from _ask(Command(text))
    for choice in profile.setup:
        for text in choice.commands:
            reply = yield from _ask(Command(text))
            if reply.ok:
                break
    yield from _ask(Command("AT+CHUP"))
    if not profile.notices:
        yield from _need_list()


def _need_list() -> Procedure:
    """Where no notification tells an answer, the list of calls has to."""
    for _ in range(LIST_TRIES):
        reply = yield from _ask(Command("AT+CLCC", ("+CLCC:",)))
        if reply.ok:
            return
        yield Pause(LIST_PAUSE_S)
    raise OutOfService(
        "it cannot tell an answer: it refuses the list of calls (AT+CLCC), and no notification of its maker is known; "
        "set profile if it speaks as another maker's, or use another modem"
    )
