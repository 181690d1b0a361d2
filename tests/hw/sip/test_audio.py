"""Audio through the pool: a tone sent in at one end is measured at the other."""

import asyncio
import math
import struct
import wave
from pathlib import Path

import pytest

from dialer.farend import signals
from dialer.farend.calls import IncomingCall
from hw.contract import Answered, Dialed, Joined, MessagePlayed
from hw.sip.pool import SipPool
from hw.sip.sound import TONE_HZ
from tests.contracts.rigs import Rig, sip_rig
from tests.contracts.scripts import ANSWERS, CALLER_ID, TRUNK

pytestmark = pytest.mark.sip
LISTEN_S = 1.5


async def station(rig: Rig, call_id: str) -> IncomingCall:
    rig.driver.call_station(call_id, rig.station)
    return await far_call(rig, call_id)


async def customer(rig: Rig, call_id: str) -> IncomingCall:
    rig.driver.dial(call_id, TRUNK, ANSWERS, CALLER_ID)
    return await far_call(rig, call_id)


async def far_call(rig: Rig, call_id: str) -> IncomingCall:
    await rig.seen.wait(Answered, call_id)
    assert rig.far is not None
    return rig.far.calls[(await rig.seen.wait(Dialed, call_id)).ref]


def card_of(rig: Rig, call_id: str) -> int:
    pool = rig.driver
    assert isinstance(pool, SipPool)
    card = pool.card_of(call_id)
    assert card is not None
    return card


def heard_hz(call: IncomingCall) -> float | None:
    assert call.media is not None
    heard = call.media.ears.heard()
    if heard.tone_share is None or heard.tone_share < 0.8:
        return None
    return heard.tone_hz


def reset(*calls: IncomingCall) -> None:
    for call in calls:
        assert call.media is not None
        call.media.ears.reset()


async def check_both_ways(one: IncomingCall, other: IncomingCall) -> None:
    one.play(signals.tone(600))
    other.play(signals.tone(900))
    await asyncio.sleep(0.5)
    reset(one, other)
    await asyncio.sleep(LISTEN_S)
    assert heard_hz(other) == pytest.approx(600, abs=5)
    assert heard_hz(one) == pytest.approx(900, abs=5)


async def check_silence(call: IncomingCall) -> None:
    await asyncio.sleep(0.3)
    reset(call)
    await asyncio.sleep(0.5)
    assert call.media is not None
    assert call.media.ears.heard().sound_s == 0.0


def test_calls_of_one_card_hear_each_other() -> None:
    async def story() -> None:
        async with sip_rig() as rig:
            agent, person = await station(rig, "s"), await customer(rig, "a")
            assert card_of(rig, "s") == card_of(rig, "a")
            rig.driver.join("a", "s", tone=False)
            await rig.seen.wait(Joined, "a")
            await check_both_ways(person, agent)
            rig.driver.part("a", "s")
            await check_silence(agent)
            await check_silence(person)

    asyncio.run(story())


def test_calls_of_two_cards_hear_each_other() -> None:
    async def story() -> None:
        async with sip_rig() as rig:
            one, other = await station(rig, "s1"), await station(rig, "s2")
            assert card_of(rig, "s1") != card_of(rig, "s2")
            for _ in range(2):
                rig.driver.join("s1", "s2", tone=False)
                await check_both_ways(one, other)
                rig.driver.part("s1", "s2")
                await check_silence(one)
                await check_silence(other)
            assert len(await rig.seen.wait_count(Joined, "s1", 2)) == 2

    asyncio.run(story())


@pytest.mark.parametrize("across", [False, True])
def test_only_the_agent_hears_the_tone(across: bool) -> None:
    async def story() -> None:
        async with sip_rig() as rig:
            agent = await station(rig, "s")
            person = await (station(rig, "a") if across else customer(rig, "a"))
            assert (card_of(rig, "s") != card_of(rig, "a")) == across
            reset(agent, person)
            rig.driver.join("a", "s", tone=True)
            await asyncio.sleep(1.0)
            assert heard_hz(agent) == pytest.approx(TONE_HZ, abs=5)
            assert agent.media is not None and person.media is not None
            assert 0.1 < agent.media.ears.heard().sound_s < 0.4
            assert person.media.ears.heard().sound_s == 0.0

    asyncio.run(story())


def test_the_message_is_heard_from_its_start_each_time(tmp_path: Path) -> None:
    message = tone_wav(tmp_path / "message.wav", 700, 0.6)

    async def story() -> None:
        async with sip_rig() as rig:
            person = await customer(rig, "a")
            for count in (1, 2):
                reset(person)
                rig.driver.play("a", message)
                await rig.seen.wait_count(MessagePlayed, "a", count)
                await asyncio.sleep(0.2)
                assert heard_hz(person) == pytest.approx(700, abs=5)
                assert person.media is not None
                assert person.media.ears.heard().sound_s == pytest.approx(0.6, abs=0.08)

    asyncio.run(story())


def test_a_dead_card_leaves_silence_and_its_peer_joins_again() -> None:
    async def story() -> None:
        async with sip_rig() as rig:
            one, other = await station(rig, "s1"), await station(rig, "s2")
            rig.driver.join("s1", "s2", tone=False)
            await rig.seen.wait(Joined, "s1")
            await check_both_ways(one, other)
            assert isinstance(rig.driver, SipPool)
            rig.driver.kill_card(card_of(rig, "s2"))
            await rig.seen.ended("s2")
            await check_silence(one)
            third = await station(rig, "s3")
            rig.driver.join("s1", "s3", tone=False)
            await check_both_ways(one, third)

    asyncio.run(story())


def test_a_join_undone_at_once_is_never_told_the_wrong_way_round() -> None:
    async def story() -> None:
        async with sip_rig() as rig:
            one, other = await station(rig, "s1"), await station(rig, "s2")
            for _ in range(5):
                rig.driver.join("s1", "s2", tone=False)
                rig.driver.part("s1", "s2")
            rig.driver.join("s1", "s2", tone=False)
            await check_both_ways(one, other)
            assert "Joined" in rig.seen.kinds("s1")
            assert "Joined" not in rig.seen.kinds("s2")

    asyncio.run(story())


def tone_wav(path: Path, hz: int, seconds: float) -> Path:
    samples = [round(8000 * math.sin(2 * math.pi * hz * n / 8000)) for n in range(round(seconds * 8000))]
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return path
