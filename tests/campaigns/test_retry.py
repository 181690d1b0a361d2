from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.model import Candidate, Outcome, Phone, RetryRule
from campaigns.retry import DEFAULT_RULES, RETRIED_AS, decide
from campaigns.statuses import STATUSES

NOW = datetime(2026, 6, 1, 15, tzinfo=UTC)
ZONE = ("America/New_York",)
A = Phone(1, "+12125550101", ZONE)
B = Phone(2, "+12125550102", ZONE)
TRIED = Phone(2, "+12125550102", ZONE, attempts=1)
UNPLACED = Phone(3, "+18005550103", ())


def test_every_outcome_has_a_default_rule() -> None:
    assert set(DEFAULT_RULES) == set(Outcome)


@pytest.mark.parametrize(
    ("outcome", "delay"),
    [
        (Outcome.BUSY, timedelta(minutes=5)),
        (Outcome.NO_ANSWER, timedelta(hours=1)),
        (Outcome.REJECTED, timedelta(hours=4)),
        (Outcome.CONGESTION, timedelta(minutes=5)),
        (Outcome.TIMEOUT, timedelta(minutes=5)),
        (Outcome.ABANDONED, timedelta(hours=24)),
        (Outcome.BLOCKED, timedelta(hours=24)),
        (Outcome.CANCELLED, timedelta(minutes=15)),
        (Outcome.FAILED, timedelta(minutes=30)),
        (Outcome.LOST, timedelta(hours=1)),
        (Outcome.CALLBACK, timedelta(hours=24)),
    ],
)
def test_default_delays_on_the_only_number(outcome: Outcome, delay: timedelta) -> None:
    decision = decide(DEFAULT_RULES, outcome, Candidate(7, (A,)), NOW)
    assert (decision.at, decision.phone_id) == (NOW + delay, A.phone_id)
    assert outcome.value in decision.because


@pytest.mark.parametrize("outcome", [Outcome.HANDLED, Outcome.UNWANTED])
def test_some_outcomes_end_a_lead(outcome: Outcome) -> None:
    decision = decide(DEFAULT_RULES, outcome, Candidate(7, (A, B)), NOW)
    assert decision.at is None and decision.phone_id is None and outcome.value in decision.because


def test_an_agents_status_that_ends_nothing_is_tried_again() -> None:
    unreached = {code for code, each in STATUSES.items() if each.selectable and not each.human_answered}
    called_back = {code for code, each in STATUSES.items() if each.selectable and each.scheduled_callback}
    assert set(RETRIED_AS) == unreached | called_back
    decision = decide(DEFAULT_RULES, RETRIED_AS["CALLBK"], Candidate(7, (A, B)), NOW)
    assert (decision.at, decision.phone_id) == (NOW + timedelta(hours=24), A.phone_id)
    assert decision.because == "callback: the same number again in 24 h"


def test_no_answer_goes_on_to_the_next_number_and_busy_stays() -> None:
    lead = Candidate(7, (A, UNPLACED, B))
    assert decide(DEFAULT_RULES, Outcome.NO_ANSWER, lead, NOW).phone_id == B.phone_id
    assert decide(DEFAULT_RULES, Outcome.BUSY, lead, NOW).phone_id == A.phone_id


def test_an_invalid_number_gives_way_to_an_untried_one_at_once() -> None:
    decision = decide(
        DEFAULT_RULES, Outcome.INVALID_NUMBER, Candidate(7, (A, TRIED, Phone(4, "+12125550104", ZONE))), NOW
    )
    assert (decision.at, decision.phone_id) == (NOW + timedelta(seconds=60), 4)


def test_an_invalid_number_leaves_a_tried_one_its_pause() -> None:
    decision = decide(DEFAULT_RULES, Outcome.INVALID_NUMBER, Candidate(7, (A, TRIED), attempts=1), NOW)
    assert (decision.at, decision.phone_id) == (NOW + timedelta(hours=1), TRIED.phone_id)


@pytest.mark.parametrize("phones", [(A,), (A, UNPLACED)])
def test_an_invalid_number_without_another_ends_the_lead(phones: tuple[Phone, ...]) -> None:
    decision = decide(DEFAULT_RULES, Outcome.INVALID_NUMBER, Candidate(7, phones), NOW)
    assert decision.at is None and "invalid" in decision.because


def test_the_limit_counts_the_attempt_that_just_ended() -> None:
    rules = {Outcome.BUSY: RetryRule(delay_s=60, max_attempts=3)}
    assert decide(rules, Outcome.BUSY, Candidate(7, (A,), attempts=1), NOW).at is not None
    last = decide(rules, Outcome.BUSY, Candidate(7, (A,), attempts=2), NOW)
    assert last.at is None and "3 of 3" in last.because


def test_an_outcome_without_a_rule_is_not_tried_again() -> None:
    assert decide({}, Outcome.BUSY, Candidate(7, (A,)), NOW).at is None


def test_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        decide(DEFAULT_RULES, Outcome.BUSY, Candidate(7, (A,)), datetime(2026, 6, 1))


PHONES = st.lists(
    st.builds(
        Phone,
        st.integers(1, 5),
        st.integers(100, 105).map(lambda last: f"+12125550{last}"),
        st.sampled_from([ZONE, ()]),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=4,
    unique_by=(lambda phone: phone.phone_id, lambda phone: phone.e164),
)


@given(PHONES, st.sampled_from(list(Outcome)), st.integers(0, 8))
def test_a_decision_is_complete_later_and_on_a_dialable_number(
    phones: list[Phone], outcome: Outcome, attempts: int
) -> None:
    lead = Candidate(7, tuple(phones), attempts)
    decision = decide(DEFAULT_RULES, outcome, lead, NOW)
    assert decision.because
    assert (decision.at is None) == (decision.phone_id is None)
    if decision.at is None:
        return
    assert decision.at > NOW and attempts + 1 < DEFAULT_RULES[outcome].max_attempts
    chosen = next(phone for phone in phones if phone.phone_id == decision.phone_id)
    assert chosen.zones or chosen is phones[0]
    assert outcome is not Outcome.INVALID_NUMBER or chosen is not phones[0]
