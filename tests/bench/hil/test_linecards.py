"""The exchange on the board's line pins, on a clock turned by hand."""

import pytest

from bench.hil.emulated.linecards import DIGIT_PAUSE_S, PULSE_MAX_S, FarEnd, LineCards
from firmware_bridge.firmware.outside import Seen
from hw.fake import ManualClock

FAR_ENDS = {
    "5550100": FarEnd(answer_s=2.0),
    "5550101": FarEnd(answer_s=2.0, hang_up_s=3.0),
    "5550102": FarEnd(busy_s=1.0),
    "57": FarEnd(answer_s=1.0),
}


class Clock(ManualClock):
    def time(self) -> float:
        return self.now


class Exchange:
    """Line cards with the pins that they drive."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.pins: dict[tuple[str, int], bool] = {("line_normal", 0): True, ("line_reversed", 0): False}
        self.polarities: list[str] = []
        self.told: list[tuple[int, str, str]] = []
        self.cards = LineCards(4, FAR_ENDS, self.clock, self._drive, lambda *what: self.told.append(what))
        self.cards.settle()

    def _drive(self, name: str, line: int, level: bool) -> None:
        self.pins[name, line] = level
        self.polarities.append(self.polarity)

    def hook(self, off: bool, line: int = 0) -> None:
        self.cards.saw(self.clock.now, Seen("hook", f"line {line}", off))

    def dial(self, digits: str, line: int = 0) -> None:
        for digit in digits:
            self.cards.saw(self.clock.now, Seen("tone", f"line {line}", digit))
            self.cards.saw(self.clock.now, Seen("tone", f"line {line}", ""))

    def pulse(self, count: int) -> None:
        for _ in range(count):
            self.hook(False)
            self.clock.advance(0.06)
            self.hook(True)
            self.clock.advance(0.04)
        self.clock.advance(DIGIT_PAUSE_S)

    @property
    def polarity(self) -> str:
        normal, reversed_ = self.pins["line_normal", 0], self.pins["line_reversed", 0]
        return {(True, False): "normal", (False, True): "reversed", (False, False): "none"}.get(
            (normal, reversed_), "both"
        )


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


def test_a_reversal_leaves_no_gap_that_could_be_taken_for_the_end(exchange: Exchange) -> None:
    exchange.hook(True)
    exchange.dial("5550100")
    exchange.clock.advance(3.0)
    assert exchange.polarity == "reversed"
    exchange.hook(False)
    exchange.clock.advance(1.0)
    assert exchange.polarity == "normal"
    assert "none" not in exchange.polarities


def test_an_answer_reverses_the_battery(exchange: Exchange) -> None:
    exchange.hook(True)
    exchange.dial("5550100")
    exchange.clock.advance(1.9)
    assert exchange.polarity == "normal"
    exchange.clock.advance(0.2)
    assert exchange.polarity == "reversed"
    assert exchange.told == [(0, "far_rings", "5550100"), (0, "far_answers", "")]


def test_the_far_sides_hang_up_turns_it_back(exchange: Exchange) -> None:
    exchange.hook(True)
    exchange.dial("5550101")
    exchange.clock.advance(5.1)
    assert exchange.polarity == "normal"
    assert exchange.told[-1] == (0, "far_released", "")


def test_a_busy_number_gives_busy_tone_until_the_line_is_on_hook(exchange: Exchange) -> None:
    exchange.hook(True)
    exchange.dial("5550102")
    exchange.clock.advance(1.1)
    assert exchange.pins["line_busy", 0]
    exchange.hook(False)
    exchange.clock.advance(PULSE_MAX_S)
    assert not exchange.pins["line_busy", 0]


def test_pulses_dial_as_tones_do(exchange: Exchange) -> None:
    exchange.hook(True)
    exchange.clock.advance(1.0)
    exchange.pulse(5)
    exchange.pulse(7)
    exchange.clock.advance(1.1)
    assert exchange.polarity == "reversed"


def test_hanging_up_while_it_rings_ends_the_call_for_good(exchange: Exchange) -> None:
    exchange.hook(True)
    exchange.dial("5550100")
    exchange.clock.advance(1.0)
    exchange.hook(False)
    exchange.clock.advance(10.0)
    assert exchange.polarity == "normal"
    assert (0, "far_answers", "") not in exchange.told


def test_keys_in_a_call_reach_the_far_side(exchange: Exchange) -> None:
    exchange.hook(True)
    exchange.dial("5550100")
    exchange.clock.advance(2.1)
    exchange.dial("42")
    assert exchange.told[-2:] == [(0, "far_digits", "4"), (0, "far_digits", "2")]


def test_an_incoming_call_rings_in_bursts_until_it_is_answered(exchange: Exchange) -> None:
    exchange.cards.ring(0)
    assert exchange.pins["line_ring", 0]
    exchange.clock.advance(1.5)
    assert not exchange.pins["line_ring", 0]
    exchange.clock.advance(2.0)
    assert exchange.pins["line_ring", 0]
    exchange.hook(True)
    exchange.clock.advance(5.0)
    assert not exchange.pins["line_ring", 0]


def test_a_caller_who_is_not_answered_gives_up(exchange: Exchange) -> None:
    exchange.cards.ring(0)
    exchange.clock.advance(600.0)
    assert not exchange.pins["line_ring", 0]


def test_a_line_that_is_pulled_out_has_no_voltage_until_it_is_put_back(exchange: Exchange) -> None:
    exchange.hook(True)
    exchange.dial("5550100")
    exchange.cards.plug(0, False)
    exchange.hook(False)
    exchange.clock.advance(5.0)
    assert exchange.polarity == "none"
    exchange.cards.plug(0, True)
    assert exchange.polarity == "normal"


def test_lines_do_not_hear_each_other(exchange: Exchange) -> None:
    exchange.hook(True, 0)
    exchange.hook(True, 1)
    exchange.dial("555", 0)
    exchange.dial("0100", 1)
    exchange.clock.advance(5.0)
    assert exchange.told == []
