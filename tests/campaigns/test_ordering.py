from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.ordering import KEY_SPAN, Ordering, Turns, at_rank, order_key

E164 = st.integers(2_000_000_000, 9_999_999_999).map(lambda n: f"+1{n}")


def dialed(numbers: list[str], ordering: Ordering = Ordering.RETRIES_FIRST) -> list[str]:
    """Numbers of a list in the order of their keys, the place in the file breaking ties."""
    keyed = [(order_key(place, 0, e164, ordering), place, e164) for place, e164 in enumerate(numbers)]
    return [e164 for _, _, e164 in sorted(keyed)]


def sorted_file(exchanges: int, each: int) -> list[str]:
    return [f"+1{201 + e // 100}{200 + e % 100 * 7}{line:04}" for e in range(exchanges) for line in range(each)]


def shared(numbers: list[str]) -> float:
    """The share of dials that go to the same exchange (NPA-NXX) as the one before."""
    return sum(a[:8] == b[:8] for a, b in pairwise(numbers)) / (len(numbers) - 1)


@given(st.integers(0, 10**8), st.integers(-(10**6), 10**6), E164, st.sampled_from(Ordering))
def test_keys_lie_in_their_span(position: int, rank: int, e164: str, ordering: Ordering) -> None:
    key = order_key(position, rank, e164, ordering)
    assert 0 <= key < KEY_SPAN and key == order_key(position, rank, e164, ordering.value)


@given(st.integers(0, 10**8), st.integers(0, 10**8), st.integers(-99, 98), E164, E164, st.sampled_from(Ordering))
def test_a_higher_rank_comes_first_wherever_it_stands(
    high: int, low: int, rank: int, a: str, b: str, ordering: Ordering
) -> None:
    assert order_key(high, rank + 1, a, ordering) < order_key(low, rank, b, ordering)


@pytest.mark.parametrize(
    ("exchanges", "each", "most"),
    [(500, 100, 0.002), (60, 400, 0.002), (2000, 10, 0.001), (20, 1000, 0.03), (8, 1000, 0.125), (5, 40, 0.1)],
)
def test_a_sorted_file_hardly_ever_dials_an_exchange_twice_in_a_row(exchanges: int, each: int, most: float) -> None:
    """Where few exchanges are in sight at all, still less often than chance would."""
    numbers = sorted_file(exchanges, each)
    assert shared(numbers) > 0.85
    assert shared(dialed(numbers)) <= most


def test_of_any_sixty_dials_in_a_row_few_go_to_one_exchange() -> None:
    order = dialed(sorted_file(500, 100))
    worst = max(max(Counter(e[:8] for e in order[at : at + 60]).values()) for at in range(100, len(order) - 60, 7))
    assert worst <= 6


@pytest.mark.parametrize("period", [2, 3, 5, 8, 13, 34, 233, 987, 2584])
def test_a_file_that_goes_round_its_exchanges_does_not_become_clumps(period: int) -> None:
    """Any interleaving with a fixed step would turn one of these into runs of a single exchange."""
    exchange = [f"+1{201 + e % 700}{200 + e // 700}" for e in range(period)]
    numbers = [f"{exchange[place % period]}{place // period:04}" for place in range(20_000)]
    assert shared(dialed(numbers)) < max(0.3, 1 / period)


def test_file_order_holds_from_window_to_window() -> None:
    numbers = sorted_file(500, 100)
    place = {e164: at for at, e164 in enumerate(numbers)}
    order = dialed(numbers)
    assert order[:10] == numbers[:10]
    assert max(abs(place[e164] - at) for at, e164 in enumerate(order)) < 6765


def test_random_order_has_nothing_of_the_file_and_does_not_depend_on_the_place() -> None:
    numbers = sorted_file(100, 100)
    keys = [{order_key(at, 0, e164, Ordering.RANDOM) for at in (0, 7, 10**6)} for e164 in numbers]
    assert all(len(each) == 1 for each in keys)
    order = dialed(numbers, Ordering.RANDOM)
    place = {e164: at for at, e164 in enumerate(numbers)}
    assert 0.49 < sum(place[a] < place[b] for a, b in pairwise(order)) / len(order) < 0.51


def test_positions_past_the_last_window_stay_in_their_band() -> None:
    keys = [order_key(10**7 + place, 0, f"+1212{place:07}", Ordering.RETRIES_FIRST) for place in range(1000)]
    assert min(keys) > order_key(4_900_000, 0, "+12125550100", Ordering.RETRIES_FIRST)
    assert max(keys) < order_key(0, -1, "+12125550100", Ordering.RETRIES_FIRST)
    assert len(set(keys)) > 900


WEIGHTS = st.lists(st.integers(1, 100), min_size=1, max_size=8).map(lambda w: dict(enumerate(w)))


def took(turns: Turns, weights: dict[int, int], n: int) -> list[int]:
    turns.begin(weights)
    taken = [turns.take() for _ in range(n)]
    return [member for member in taken if member is not None]


@given(WEIGHTS, st.integers(1, 3), st.integers(1, 50))
def test_turns_are_exact_over_every_round_however_often_they_begin(
    weights: dict[int, int], rounds: int, at_once: int
) -> None:
    turns, left, taken = Turns(), rounds * sum(weights.values()), Counter[int]()
    while left:
        taken.update(took(turns, weights, min(at_once, left)))
        left -= min(at_once, left)
    assert taken == {member: rounds * weight for member, weight in weights.items()}


@given(WEIGHTS, st.integers(1, 400))
def test_turns_never_stray_far_from_their_shares(weights: dict[int, int], n: int) -> None:
    taken, total = Counter(took(Turns(), weights, n)), sum(weights.values())
    assert all(abs(taken[m] - n * w / total) < len(weights) for m, w in weights.items())


def test_turns_are_mixed() -> None:
    assert took(Turns(), {1: 5, 2: 1, 3: 1}, 7) == [1, 1, 1, 2, 3, 1, 1]


@given(WEIGHTS, st.lists(st.booleans(), min_size=1, max_size=300))
def test_a_turn_that_came_to_nothing_takes_nothing_from_the_share(weights: dict[int, int], good: list[bool]) -> None:
    turns, plain = Turns(), Turns()
    turns.begin(weights)
    plain.begin(weights)
    for used in good:
        chosen = turns.take()
        assert chosen is not None
        if used:
            assert chosen == plain.take()
        else:
            turns.give_back(chosen)


def test_who_has_nothing_to_offer_leaves_and_has_no_claim_on_the_turns_it_missed() -> None:
    turns = Turns()
    for _ in range(100):
        turns.begin({1: 1, 2: 1})
        for _ in range(10):
            if turns.take() == 2:
                turns.leave(2)
    assert Counter(took(turns, {1: 1, 2: 1}, 10)) == {1: 5, 2: 5}
    turns.leave(1)
    turns.leave(2)
    assert turns.take() is None


def test_a_rank_given_later_keeps_the_place_within_it() -> None:
    keys = [order_key(place, 3, f"+1212555{place:04}", Ordering.RETRIES_FIRST) for place in range(200)]
    moved = [at_rank(key, -2) for key in keys]
    assert moved == [order_key(place, -2, f"+1212555{place:04}", Ordering.RETRIES_FIRST) for place in range(200)]
