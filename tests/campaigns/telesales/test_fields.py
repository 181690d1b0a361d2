"""Representative answers stand for all others, as far as comparisons go."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from campaigns.telesales.fields import AnswerError, Field, Kind, read, representatives, worth

NUMBERS = st.decimals(-50, 50, places=1)


def classes(marks: list[Decimal], value: Decimal) -> tuple[tuple[bool, bool], ...]:
    return tuple((value < mark, value == mark) for mark in marks)


@given(st.lists(NUMBERS, max_size=4), NUMBERS, st.booleans(), st.sampled_from([None, Decimal(-3), Decimal("2.5")]))
def test_every_number_is_like_a_representative(
    marks: list[Decimal], value: Decimal, whole: bool, low: Decimal | None
) -> None:
    field = Field("n", Kind.NUMBER, required=True, whole=whole, low=low)
    try:
        answer = read(field, str(value))
    except AnswerError:
        return
    found = {classes(marks, Decimal(each)) for each in representatives(field, marks)}
    assert classes(marks, Decimal(answer)) in found


@given(st.lists(NUMBERS, max_size=4), NUMBERS)
def test_every_amount_is_like_a_representative(marks: list[Decimal], value: Decimal) -> None:
    field = Field("m", Kind.MONEY, required=True, currency="EUR")
    found = {classes(marks, Decimal(each.split(" ")[0])) for each in representatives(field, marks)}
    assert classes(marks, value) in found


@given(st.lists(st.dates(), max_size=3), st.dates())
def test_every_date_is_like_a_representative(marks: list[date], value: date) -> None:
    field = Field("d", Kind.DATE, required=True)

    def compared(day: date) -> list[tuple[bool, bool]]:
        return [(day < mark, day == mark) for mark in marks]

    found = [worth(field, each) for each in representatives(field, marks)]
    assert compared(value) in [compared(each) for each in found if isinstance(each, date)]


def test_texts_are_one_of_the_marks_or_another() -> None:
    assert representatives(Field("t", Kind.TEXT), ["a", "b"]) == ("a", "b", "ab?", "")


@given(st.text(max_size=20))
def test_reading_an_answer_again_changes_nothing(text: str) -> None:
    for field in (Field("n", Kind.NUMBER), Field("m", Kind.MONEY, currency="JPY"), Field("t", Kind.TEXT)):
        try:
            answer = read(field, text)
        except AnswerError:
            continue
        assert read(field, answer) == answer
