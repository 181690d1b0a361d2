"""`dialer sms` where no dialer runs: what would be sent, and what is wrong."""

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result

from campaigns.importing import import_leads
from dialer.cli import main
from dialer.site import Site
from tests.dialer.conftest import add_leads

REMIND = ("sms", "remind", "spring", "--callbacks", "--days-before", "2")


def run(site: Site, *arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["--site", str(site.path), *arguments])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def appointed(site: Site) -> Site:
    """A callback tomorrow at 15:30 in New York."""
    add_leads(site, "+12125550101")
    day = (datetime.now(UTC) + timedelta(days=1)).date()
    run(site, "callback", "add", "spring", "1", "--at", f"{day} 15:30")
    return site


def test_a_dry_run_shows_the_texts_and_sends_nothing(appointed: Site) -> None:
    (row,) = json.loads(run(appointed, *REMIND, "--dry-run", "--json").stdout)
    assert (row["lead_id"], row["result"]) == (1, "would be sent")
    assert "at 15:30" in row["text"]
    assert json.loads(run(appointed, "sms", "list", "spring", "--json").stdout) == []


def test_a_dry_run_says_what_stands_against_a_text(appointed: Site) -> None:
    run(appointed, "dnc", "add", "+12125550101")
    (row,) = json.loads(run(appointed, *REMIND, "--dry-run", "--json").stdout)
    assert row["result"] == "refused" and "do-not-call" in row["because"]


def test_a_value_that_is_missing_is_named(appointed: Site) -> None:
    text = "Dear {lead.last_name}"
    (row,) = json.loads(run(appointed, *REMIND, "--text", text, "--dry-run", "--json").stdout)
    assert (row["result"], row["because"]) == ("refused", "lead.last_name is not known")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (REMIND, "1 of 1 were not reminded: no dialer runs on"),
        (("sms", "remind", "spring"), "--promises or --callbacks"),
        ((*REMIND, "--text", "{promise.amount}", "--dry-run"), "knows no {promise.amount}"),
        (("sms", "send", "spring", "1", "Hello"), "no dialer runs on"),
        (("sms", "send", "spring", "99", "Hello"), "no lead 99"),
        (("sms", "list", "autumn"), "no campaign 'autumn'"),
    ],
)
def test_what_cannot_be_is_refused_with_why(appointed: Site, arguments: tuple[str, ...], complaint: str) -> None:
    assert complaint in run(appointed, *arguments, code=1).stderr


def test_nobody_to_remind_needs_no_dialer(site: Site) -> None:
    assert "nobody is to be reminded" in run(site, "sms", "remind", "spring", "--promises").stderr


def test_promises_are_found_by_their_day(site: Site) -> None:
    with site.open_store(site.config()) as store:
        store.create_campaign("arrears", "collections", "predictive")
        import_leads(store, "arrears", io.StringIO("phone,person\n2125550101,P1\n"))
    debts = site.path / "debts.csv"
    debts.write_text("person,reference,creditor,balance,currency\nP1,A1,Acme,300,USD\n", encoding="utf-8")
    run(site, "debt", "import", "arrears", str(debts))
    day = (datetime.now(UTC) + timedelta(days=2)).date()
    run(site, "promise", "add", "arrears", "A1", "100", str(day))
    remind = ("sms", "remind", "arrears", "--promises", "--dry-run", "--json")
    assert json.loads(run(site, *remind, "--days-before", "0").stdout) == []
    (row,) = json.loads(run(site, *remind, "--days-before", "3").stdout)
    assert (row["kind"], row["about"]) == ("promise", 1)
    assert f"100.00 USD by {day:%A} {day.day} " in row["text"]
