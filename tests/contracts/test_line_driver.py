"""The line driver contract: every driver must pass every test here."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from hw.contract import (
    Answered,
    Cause,
    Dialed,
    DigitReceived,
    Ended,
    Joined,
    JoinFailed,
    MessagePlayed,
    Ringing,
    cause_of,
)
from tests.contracts.gateway_rig import NOT_FOR_GATEWAYS, gateway_rig
from tests.contracts.headset_rig import NOT_FOR_STATIONS, headset_rig
from tests.contracts.modem_rig import NOT_FOR_MODEMS, modem_rig
from tests.contracts.rigs import MakeRig, Rig, fake_rig, sip_rig, write_wav
from tests.contracts.scripts import (
    ANSWERS,
    ANSWERS_AND_LEAVES,
    CALLER_ID,
    CROSSES,
    EARLY_MEDIA,
    KEYS,
    MAX_CALLS,
    PRESSES_KEYS,
    REFUSALS,
    RINGS,
    TRUNK,
    TRUNK_LINES,
)

Story = Callable[[Rig], Awaitable[None]]


CANNOT = {"modem": NOT_FOR_MODEMS, "gateway": NOT_FOR_GATEWAYS, "headset": NOT_FOR_STATIONS}
"""By kind, the tests that ask for what such a line does not have, and why."""


@pytest.fixture(params=["fake", pytest.param("sip", marks=pytest.mark.sip), "modem", "gateway", "headset"])
def make_rig(request: pytest.FixtureRequest) -> MakeRig:
    reason = CANNOT.get(request.param, {}).get(request.node.originalname)
    if reason is not None:
        pytest.skip(reason)
    rigs: dict[str, MakeRig] = {
        "fake": fake_rig,
        "sip": sip_rig,
        "modem": modem_rig,
        "gateway": gateway_rig,
        "headset": headset_rig,
    }
    return rigs[request.param]


def play_out(make_rig: MakeRig, story: Story) -> None:
    async def main() -> None:
        async with make_rig() as rig:
            await story(rig)

    asyncio.run(main())


def dial(rig: Rig, call_id: str, number: str) -> None:
    rig.driver.dial(call_id, TRUNK, number, CALLER_ID)


async def up(rig: Rig, call_id: str, number: str = ANSWERS) -> None:
    dial(rig, call_id, number)
    await rig.seen.wait(Answered, call_id)


async def station_up(rig: Rig, call_id: str) -> None:
    rig.driver.call_station(call_id, rig.station)
    await rig.seen.wait(Answered, call_id)


async def settle(rig: Rig, call_id: str) -> None:
    """Hang up, wait for the end, and for anything that wrongly follows it."""
    rig.driver.hang_up(call_id)
    await rig.seen.ended(call_id)
    await asyncio.sleep(0.3)


class TestLineDriver:
    def test_an_answered_call_is_told_in_order(self, make_rig: MakeRig) -> None:
        async def story(rig: Rig) -> None:
            await up(rig, "a")
            await settle(rig, "a")
            assert rig.seen.kinds("a") == ["Dialed", "Ringing", "Answered", "Ended"]
            assert (await rig.seen.ended("a")).cause is Cause.NORMAL

        play_out(make_rig, story)

    def test_each_call_has_a_name_out_there(self, make_rig: MakeRig) -> None:
        async def story(rig: Rig) -> None:
            await asyncio.gather(up(rig, "a"), up(rig, "b"))
            refs = {(await rig.seen.wait(Dialed, call_id)).ref for call_id in "ab"}
            assert len(refs) == 2
            assert "" not in refs

        play_out(make_rig, story)

    def test_a_refusal_ends_with_its_cause_and_codes(self, make_rig: MakeRig) -> None:
        async def story(rig: Rig) -> None:
            for number, (code, q850) in REFUSALS.items():
                dial(rig, number, number)
                ended = await rig.seen.ended(number)
                assert (ended.sip_code, ended.q850) == (code, q850)
                assert ended.cause is cause_of(code, q850)
                assert rig.seen.kinds(number) == ["Dialed", "Ended"]

        play_out(make_rig, story)

    def test_hanging_up_while_it_rings_cancels(self, make_rig: MakeRig) -> None:
        async def story(rig: Rig) -> None:
            dial(rig, "a", RINGS)
            await rig.seen.wait(Ringing, "a")
            await settle(rig, "a")
            assert rig.seen.kinds("a") == ["Dialed", "Ringing", "Ended"]
            assert (await rig.seen.ended("a")).cause is Cause.CANCELLED

        play_out(make_rig, story)

    def test_hanging_up_at_once_cancels(self, make_rig: MakeRig) -> None:
        async def story(rig: Rig) -> None:
            dial(rig, "a", RINGS)
            await settle(rig, "a")
            assert (await rig.seen.ended("a")).cause is Cause.CANCELLED
            assert rig.seen.kinds("a").count("Ended") == 1

        play_out(make_rig, story)

    def test_an_answer_that_crosses_the_cancel_is_told(self, make_rig: MakeRig) -> None:
        async def story(rig: Rig) -> None:
            dial(rig, "a", CROSSES)
            await rig.seen.wait(Ringing, "a")
            await settle(rig, "a")
            assert rig.seen.kinds("a") == ["Dialed", "Ringing", "Answered", "Ended"]
            assert (await rig.seen.ended("a")).cause is Cause.NORMAL

        play_out(make_rig, story)

    def test_the_far_side_hangs_up(self, make_rig: MakeRig) -> None:
        async def story(rig: Rig) -> None:
            await up(rig, "a", ANSWERS_AND_LEAVES)
            assert (await rig.seen.ended("a")).cause is Cause.NORMAL

        play_out(make_rig, story)

    def test_audio_before_the_answer_is_told(self, make_rig: MakeRig) -> None:
        async def story(rig: Rig) -> None:
            await up(rig, "a", EARLY_MEDIA)
            assert (await rig.seen.wait(Ringing, "a")).early_media

        play_out(make_rig, story)

    def test_a_station_answers(self, make_rig: MakeRig) -> None:
        async def story(rig: Rig) -> None:
            await station_up(rig, "s")
            await settle(rig, "s")
            assert rig.seen.kinds("s") == ["Dialed", "Ringing", "Answered", "Ended"]

        play_out(make_rig, story)

    def test_a_call_id_in_use_is_refused(self, make_rig: MakeRig) -> None:
        async def story(rig: Rig) -> None:
            dial(rig, "a", RINGS)
            with pytest.raises(ValueError, match="in use"):
                dial(rig, "a", RINGS)
            with pytest.raises(ValueError, match="in use"):
                rig.driver.call_station("a", rig.station)

        play_out(make_rig, story)

    def test_a_call_id_can_be_used_again_after_the_end(self, make_rig: MakeRig) -> None:
        async def story(rig: Rig) -> None:
            await up(rig, "a")
            await settle(rig, "a")
            dial(rig, "a", ANSWERS)
            await rig.seen.wait_count(Answered, "a", 2)

        play_out(make_rig, story)

    def test_a_full_trunk_says_no_line(self, make_rig: MakeRig) -> None:
        async def story(rig: Rig) -> None:
            for number in range(TRUNK_LINES):
                dial(rig, f"a{number}", RINGS)
            dial(rig, "late", RINGS)
            assert (await rig.seen.ended("late")).cause is Cause.NO_LINE
            assert not any(isinstance(event, Ended) and event.call_id != "late" for event in rig.seen.events)

        play_out(make_rig, story)

    def test_no_line_left_says_no_line(self, make_rig: MakeRig) -> None:
        async def story(rig: Rig) -> None:
            assert rig.driver.capacity() == MAX_CALLS
            for number in range(MAX_CALLS):
                rig.driver.call_station(f"s{number}", rig.station)
            rig.driver.call_station("late", rig.station)
            assert (await rig.seen.ended("late")).cause is Cause.NO_LINE
            for number in range(MAX_CALLS):
                await rig.seen.wait(Answered, f"s{number}")
            await settle(rig, "s0")
            await station_up(rig, "again")

        play_out(make_rig, story)

    def test_an_unknown_trunk_says_no_line(self, make_rig: MakeRig) -> None:
        async def story(rig: Rig) -> None:
            rig.driver.dial("a", "nowhere", ANSWERS, CALLER_ID)
            assert (await rig.seen.ended("a")).cause is Cause.NO_LINE

        play_out(make_rig, story)

    def test_late_commands_do_nothing(self, make_rig: MakeRig, tmp_path: Path) -> None:
        message = write_wav(tmp_path / "message.wav", 0.1)

        async def story(rig: Rig) -> None:
            await up(rig, "a")
            await settle(rig, "a")
            told = len(rig.seen.events)
            for call_id in ("a", "never"):
                rig.driver.hang_up(call_id)
                rig.driver.play(call_id, message)
                rig.driver.send_digits(call_id, "1")
                rig.driver.join(call_id, "b", tone=True)
                rig.driver.part(call_id, "b")
            await asyncio.sleep(0.3)
            assert len(rig.seen.events) == told

        play_out(make_rig, story)

    def test_keys_of_the_far_side_come_in_order(self, make_rig: MakeRig) -> None:
        async def story(rig: Rig) -> None:
            await up(rig, "a", PRESSES_KEYS)
            pressed = await rig.seen.wait_count(DigitReceived, "a", len(KEYS))
            assert "".join(event.digit for event in pressed) == KEYS

        play_out(make_rig, story)

    def test_keys_reach_the_far_side(self, make_rig: MakeRig) -> None:
        async def story(rig: Rig) -> None:
            await up(rig, "a")
            rig.driver.send_digits("a", "42#")
            async with asyncio.timeout(5):
                while rig.digits_heard("a") != "42#":
                    await asyncio.sleep(0.02)

        play_out(make_rig, story)

    def test_a_message_is_played_to_its_end(self, make_rig: MakeRig, tmp_path: Path) -> None:
        message = write_wav(tmp_path / "message.wav", 0.2)

        async def story(rig: Rig) -> None:
            await up(rig, "a")
            for count in (1, 2):
                rig.driver.play("a", message)
                await rig.seen.wait_count(MessagePlayed, "a", count)
            await settle(rig, "a")
            assert rig.seen.kinds("a").count("MessagePlayed") == 2

        play_out(make_rig, story)

    def test_a_message_cut_short_is_not_told_as_played(self, make_rig: MakeRig, tmp_path: Path) -> None:
        message = write_wav(tmp_path / "message.wav", 0.5)

        async def story(rig: Rig) -> None:
            await up(rig, "a")
            rig.driver.play("a", message)
            rig.driver.hang_up("a")
            await rig.seen.ended("a")
            await asyncio.sleep(0.7)
            assert "MessagePlayed" not in rig.seen.kinds("a")

        play_out(make_rig, story)

    def test_a_missing_message_is_over_at_once(self, make_rig: MakeRig, tmp_path: Path) -> None:
        async def story(rig: Rig) -> None:
            await up(rig, "a")
            rig.driver.play("a", tmp_path / "missing.wav")
            await rig.seen.wait(MessagePlayed, "a")

        play_out(make_rig, story)

    def test_join_and_part_leave_both_calls_up(self, make_rig: MakeRig) -> None:
        async def story(rig: Rig) -> None:
            await station_up(rig, "s")
            await up(rig, "a")
            rig.driver.join("a", "s", tone=True)
            assert (await rig.seen.wait(Joined, "a")).peer_id == "s"
            rig.driver.part("a", "s")
            await asyncio.sleep(0.2)
            rig.driver.join("a", "s", tone=False)
            await rig.seen.wait_count(Joined, "a", 2)
            await settle(rig, "a")
            assert "Ended" not in rig.seen.kinds("s")

        play_out(make_rig, story)

    def test_a_join_with_a_call_that_is_over_fails(self, make_rig: MakeRig) -> None:
        async def story(rig: Rig) -> None:
            await station_up(rig, "s")
            await up(rig, "a")
            await settle(rig, "s")
            rig.driver.join("a", "s", tone=False)
            assert (await rig.seen.wait(JoinFailed, "a")).peer_id == "s"
            assert "Ended" not in rig.seen.kinds("a")

        play_out(make_rig, story)

    def test_a_join_with_a_call_that_still_rings_fails(self, make_rig: MakeRig) -> None:
        async def story(rig: Rig) -> None:
            await station_up(rig, "s")
            for number in range(2):
                dial(rig, f"r{number}", RINGS)
                await rig.seen.wait(Ringing, f"r{number}")
                rig.driver.join(f"r{number}", "s", tone=False)
                assert (await rig.seen.wait(JoinFailed, f"r{number}")).peer_id == "s"
            assert "Ended" not in rig.seen.kinds("s")

        play_out(make_rig, story)

    def test_close_ends_every_call_once(self, make_rig: MakeRig) -> None:
        async def story(rig: Rig) -> None:
            await asyncio.gather(up(rig, "a"), station_up(rig, "s"))
            dial(rig, "r", RINGS)
            await rig.seen.wait(Ringing, "r")
            await rig.driver.close()
            for call_id in "asr":
                assert rig.seen.kinds(call_id).count("Ended") == 1
                assert rig.seen.kinds(call_id)[-1] == "Ended"

        play_out(make_rig, story)
