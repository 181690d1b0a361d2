"""All lines of a site as one driver: calls go to their bank, and calls of two banks hear each other by rings."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from bench.hil.emulated.headset import EmulatedHeadset
from bench.hil.emulated.voice import RATE_HZ, EmulatedVoice, tone
from dialer.farend import signals
from hw.audio.ring import Segment, create_segment, ring_number
from hw.audio.sound import Audible, PcmSound
from hw.audio.streams import SerialPcm
from hw.contract import Answered, Cause, Dialed, Joined, JoinFailed, TrunkLines
from hw.contract.driver import DriverError, OnEvent
from hw.fake import FakeDriver, FarEnd
from hw.headset.station import HeadsetSettings, HeadsetStations
from hw.lines import Bank, Lines, SmsReports, SoundVoices
from hw.modem.sms import SmsSent, SmsTold
from hw.sip.config import SipSettings, SipTrunk
from hw.sip.pool import SipPool, most_cards
from hw.sip.sound import TONE_HZ
from tests.contracts.rigs import Recorder
from tests.contracts.scripts import ANSWERS, SCRIPTS, STATION_SCRIPT
from tests.contracts.sip_far_end import SipFarEnd

PICKS_UP = FarEnd(answer_s=0.02)


class Voices:
    """Voices that note who hears which ring, and tell of it when asked to."""

    def __init__(self, rings: dict[str, int], *, failure: str = "") -> None:
        self.rings = rings
        self.failure = failure
        self.heard: dict[str, list[int]] = {}
        self.tones: list[str] = []

    def ring_of(self, call_id: str) -> int | None:
        return self.rings.get(call_id)

    def hear(self, call_id: str, other: Audible, /, *, tone: bool, done: Callable[[str], None]) -> None:
        if tone:
            self.tones.append(call_id)
        if not self.failure:
            self.heard.setdefault(call_id, []).append(other.ring)
        done(self.failure)

    def unhear(self, call_id: str, other: Audible, /) -> None:
        heard = self.heard.get(call_id, [])
        if other.ring in heard:
            heard.remove(other.ring)


class Two:
    """Two fake banks: trunk `t` on one, station `desk` on the other."""

    def __init__(self, *, failure: str = "", their_failure: str = "", lends: bool = False) -> None:
        self.customers = FakeDriver({}, trunks={"t": 2}, default=PICKS_UP)
        self.stations = FakeDriver({}, trunks={}, default=PICKS_UP)
        self.theirs = Voices({"a": 1, "b": 2}, failure=their_failure)
        self.ours = Voices({"s": 7}, failure=failure)
        banks = [
            Bank(self.customers, self.theirs, frozenset({"t"})),
            Bank(self.stations, self.ours, frozenset(), frozenset({"desk", "other"}), lends=lends),
        ]
        self.lines, self.seen = Lines(banks), Recorder()

    async def up(self) -> None:
        await self.lines.start(self.seen)
        self.lines.dial("a", "t", ANSWERS, "")
        self.lines.call_station("s", "desk")
        await self.seen.wait(Answered, "a")
        await self.seen.wait(Answered, "s")


def test_calls_of_two_banks_hear_each_other_until_they_are_parted() -> None:
    async def story() -> None:
        two = Two()
        await two.up()
        two.lines.join("a", "s", tone=True)
        assert (await two.seen.wait(Joined, "a")).peer_id == "s"
        assert (two.theirs.heard, two.ours.heard) == ({"a": [7]}, {"s": [1]})
        assert (two.theirs.tones, two.ours.tones) == ([], ["s"])
        two.lines.part("a", "s")
        assert (two.theirs.heard, two.ours.heard) == ({"a": []}, {"s": []})

    asyncio.run(story())


def test_the_end_of_one_call_lets_the_other_go() -> None:
    async def story() -> None:
        two = Two()
        await two.up()
        two.lines.join("a", "s", tone=False)
        await two.seen.wait(Joined, "a")
        two.customers.far_hang_up("a")
        await two.seen.ended("a")
        assert two.ours.heard == {"s": []}
        assert "Ended" not in two.seen.kinds("s")
        two.lines.join("a", "s", tone=False)
        await asyncio.sleep(0.05)
        assert two.seen.kinds("a") == ["Dialed", "Ringing", "Answered", "Joined", "Ended"]

    asyncio.run(story())


@pytest.mark.parametrize("silent", ["a", "s"])
def test_a_call_without_audio_here_cannot_be_joined(silent: str) -> None:
    async def story() -> None:
        two = Two()
        two.theirs.rings.pop(silent, None)
        two.ours.rings.pop(silent, None)
        await two.up()
        two.lines.join("a", "s", tone=False)
        failed = await two.seen.wait(JoinFailed, "a")
        assert silent in failed.detail and failed.no_path
        assert not any(two.theirs.heard.values()) and not any(two.ours.heard.values())

    asyncio.run(story())


def test_a_join_that_fails_on_one_side_is_undone_on_the_other() -> None:
    async def story() -> None:
        two = Two(failure="no sound device")
        await two.up()
        two.lines.join("a", "s", tone=False)
        failed = await two.seen.wait(JoinFailed, "a")
        assert (failed.detail, failed.no_path) == ("no sound device", False)
        await asyncio.sleep(0.05)
        assert two.theirs.heard == {"a": []}
        assert "Joined" not in two.seen.kinds("a")

    asyncio.run(story())


def test_a_way_that_was_lent_to_a_station_and_fails_is_no_fault_of_the_station() -> None:
    async def story() -> None:
        two = Two(failure="tie 1 is gone", lends=True)
        await two.up()
        two.lines.join("a", "s", tone=False)
        failed = await two.seen.wait(JoinFailed, "a")
        assert (failed.detail, failed.no_path) == ("tie 1 is gone", True)

    asyncio.run(story())


def test_a_join_that_fails_on_the_persons_side_is_no_fault_of_the_station() -> None:
    async def story() -> None:
        two = Two(their_failure="the tie is broken")
        await two.up()
        two.lines.join("a", "s", tone=False)
        failed = await two.seen.wait(JoinFailed, "a")
        assert (failed.detail, failed.no_path) == ("the tie is broken", True)
        assert two.ours.heard.get("s", []) == []

    asyncio.run(story())


def test_joins_inside_a_bank_are_its_own() -> None:
    async def story() -> None:
        two = Two()
        await two.up()
        two.lines.call_station("o", "other")
        await two.seen.wait(Answered, "o")
        two.lines.join("s", "o", tone=False)
        await two.seen.wait(Joined, "s")
        assert two.stations.joined == {frozenset(("s", "o"))}
        two.lines.part("s", "o")
        assert two.stations.joined == set()

    asyncio.run(story())


def test_unknown_trunks_and_stations_end_at_once() -> None:
    async def story() -> None:
        two = Two()
        await two.lines.start(two.seen)
        two.lines.dial("x", "nowhere", ANSWERS, "")
        two.lines.call_station("y", "nobody")
        assert (await two.seen.ended("x")).cause is Cause.NO_LINE
        assert (await two.seen.ended("y")).cause is Cause.INVALID_NUMBER

    asyncio.run(story())


def test_what_trunks_tell_of_their_lines_is_passed_on() -> None:
    async def story() -> None:
        two = Two()
        await two.lines.start(two.seen)
        two.customers.tell_lines("t", 1, "unplugged")
        assert two.seen.lines == [TrunkLines("t", 1, "unplugged")]

    asyncio.run(story())


def test_texts_go_to_the_bank_of_the_trunk_that_sends_them() -> None:
    class Texting(FakeDriver):
        def __init__(self) -> None:
            super().__init__({}, trunks={"gsm": 1})
            self.sent: list[tuple[str | float, ...]] = []

        def send_sms(self, *text: str | float) -> None:
            self.sent.append(text)

    driver, reports, heard = Texting(), SmsReports(), list[SmsTold]()
    banks = [
        Bank(driver, Voices({}), frozenset({"gsm"}), sms=driver),
        Bank(FakeDriver({}, trunks={"t": 1}), Voices({}), frozenset({"t"})),
    ]
    lines = Lines(banks, reports)
    assert lines.sms_trunks == {"gsm"}
    lines.send_sms("1", "gsm", ANSWERS, "Hello", 60.0)
    assert driver.sent == [("1", "gsm", ANSWERS, "Hello", 60.0)]
    for trunk in ("t", "nowhere"):
        with pytest.raises(DriverError, match=f"{trunk}.*sends no text messages"):
            lines.send_sms("2", trunk, ANSWERS, "Hello", 60.0)
    reports.take(SmsSent("0", 1))
    lines.sms_reports.listener = heard.append
    reports.take(SmsSent("1", 1))
    assert heard == [SmsSent("1", 1)]


def test_banks_that_are_up_are_closed_when_another_cannot_start() -> None:
    class Broken(FakeDriver):
        async def start(self, on_event: OnEvent) -> None:
            raise DriverError("no such port")

    class Good(FakeDriver):
        closed = False

        async def close(self) -> None:
            Good.closed = True

    async def story() -> None:
        lines = Lines([Bank(Good({}, trunks={}), Voices({})), Bank(Broken({}, trunks={}), Voices({}))])
        with pytest.raises(DriverError, match="no such port"):
            await lines.start(Recorder())
        assert Good.closed

    asyncio.run(story())


class Site:
    """SIP customers and a hands-free headset with its voice on a serial port."""

    def __init__(self, lines: Lines, seen: Recorder, far: SipFarEnd, voice: EmulatedVoice) -> None:
        self.lines, self.seen, self.far, self.voice = lines, seen, far, voice


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    far = SipFarEnd(SCRIPTS, STATION_SCRIPT)
    await far.open()
    voice = EmulatedVoice(folder / "voice", tone(900, 8000))
    await voice.switch_on()
    headset = EmulatedHeadset(folder / "headset", answers_after_s=0.05)
    await headset.switch_on()
    sip = SipSettings(
        rtp_port_base=33000, max_calls=2, trunks=(SipTrunk("t", f"sip:{{number}}@127.0.0.1:{far.port}", 2),)
    )
    cards = most_cards(sip)
    descriptor = create_segment(cards + 1)
    sound = PcmSound(SerialPcm(str(folder / "voice"), 921600), Segment(descriptor), ring_number(cards, 0))
    stations = HeadsetStations([HeadsetSettings("anna", str(folder / "headset"))], {"anna": sound})
    pool = SipPool(sip, descriptor)
    banks = [
        Bank(pool, pool, frozenset({"t"})),
        Bank(stations, SoundVoices(stations.sound), frozenset(), frozenset({"hfp:anna"})),
    ]
    lines, seen = Lines(banks), Recorder()
    try:
        await lines.start(seen)
        yield Site(lines, seen, far, voice)
    finally:
        await lines.close()
        await headset.switch_off()
        await voice.switch_off()
        await far.close()
        os.close(descriptor)


def pitch_hz(samples: "np.typing.NDArray[np.int16]") -> float:
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.argmax(spectrum)) * RATE_HZ / len(samples)


@pytest.mark.sip
def test_a_sip_customer_and_a_serial_headset_hear_each_other(tmp_path: Path) -> None:
    async def story() -> None:
        async with site(tmp_path) as rig:
            async with asyncio.timeout(10):
                while rig.lines.capacity() < 3:
                    await asyncio.sleep(0.02)
            rig.lines.call_station("s", "hfp:anna")
            await rig.seen.wait(Answered, "s")
            rig.lines.dial("a", "t", ANSWERS, "")
            await rig.seen.wait(Answered, "a")
            person = rig.far.calls[(await rig.seen.wait(Dialed, "a")).ref]
            assert person.media is not None
            person.play(signals.tone(600))
            rig.lines.join("a", "s", tone=True)
            await rig.seen.wait(Joined, "a")
            beginning = await rig.voice.listen(0.2)
            assert pitch_hz(beginning) == pytest.approx(TONE_HZ, abs=30)
            await asyncio.sleep(0.5)
            person.media.ears.reset()
            assert pitch_hz(await rig.voice.listen(1.0)) == pytest.approx(600, abs=10)
            heard = person.media.ears.heard()
            assert heard.tone_hz == pytest.approx(900, abs=10)
            rig.lines.part("a", "s")
            await asyncio.sleep(0.3)
            person.media.ears.reset()
            assert not (await rig.voice.listen(0.5)).any()
            assert person.media.ears.heard().sound_s == 0.0
            assert "Ended" not in rig.seen.kinds("a") + rig.seen.kinds("s")

    asyncio.run(story())
