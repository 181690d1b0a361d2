import pytest

from campaigns.collections.disclosure import (
    MINI_MIRANDA,
    TO_ANYONE,
    TO_VERIFY,
    AttemptFacts,
    Field,
    Party,
    disclosure,
    required_statements,
    status_refusal,
)
from campaigns.model import Kind
from campaigns.rules.model import Disclosure as LegalDisclosure
from campaigns.statuses import STATUSES

COLLECTIONS, MIRANDA = Kind.COLLECTIONS, frozenset({MINI_MIRANDA})
OF_THE_DEBT = frozenset(Field) - TO_VERIFY


def test_nothing_of_the_debt_before_the_right_party_is_verified() -> None:
    found = disclosure(AttemptFacts(COLLECTIONS))
    assert not found.allowed & OF_THE_DEBT and not found.debt
    assert "verify" in found.why


def test_a_wrong_party_hears_a_name_and_no_more() -> None:
    found = disclosure(AttemptFacts(COLLECTIONS, Party.WRONG, said=MIRANDA))
    assert found.allowed == TO_ANYONE and not found.debt


def test_the_statement_comes_before_the_debt() -> None:
    found = disclosure(AttemptFacts(COLLECTIONS, Party.RIGHT, required=MIRANDA))
    assert not found.debt and found.say_first == (MINI_MIRANDA,)
    assert disclosure(AttemptFacts(COLLECTIONS, Party.RIGHT, MIRANDA, MIRANDA)).allowed == frozenset(Field)


def test_where_no_law_asks_the_right_party_is_enough() -> None:
    assert disclosure(AttemptFacts(COLLECTIONS, Party.RIGHT)).debt
    assert disclosure(AttemptFacts(Kind.TELESALES)).allowed == frozenset(Field)


def test_what_the_law_demands_is_required_of_collections_alone() -> None:
    demanded = (LegalDisclosure(("that the caller is a debt collector",)),)
    assert required_statements(COLLECTIONS, demanded) == MIRANDA
    assert required_statements(COLLECTIONS, ()) == required_statements(Kind.TELESALES, demanded) == frozenset()


@pytest.mark.parametrize("party", [Party.UNKNOWN, Party.WRONG])
def test_statuses_of_the_right_party_need_it(party: Party) -> None:
    facts = AttemptFacts(COLLECTIONS, party)
    refused = {code for code in STATUSES if status_refusal(code, facts) is not None}
    assert {"PTP", "PAID", "DISP"} <= refused
    assert not refused & {"RPC", "WPC", "A", "N", "B", "DC", "DNC", "CALLBK"}
    assert not any(status_refusal(code, AttemptFacts(COLLECTIONS, Party.RIGHT)) for code in STATUSES)
    assert status_refusal("SALE", AttemptFacts(Kind.TELESALES, party)) is None


def test_an_unknown_status() -> None:
    with pytest.raises(ValueError, match="XYZ"):
        status_refusal("XYZ", AttemptFacts(COLLECTIONS))
