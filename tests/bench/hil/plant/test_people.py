"""Who lives where, on modems and on analogue lines."""

from collections import Counter

from bench.hil.plant.people import Kind, MobileNetwork, People
from tests.e2e.site import some_numbers

NUMBERS = some_numbers(600, 5)


def test_a_fate_follows_from_number_and_seed() -> None:
    assert [People(3).fate(number) for number in NUMBERS] == [People(3).fate(number) for number in NUMBERS]
    assert [People(3).fate(number).kind for number in NUMBERS] != [People(4).fate(number).kind for number in NUMBERS]


def test_all_kinds_occur_and_most_are_people() -> None:
    counts = Counter(People().fate(number).kind for number in NUMBERS)
    assert set(counts) == set(Kind)
    assert 0.45 < counts[Kind.PERSON] / len(NUMBERS) < 0.65


def test_people_talk_as_long_as_they_are_told_to() -> None:
    people = People(1, (7.0, 9.0))
    assert all(7.0 <= people.fate(number).talk_s <= 9.0 for number in NUMBERS)


def test_a_number_is_the_same_person_on_a_modem_and_on_a_line() -> None:
    people = People(2)
    network = MobileNetwork(people)
    for number in NUMBERS:
        mobile, analogue = network.far_end(number), people.fate(number).on_line
        assert (mobile.answer_s, mobile.hang_up_s) == (analogue.answer_s, analogue.hang_up_s)
        assert (mobile.fail_s is None) == (analogue.busy_s is None)
