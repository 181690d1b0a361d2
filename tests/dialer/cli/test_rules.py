"""`dialer rules` as its user meets it, with a site and without one."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shlex import split
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dialer.cli import main
from dialer.site import Site

NEW_YORK = ("--phone", "+12125550123", "--purpose", "sales")
NOON = ("--at", "2026-11-23T12:00-05:00")


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    monkeypatch.delenv("DIALER_SITE", raising=False)


def call(*arguments: str, site: Site | None = None) -> Result:
    where = ("--site", str(site.path)) if site else ()
    return CliRunner().invoke(main, [*where, "rules", *arguments])


def verdict(*arguments: str, site: Site | None = None) -> dict[str, Any]:
    result = call("check", *arguments, "--json", site=site)
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def stopping(answer: dict[str, Any]) -> set[str]:
    return {reason["rule"] for reason in answer["reasons"] if reason["effect"] == "block"}


def test_a_verdict_without_a_site() -> None:
    early = verdict(*NEW_YORK, "--at", "2026-11-23T07:59-05:00")
    assert early["allowed"] is False
    assert early["zones"] == ["America/New_York"]
    (block,) = (reason for reason in early["reasons"] if reason["effect"] == "block")
    assert block["rule"] == "us.sales.hours"
    assert datetime.fromisoformat(block["until"]) == datetime(2026, 11, 23, 13, tzinfo=UTC)
    assert verdict(*NEW_YORK, "--at", block["until"])["allowed"] is True


def test_registries_are_told_as_not_checked() -> None:
    told = verdict(*NEW_YORK, "--at", "2026-11-23T12:00-05:00")["reasons"]
    assert {"us.sales.registry"} <= {one["rule"] for one in told if one["effect"] == "alert"}
    assert all("not checked here" in one["detail"] for one in told)


def test_people_read_sentences_and_are_told_what_was_not_looked_at() -> None:
    result = call("check", *NEW_YORK, "--at", "2026-11-23T07:59-05:00")
    assert result.exit_code == 0
    assert "it is Mon 2026-11-23 07:59 in America/New_York" in result.stdout
    assert "no site here" in result.stderr


def test_the_region_brings_its_rules() -> None:
    sunday = ("--phone", "+18015550123", "--region", "US-UT", "--purpose", "sales", "--at", "2026-11-22T12:00-07:00")
    assert stopping(verdict(*sunday)) == {"us-ut.sales.sundays_holidays"}
    assert verdict(*sunday, "--consent", "express")["allowed"] is True


# On the number's clock and the address's.
EL_PASO = ["America/Denver", "America/New_York"]


@pytest.mark.parametrize(
    ("phone", "clues", "zones", "regions"),
    [
        ("+12125550123", "", ["America/New_York"], ["US-NY"]),
        ("+12125550123", "--region us-tx --postcode 79901", EL_PASO, ["US-NY", "US-TX"]),
        ("+12125550123", "--state Texas --postcode 79901", EL_PASO, ["US-NY", "US-TX"]),
        ("+12125550123", "--country 'United Kingdom'", ["America/New_York", "Europe/London"], ["GB", "US-NY"]),
        ("+12125550123", "--postcode 'SW1A 1AA'", ["America/New_York", "Europe/London"], ["GB", "US-NY"]),
        ("+12125550123", "--timezone US/Mountain", EL_PASO, ["US-NY"]),
        ("+12125550123", "--stated-region Florida --postcode 33101", ["America/New_York"], ["US-FL"]),
        ("+12125550123", "--stated-timezone America/Phoenix", ["America/Phoenix"], ["US-NY"]),
        ("+18005550123", "--state GA", ["America/New_York"], ["US-GA"]),
        # A postcode that says nothing is no reason to refuse: the rest decides.
        ("+12125550123", "--postcode 00000", ["America/New_York"], ["US-NY"]),
        ("+12125550123", "--region NL --postcode 1012AB", ["America/New_York", "Europe/Amsterdam"], ["NL", "US-NY"]),
    ],
)
def test_all_that_is_known_of_the_address_counts(phone: str, clues: str, zones: list[str], regions: list[str]) -> None:
    answer = verdict("--phone", phone, "--purpose", "sales", *NOON, *split(clues))
    assert (answer["zones"], answer["regions"]) == (zones, regions)
    assert answer["because"]


@pytest.mark.parametrize(
    ("label", "place", "blocked"),
    [
        ("office", "work", {"au.collections.hours_work"}),
        ("work_phone", "work", {"au.collections.hours_work"}),
        ("mobile", None, set()),
        ("Home", "home", set()),
        ("", None, set()),
    ],
)
def test_a_number_at_work_has_hours_of_its_own(label: str, place: str | None, blocked: set[str]) -> None:
    evening = ("--phone", "+61255501001", "--purpose", "collections", "--at", "2026-11-23T18:00+11:00")
    answer = verdict(*evening, "--label", label)
    assert (answer["place"], stopping(answer)) == (place, blocked)


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ((), "home, as no --label says work"),
        (("--label", "mobile"), "home, as the label 'mobile' does not say work"),
        (("--label", "office"), "work"),
    ],
)
def test_people_read_which_place_was_taken_for_granted(label: tuple[str, ...], told: str) -> None:
    lines = call("check", *NEW_YORK, "--at", "2026-11-23T12:00-05:00", *label).stdout.splitlines()
    assert [line.split(maxsplit=1)[1].strip() for line in lines if line.startswith("place ")] == [told]


def test_a_business_in_another_mode() -> None:
    at = ("--at", "2026-11-23T22:00-05:00", "--party", "business", "--mode", "manual", "--line", "fixed")
    assert verdict(*NEW_YORK, *at)["allowed"] is True


@pytest.mark.parametrize("phone", ["+18005550123", "+80012345678"])
def test_a_place_that_is_not_known_is_blocked(phone: str) -> None:
    answer = verdict("--phone", phone, "--purpose", "sales", "--at", "2026-11-23T12:00Z")
    assert (answer["allowed"], answer["zones"], stopping(answer)) == (False, [], {"zone.unknown"})


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((*NEW_YORK, "--at", "2026-11-23T12:00"), "'2026-11-23T12:00' has no offset from UTC; write it as"),
        ((*NEW_YORK, "--at", "noon"), "'noon' is no ISO 8601 time"),
        ((*NEW_YORK, "--at", "2026-11-23T12:00Z", "--region", "US-ZZ"), "'US-ZZ' is no ISO 3166 code"),
        ((*NEW_YORK, "--at", "2026-11-23T12:00Z", "--region", "US-NY-NYC"), "is a city; write its state, US-NY"),
        ((*NEW_YORK, *NOON, "--region", "US-FL", "--state", "FL"), "leave out --country and --state"),
        ((*NEW_YORK, *NOON, "--country", "Narnia"), "--country: 'Narnia' is no country"),
        ((*NEW_YORK, *NOON, "--state", "Narnia"), "--state: 'Narnia' is no state of US"),
        ((*NEW_YORK, *NOON, "--state", "NSW", "--country", "CA"), "--state: 'NSW' is no state of CA"),
        ((*NEW_YORK, *NOON, "--timezone", "EST"), "'EST' is no IANA time zone"),
        ((*NEW_YORK, *NOON, "--stated-timezone", "Mars/Base"), "'Mars/Base' is no IANA time zone"),
        ((*NEW_YORK, *NOON, "--stated-region", "Nowhere"), "'Nowhere' is no country or state"),
        ((*NEW_YORK, "--at", "2026-11-23T12:00Z", "--consent", "maybe"), "'maybe' is not one of"),
        (("--phone", "2125550123", "--purpose", "sales", "--at", "2026-11-23T12:00Z"), "is not E.164"),
        (("--phone", "+12125550123", "--purpose", "fun", "--at", "2026-11-23T12:00Z"), "'fun' is not one of"),
    ],
)
def test_wrong_questions_are_refused(arguments: tuple[str, ...], told: str) -> None:
    result = call("check", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_number_may_be_written_with_marks() -> None:
    answer = verdict("--phone", "+1 (212) 555-0123", "--purpose", "survey", "--at", "2026-11-23T12:00Z")
    assert answer["zones"] == ["America/New_York"]


def test_the_sites_own_list_blocks(site: Site) -> None:
    with site.open_store(site.config()) as store:
        store.dnc.add(["+12125550123"], "agent anna", datetime(2026, 11, 1, tzinfo=UTC))
    answer = verdict(*NEW_YORK, "--at", "2026-11-23T12:00-05:00", site=site)
    assert (answer["allowed"], stopping(answer)) == (False, {"dnc.site"})
    assert "agent anna" in answer["reasons"][0]["detail"]


def test_the_sites_registry_copies_block_hits_and_old_ones(site: Site, tmp_path: Path) -> None:
    copy = tmp_path / "national.txt"
    copy.write_text("212,5550123\n")
    fresh = datetime(2026, 11, 1, tzinfo=UTC)
    with site.open_store(site.config()) as store:
        store.dnc.import_registry(copy, "us-national", as_of=fresh, full=True, at=fresh)
    noon = datetime(2026, 11, 23, 17, tzinfo=UTC)
    listed = verdict(*NEW_YORK, "--at", noon.isoformat(), site=site)
    assert "us.sales.registry" in stopping(listed)
    other = ("--phone", "+12125550124", "--purpose", "sales", "--at")
    assert verdict(*other, noon.isoformat(), site=site)["allowed"] is True
    stale = verdict(*other, (noon + timedelta(days=14)).isoformat(), site=site)
    assert "us.sales.registry" in stopping(stale)
    assert any("36 days old" in reason["detail"] for reason in stale["reasons"])


def configured(site: Site, text: str) -> None:
    file = site.path / "dialer.toml"
    file.write_text(f"{file.read_text()}\n{text}\n")


def test_the_sites_switches_are_obeyed(site: Site) -> None:
    configured(site, '[rules]\nrequire_registries = true\noff = { "us.sales.hours" = "we hold written requests" }')
    answer = verdict(*NEW_YORK, "--at", "2026-11-23T23:00-05:00", site=site)
    assert "us.sales.registry" in stopping(answer)
    assert {one["effect"] for one in answer["reasons"] if one["rule"] == "us.sales.hours"} == {"off"}


def test_a_switch_for_no_rule_is_told(site: Site) -> None:
    configured(site, '[rules]\nenforce = ["us.sales.ours"]')
    result = call("check", *NEW_YORK, "--at", "2026-11-23T12:00Z", site=site)
    assert result.exit_code == 1
    assert "[rules]: no pack has the rule us.sales.ours" in result.stderr


PACK = """
[pack]
id = "ours"
title = "House rules"
version = "1"
jurisdiction = "US"

[[rule]]
id = "ours.lunch"
where = ["US"]
type = "window"
hours = { all = "08:00-12:00,13:00-20:00" }
status = "in_force"
confidence = "H"
source = { cite = "house rules", checked_on = "2026-11-20" }
"""


def test_the_sites_own_packs_bind_and_are_linted(site: Site) -> None:
    site.rules.mkdir()
    (site.rules / "ours.toml").write_text(PACK)
    assert "ours.lunch" in stopping(verdict(*NEW_YORK, "--at", "2026-11-23T12:30-05:00", site=site))
    assert call("lint", "--on", "2026-11-22", site=site).exit_code == 0
    (site.rules / "ours.toml").write_text(PACK.replace("hours =", "hourz ="))
    linted = call("lint", "--on", "2026-11-22", site=site)
    assert linted.exit_code == 1
    assert "ours.toml: rule ours.lunch: hourz: unknown key; did you mean hours?" in linted.stdout
    checked = call("check", *NEW_YORK, "--at", "2026-11-23T12:30-05:00", site=site)
    assert checked.exit_code == 1
    assert "ours.toml: rule ours.lunch: hours: is missing" in checked.stderr


def test_one_file_is_linted_beside_the_programs_packs(tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    file.write_text(PACK.replace("ours.lunch", "us.sales.hours"))
    result = call("lint", str(file), "--on", "2026-11-22", "--json")
    assert result.exit_code == 1
    problems = json.loads(result.stdout)["problems"]
    assert [(one["rule"], one["key"]) for one in problems] == [("us.sales.hours", "id")]


def test_rules_are_listed_by_what_is_asked() -> None:
    rows = json.loads(call("list", "--region", "US-FL", "--purpose", "sales", "--type", "window", "--json").stdout)
    assert {row["id"] for row in rows} == {"us-fl.sales.hours", "us.sales.hours"}
    france = {row["id"] for row in json.loads(call("list", "--region", "FR", "--on", "2026-08-10", "--json").stdout)}
    later = {row["id"] for row in json.loads(call("list", "--region", "FR", "--on", "2026-08-12", "--json").stdout)}
    assert france != later
    assert call("list", "--region", "JP").stderr.strip() == "no rule is like that"


def test_a_rule_is_shown_with_its_source() -> None:
    shown = json.loads(call("show", "us.sales.hours", "--json").stdout)
    assert shown["says"] == "Mon-Sun 08:00-21:00"
    assert "16 CFR 310.4(c)" in shown["cite"]
    assert "16 CFR 310.4(c)" in call("show", "us.sales.hours").stdout
    missing = call("show", "us.sales.none")
    assert (missing.exit_code, missing.stderr) == (
        1,
        "error: no rule has the id 'us.sales.none'; see: dialer rules list\n",
    )


def test_a_directory_that_is_named_must_be_a_site(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--site", str(tmp_path / "no"), "rules", "list"])
    assert result.exit_code == 1
    assert "dialer.toml" in result.stderr


@pytest.mark.parametrize("number", ["+1212555", "+1٢١٢٥٥٥٠١٢٣", "2125550123"])
def test_numbers_that_cannot_be_are_refused(number: str) -> None:
    result = call("check", "--phone", number, "--purpose", "sales", "--at", "2026-11-23T12:00Z")
    assert result.exit_code == 2 and "as in +12125550123" in result.output


@pytest.mark.parametrize("at", ["9999-12-31T23:59Z", "0001-01-01T00:00+05:00", "0001-01-01T00:00Z"])
def test_times_out_of_reach_are_refused(at: str) -> None:
    result = call("check", *NEW_YORK, "--at", at)
    assert result.exit_code == 2 and "1970 to 2100" in result.output


def test_lint_tells_of_a_sites_wrong_switches(site: Site) -> None:
    file = site.path / "dialer.toml"
    text = file.read_text()
    file.write_text(text + '[rules]\nenforce = ["us.no.such"]\n[rules.off]\n"us.sales.hours" = " "\n')
    result = call("lint", "--on", "2026-11-22", site=site)
    assert result.exit_code == 1
    assert "dialer.toml: rules.enforce: no pack has the rule us.no.such" in result.stdout
    assert "dialer.toml: rules.off: us.sales.hours: give the reason" in result.stdout
    site.rules.mkdir()
    (site.rules / "ours.toml").write_text("[pack\n")
    broken = call("lint", "--on", "2026-11-22", site=site)
    assert broken.exit_code == 1 and "ours.toml" in broken.stdout and "no pack has" not in broken.stdout
