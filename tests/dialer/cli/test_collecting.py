"""`dialer debt`, `promise`, `payment`, `hold` and `history` as their users meet them."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from campaigns.importing import import_leads
from campaigns.pastcalls import PastCalls
from dialer.cli import main
from dialer.site import Site

TODAY = datetime.now(UTC).date()


@pytest.fixture
def arrears(site: Site) -> Site:
    """A collections campaign with two people and three debts."""
    with site.open_store(site.config()) as store:
        store.create_campaign("arrears", "collections", "predictive")
        import_leads(store, "arrears", io.StringIO("phone,person\n2125550101,P1\n2125550102,P2\n"))
    debts = "person,reference,creditor,balance,currency\nP1,A1,Acme,300,USD\nP1,A2,Acme,50,USD\nP2,A3,Bank,7,JPY\n"
    dialer(site, "debt", "import", "arrears", "-", text=debts)
    return site


def dialer(site: Site, *arguments: str, code: int = 0, text: str | None = None) -> Result:
    result = CliRunner().invoke(main, ["--site", str(site.path), *arguments], input=text)
    assert result.exit_code == code, result.output
    return result


def document(site: Site, *arguments: str, code: int = 0, text: str | None = None) -> Any:
    return json.loads(dialer(site, *arguments, "--json", code=code, text=text).stdout)


def complaint(site: Site, *arguments: str, code: int = 1, text: str | None = None) -> str:
    return dialer(site, *arguments, code=code, text=text).stderr


def balances(site: Site) -> dict[str, tuple[str, str]]:
    return {row["reference"]: (row["balance"], row["state"]) for row in document(site, "debt", "list", "arrears")}


class TestDebts:
    def test_refused_rows_are_told_and_written_down(self, arrears: Site, tmp_path: Path) -> None:
        file, rejects = tmp_path / "debts.csv", tmp_path / "refused.csv"
        file.write_text("person;reference;balance\nP1;A1;250,50\nP9;A4;1\n", encoding="utf-8")
        said = complaint(
            arrears, "debt", "import", "arrears", str(file), "--currency", "USD", "--rejects", str(rejects)
        )
        assert "line 3: the campaign has no lead of person 'P9'" in said
        assert f"1 of 2 rows were refused; they are in {rejects}" in said
        assert balances(arrears)["A1"] == ("250.50", "open")
        with rejects.open(newline="", encoding="utf-8") as written:
            assert list(csv.reader(written))[1] == ["3", said.split("line 3: ")[1].splitlines()[0], "P9", "A4", "1"]
        said = complaint(arrears, "debt", "import", "arrears", str(file), "--rejects", str(file))
        assert "would overwrite the file" in said

    def test_a_dry_run_writes_nothing(self, arrears: Site) -> None:
        text = "person,reference,balance,currency\nP1,A1,1,USD\n"
        result = dialer(arrears, "debt", "import", "arrears", "-", "--dry-run", "--json", text=text)
        assert json.loads(result.stdout)["updated"] == 1 and "nothing was written" in result.stderr
        assert balances(arrears)["A1"] == ("300.00", "open")

    def test_closing_most_must_be_asked_for(self, arrears: Site) -> None:
        text = "person,reference,balance,currency\nP1,A1,300,USD\n"
        assert "2 of the 3" in complaint(arrears, "debt", "import", "arrears", "-", "--close-missing", text=text)
        found = document(arrears, "debt", "import", "arrears", "-", "--close-most", text=text)
        assert found["closed"] == 2 and balances(arrears)["A3"] == ("7", "closed")

    def test_one_debt_with_all_that_is_known(self, arrears: Site) -> None:
        dialer(arrears, "promise", "add", "arrears", "A1", "100", str(TODAY + timedelta(days=5)))
        dialer(arrears, "payment", "add", "arrears", "A1", "40", "--reference", "R1")
        found = document(arrears, "debt", "show", "arrears", "A1")
        assert (found["balance"], found["callable"]) == ("260.00", False)
        assert [row["state"] for row in found["promises"]] == ["open"]
        assert [row["amount"] for row in found["payments"]] == ["40.00"]

    def test_unknown_names(self, arrears: Site) -> None:
        assert "no debt 'A9'" in complaint(arrears, "debt", "show", "arrears", "A9")
        assert "no campaign 'arears'" in complaint(arrears, "debt", "list", "arears")


class TestHolds:
    def test_a_dispute_is_lifted_with_a_reason(self, arrears: Site) -> None:
        dialer(arrears, "debt", "dispute", "arrears", "A1", "--source", "letter")
        assert balances(arrears)["A1"][1] == "disputed" and balances(arrears)["A2"][1] == "open"
        (hold,) = document(arrears, "hold", "list", "arrears")
        assert (hold["kind"], hold["debt"], hold["source"]) == ("dispute", "A1", "letter")
        complaint(arrears, "hold", "lift", "1", code=2)
        dialer(arrears, "hold", "lift", "1", "--because", "verified")
        assert document(arrears, "hold", "list", "arrears") == []
        assert document(arrears, "hold", "list", "arrears", "--all")[0]["lifted_because"] == "verified"

    def test_a_cease_request_is_a_reason_of_leads_why(self, arrears: Site) -> None:
        dialer(arrears, "debt", "cease", "arrears", "A3")
        reasons = {row["rule"] for row in document(arrears, "leads", "why", "arrears", "2")["reasons"]}
        assert "hold" in reasons

    def test_a_passing_hold(self, arrears: Site) -> None:
        until = str(TODAY + timedelta(days=30))
        dialer(arrears, "hold", "add", "arrears", "1", "--kind", "bereavement", "--until", until)
        found = document(arrears, "debt", "show", "arrears", "A1")
        assert found["until"].startswith(until) and not found["callable"]

    @pytest.mark.parametrize(
        ("arguments", "why"),
        [
            (("9", "--kind", "cease"), "no lead 9"),
            (("1", "--kind", "dispute"), "name the debt"),
            (("2", "--kind", "dispute", "--debt", "A1"), "A1 is not owed by the person of lead 2"),
            (("1", "--kind", "other", "--until", "2020-01-01"), "is not after"),
        ],
    )
    def test_what_cannot_be_held(self, arrears: Site, arguments: tuple[str, ...], why: str) -> None:
        assert why in complaint(arrears, "hold", "add", "arrears", *arguments)


class TestPromises:
    def test_instalments_are_kept_by_payments(self, arrears: Site) -> None:
        first = str(TODAY + timedelta(days=3))
        plan = ("100", first, "--instalments", "3", "--every", "week", "--agent", "anna")
        rows = document(arrears, "promise", "add", "arrears", "A1", *plan)
        assert [row["amount"] for row in rows] == ["33.34", "33.33", "33.33"]
        text = f"debt,amount,paid_on,reference\nA1,40,{TODAY},R1\n"
        found = document(arrears, "payment", "import", "arrears", "-", text=text)
        assert [row["state"] for row in found["promises_settled"]] == ["kept"]
        assert [row["id"] for row in document(arrears, "promise", "list", "arrears", "--state", "open")] == [2, 3]
        dialer(arrears, "promise", "cancel", "3")
        assert [row["id"] for row in document(arrears, "promise", "due", "arrears", "--within", "30")] == [2]

    def test_settling_follows_the_campaigns_grace(self, arrears: Site) -> None:
        dialer(arrears, "promise", "add", "arrears", "A1", "100", str(TODAY))
        with arrears.open_store(arrears.config()) as store:
            store.database.execute("UPDATE promises SET due_on = ?", (str(TODAY - timedelta(days=2)),))
        assert document(arrears, "promise", "settle", "arrears") == []
        dialer(arrears, "campaign", "set", "arrears", "promise_grace_days=1")
        (settled,) = document(arrears, "promise", "settle", "arrears")
        assert (settled["state"], settled["next_step"], settled["urgent"]) == ("broken", "call", True)

    @pytest.mark.parametrize(
        ("amount", "day", "why"),
        [
            ("1,234", "2099-01-01", "two ways"),
            ("301", "2099-01-01", "more than the 300.00 USD owed"),
            ("5", "2020-01-01", "is over"),
        ],
    )
    def test_what_is_no_promise(self, arrears: Site, amount: str, day: str, why: str) -> None:
        assert why in complaint(arrears, "promise", "add", "arrears", "A1", amount, day)


class TestPayments:
    def test_booked_once_and_no_further_than_zero(self, arrears: Site) -> None:
        said = dialer(arrears, "payment", "add", "arrears", "A2", "60", "--reference", "R1").stderr
        assert "10.00 USD more came than was owed" in said and "0.00 USD is owed now" in said
        assert "booked already" in complaint(arrears, "payment", "add", "arrears", "A2", "60", "--reference", "R1")
        assert balances(arrears)["A2"] == ("0.00", "paid")
        (row,) = document(arrears, "payment", "list", "arrears")
        assert (row["surplus"], row["currency"]) == ("10.00", "USD")

    def test_unknown_debts_and_too_many_decimals_are_refused(self, arrears: Site) -> None:
        text = f"debt,amount,paid_on,reference\nA9,1,{TODAY},R1\nA3,1.5,{TODAY},R2\n"
        said = complaint(arrears, "payment", "import", "arrears", "-", text=text)
        assert "line 2: the campaign has no debt 'A9'" in said
        assert "line 3: amount: 1.5 has more than the 0 decimals of JPY" in said


class TestHistory:
    def test_counters_start_true(self, arrears: Site) -> None:
        text = "person,at,outcome,debt\nP1,2026-11-02 10:00,PTP,A1\nP2,2026-11-02 10:00,NA,\n"
        zone = ("--timezone", "America/Chicago")
        for added in (2, 0):
            found = document(arrears, "history", "import", "arrears", "-", *zone, text=text)
            assert (found["added"], found["known"]) == (added, 2 - added)
        with arrears.open_store(arrears.config()) as store:
            calls = PastCalls(store.database).of([1, 2], datetime(2026, 11, 1, tzinfo=UTC))
        assert {lead: call.at for lead, (call,) in calls.items()} == dict.fromkeys(
            (1, 2), datetime(2026, 11, 2, 16, 0, tzinfo=UTC)
        )
        assert [calls[lead][0].conversation for lead in (1, 2)] == [True, False]

    def test_times_without_a_zone_are_refused(self, arrears: Site) -> None:
        text = "person,at,outcome\nP1,2026-11-02 10:00,PTP\n"
        assert "has no zone" in complaint(arrears, "history", "import", "arrears", "-", text=text)
        said = complaint(arrears, "history", "import", "arrears", "-", "--timezone", "Chicago", code=2, text=text)
        assert "'Chicago' is no IANA zone" in said


@pytest.mark.parametrize("noun", ["debt", "promise", "payment", "hold", "history"])
def test_every_verb_has_an_example(noun: str) -> None:
    group = main.commands[noun]
    for name in group.commands:  # type: ignore[attr-defined]
        assert f"dialer {noun} {name}" in CliRunner().invoke(main, [noun, name, "--help"]).output
