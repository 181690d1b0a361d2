"""AT modems under the line driver contract: a bank of emulated modems on ptys, behind them a virtual exchange.

Modems have no stations. So that the contract's calls can be made with them, `CallsByModem` lets each station be a
number that is called with one of a second group of modems.
"""

import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from bench.hil.emulated.exchange import Exchange, FarEnd
from bench.hil.emulated.modem import EmulatedModem
from hw import fake
from hw.audio.ring import Segment, create_segment
from hw.audio.sound import PcmSound
from hw.contract import LineEvent, OnEvent, TrunkLines
from hw.modem.bank import ModemBank
from hw.modem.settings import BankSettings, ModemSettings
from tests.contracts.rigs import Recorder, Rig, violations
from tests.contracts.scripts import MAX_CALLS, SCRIPTS, STATION, STATION_SCRIPT, TRUNK, TRUNK_LINES
from tests.contracts.silence import SilentStream

NOT_FOR_MODEMS = {
    "test_a_refusal_ends_with_its_cause_and_codes": "a modem tells no SIP codes, and of Q.850 only what +CEER names",
    "test_audio_before_the_answer_is_told": "a modem does not say whether the network sends audio before the answer",
}
"""Tests of the contract that a modem cannot pass, and why."""

STATION_NUMBER = "+12125550190"
_STATIONS = "stations"
_Q850 = {486: 17, 480: 20, 404: 1, 503: 34, 603: 21}


class CallsByModem(ModemBank):
    """A bank whose second group of modems stands for stations."""

    def call_station(self, call_id: str, address: str) -> None:
        """Call the station's number."""
        self.dial(call_id, _STATIONS, STATION_NUMBER, "")

    def capacity(self) -> int:
        """How many stations can be called."""
        return sum(1 for status in self.statuses() if status.usable and status.trunk == _STATIONS)


def far_end(script: fake.FarEnd) -> FarEnd:
    """A script of the contract for the virtual exchange."""
    return FarEnd(
        script.ring_s,
        script.answer_s,
        script.hang_up_s,
        script.fail_s,
        script.q850 or _Q850.get(script.sip_code, 31),
        script.digits,
        script.crosses,
    )


@asynccontextmanager
async def modem_rig(dialect: str = "quectel") -> AsyncIterator[Rig]:
    """Modems of one maker, their audio silent."""
    scripts = {number: far_end(script) for number, script in SCRIPTS.items()}
    exchange = Exchange({**scripts, STATION_NUMBER: far_end(STATION_SCRIPT)})
    trunks = [TRUNK] * TRUNK_LINES + [_STATIONS] * MAX_CALLS
    with ExitStack() as stack:
        descriptor = create_segment(1)
        stack.callback(os.close, descriptor)
        segment = Segment(descriptor)
        settings, sounds = [], {}
        for number, trunk in enumerate(trunks):
            modem = EmulatedModem(
                exchange, dialect=dialect, imei=f"{49015420323700 + number}0", imsi=f"{1010123456700 + number:015}"
            )
            stack.callback(modem.close)
            name = f"modem-{number}"
            settings.append(ModemSettings(name, trunk, modem.open_pty()))
            sounds[name] = PcmSound(SilentStream(), segment, number)
        bank = CallsByModem(BankSettings(tuple(settings)), sounds=sounds)
        seen = Recorder()
        await bank.start(of_calls(seen))
        try:
            yield Rig(bank, seen, STATION, lambda call_id: keys_heard(exchange), None)
        finally:
            await bank.close()
    assert violations(seen.events) == []


def keys_heard(exchange: Exchange) -> str:
    """The keys that far ends got; the contract presses keys in one call."""
    return "".join(call.keys_heard for call in exchange.calls)


def of_calls(seen: Recorder) -> OnEvent:
    """Keeps the events of calls, which are all that the contract test looks at."""

    def on_event(event: LineEvent | TrunkLines) -> None:
        if isinstance(event, LineEvent):
            seen(event)

    return on_event
