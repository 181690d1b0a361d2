"""What lint finds doubtful in packs that load."""

from datetime import date

from campaigns.rules import load_builtin
from campaigns.rules.lint import lint
from tests.campaigns.rules.texts import pack, rule, window

TODAY = date(2026, 11, 22)
SOURCE = 'source = { cite = "16 CFR 310.4(c)", checked_on = "2026-11-20" }'


def told(*rules: str, jurisdiction: str = "US") -> list[str]:
    return [f"{one.rule}: {one.key}: {one.text}" for one in lint([pack(*rules, jurisdiction=jurisdiction)], TODAY)]


def test_the_packs_of_the_program_are_in_order() -> None:
    assert [str(problem) for problem in lint(load_builtin(), TODAY)] == []


def test_a_sourced_rule_is_in_order() -> None:
    assert told(window('all = "08:00-21:00"', rest=SOURCE)) == []


def test_sources() -> None:
    hours = 'all = "08:00-21:00"'
    assert told(window(hours))[0] == "test.window: source: is missing: give cite, url and checked_on"
    url = 'source = { url = "https://example.com", checked_on = "2026-11-20" }'
    assert told(window(hours, rest=url)) == [
        "test.window: source.cite: is missing, and a rule of confidence H rests on it"
    ]
    assert told(window(hours, rest=url, confidence='"L"')) == []
    old = SOURCE.replace("2026-11-20", "2025-11-20")
    assert "2025-11-20 is more than a year ago" in told(window(hours, rest=old))[0]
    coming = SOURCE.replace("2026-11-20", "2026-11-23")
    assert told(window(hours, rest=coming)) == ["test.window: source.checked_on: 2026-11-23 is still to come"]


def test_places() -> None:
    assert "'US-ZZ' is no ISO 3166" in told(window('all = "08:00-21:00"', rest=SOURCE, where='["US-ZZ"]'))[0]
    assert told(window('all = "08:00-21:00"', rest=SOURCE, where='["US-NY-NYC"]')) == []
    assert ": jurisdiction: 'QQ' is no ISO 3166 country or region" in told(jurisdiction="QQ")


def test_hours_that_never_come() -> None:
    assert "test.window: hours: the rule leaves no hour in a whole year" in told(window('mon = "closed"', rest=SOURCE))
    days = rule(f'type = "closed_days"\nweekdays = "all"\n{SOURCE}')
    assert "test.rule: weekdays: the rule leaves no hour in a whole year" in told(days)


def test_hours_that_rules_leave_to_nobody_together() -> None:
    early = window('all = "08:00-12:00"', "t.early", SOURCE)
    late = window('all = "12:00-20:00"', "t.late", f'{SOURCE}\npurpose = ["sales"]', where='["US-FL"]')
    (problem,) = told(early, late)
    assert problem == ": : in US-FL no hour is left for sales to a business, sales to a consumer under t.early, t.late"


def test_a_rule_of_the_past_need_not_leave_hours() -> None:
    assert told(window('mon = "closed"', rest=f'{SOURCE}\neffective = {{ to = "2026-08-11" }}')) == []


def test_overlapping_packs() -> None:
    one = pack(window('all = "08:00-21:00"', rest=SOURCE))
    texts = [str(problem) for problem in lint([one, one], TODAY)]
    assert "test.toml: rule test.window: id: is taken already, in test.toml; give it another" in texts
