from datetime import date, timedelta

import pytest

from campaigns.collections.debts import DebtFacts, DebtRow, facts_of
from campaigns.collections.money import parsed
from campaigns.database import StoreError
from tests.campaigns.collections.office import NOW, TODAY, Office, usd


def facts(**cells: str) -> DebtFacts:
    return facts_of({"reference": "A1", "principal": "100", "currency": "USD", **cells})


class TestFacts:
    def test_all_cells(self) -> None:
        found = facts(creditor=" Acme ", balance="80.5", due_date="2026-01-31", currency="eur")
        euro = (parsed("100", "EUR"), parsed("80.5", "EUR"))
        assert found == DebtFacts("A1", "Acme", *euro, date(2026, 1, 31))

    def test_balance_and_principal_stand_in_for_each_other(self) -> None:
        assert facts().balance == usd("100")
        assert facts(principal="", balance="70").principal == usd("70")
        assert facts(balance="0").balance == usd("0")

    def test_a_currency_for_rows_without(self) -> None:
        assert facts_of({"reference": "A1", "balance": "5"}, "jpy").balance == parsed("5", "JPY")

    @pytest.mark.parametrize(
        ("cells", "why"),
        [
            ({"reference": " "}, "reference is empty"),
            ({"currency": ""}, "currency is empty"),
            ({"principal": ""}, "both empty"),
            ({"principal": "x"}, "principal: amount 'x'"),
            ({"balance": "-5"}, "balance -5 is below zero"),
            ({"due_date": "31.1.2026"}, "due_date '31.1.2026'"),
        ],
    )
    def test_what_is_wrong_is_named(self, cells: dict[str, str], why: str) -> None:
        with pytest.raises(ValueError, match=why):
            facts(**cells)


class TestWriting:
    def test_again_with_another_balance(self, office: Office) -> None:
        debt = office.owe("A1", "100")
        assert (office.write("A1", "100").unchanged, office.write("A1", "80").updated) == (1, 1)
        after = office.debt("A1")
        assert (after.debt_id, after.facts.balance) == (debt.debt_id, usd("80"))

    def test_paid_and_open_again(self, office: Office) -> None:
        office.owe("A1", "100")
        assert office.owe("A1", "0").state == "paid"
        assert office.write("A1", "0").unchanged == 1
        assert office.write("A1", "10").reopened == 1
        assert office.debt("A1").state == "open"

    def test_the_later_of_two_rows_holds(self, office: Office) -> None:
        of = office.campaign.campaign_id
        rows = [DebtRow(of, 1, DebtFacts("A1", "Acme", usd("9"), usd(balance))) for balance in ("9", "7")]
        written = office.debts.write_many(rows, NOW)
        assert (written.added, written.updated, office.debt("A1").facts.balance) == (1, 1, usd("7"))

    def test_a_debt_moves_between_leads_of_a_person_and_not_to_another(self, office: Office) -> None:
        office.owe("A1", "100")
        assert office.owe("A1", "100", lead=3).lead_id == 1
        assert office.owe("A1", "90", lead=3).lead_id == 3
        assert office.write("A1", "90", lead=2).refused == {0: "debt A1 is owed by P1, not by P2"}
        assert office.write("A1", "90", lead=4).refused == {0: "debt A1 is owed by P1, not by lead 4"}
        assert office.write("A9", "90", lead=99).refused == {0: "there is no lead 99"}

    def test_another_currency_is_refused(self, office: Office) -> None:
        office.owe("A1", "100")
        assert "give it a new reference" in office.write("A1", "100", currency="EUR").refused[0]

    def test_a_reference_is_unique_in_its_campaign_alone(self, office: Office) -> None:
        first = office.owe("A1", "100")
        office.campaign = office.store.create_campaign("later", "collections", "predictive")
        office.add_leads("later", ("2125550105", "P5"))
        assert office.owe("A1", "7", lead=5).debt_id != first.debt_id

    def test_closing_what_a_full_file_does_not_name(self, office: Office) -> None:
        for reference, balance in (("A1", "5"), ("A2", "5"), ("A3", "0")):
            office.owe(reference, balance)
        assert office.debts.close_missing(office.campaign.campaign_id, {"A1"}, NOW) == ("A2",)
        assert [office.debt(reference).state for reference in ("A1", "A2", "A3")] == ["open", "closed", "paid"]
        assert office.write("A2", "5").reopened == 1

    def test_an_unknown_reference(self, office: Office) -> None:
        with pytest.raises(StoreError, match="no debt 'A7'"):
            office.debt("A7")


class TestOwingAnew:
    """A debt that comes to a lead whose dialing is over."""

    def ended(self, office: Office, status: str) -> None:
        office.store.database.execute("UPDATE leads SET status = ?, next_at = NULL WHERE id = 2", (status,))

    def offered(self, office: Office) -> list[int]:
        later = NOW + timedelta(hours=1)
        found = office.store.refill(office.campaign.campaign_id, 9, later).leads
        return [lead.lead_id for lead in found if lead.lead_id == 2]

    @pytest.mark.parametrize("status", ["PAID", "PTP"])
    @pytest.mark.parametrize("reference", ["A1", "A2"])
    def test_who_paid_or_promised_is_called_again(self, office: Office, status: str, reference: str) -> None:
        office.owe("A1", "100", lead=2)
        office.owe("A1", "0", lead=2)
        self.ended(office, status)
        assert self.offered(office) == []
        assert office.write(reference, "75", lead=2).over == {}
        assert self.offered(office) == [2]
        assert office.store.lead("arrears", 2)["status"] == status

    @pytest.mark.parametrize("status", ["DNC", "DNCL", "DNCC", "ADC", "WPC", "NI", "DEC", "RPC", "DISP", "NA"])
    def test_who_was_ended_by_something_else_is_told_of(self, office: Office, status: str) -> None:
        self.ended(office, status)
        assert office.write("A1", "75", lead=2).over == {2: status}
        assert self.offered(office) == []

    @pytest.mark.parametrize("status", ["QUEUE", "INCALL"])
    def test_a_lead_in_a_call_is_left_alone(self, office: Office, status: str) -> None:
        self.ended(office, status)
        assert office.write("A1", "75", lead=2).over == {}
        assert self.offered(office) == []

    def test_nothing_to_collect_calls_nobody(self, office: Office) -> None:
        office.owe("A1", "100", lead=2)
        self.ended(office, "PAID")
        office.write("A1", "80", lead=2)
        office.write("A2", "0", lead=2)
        of = office.campaign.campaign_id
        rows = [DebtRow(of, 2, DebtFacts("A3", "Acme", usd("9"), usd(balance))) for balance in ("9", "0")]
        assert office.debts.write_many(rows, NOW).over == {}
        assert self.offered(office) == []

    def test_a_lead_that_waits_keeps_its_time(self, office: Office) -> None:
        tomorrow = (NOW + timedelta(days=1)).timestamp()
        office.store.database.execute("UPDATE leads SET status = 'NA', priority = 0, next_at = ?", (tomorrow,))
        assert office.write("A1", "75", lead=2).over == {}
        assert self.offered(office) == []


class TestCallable:
    def test_reasons(self, office: Office) -> None:
        office.owe("A1", "5", lead=2)
        office.owe("A1", "0", lead=2)
        refusals = [office.callable(lead).refusal for lead in (1, 2)]
        assert [refusal.reason for refusal in refusals if refusal] == ["no_debt", "settled"]

    def test_debts_of_the_persons_other_leads_count(self, office: Office) -> None:
        debts = (office.owe("A1", "5").debt_id, office.owe("A2", "5", lead=3).debt_id)
        assert office.callable(1).debts == office.callable(3).debts == debts

    def test_an_open_promise_asks_for_patience_to_the_end_of_its_grace(self, office: Office) -> None:
        debt = office.owe("A1", "100")
        office.promise("A1", ("40", TODAY + timedelta(days=5)), ("60", TODAY + timedelta(days=30)))
        refusal = office.callable().refusal
        assert refusal is not None
        end = NOW.replace(hour=0) + timedelta(days=9)
        assert (refusal.reason, refusal.until) == ("promise", end)
        assert office.callable(at=end - timedelta(seconds=1)).debts == ()
        assert office.callable(at=end).debts == (debt.debt_id,)

    def test_a_plan_that_was_broken_earns_no_patience_until_there_is_a_new_one(self, office: Office) -> None:
        debt = office.owe("A1", "100")
        office.promise("A1", ("40", TODAY + timedelta(days=5)), ("60", TODAY + timedelta(days=30)))
        office.settle(10)
        then = NOW + timedelta(days=10)
        assert office.callable(at=then).debts == (debt.debt_id,)
        office.promise("A1", ("40", TODAY + timedelta(days=15)), at=then)
        assert office.callable(at=then).debts == ()

    def test_another_debt_may_be_called_about(self, office: Office) -> None:
        office.owe("A1", "100")
        other = office.owe("A2", "100")
        office.promise("A1", ("40", TODAY + timedelta(days=5)))
        assert office.callable().debts == (other.debt_id,)


class TestLinks:
    def test_a_call_is_about_what_is_open(self, office: Office) -> None:
        office.attempt(1, 1, NOW)
        one, other = office.owe("A1", "5"), office.owe("A2", "5", lead=3)
        office.owe("A3", "0")
        assert office.debts.link_attempt(1, 1) == (one.debt_id, other.debt_id)
        rows = office.store.database.rows("SELECT attempt_id, debt_id FROM attempt_debts ORDER BY debt_id")
        assert rows == [(1, one.debt_id), (1, other.debt_id)]


class TestRanks:
    def test_ranks_follow_from_the_arrears_of_the_person(self, office: Office) -> None:
        office.owe("A1", "1234", due_on=TODAY - timedelta(days=365))
        office.owe("A2", "5", lead=2)
        assert office.debts.rerank([1, 2, 4], TODAY) == 2
        assert [office.rank(lead) for lead in (1, 2, 4)] == [65, 5, 0]
        assert office.debts.rerank([1, 2, 4], TODAY) == 0
        assert office.debts.rerank_campaign(office.campaign.campaign_id, TODAY + timedelta(days=3)) == 0
        office.write("A2", "0", lead=2)
        assert office.debts.rerank_campaign(office.campaign.campaign_id, TODAY) == 1
        assert office.rank(2) == 0


def test_the_list(office: Office) -> None:
    office.owe("A1", "5", due_on=TODAY)
    office.owe("A2", "0", lead=2)
    campaign_id = office.campaign.campaign_id
    listing = office.debts.listing
    assert [row["reference"] for row in listing(campaign_id)] == ["A1", "A2"]
    assert [row["reference"] for row in listing(campaign_id, state="paid")] == ["A2"]
    (row,) = listing(campaign_id, person="P1")
    assert (row["balance"], row["currency"], row["due_on"]) == ("5.00", "USD", "2026-06-01")
