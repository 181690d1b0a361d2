"""On which card a call goes, and what each trunk has when cards hold less than they should."""

from itertools import pairwise

import pytest

from hw.sip.placement import START_GAP_S, STARTS_PER_S, Load, card_for_customer, card_for_station, shared


def test_stations_are_spread() -> None:
    loads = [Load(0, free=4, stations=1), Load(1, free=2), Load(2, free=3)]
    chosen = card_for_station(loads)
    assert chosen is not None and chosen.card == 2


def test_a_customer_goes_beside_a_station() -> None:
    chosen = card_for_customer([Load(0, free=4), Load(1, free=1, stations=1)], now=0.0)
    assert chosen is not None and chosen.card == 1


def test_a_customer_does_not_wait_for_a_card_beside_a_station() -> None:
    loads = [Load(0, free=4), Load(1, free=3, stations=1, next_start_at=10.05)]
    chosen = card_for_customer(loads, now=10.0)
    assert chosen is not None and chosen.card == 0


def test_when_every_card_must_wait_the_first_to_be_ready_is_taken() -> None:
    loads = [Load(0, free=4, next_start_at=10.4), Load(1, free=1, next_start_at=10.2)]
    chosen = card_for_customer(loads, now=10.0)
    assert chosen is not None and chosen.card == 1


def test_full_cards_are_not_chosen() -> None:
    loads = [Load(0, free=0, stations=1), Load(1, free=0)]
    assert card_for_customer(loads, now=0.0) is None
    assert card_for_station(loads) is None


def test_starts_of_a_card_are_spaced() -> None:
    load = Load(0, free=4)
    delays = [load.reserve_start(100.0) for _ in range(STARTS_PER_S + 1)]
    assert delays[0] == 0.0
    gaps = [round(later - sooner, 6) for sooner, later in pairwise(delays)]
    assert gaps == [START_GAP_S] * STARTS_PER_S
    assert load.reserve_start(200.0) == 0.0


@pytest.mark.parametrize(
    ("slots", "lines", "shares"),
    [
        (4, {"a": 6, "b": 2}, {"a": 3, "b": 1}),
        (0, {"a": 6, "b": 2}, {"a": 0, "b": 0}),
        (1, {"a": 1, "b": 1}, {"a": 1, "b": 0}),
        (7, {"a": 3, "b": 3, "c": 3}, {"a": 3, "b": 2, "c": 2}),
        (20, {"a": 6, "b": 2}, {"a": 6, "b": 2}),
        (3, {"a": 5}, {"a": 3}),
        (3, {}, {}),
    ],
)
def test_slots_are_shared_by_the_lines_that_trunks_should_have(
    slots: int, lines: dict[str, int], shares: dict[str, int]
) -> None:
    assert shared(slots, lines) == shares


def test_no_share_is_more_than_there_is() -> None:
    for slots in range(12):
        for lines in ({"a": 1, "b": 7, "c": 3}, {"a": 4, "b": 4, "c": 4}, {"a": 9, "b": 1, "c": 1}):
            shares = shared(slots, lines)
            assert sum(shares.values()) == min(slots, sum(lines.values()))
            assert all(0 <= shares[name] <= lines[name] for name in lines)
