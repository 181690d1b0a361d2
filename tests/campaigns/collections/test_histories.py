from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.collections.histories import HistoricCall, conversation_of, instant_of, outcome_of
from tests.campaigns.collections.office import NOW, Office


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("answered", "answered"),
        ("No Answer", "no_answer"),
        ("NA", "no_answer"),
        ("ab", "busy"),
        ("ADC", "invalid"),
        ("AL", "message"),
        ("DROP", "abandoned"),
        ("PTP", "answered"),
        ("NI", "refusal"),
        ("DNC", "refusal"),
    ],
)
def test_outcomes(text: str, outcome: str) -> None:
    assert outcome_of(text) == outcome


@pytest.mark.parametrize("text", ["", "fine", "NEW", "QUEUE"])
def test_words_that_tell_of_no_outcome(text: str) -> None:
    with pytest.raises(ValueError, match="is neither one of abandoned, answered"):
        outcome_of(text)


def test_conversations() -> None:
    assert conversation_of("Yes", "no_answer") and not conversation_of("no", "answered")
    assert conversation_of("", "answered") and not conversation_of("", "machine")
    with pytest.raises(ValueError, match="'maybe' is neither yes nor no"):
        conversation_of("maybe", "answered")


def test_instants_and_their_zones() -> None:
    chicago = ZoneInfo("America/Chicago")
    assert instant_of("2026-05-30T14:05:00-05:00", None) == datetime(2026, 5, 30, 19, 5, tzinfo=UTC)
    assert instant_of("2026-05-30 14:05", chicago) == datetime(2026, 5, 30, 19, 5, tzinfo=UTC)
    assert instant_of("2026-05-30T14:05Z", chicago) == datetime(2026, 5, 30, 14, 5, tzinfo=UTC)
    with pytest.raises(ValueError, match="has no zone"):
        instant_of("2026-05-30 14:05", None)
    with pytest.raises(ValueError, match="is not a date and time"):
        instant_of("yesterday", chicago)


def test_the_later_of_two_hours_counts_in_the_night_when_clocks_are_set_back() -> None:
    assert instant_of("2026-11-01 01:30", ZoneInfo("America/Chicago")) == datetime(2026, 11, 1, 7, 30, tzinfo=UTC)


def call(lead: int = 1, *, days: float = -1, debt: str = "", phone: str = "+12125550101") -> HistoricCall:
    return HistoricCall(lead, phone, NOW + timedelta(days=days), "answered", True, debt)


def test_a_call_is_remembered_once(office: Office) -> None:
    office.owe("A1", "5", lead=3)
    of = office.campaign.campaign_id
    calls = [call(), call(), call(debt="A1"), call(days=-2)]
    told = office.histories.add_many(of, calls, "old.csv", NOW)
    assert (told.added, told.known) == (3, 1)
    told = office.histories.add_many(of, calls, "old again.csv", NOW)
    assert (told.added, told.known) == (0, 4)
    rows = office.store.database.rows("SELECT debt_id, contact, conversation, source FROM past_calls ORDER BY id")
    assert rows == [(None, 1, 1, "old.csv"), (1, 1, 1, "old.csv"), (None, 1, 1, "old.csv")]


def test_what_is_refused(office: Office) -> None:
    office.owe("A2", "5", lead=2)
    calls = [call(days=1), call(debt="A9"), call(debt="A2"), call()]
    told = office.histories.add_many(office.campaign.campaign_id, calls, "old.csv", NOW)
    assert told.added == 1
    assert list(told.refused) == [0, 1, 2]
    for place, why in enumerate(("still to come", "no debt 'A9'", "A2 is not owed by the person of lead 1")):
        assert why in told.refused[place]
