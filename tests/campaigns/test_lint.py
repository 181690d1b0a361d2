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
TOLL_FREE = "+18005550103\n"


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


def told_of_recycling(store: Store, caps: str, recycle: str, **settings: object) -> list[tuple[str, str]]:
    """Text and mend of each problem; what the mend proposes must leave none."""
    problems(store, FLORIDA, caps=caps, **settings)
    campaign_id = store.campaign("spring").campaign_id
    (of,) = store.lists.all(campaign_id)
    store.lists.set(campaign_id, of.name, {"recycle": recycle})
    found = [each for each in store.lint("spring", NOW) if each.key == "recycle"]
    assert {each.severity for each in found} <= {Severity.WARNING}
    for each in found:
        better = each.mend.partition("recycle=")[2].partition(";")[0]
        store.lists.set(campaign_id, of.name, {"recycle": better})
        assert [each for each in store.lint("spring", NOW) if each.key == "recycle"] == []
    return [(each.text, each.mend) for each in found]


def test_recycling_beyond_the_campaigns_caps_is_told_with_both(store: Store) -> None:
    (life, daily) = told_of_recycling(store, "lead:2/life,number:1/1d", "NA:5m/50,AA:5m/20,NI:2d/1")
    assert "recycles NA:5m/50,AA:5m/20" in life[0] and "lead:2/life" in life[0]
    assert "recycles NA:5m/50,AA:5m/20" in daily[0] and "number:1/1d" in daily[0]
    assert "recycle=NA:1d/1,AA:1d/1,NI:2d/1;" in life[1] and "dialer campaign set spring caps=" in life[1]


@pytest.mark.parametrize(
    ("caps", "recycle", "told"),
    [
        ("lead:5/life", "NA:1d/5", True),
        ("lead:5/life", "NA:1d/4", False),
        ("lead:1/life", "NA:1d/1", True),
        ("number:1/4h", "NA:2h/3", True),
        ("number:1/4h", "NA:4h/3", False),
        # The window of eleven hours has room for two calls with eight hours between them, not for three.
        ("number:2/1d", "NA:8h/9", False),
        ("number:2/1d", "NA:3h/9", True),
        ("number:2/1d", "NA:3h/1", False),
        ("lead:3/7d", "NA:1d/9", True),
        ("lead:3/7d", "NA:3d/9", False),
        ("number:2/1d", "", False),
        # A call that never reached the network is not counted.
        ("number:1/1d", "ADCT:5m/9,ERI:5m/9", False),
        ("", "NA:5m/50", False),
    ],
)
def test_what_recycling_goes_beyond_a_cap(store: Store, caps: str, recycle: str, *, told: bool) -> None:
    assert bool(told_of_recycling(store, caps, recycle)) is told


def test_a_list_that_is_not_called_from_goes_beyond_no_cap(store: Store) -> None:
    problems(store, FLORIDA, caps="lead:2/life")
    campaign_id = store.campaign("spring").campaign_id
    (of,) = store.lists.all(campaign_id)
    store.lists.set(campaign_id, of.name, {"recycle": "NA:1d/9", "active": "no"})
    assert "recycle" not in {each.key for each in store.lint("spring", NOW)}
