import pytest

from campaigns.model import Outcome
from campaigns.statuses import MACHINE_STATUS, STATUSES, UNDISPOSED, Category, agent_status, status_of


def test_codes_are_short_and_keyed_by_themselves() -> None:
    assert all(code == status.code and 1 <= len(code) <= 6 for code, status in STATUSES.items())


def test_every_outcome_but_an_agents_has_a_machine_status_no_agent_can_set() -> None:
    assert set(MACHINE_STATUS) == set(Outcome) - {Outcome.HANDLED, Outcome.CALLBACK}
    assert all(STATUSES[code].category is Category.SYSTEM for code in MACHINE_STATUS.values())
    assert not any(STATUSES[code].selectable for code in MACHINE_STATUS.values())


def test_agents_choose_their_own_codes_only() -> None:
    assert agent_status("SALE").sale
    assert agent_status("DNC").dnc
    for code in ("AB", "NEW", "DISMX", "nonsense"):
        with pytest.raises(ValueError, match=f"{code}.*SALE"):
            agent_status(code)


def test_a_call_not_disposed_was_answered_by_a_person_and_awaits_review() -> None:
    status = status_of(UNDISPOSED)
    assert status.human_answered and not status.selectable and not status.completed


def test_unknown_status_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"XYZ.*DROP"):
        status_of("XYZ")
