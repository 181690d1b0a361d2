"""The emulated modem is driven by ofonod, whose AT host stack is not ours."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from dbus_fast import Variant

from bench.hil.emulated.exchange import Exchange, FarEnd
from bench.hil.emulated.modem import EmulatedModem, Faults
from tests.bench.hil.emulated.ofono import STORAGE, Ofono, OfonoError, missing, ofonod

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"needs the Debian package {missing()}")

# One for each process: ofonod keeps what it could not send by IMSI, and hands it to the next one with the same.
IMSI = f"00101{os.getpid():010d}"
ANSWERS, LEAVES, BUSY, RINGS = "+12125550101", "+12125550102", "+12125550103", "+12125550104"
FAR_ENDS = {
    ANSWERS: FarEnd(ring_s=0.05, answer_s=0.2),
    LEAVES: FarEnd(ring_s=0.05, answer_s=0.2, hang_up_s=1.0),
    BUSY: FarEnd(ring_s=None, fail_s=0.8, cause=17),
    RINGS: FarEnd(ring_s=0.05),
}
Story = Callable[[Ofono, EmulatedModem], Awaitable[None]]


@pytest.fixture(autouse=True)
def _ofono_forgets() -> Iterator[None]:
    yield
    for folder in STORAGE.glob(f"{IMSI}*"):
        shutil.rmtree(folder, ignore_errors=True)


def play_out(folder: Path, story: Story, *, dialect: str = "plain", faults: Faults | None = None) -> Exchange:
    exchange = Exchange(FAR_ENDS)

    async def main() -> None:
        modem = EmulatedModem(exchange, dialect=dialect, imsi=IMSI, faults=faults)
        port = await modem.open_tcp()
        try:
            async with ofonod(folder, port) as ofono:
                await ofono.set("Modem", "Powered", Variant("b", True))
                await story(ofono, modem)
        finally:
            modem.close()

    asyncio.run(main())
    return exchange


async def go_online(ofono: Ofono) -> None:
    await ofono.until("SimManager", "SubscriberIdentity", lambda imsi: imsi == IMSI)
    await ofono.set("Modem", "Online", Variant("b", True))
    await ofono.until("NetworkRegistration", "Status", lambda status: status == "registered")


async def dial(ofono: Ofono, number: str) -> str:
    path: str = await ofono.call("VoiceCallManager", "Dial", "ss", number, "")
    return path


class TestPowerUp:
    def test_ofono_reads_modem_sim_and_network(self, tmp_path: Path) -> None:
        async def story(ofono: Ofono, modem: EmulatedModem) -> None:
            await go_online(ofono)
            await ofono.until("Modem", "Serial", lambda imei: imei == modem.imei)
            await ofono.until("NetworkRegistration", "Name", lambda name: name == "Bench Mobile")
            await ofono.until("NetworkRegistration", "Strength", lambda percent: percent == 19 * 100 // 31)

        play_out(tmp_path, story)

    def test_ofono_opens_a_locked_sim_with_the_pin(self, tmp_path: Path) -> None:
        """ofonod's phonesim driver looks at the SIM once per power-up, so it is powered again after the PIN."""

        async def story(ofono: Ofono, modem: EmulatedModem) -> None:
            await ofono.until("SimManager", "PinRequired", lambda wanted: wanted == "pin")
            with pytest.raises(OfonoError):
                await ofono.call("SimManager", "EnterPin", "ss", "pin", "9999")
            await ofono.until("SimManager", "Retries", lambda retries: retries["pin"] == 2)
            await ofono.call("SimManager", "EnterPin", "ss", "pin", "1234")
            for powered in (False, True):
                await ofono.set("Modem", "Powered", Variant("b", powered))
            await go_online(ofono)

        play_out(tmp_path, story, faults=Faults(sim="pin"))


@pytest.mark.parametrize("dialect", ["plain", "quectel", "simcom", "huawei"])
class TestCalls:
    def test_an_answered_call_that_ofono_ends(self, tmp_path: Path, dialect: str) -> None:
        async def story(ofono: Ofono, modem: EmulatedModem) -> None:
            await go_online(ofono)
            path = await dial(ofono, ANSWERS)
            await ofono.until_calls(lambda states: states == ["active"])
            await ofono.call("VoiceCallManager", "SendTones", "s", "42#")
            await ofono.call("VoiceCall", "Hangup", path=path)
            await ofono.until_calls(lambda states: states == [])

        exchange = play_out(tmp_path, story, dialect=dialect)
        assert [(call.number, call.released_by, call.keys_heard) for call in exchange.calls] == [
            (ANSWERS, "caller", "42#")
        ]

    def test_the_far_end_hangs_up(self, tmp_path: Path, dialect: str) -> None:
        async def story(ofono: Ofono, modem: EmulatedModem) -> None:
            await go_online(ofono)
            await dial(ofono, LEAVES)
            await ofono.until_calls(lambda states: states == ["active"])
            await ofono.until_calls(lambda states: states == [])

        exchange = play_out(tmp_path, story, dialect=dialect)
        assert exchange.calls[0].released_by == "far end"


class TestOtherCalls:
    def test_alerting_then_busy_and_a_cancelled_call(self, tmp_path: Path) -> None:
        async def story(ofono: Ofono, modem: EmulatedModem) -> None:
            await go_online(ofono)
            await dial(ofono, BUSY)
            await ofono.until_calls(lambda states: states == ["dialing"])
            await ofono.until_calls(lambda states: states == [])
            await dial(ofono, RINGS)
            await ofono.until_calls(lambda states: states == ["alerting"])
            await ofono.call("VoiceCallManager", "HangupAll")
            await ofono.until_calls(lambda states: states == [])

        exchange = play_out(tmp_path, story)
        assert [(call.released_by, call.cause) for call in exchange.calls] == [("network", 17), ("caller", 16)]

    def test_an_incoming_call_is_seen_and_refused(self, tmp_path: Path) -> None:
        async def story(ofono: Ofono, modem: EmulatedModem) -> None:
            await go_online(ofono)
            modem.ring("+12125550177")
            await ofono.until_calls(lambda states: states == ["incoming"])
            path = next(iter(await ofono.calls()))
            assert (await ofono.properties("VoiceCall", path))["LineIdentification"] == "+12125550177"
            await ofono.call("VoiceCall", "Hangup", path=path)
            await ofono.until_calls(lambda states: states == [])
            assert modem.incoming_refused == 1

        play_out(tmp_path, story)


class TestTexts:
    @pytest.mark.parametrize("text", ["Your appointment is at 9 {room 2}", "Ваша встреча в 9 " * 12])
    def test_texts_that_ofono_encodes_are_read(self, tmp_path: Path, text: str) -> None:
        async def story(ofono: Ofono, modem: EmulatedModem) -> None:
            await go_online(ofono)
            await ofono.until("MessageManager", "Alphabet", lambda alphabet: True)
            await ofono.call("MessageManager", "SendMessage", "ss", ANSWERS, text)
            async with asyncio.timeout(10):
                while not modem.exchange.texts:
                    await asyncio.sleep(0.05)

        assert play_out(tmp_path, story).texts == [(ANSWERS, text)]
