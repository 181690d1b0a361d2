"""dialer script, sale and quota as their users see them."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from campaigns.collections.money import Money
from campaigns.model import Outcome, RetryDecision
from campaigns.telesales.details import SaleAsked, SaleDetails
from dialer.cli import main
from dialer.site import Site
from tests.campaigns.telesales.samples import SPRING
from tests.dialer.conftest import add_leads


def run(site: Site, *arguments: str, code: int = 0, text: str | None = None) -> Result:
    result = CliRunner().invoke(main, ["--site", str(site.path), *arguments], input=text)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def spring(tmp_path: Path) -> Path:
    path = tmp_path / "spring.toml"
    path.write_text(SPRING)
    return path


def sell(site: Site) -> None:
    """One pending sale, of attempt 1."""
    add_leads(site, "+12125550101")
    now = datetime.now(UTC)
    with site.open_store(site.config()) as store, store.transaction():
        assert store.reserve_attempt(1, 1, 1, 1, "+12125550101", "carrier", "", now) is None
        retry = RetryDecision(None, None, "sold")
        store.attempts.close(
            *(1,),
            at=now,
            outcome=Outcome.HANDLED,
            status="SALE",
            ringing_at=None,
            cause=None,
            sip_code=None,
            q850=None,
            detail="",
            ref="",
            agent="anna",
            retry=retry,
        )
        store.sales.make(1, SaleAsked(SaleDetails("Gold", 1, Money(Decimal("9.90"), "EUR")), pending=True), now)


def test_a_script_is_checked_imported_shown_and_exported(site: Site, spring: Path, tmp_path: Path) -> None:
    assert "7 steps, 7 fields; nothing is wrong" in run(site, "script", "check", str(spring)).stdout
    assert "script spring is at version 1" in run(site, "script", "import", str(spring)).stdout
    run(site, "campaign", "set", "spring", "script=spring")
    (row,) = json.loads(run(site, "script", "list", "--json").stdout)
    assert (row["name"], row["version"], row["campaigns"]) == ("spring", 1, ["spring"])
    shown = json.loads(run(site, "script", "show", "spring", "--json").stdout)
    assert shown["required"] == {"SALE": ["product", "amount"]}
    assert shown["steps"][0]["next"] == ["offer if reached is customer", "later"]
    assert run(site, "script", "export", "spring").stdout == SPRING
    out = tmp_path / "out.toml"
    run(site, "script", "export", "spring", "--version", "1", "--to", str(out))
    assert out.read_text() == SPRING


def test_a_bad_script_is_refused_with_its_places(site: Site, spring: Path) -> None:
    spring.write_text(SPRING.replace('go = "later"', 'go = "latr"'))
    place = "steps.greeting.next[2].go: there is no step 'latr'; do you mean 'later'?"
    assert run(site, "script", "check", str(spring), code=1).stdout == f"{spring}: {place}\n"
    (problem,) = json.loads(run(site, "script", "check", str(spring), "--json", code=1).stdout)
    assert problem["where"] == "steps.greeting.next[2].go"
    assert place in run(site, "script", "import", str(spring), code=1).stderr
    assert "no scripts" in run(site, "script", "list").stderr


def test_a_script_from_standard_input_needs_a_name(site: Site) -> None:
    run(site, "script", "import", "-", code=2, text=SPRING)
    assert "spring-2 is at version 1" in run(site, "script", "import", "-", "--name", "spring-2", text=SPRING).stdout


def test_files_of_windows_are_read_and_other_encodings_named(site: Site, spring: Path) -> None:
    spring.write_bytes(b"\xef\xbb\xbf" + SPRING.replace("\n", "\r\n").encode())
    run(site, "script", "check", str(spring))
    spring.write_bytes(SPRING.replace("Spring offer", "Frühling").encode("latin-1"))
    assert "line 2 is not UTF-8" in run(site, "script", "check", str(spring), code=1).stderr
    assert "cannot be read" in run(site, "script", "check", "missing.toml", code=1).stderr


def test_a_campaign_does_not_take_a_script_that_is_not_there(site: Site) -> None:
    assert (
        "no script 'spring'; there is none yet"
        in run(site, "campaign", "set", "spring", "script=spring", code=1).stderr
    )


def test_sales_are_listed_verified_and_rejected(site: Site) -> None:
    sell(site)
    (row,) = json.loads(run(site, "sale", "list", "spring", "--state", "pending", "--json").stdout)
    assert (row["id"], row["product"], row["amount"], row["currency"]) == (1, "Gold", "9.90", "EUR")
    assert "pending: 1 sales, 9.90 EUR" in run(site, "sale", "list", "spring").stdout
    run(site, "sale", "verify", "spring", "1", "--by", "carla", "--note", "called back")
    (row,) = json.loads(run(site, "sale", "list", "spring", "--json").stdout)
    assert (row["verification"], row["verified_by"], row["note"]) == ("verified", "carla", "called back")
    said = run(site, "sale", "reject", "spring", "1", "--by", "dora", "--again").stdout
    assert said == "sale 1 is rejected; lead 1 will be called again\n"
    assert "is rejected already, by dora" in run(site, "sale", "reject", "spring", "1", code=1).stderr
    (hour,) = json.loads(run(site, "sale", "hours", "spring", "--json").stdout)["hours"]
    assert (hour["attempts"], hour["contacts"], hour["sales"]) == (1, 1, 1)
    assert "100.0%" in run(site, "sale", "hours", "spring").stdout


def test_quotas_are_set_listed_and_removed(site: Site) -> None:
    sell(site)
    run(site, "quota", "set", "spring", "all", "--where", 'state == ""', "--target", "1")
    (row,) = json.loads(run(site, "quota", "list", "spring", "--json").stdout)
    assert (row["done"], row["pending"], row["full"]) == (1, 1, True)
    refused = run(site, "quota", "set", "spring", "x", "--where", 'stat == ""', "--target", "1", code=1)
    assert "do you mean state?" in refused.stderr
    run(site, "quota", "remove", "spring", "all")
    assert "no quotas" in run(site, "quota", "list", "spring").stderr
