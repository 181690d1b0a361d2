"""Recycling and retries against caps and rests: who is told what, and that what is proposed mends it."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.importing import import_leads
from campaigns.lint import Problem
from campaigns.model import Outcome
from campaigns.rules import Rulebook, load_builtin
from campaigns.store import Store
from tests.campaigns.desk import Desk
from tests.campaigns.rules.texts import pack, rule

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
PACKS = load_builtin()
THREE_A_DAY = (
    'type = "frequency"\nlimit = { max = 3, per = "24h", key = "person", count = "attempt" }\neffect = "block"'
)

NEW_YORK, FLORIDA, OKLAHOMA, MARYLAND = "+12125550101", "+13055550102", "+14055550103", "+13015550104"
TEXAS, MASSACHUSETTS, LONDON, PARIS = "+12145550105", "+16175550106", "+442079460107", "+33199000108"


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:", fast=True, rulebook=lambda: Rulebook(PACKS)) as opened:
        yield opened


def created(store: Store, kind: str = "telesales", mode: str = "predictive", **settings: object) -> None:
    store.create_campaign("spring", kind, mode, **settings)


def listed(store: Store, recycle: str, *numbers: str, name: str = "import", head: str = "phone") -> None:
    import_leads(store, "spring", io.StringIO("\n".join((head, *numbers))), list_name=name)
    store.lists.set(store.campaign("spring").campaign_id, name, {"recycle": recycle})


def told(store: Store, key: str = "recycle") -> list[Problem]:
    return [each for each in store.lint("spring", NOW) if each.key == key]


def mended(store: Store) -> int:
    """Do what the last problem proposes until there is none; how often that took."""
    for rounds in range(20):
        found = told(store)
        if not found:
            return rounds
        name, setting = found[-1].mend.partition(";")[0].split()[4:]
        store.lists.set(store.campaign("spring").campaign_id, name, {"recycle": setting.removeprefix("recycle=")})
    raise AssertionError(found)


def test_recycling_beyond_the_campaigns_caps_is_told_with_both(store: Store) -> None:
    created(store, caps="lead:2/life,number:1/1d")
    listed(store, "NA:5m/50,AA:5m/20,NI:2d/1", NEW_YORK)
    life, daily = told(store)
    assert "recycles NA:5m/50,AA:5m/20" in life.text and "lead:2/life" in life.text
    assert "recycles NA:5m/50,AA:5m/20" in daily.text and "number:1/1d" in daily.text
    assert "recycle=NA:1d/1,AA:1d/1,NI:2d/1;" in life.mend and "dialer campaign set spring caps=" in life.mend
    assert mended(store) == 1


@pytest.mark.parametrize(
    ("caps", "recycle", "beyond"),
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
def test_what_recycling_goes_beyond_a_cap(store: Store, caps: str, recycle: str, *, beyond: bool) -> None:
    created(store, caps=caps)
    listed(store, recycle, NEW_YORK)
    assert bool(told(store)) is beyond
    assert mended(store) == beyond


def test_a_list_that_is_not_called_from_goes_beyond_nothing(store: Store) -> None:
    created(store, caps="lead:2/life")
    listed(store, "NA:1h/9", FLORIDA)
    store.lists.set(store.campaign("spring").campaign_id, "import", {"active": "no"})
    assert told(store) == []


def test_a_cap_of_the_law_is_told_with_all_that_a_manager_has_to_know(store: Store) -> None:
    created(store)
    listed(store, "NA:2h/4,AB:30m/6,NI:7d/1", FLORIDA, NEW_YORK)
    (only,) = told(store)
    assert only.text == (
        "list import recycles NA:2h/4,AB:30m/6, but in US-FL the most is 3 calls in 24 hours to one person about one "
        "subject (us-fl.sales.frequency): call 4 waits up to 23 h (1 of 2 leads)"
    )
    assert only.mend == (
        "dialer lists set spring import recycle=NA:5h/4,AB:5h/6,NI:7d/1; or keep those leads in a list of their own; "
        "or leave it: nobody is called sooner, such leads wait"
    )


def test_states_with_the_same_cap_and_lists_that_recycle_alike_are_told_once(store: Store) -> None:
    created(store)
    listed(store, "NA:2h/4", FLORIDA, OKLAHOMA, name="a")
    listed(store, "NA:2h/4", MARYLAND, TEXAS, name="b b")
    listed(store, "NA:2h/2", "+13055550109", name="c")
    (only,) = told(store)
    assert only.text.startswith("lists a and b b recycle NA:2h/4, but in US-FL, US-MD and US-OK the most")
    assert only.text.endswith("(3 of 4 leads)")
    assert only.mend.startswith("dialer lists set spring a recycle=NA:5h/4, and the same for b b; or")


def test_fifty_states_with_rules_of_their_own_that_say_the_same_are_one_line() -> None:
    numbers = (FLORIDA, OKLAHOMA, MARYLAND, TEXAS, NEW_YORK, MASSACHUSETTS)
    states = ("FL", "OK", "MD", "TX", "NY", "MA")
    ours = pack(*(rule(THREE_A_DAY, f"ours.{state.lower()}", where=f'["US-{state}"]') for state in states))
    with Store.open(":memory:", fast=True, rulebook=lambda: Rulebook([ours])) as store:
        created(store)
        listed(store, "NA:1h/9", *numbers)
        (only,) = told(store)
    assert "in US-FL, US-MA, US-MD and 3 more the most is 3 calls" in only.text
    assert "(ours.fl, ours.ma, ours.md and 3 more)" in only.text


def test_rests_are_told_by_the_status_that_begins_them(store: Store) -> None:
    created(store)
    listed(store, "AA:2h/5,DROP:1d/3,NA:5m/9", LONDON)
    after_machine, after_abandoned = told(store)
    assert "recycles AA:2h/5, but in GB 24 hours without calls to the number must follow such a call" in (
        after_machine.text
    )
    assert "(gb.any.after_amd): the next call waits up to 22 h" in after_machine.text
    assert "recycles DROP:1d/3, but in GB 72 hours" in after_abandoned.text
    assert "recycle=AA:1d/5,DROP:3d/3,NA:5m/9; or dial in mode manual or preview" in after_abandoned.mend
    assert mended(store) == 1


def test_a_mode_that_a_rule_asks_for_frees_of_its_rest(store: Store) -> None:
    created(store, mode="preview")
    listed(store, "AA:2h/5,DROP:1d/3", LONDON)
    assert told(store) == []


def test_days_of_the_calendar_are_counted_as_the_rule_counts_them(store: Store) -> None:
    """Sixty days after a refusal (Code de la consommation, art. D. 223-9), and its own day is not one of them."""
    created(store)
    listed(store, "NI:60d/2", PARIS)
    (only,) = told(store)
    assert "fr.sales.after_refusal" in only.text and "recycle=NI:61d/2;" in only.mend
    assert mended(store) == 1


def test_what_binds_most_leads_comes_first_and_does_not_slow_them_for_the_sake_of_a_few(store: Store) -> None:
    created(store, "collections")
    listed(store, "NA:1h/10", FLORIDA, TEXAS, OKLAHOMA, MASSACHUSETTS)
    all_states, one_state = told(store)
    assert "in US the most is 7 calls in 7 calendar days about one debt (us.collections.frequency)" in all_states.text
    assert all_states.text.endswith("(4 of 4 leads)") and "own" not in all_states.mend
    assert "recycle=NA:12h/10;" in all_states.mend
    assert "us-ma.collections.frequency" in one_state.text and one_state.text.endswith("(1 of 4 leads)")
    assert "recycle=NA:4d/10; or keep those leads in a list of their own" in one_state.mend
    assert mended(store) == 1


def test_a_city_binds_the_leads_of_its_state(store: Store) -> None:
    created(store, "collections")
    listed(store, "NA:2d/9", NEW_YORK)
    (only,) = told(store)
    assert "in US-NY-NYC the most is 3 calls in 7 days about one debt" in only.text


@pytest.mark.parametrize(
    ("switches", "rules"),
    [({}, 1), ({"off": {"us-fl.sales.frequency": "advice of counsel"}}, 0), ({"enforce": ["ours.draft"]}, 2)],
)
def test_drafts_and_what_is_switched_off_do_not_bind(switches: dict[str, object], rules: int) -> None:
    draft = pack(rule(THREE_A_DAY, "ours.draft", status='"draft"'))
    with Store.open(":memory:", fast=True, rulebook=lambda: Rulebook([*PACKS, draft], **switches)) as store:  # type: ignore[arg-type]
        created(store)
        listed(store, "NA:1h/9", FLORIDA)
        assert len(told(store)) == rules


@pytest.mark.parametrize(
    ("kind", "purpose", "recycle", "beyond"),
    [
        ("telesales", "sales", "NA:2h/4", True),
        ("telesales", "service", "NA:2h/4", False),
        ("telesales", "sales", "NA:2h/2", False),
        ("telesales", "sales", "NA:5h/99", False),
        # Calls that never reached the number count nowhere; those that it was too busy for do in Florida.
        ("telesales", "sales", "ADCT:5m/9,ERI:5m/9", False),
        ("telesales", "sales", "AB:5m/9", True),
        ("collections", "collections", "AB:5m/9", False),
        ("collections", "collections", "NA:2h/6", False),
        ("collections", "collections", "RPC:6d/1", True),
        ("collections", "collections", "RPC:7d/1", False),
    ],
)
def test_what_recycling_goes_beyond_the_law(
    store: Store, kind: str, purpose: str, recycle: str, *, beyond: bool
) -> None:
    created(store, kind, purpose=purpose)
    listed(store, recycle, FLORIDA)
    assert bool(told(store)) is beyond
    assert mended(store) == beyond


def test_no_delay_of_a_year_is_long_enough() -> None:
    rest = 'type = "cooldown"\ncooldown = { after = ["refusal"], for = "2y", key = "person" }\neffect = "block"'
    with Store.open(":memory:", fast=True, rulebook=lambda: Rulebook([pack(rule(rest))])) as store:
        created(store)
        listed(store, "NI:30d/2,NA:1h/3", TEXAS)
        (only,) = told(store)
        assert "2 years without calls" in only.text
        assert "recycle=NA:1h/3;" in only.mend


def test_retries_are_told_where_no_list_recycles_in_their_stead(store: Store) -> None:
    created(store, retry="no_answer:1h/9,busy:20m/4")
    listed(store, "", FLORIDA, name="a")
    listed(store, "NA:5h/3,AB:5h/3", "+13055550109", name="b")
    (only,) = told(store, "retry")
    assert only.text.startswith("the campaign retries no_answer:1h/9,busy:20m/4, but in US-FL the most is 3 calls")
    assert only.text.endswith("call 4 waits up to 23 h (1 of 2 leads)")
    assert only.mend.startswith("dialer campaign set spring retry=no_answer:5h/9,busy:5h/4; or")
    store.update_campaign("spring", retry="no_answer:5h/9,busy:5h/4")
    assert told(store, "retry") == []


def test_who_asked_to_be_called_again_waits_for_the_rest_unless_that_is_a_ground(store: Store) -> None:
    created(store, "collections")
    listed(store, "", TEXAS)
    (only,) = told(store, "retry")
    assert "retries callback:1d/6, but in US 7 calendar days without calls about the debt must follow" in only.text
    ground = "record the ground that lifts it (express): where the person asks for the call, dialer agent dispose"
    assert f"retry=callback:7d/6; or {ground} ... --at TIME --consented; or" in only.mend


def test_a_ground_that_lifts_a_rule_for_good_lifts_it_here() -> None:
    lifted = f'{THREE_A_DAY}\nunless = [{{ consent = ["express"] }}]'
    passing = f'{THREE_A_DAY}\nunless = [{{ consent = ["express"], max_age = "7d" }}]'
    ours = pack(rule(lifted, "ours.lifted"), rule(passing, "ours.passing", where='["US-TX"]'))
    with Store.open(":memory:", fast=True, rulebook=lambda: Rulebook([ours])) as store:
        created(store)
        rows = (f"{number},express,2026-11-01,form" for number in (TEXAS, FLORIDA))
        listed(store, "NA:1h/9", *rows, head="phone,consent,consent_at,consent_evidence")
        (only,) = told(store)
    assert "(ours.passing)" in only.text


@pytest.mark.parametrize(
    ("recycle", "beyond", "hours"),
    [("NA:2h/4", True, [9, 11, 13, 24 + 9, 24 + 11]), ("NA:5h/4", False, [9, 14, 19, 24 + 9, 24 + 14])],
)
def test_the_hopper_does_as_was_told(store: Store, recycle: str, hours: list[int], *, beyond: bool) -> None:
    """A lead in Florida that never answers, called from 9 to 20: the fourth of `NA:2h/4` is due at 15."""
    desk, nine = Desk(store), datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
    listed(store, recycle, FLORIDA)
    assert bool(told(store)) is beyond
    made, at = [], nine
    while len(made) < len(hours):
        found = store.refill(desk.campaign.campaign_id, 10, at)
        if not found.leads:
            assert found.next_at is not None and found.next_at > at
            at = found.next_at
            continue
        made.append(9 + (at - nine) / timedelta(hours=1))
        (lead,) = found.leads
        desk.close(desk.reserve(lead, at), lead, Outcome.NO_ANSWER, at)
    assert made == hours
