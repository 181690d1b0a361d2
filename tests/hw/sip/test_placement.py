"""On which card a call goes."""

from itertools import pairwise

from hw.sip.placement import START_GAP_S, STARTS_PER_S, Load, card_for_customer, card_for_station


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
