"""`dialer lists` and `dialer why hopper` as a manager uses them."""

import json

import pytest
from click.testing import CliRunner

from dialer.cli import main
from dialer.site import Site
from tests.dialer.conftest import add_leads


def run(site: Site, *arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["--site", str(site.path), *arguments])
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.output


@pytest.fixture
def filled(site: Site) -> Site:
    add_leads(site, "+12125550101", "+12125550102", "+18005550103")
    return site


def facts(site: Site) -> dict[str, object]:
    found: dict[str, object] = json.loads(run(site, "lists", "show", "spring", "leads.csv", "--json"))
    return found


def test_a_list_is_listed_shown_and_set(filled: Site) -> None:
    (listed,) = json.loads(run(filled, "lists", "list", "spring", "--json"))
    assert (listed["name"], listed["leads"], listed["waiting"], listed["weight"]) == ("leads.csv", 3, 3, 1)
    assert "leads.csv" in run(filled, "lists", "list", "spring")
    condition = 'condition=state == "FL" and attempts < 3'
    said = run(
        filled, "lists", "set", "spring", "leads.csv", "priority=1", "weight=0001", condition, "active=no", "quota=9"
    )
    assert said.splitlines() == [
        "list leads.csv: priority=1",
        "list leads.csv: weight=1",
        'list leads.csv: condition=state == "FL" and attempts < 3',
        "list leads.csv: active=no",
        "list leads.csv: quota=9",
    ]
    shown = facts(filled)
    assert (shown["priority"], shown["active"], shown["condition"]) == (1, False, 'state == "FL" and attempts < 3')
    assert "quota=none" in run(
        filled, "lists", "set", "spring", "leads.csv", "quota=none", "condition=none", "active=yes"
    )
    assert "none" in run(filled, "lists", "show", "spring", "leads.csv")
    assert "recycle=NA:2h/4" in run(filled, "lists", "set", "spring", "1", "recycle=NA:2h/4", "ordering=best_hour")
    assert facts(filled)["ordering"] == "best_hour"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("set", "spring", "leads.csv", "prio=1"), 1, "no setting 'prio' of a list; there are active"),
        (("set", "spring", "leads.csv", "priority"), 2, "'priority' is not KEY=VALUE"),
        (("set", "spring", "leads.csv", "condition=attempts < 'a'"), 1, "column 12: attempts is a number"),
        (("set", "spring", "july", "priority=1"), 1, "no list 'july' in this campaign; there are 'leads.csv'"),
        (("show", "spring", "july"), 1, "no list 'july'"),
        (("list", "autumn"), 1, "no campaign 'autumn'"),
        (("reset", "spring", "leads.csv"), 2, "add --yes"),
        (("reset", "spring", "leads.csv", "--status", "DNC", "--yes"), 1, "DNC are not dialed again"),
    ],
)
def test_what_cannot_be_is_refused_with_why(filled: Site, arguments: tuple[str, ...], code: int, says: str) -> None:
    assert says in run(filled, "lists", *arguments, code=code)


def test_a_reset_tells_what_it_did(filled: Site) -> None:
    with filled.open_store(filled.config()) as store, store.transaction():
        store.database.execute("UPDATE leads SET next_at = NULL, status = CASE id WHEN 1 THEN 'NA' ELSE 'NI' END")
    assert json.loads(run(filled, "lists", "reset", "spring", "leads.csv", "--yes", "--json")) == {
        "reset": 1,
        "kept": 2,
    }
    said = run(filled, "lists", "reset", "spring", "leads.csv", "--status", "NI", "--yes")
    assert "reset" in said and "2" in said


def test_why_hopper_counts_every_lead_once(filled: Site) -> None:
    answer = json.loads(run(filled, "why", "hopper", "spring", "--json"))
    assert (answer["campaign"], answer["state"], answer["leads"]) == ("spring", "active", 3)
    by_reason = {each["reason"]: each["leads"] for each in answer["reasons"]}
    assert sum(by_reason.values()) == 3 and by_reason["no_timezone"] == 1
    assert "no_timezone" in run(filled, "why", "hopper", "spring")
    run(filled, "lists", "set", "spring", "leads.csv", "active=no")
    (reason,) = json.loads(run(filled, "why", "hopper", "spring", "--json"))["reasons"]
    assert (reason["reason"], reason["leads"]) == ("list_inactive", 3)


def test_why_hopper_says_that_a_campaign_does_not_run_or_is_not_there(filled: Site) -> None:
    run(filled, "campaign", "stop", "spring")
    result = CliRunner().invoke(main, ["--site", str(filled.path), "why", "hopper", "spring"])
    assert "the campaign is stopped; dialer campaign start spring makes it dial" in result.stderr
    assert "no campaign 'autumn'" in run(filled, "why", "hopper", "autumn", code=1)
