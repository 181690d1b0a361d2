"""Contradictions are found before a campaign starts: each case names the key that must be told, and how badly."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from campaigns.importing import import_leads
from campaigns.lint import Severity, Shown
from campaigns.rules import Rulebook, load_builtin
from campaigns.store import Store

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
RULEBOOK = Rulebook(load_builtin())


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:", fast=True, rulebook=lambda: RULEBOOK) as opened:
        yield opened


def problems(store: Store, numbers: str, kind: str = "telesales", **settings: object) -> dict[str, Severity]:
    store.create_campaign("spring", kind, "predictive", **settings)
    if numbers:
        import_leads(store, "spring", io.StringIO("phone\n" + numbers))
    worst: dict[str, Severity] = {}
    for problem in store.lint("spring", NOW, Shown(("+12125550100",))):
        assert problem.text and problem.mend
        worst.setdefault(problem.key, problem.severity)
    return worst


MUMBAI = "+912222880101\n"
NEW_YORK, FLORIDA, LONDON, BERLIN = "+12125550101\n", "+13055550102\n", "+442079460101\n", "+493023125001\n"
TOLL_FREE, WASHINGTON = "+18005550103\n", "+12065550105\n"


@pytest.mark.parametrize(
    ("numbers", "settings", "key", "severity"),
    [
        ("", {}, "leads", Severity.WARNING),
        (TOLL_FREE, {}, "leads", Severity.ERROR),
        (TOLL_FREE + NEW_YORK, {}, "leads", Severity.WARNING),
        (NEW_YORK, {"max_abandon_rate": 0.05}, "max_abandon_rate", Severity.ERROR),
        (LONDON, {"max_abandon_rate": 0.05}, "max_abandon_rate", Severity.WARNING),
        (NEW_YORK, {"window": "21:30-23:00"}, "window", Severity.ERROR),
        (NEW_YORK + LONDON, {"window": "21:30-23:00"}, "window", Severity.WARNING),
        (LONDON, {}, "retry", Severity.WARNING),
        (FLORIDA, {}, "retry", Severity.WARNING),
        (BERLIN, {}, "consent", Severity.ERROR),
        (BERLIN + NEW_YORK, {}, "consent", Severity.WARNING),
        (NEW_YORK, {}, "registry", Severity.WARNING),
        (NEW_YORK, {"abandon_window": "24h"}, "abandon_window", Severity.WARNING),
    ],
)
def test_what_does_not_go_together_is_told(
    store: Store, numbers: str, settings: dict[str, object], key: str, severity: Severity
) -> None:
    assert problems(store, numbers, **settings).get(key) is severity


def test_a_sound_campaign_has_no_errors(store: Store) -> None:
    found = problems(store, NEW_YORK)
    assert Severity.ERROR not in found.values()
    assert "window" not in found and "consent" not in found and "max_abandon_rate" not in found


def test_calls_of_service_have_no_sales_hours(store: Store) -> None:
    assert "window" not in problems(store, NEW_YORK, window="21:30-23:00", purpose="service")


def test_no_active_list_is_an_error(store: Store) -> None:
    problems(store, NEW_YORK)
    (only,) = store.lists.all(store.campaign("spring").campaign_id)
    store.lists.set(store.campaign("spring").campaign_id, only.name, {"active": "no"})
    assert ("lists", Severity.ERROR) in {(each.key, each.severity) for each in store.lint("spring", NOW)}


def test_a_stale_registry_is_an_error(store: Store) -> None:
    problems(store, NEW_YORK)
    september = datetime(2026, 9, 1, tzinfo=UTC)
    store.dnc.import_registry(io.BytesIO(b"212,5550177\n"), "us-national", as_of=september, full=True, at=september)
    found = {each.severity for each in store.lint("spring", NOW) if each.key == "registry"}
    assert Severity.ERROR in found


def test_a_store_without_a_rule_book_finds_nothing() -> None:
    with Store.open(":memory:", fast=True) as store:
        store.create_campaign("spring", "telesales", "predictive")
        assert store.lint("spring", NOW) == []


def told_of_numbers(store: Store, numbers: str, shown: Shown | None, **settings: object) -> list[tuple[Severity, str]]:
    problems(store, numbers, **settings)
    found = [each for each in store.lint("spring", NOW, shown) if each.key == "caller_id"]
    return [(each.severity, f"{each.text}. {each.mend}") for each in found]


@pytest.mark.parametrize("shown", [Shown(("+12125550100",)), Shown(own=("gsm",)), Shown(("+12125550100",), ("gsm",))])
def test_a_number_is_shown(store: Store, shown: Shown) -> None:
    assert told_of_numbers(store, NEW_YORK, shown) == []


@pytest.mark.parametrize("shown", [None, Shown()])
def test_no_number_is_shown(store: Store, shown: Shown | None) -> None:
    ((severity, told),) = told_of_numbers(store, NEW_YORK, shown)
    assert severity is Severity.WARNING and told.startswith("no number is shown, and the law asks for one")


def test_the_number_of_the_campaign_is_one(store: Store) -> None:
    assert told_of_numbers(store, NEW_YORK, None, caller_id="+12125550100") == []


def test_a_trunk_that_shows_no_number_is_told_beside_others_that_do(store: Store) -> None:
    shown = Shown(("+12125550100",), ("board",), {"gsm": "show it", "carrier": "caller_ids"})
    assert told_of_numbers(store, NEW_YORK, shown) == [
        (Severity.WARNING, "trunk gsm shows no number, and the law asks for one. show it"),
        (Severity.WARNING, "trunk carrier shows no number, and the law asks for one. caller_ids"),
    ]


def test_a_line_with_a_number_of_its_own_may_be_of_another_series_than_asked_for(store: Store) -> None:
    told = told_of_numbers(store, MUMBAI, Shown(("+912222880100",), ("gsm",)))
    assert [severity for severity, _ in told] == [Severity.ERROR, Severity.WARNING]
    assert "+912222880100 is not of the series 140" in told[0][1]
    assert (
        "trunk gsm shows a number of its own, not known here; such calls must show one of the series 140" in told[1][1]
    )


def test_caps_and_rests_are_warned_of_as_the_campaign_stands(store: Store) -> None:
    problems(store, FLORIDA)
    campaign_id = store.campaign("spring").campaign_id
    (of,) = store.lists.all(campaign_id)
    store.lists.set(campaign_id, of.name, {"recycle": "NA:2h/4"})
    found = {each.key: each for each in store.lint("spring", NOW)}
    assert found["recycle"].severity is Severity.WARNING and "us-fl.sales.frequency" in found["recycle"].text
    assert "retries busy:5m/6" in found["retry"].text and "no_answer" not in found["retry"].text


def test_numbers_at_work_are_told_from_others_only_where_a_cap_asks(store: Store) -> None:
    store.create_campaign("spring", "collections", "predictive")
    import_leads(store, "spring", io.StringIO(f"work_phone,phone2\n{WASHINGTON.strip()},+12065550106\n"))
    import_leads(store, "spring", io.StringIO(f"mobile\n+12065550107\n+12065550108\n{NEW_YORK}"))
    told = " ".join(each.text for each in store.lint("spring", NOW) if each.key == "retry")
    assert "at work (us-wa.collections.frequency_work)" in told and "(1 of 4 leads)" in told
    assert "(us-wa.collections.frequency): call 4 waits up to 7 days (3 of 4 leads)" in told


FRENCH = "+33199000101\n"


@pytest.mark.parametrize(("day", "told"), [(datetime(2026, 8, 5, 9, tzinfo=UTC), False), (NOW, True)])
def test_only_rules_in_force_on_the_day_are_held_against_a_campaign(store: Store, day: datetime, *, told: bool) -> None:
    """France asks for consent since 11 August 2026."""
    problems(store, FRENCH)
    assert ("fr.sales.consent" in " ".join(each.text for each in store.lint("spring", day))) is told


def test_a_mode_that_a_rule_asks_for_is_not_held_against_a_campaign(store: Store) -> None:
    predictive = problems(store, LONDON)
    store.update_campaign("spring", mode="preview")
    assert "retry" in predictive
    assert "retry" not in {each.key for each in store.lint("spring", NOW)}
