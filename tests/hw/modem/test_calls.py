import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.contract import Cause
from hw.modem.calls import MISSING_POLLS, Call, CallNews, Stage, Stat, Step


def told(call: Call, *stats: Stat) -> list[Step]:
    return [step for stat in stats for step in call.told(CallNews(stat), 1.0)]


class TestCall:
    def test_taking_the_dial_command_is_no_answer(self) -> None:
        call = Call()
        assert call.accepted() == [Step.DIALED]
        assert call.accepted() == []
        assert call.answered_at is None

    def test_a_notification_may_come_before_the_ok(self) -> None:
        call = Call()
        assert told(call, Stat.ALERTING) == [Step.DIALED, Step.RINGING]
        assert call.accepted() == []

    def test_states_that_were_missed_are_made_good(self) -> None:
        assert told(Call(), Stat.ACTIVE) == [Step.DIALED, Step.ANSWERED]

    def test_repetitions_tell_nothing(self) -> None:
        call = Call()
        told(call, Stat.DIALING, Stat.ALERTING, Stat.ACTIVE)
        assert told(call, Stat.ACTIVE, Stat.ALERTING, Stat.DIALING, Stat.HELD) == []

    def test_an_end_before_the_modem_took_ours_is_of_another_call(self) -> None:
        call = Call()
        assert told(call, Stat.RELEASED) == []
        assert call.stage is Stage.ASKED

    def test_news_of_another_index_or_direction_is_not_ours(self) -> None:
        call = Call()
        call.told(CallNews(Stat.ALERTING, index=1), 0.0)
        assert call.told(CallNews(Stat.RELEASED, index=2), 0.0) == []
        assert call.told(CallNews(Stat.ACTIVE, incoming=True, index=1), 0.0) == []

    @pytest.mark.parametrize("index", [None, 1])
    def test_a_call_is_over_when_two_lists_in_a_row_are_without_it(self, index: int | None) -> None:
        call = Call()
        call.told(CallNews(Stat.ALERTING, index=index), 0.0)
        assert call.missed() == []
        call.told(CallNews(Stat.ALERTING, index=index), 0.0)
        assert [call.missed() for _ in range(MISSING_POLLS)] == [[], [Step.OVER]]

    @pytest.mark.parametrize(
        ("number", "ours"),
        [("+12125550101", True), ("12125550101", True), ("5550101", True), ("", True), ("+12125550102", False)],
    )
    def test_until_its_index_is_known_it_is_known_by_its_number(self, number: str, ours: bool) -> None:
        call = Call("+12125550101")
        assert bool(call.told(CallNews(Stat.ACTIVE, index=1, number=number), 0.0)) is ours
        call.told(CallNews(Stat.DIALING, index=2, number="+12125550101"), 0.0)
        assert call.index == (1 if ours else 2)

    @pytest.mark.parametrize(
        ("answered", "hanging_up", "result", "q850", "cause"),
        [
            (True, False, "NO CARRIER", 16, Cause.NORMAL),
            (True, True, "", None, Cause.NORMAL),
            (False, True, "", None, Cause.CANCELLED),
            (False, False, "BUSY", None, Cause.BUSY),
            (False, False, "NO CARRIER", 1, Cause.INVALID_NUMBER),
            (False, False, "NO CARRIER", None, Cause.FAILED),
        ],
    )
    def test_why_it_ended(self, answered: bool, hanging_up: bool, result: str, q850: int | None, cause: Cause) -> None:
        call = Call(hanging_up=hanging_up)
        told(call, Stat.ACTIVE if answered else Stat.ALERTING)
        call.ended(result, q850)
        assert call.cause() is cause

    @given(st.lists(st.sampled_from([*Stat, "accepted", "missed", "ended"]), max_size=30))
    def test_steps_come_in_order_whatever_is_told(self, said: list[Stat | str]) -> None:
        call, steps = Call(), []
        for one in said:
            if isinstance(one, Stat):
                steps += call.told(CallNews(one, index=1), 0.0)
            else:
                steps += {"accepted": call.accepted, "missed": call.missed, "ended": lambda: call.ended("BUSY")}[one]()
            if call.over:
                break
        order = [Step.DIALED, Step.RINGING, Step.ANSWERED, Step.OVER]
        assert [order.index(step) for step in steps] == sorted({order.index(step) for step in steps})
