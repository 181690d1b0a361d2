import random

import pytest

from firmware_bridge.clock import MAX_DRIFT, BoardClock


class TestBoardClock:
    def test_nothing_is_known_before_the_first_round_trip(self) -> None:
        assert BoardClock().host_s(1) is None
        assert BoardClock().error_s is None

    def test_the_board_s_time_lies_in_the_middle_of_the_round_trip(self) -> None:
        clock = BoardClock()
        clock.add(100.0, 100.010, 5_000_000)
        assert clock.host_s(6_000_000) == pytest.approx(101.005)
        assert clock.error_s == pytest.approx(0.005)

    def test_after_a_reboot_it_begins_anew(self) -> None:
        clock = BoardClock()
        clock.add(100.0, 100.010, 5_000_000)
        clock.reset()
        assert clock.host_s(6_000_000) is None

    @pytest.mark.parametrize("ppm", [-200, 0, 40, 200])
    def test_it_stays_within_the_best_round_trip_though_clocks_drift_and_trips_vary(self, ppm: int) -> None:
        rng = random.Random(ppm)
        clock = BoardClock()
        rate, began = 1 + ppm * 1e-6, 500.0
        for number in range(500):
            sent_at = began + number * 0.4
            there, back = (0.001 + rng.expovariate(200) for _ in range(2))
            clock.add(sent_at, sent_at + there + back, round((sent_at + there - began) / rate * 1e6))
        now = began + 500 * 0.4
        mapped = clock.host_s(round((now - began) / rate * 1e6))
        assert mapped == pytest.approx(now, abs=0.004)
        assert clock.drift == pytest.approx(ppm * 1e-6, abs=150e-6)

    def test_drift_is_held_within_what_a_crystal_does(self) -> None:
        clock = BoardClock()
        for number in range(100):
            clock.add(number * 0.4, number * 0.4 + 0.001, round(number * 0.4e6 * 2))
        assert abs(clock.drift) == pytest.approx(MAX_DRIFT)
