"""The scripted driver on a clock that the test turns; what all drivers share is in tests/contracts."""

import asyncio

from hw.contract import Cause, Ended, LineEvent
from hw.fake import FakeDriver, FarEnd, ManualClock

NUMBER, BUSY, STATION = "+12125550101", "+12125550102", "agent1"


def driver(far_ends: dict[str, FarEnd], *, lines: int = 4) -> tuple[FakeDriver, ManualClock, list[LineEvent]]:
    clock, seen = ManualClock(), list[LineEvent]()
    fake = FakeDriver(far_ends, trunks={"north": lines}, clock=clock)
    asyncio.run(fake.start(seen.append))
    return fake, clock, seen


def kinds(seen: list[LineEvent]) -> list[str]:
    return [type(event).__name__ for event in seen]


def test_nothing_happens_until_the_clock_moves() -> None:
    fake, clock, seen = driver({NUMBER: FarEnd(ring_s=1.0, answer_s=5.0, hang_up_s=10.0)})
    fake.dial("a", "north", NUMBER, "")
    assert seen == []
    clock.advance(0)
    assert kinds(seen) == ["Dialed"]
    clock.advance(4.9)
    assert kinds(seen) == ["Dialed", "Ringing"]
    clock.advance(0.1)
    assert kinds(seen)[-1] == "Answered"
    clock.advance(9.9)
    assert kinds(seen)[-1] == "Answered"
    clock.advance(0.1)
    assert kinds(seen) == ["Dialed", "Ringing", "Answered", "Ended"]
    assert clock.now == 15.0


def test_one_script_gives_one_history() -> None:
    def history() -> list[LineEvent]:
        fake, clock, seen = driver({NUMBER: FarEnd(answer_s=1.0, digits="12"), BUSY: FarEnd(fail_s=1.0)})
        for number in range(3):
            fake.dial(f"a{number}", "north", NUMBER, "")
        fake.dial("b", "north", BUSY, "")
        clock.advance(30)
        return seen

    assert history() == history()
    assert len(history()) > 10


def test_a_line_can_break() -> None:
    fake, clock, seen = driver({NUMBER: FarEnd(answer_s=1.0)})
    fake.dial("a", "north", NUMBER, "")
    clock.advance(2)
    fake.lose("a")
    assert seen[-1] == Ended("a", Cause.LINE_LOST)
    clock.advance(60)
    assert kinds(seen).count("Ended") == 1


def test_the_far_side_can_be_moved_by_hand() -> None:
    fake, clock, seen = driver({NUMBER: FarEnd(answer_s=1.0)})
    fake.dial("a", "north", NUMBER, "")
    fake.far_hang_up("a")
    clock.advance(2)
    fake.far_digit("a", "5")
    fake.far_hang_up("a")
    assert kinds(seen)[-2:] == ["DigitReceived", "Ended"]


def test_what_was_asked_can_be_read() -> None:
    fake, clock, seen = driver({NUMBER: FarEnd(answer_s=1.0), STATION: FarEnd(answer_s=1.0)})
    fake.call_station("s", STATION)
    fake.dial("a", "north", NUMBER, "+12125550100")
    clock.advance(2)
    fake.join("a", "s", tone=True)
    fake.send_digits("a", "1")
    fake.send_digits("a", "2")
    clock.advance(0)
    assert fake.dialed == [("s", STATION), ("a", NUMBER)]
    assert fake.joined == {frozenset(("a", "s"))}
    assert fake.digits_sent == {"a": "12"}
    fake.hang_up("a")
    clock.advance(0)
    assert fake.joined == set()
    assert kinds(seen)[-1] == "Ended"


def test_a_cancelled_timer_does_not_fire() -> None:
    clock, fired = ManualClock(), list[str]()
    clock.call_later(1.0, lambda: fired.append("one")).cancel()
    clock.call_later(1.0, lambda: fired.append("two"))
    clock.advance(5)
    assert fired == ["two"]
