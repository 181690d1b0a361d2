import io
from zoneinfo import ZoneInfo

from campaigns.collections.tables import Tally
from tests.campaigns.collections.office import Office, usd

DEBTS = "person,reference,creditor,balance,currency,due_date\n"
PAYMENTS = "debt,amount,paid_on,reference\n"


def text(header: str, *rows: str) -> io.StringIO:
    return io.StringIO(header + "".join(row + "\n" for row in rows))


def reasons(tally: Tally) -> list[tuple[int, str]]:
    return [(each.line, each.reason) for each in tally.refused]


class TestDebts:
    def test_rows_are_loaded_or_refused_each_with_its_line(self, office: Office) -> None:
        tally = office.loader().load_debts(
            text(DEBTS, "P1,A1,Acme,100,USD,2026-01-01", "", "P9,A2,Acme,100,USD,", "P2,A3,Acme,x,USD,", "P2,A4,,7,,")
        )
        assert tally.facts() == {"read": 4, "added": 1, "updated": 0, "reopened": 0, "unchanged": 0, "refused": 3}
        assert reasons(tally) == [
            (4, "the campaign has no lead of person 'P9'; import the lead first"),
            (5, "balance: amount 'x' is no number; write it like 1234.50"),
            (6, "currency is empty; add a currency column, or name the currency of the file"),
        ]
        assert office.debt("A1").lead_id == 1 and office.rank(1) == 18 + 15

    def test_who_is_meant_by_lead_or_number(self, office: Office) -> None:
        rows = text(
            "lead_id,phone,reference,balance\n", "2,,A1,5", ",(212) 555-0104,A2,5", "9,,A3,5", ",,A4,5", ",12,A5,5"
        )
        tally = office.loader().load_debts(rows, currency="usd")
        assert [office.debt(reference).lead_id for reference in ("A1", "A2")] == [2, 4]
        assert [reason.split(";")[0] for _, reason in reasons(tally)] == [
            "the campaign has no lead '9'",
            "the row names nobody: give person, lead_id or phone",
            "too few digits for US",
        ]

    def test_a_dry_run_counts_the_same_and_writes_nothing(self, office: Office) -> None:
        rows = ("P1,A1,Acme,100,USD,", "P1,A1,Acme,90,USD,", "P2,A1,Acme,90,USD,")
        dry = office.loader(dry_run=True).load_debts(text(DEBTS, *rows))
        assert office.debts.of_campaign(office.campaign.campaign_id) == []
        assert office.loader().load_debts(text(DEBTS, *rows)).facts() == dry.facts()

    def test_leads_whose_dialing_is_over_are_told_of_once(self, office: Office) -> None:
        office.store.database.execute("UPDATE leads SET status = 'NA', next_at = NULL WHERE id <> 2")
        office.store.database.execute("UPDATE leads SET status = 'PAID', next_at = NULL WHERE id = 2")
        rows = ("P1,A1,,5,USD,", "P1,A2,,5,USD,", "P2,A3,,5,USD,")
        dry = office.loader(dry_run=True).load_debts(text(DEBTS, *rows))
        tally = office.loader().load_debts(text(DEBTS, *rows))
        (told,) = tally.warnings
        assert dry.warnings == [told] and ": NA 1;" in told and "dialer lists reset" in told
        assert office.loader().load_debts(text(DEBTS, *rows)).warnings == []

    def test_closing_what_a_full_file_leaves_out(self, office: Office) -> None:
        for reference in ("A1", "A2", "A3"):
            office.owe(reference, "5")
        two = text(DEBTS, "P1,A1,,5,USD,", "P9,A2,,5,USD,")
        tally = office.loader().load_debts(two, close_missing=True)
        assert tally.counts["closed"] == 1 and not tally.incomplete
        assert [office.debt(reference).state for reference in ("A1", "A2", "A3")] == ["open", "open", "closed"]

    def test_a_file_that_was_cut_off_closes_nothing(self, office: Office) -> None:
        for n in range(5):
            office.owe(f"A{n}", "5")
        rows = ("P1,A0,,5,USD,", "P1,A1,,5,USD,")
        tally = office.loader().load_debts(text(DEBTS, *rows), close_missing=True)
        assert tally.incomplete and "3 of the 5" in tally.warnings[0]
        assert office.debt("A4").state == "open"
        tally = office.loader().load_debts(text(DEBTS, *rows), close_missing=True, close_most=True)
        assert tally.counts["closed"] == 3 and office.debt("A4").state == "closed"

    def test_a_row_without_a_reference_keeps_all_open(self, office: Office) -> None:
        for reference in ("A1", "A2", "A3"):
            office.owe(reference, "5")
        for broken in ("P1,,,5,USD,", 'P1,"A3"x,,5,USD,'):
            rows = text(DEBTS, "P1,A1,,5,USD,", "P1,A2,,5,USD,", broken)
            assert office.loader().load_debts(rows, close_missing=True).incomplete
        assert office.debt("A3").state == "open"


class TestPayments:
    def test_promises_are_settled_at_once(self, office: Office) -> None:
        office.owe("A1", "100")
        office.promise("A1", ("60", office.loader().today))
        rows = text(PAYMENTS, "A1,60,2026-06-01,R1", "A1,50,2026-06-01,R2", "A7,1,2026-06-01,R3")
        tally, settled = office.loader().load_payments(rows, office.payments, office.book)
        assert tally.facts() == {"read": 3, "added": 2, "known": 0, "refused": 1}
        assert tally.warnings == ["debt A1: 10.00 USD more came than was owed"]
        assert reasons(tally)[0][0] == 4 and "no debt 'A7'" in reasons(tally)[0][1]
        assert [each.state for each in settled] == ["kept"]
        assert (office.debt("A1").state, office.rank(1)) == ("paid", 0)

    def test_a_file_may_be_imported_again(self, office: Office) -> None:
        office.owe("A1", "100")
        for known in (0, 1):
            rows = text(PAYMENTS, "A1,60,2026-06-01,R1")
            tally, _ = office.loader().load_payments(rows, office.payments, office.book)
            assert tally.counts == {"added": 1 - known, "known": known}
        assert office.debt("A1").facts.balance == usd("40")

    def test_a_dry_run(self, office: Office) -> None:
        office.owe("A1", "100")
        office.promise("A1", ("60", office.loader().today))
        rows = text(PAYMENTS, "A1,60,2026-06-01,R1")
        tally, settled = office.loader(dry_run=True).load_payments(rows, office.payments, office.book)
        assert tally.counts["added"] == len(settled) == 1
        assert office.debt("A1").facts.balance == usd("100") and office.states() == ["open"]


class TestHistory:
    HEADER = "person,phone,at,outcome,conversation,debt\n"

    def test_rows_are_loaded_or_refused(self, office: Office) -> None:
        office.owe("A1", "100")
        rows = text(
            self.HEADER,
            "P1,,2026-05-30 10:00,PTP,,A1",
            "P2,,2026-05-30T10:00Z,NA,,",
            ",2125550104,2026-05-30 10:00,machine,no,",
            "P2,,2026-05-30 10:00,fine,,",
            "P2,12,2026-05-30 10:00,NA,,",
            "P2,,2026-06-02 10:00,NA,,",
        )
        tally = office.loader().load_history(rows, office.histories, "old.csv", ZoneInfo("America/New_York"))
        assert tally.facts() == {"read": 6, "added": 3, "known": 0, "refused": 3}
        assert [line for line, _ in reasons(tally)] == [5, 6, 7]
        rows_kept = office.store.database.rows(
            "SELECT lead_id, phone, outcome, conversation FROM past_calls ORDER BY id"
        )
        assert rows_kept == [
            (1, "+12125550101", "answered", 1),
            (2, "+12125550102", "no_answer", 0),
            (4, "+12125550104", "machine", 0),
        ]
