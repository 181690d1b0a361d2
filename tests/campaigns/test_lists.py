from datetime import datetime, timedelta

import pytest

from campaigns.lists import ListError, UnknownList, checked, set_ranks
from campaigns.model import Outcome
from campaigns.ordering import Ordering
from campaigns.retry import decide
from tests.campaigns.desk import Desk


def ids(desk: Desk, now: datetime, n: int = 100) -> list[int]:
    return [lead.lead_id for lead in desk.refill(now, n)]


@pytest.fixture
def spring(desk: Desk) -> Desk:
    desk.load("phone,rank,state\n" + "".join(f"21255501{i:02},0,FL\n" for i in range(6)), list_name="june")
    return desk


def set_(desk: Desk, **changes: object) -> None:
    desk.store.lists.set(desk.campaign.campaign_id, "june", changes)


def test_a_list_is_found_by_name_and_by_id(spring: Desk) -> None:
    lists, campaign_id = spring.store.lists, spring.campaign.campaign_id
    (june,) = lists.all(campaign_id)
    assert lists.get(campaign_id, "june") == lists.get(campaign_id, str(june.list_id)) == june
    assert (june.active, june.priority, june.weight, june.ordering) == (True, 0, 1, Ordering.RETRIES_FIRST)
    with pytest.raises(UnknownList, match="no list 'july' in this campaign; there are 'june'"):
        lists.get(campaign_id, "july")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"speed": 1}, "no setting 'speed' of a list; there are active, condition"),
        ({"priority": "high"}, "priority must be a whole number from -99 to 99, not 'high'"),
        ({"weight": 0}, "weight must be a whole number from 1 to 100, not 0"),
        ({"ordering": "best"}, "ordering must be one of retries_first, fresh_first"),
        ({"active": "maybe"}, "active must be yes or no"),
        ({"quota": "-1"}, "quota must be a whole number from 1"),
        ({"condition": "sate == 1"}, r"condition: filter, column 1: no field 'sate' \(do you mean state"),
        ({"recycle": "NA:2h"}, "recycle: 'NA:2h' is not like"),
        ({"name": " "}, "name must be 1 to 64"),
    ],
)
def test_what_a_list_cannot_be_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ListError, match=says):
        checked(changes)


def test_text_and_values_mean_the_same(spring: Desk) -> None:
    as_text = {
        "priority": "5",
        "weight": "3",
        "active": "no",
        "quota": "none",
        "recycle": "NA:2h/4",
        "condition": "none",
    }
    set_(spring, **as_text)
    (june,) = spring.store.lists.all(spring.campaign.campaign_id)
    assert (june.priority, june.weight, june.active, june.quota, june.condition) == (5, 3, False, None, "")
    assert june.recycle is not None and june.recycle["NA"].max_times == 4
    set_(spring, active=True, quota=None, recycle=june.recycle)
    assert spring.store.lists.get(1, "june").active


def test_two_lists_have_two_names(spring: Desk) -> None:
    spring.load("phone\n3125550101\n", list_name="july")
    with pytest.raises(ListError, match="there is a list 'july' already"):
        set_(spring, name="july")
    set_(spring, name="june again")
    assert [each.name for each in spring.store.lists.all(1)] == ["june again", "july"]


def test_a_list_put_in_random_order_and_back_is_as_before(spring: Desk, now: datetime) -> None:
    spring.load("phone\n" + "".join(f"31255501{i:02}\n" for i in range(40)), list_name="june")
    plain = ids(spring, now)
    set_(spring, ordering="random")
    shuffled = ids(spring, now)
    assert shuffled != plain and sorted(shuffled) == sorted(plain) and shuffled == ids(spring, now)
    set_(spring, ordering="retries_first")
    assert ids(spring, now) == plain


def test_a_new_rank_takes_effect_at_once(spring: Desk, now: datetime) -> None:
    assert ids(spring, now) == [1, 2, 3, 4, 5, 6]
    with spring.store.transaction():
        set_ranks(spring.store.database, [(5, 4), (-1, 1)])
    assert ids(spring, now) == [4, 2, 3, 5, 6, 1]


def test_a_reset_lets_a_finished_list_be_dialed_once_more(spring: Desk, now: datetime) -> None:
    outcomes = (Outcome.NO_ANSWER, Outcome.BUSY, Outcome.HANDLED, Outcome.HANDLED, Outcome.HANDLED, Outcome.NO_ANSWER)
    statuses = (None, None, "NI", "DNC", "A", None)
    at = now
    for lead, outcome, status in zip(spring.refill(now), outcomes, statuses, strict=True):
        for _ in range(6):
            decision = spring.call(lead, outcome, at, status)
            at += timedelta(minutes=1)
            if decision.at is None:
                break
            (lead,) = [each for each in spring.refill(at + timedelta(days=1)) if each.lead_id == lead.lead_id]
            at += timedelta(days=1)
    assert spring.refill(at + timedelta(days=1)) == []
    before = {lead["id"]: lead["status"] for lead in spring.store.leads("spring")}
    assert spring.store.lists.reset(1, "june") == {"reset": 4, "kept": 2}
    again = {lead.lead_id: lead for lead in spring.refill(at + timedelta(days=1))}
    assert set(again) == {1, 2, 5, 6}
    assert all(lead.attempts == 0 and lead.status == before[lead_id] for lead_id, lead in again.items())
    assert decide(spring.campaign.retry, Outcome.NO_ANSWER, again[1], at).at is not None


def test_a_reset_of_some_statuses_spares_the_others_and_never_those_who_refused(spring: Desk, now: datetime) -> None:
    for lead, status in zip(spring.refill(now), ("NI", "SALE", "NI", "DNC", "SALE", "NI"), strict=True):
        spring.call(lead, Outcome.HANDLED, now, status)
    assert spring.store.lists.reset(1, "june", ["NI"]) == {"reset": 3, "kept": 3}
    assert ids(spring, now + timedelta(days=2)) == [1, 3, 6]
    with pytest.raises(ListError, match="leads of status DNC are not dialed again; those of NEW"):
        spring.store.lists.reset(1, "june", ["DNC"])
    with pytest.raises(ListError, match="no status 'XX'"):
        spring.store.lists.reset(1, "june", ["XX"])


def test_leads_that_wait_are_not_touched_by_a_reset(spring: Desk, now: datetime) -> None:
    first, *_ = spring.refill(now)
    spring.call(first, Outcome.NO_ANSWER, now)
    spring.reserve(spring.refill(now)[0], now)
    assert spring.store.lists.reset(1, "june") == {"reset": 0, "kept": 1}
    assert ids(spring, now) == [3, 4, 5, 6]


def test_recycling_takes_the_place_of_the_retry_rule(spring: Desk, now: datetime) -> None:
    set_(spring, recycle="NA:2h/2")
    at = now
    for _ in range(2):
        lead = next(each for each in spring.refill(at) if each.lead_id == 1)
        spring.call(lead, Outcome.NO_ANSWER, at)
        assert 1 not in ids(spring, at + timedelta(minutes=119))
        at += timedelta(minutes=121)
    lead = next(each for each in spring.refill(at) if each.lead_id == 1)
    spring.call(lead, Outcome.NO_ANSWER, at)
    detail = spring.store.lead("spring", 1)
    assert not detail["open"] and detail["status"] == "NA"
    spring.call(next(each for each in spring.refill(at) if each.lead_id == 2), Outcome.BUSY, at)
    assert 2 in ids(spring, at + timedelta(minutes=6))


def test_a_reset_lets_recycling_begin_anew(spring: Desk, now: datetime) -> None:
    set_(spring, recycle="NA:2h/1")
    at = now
    for _ in range(2):
        for _ in range(2):
            lead = next(each for each in spring.refill(at) if each.lead_id == 1)
            spring.call(lead, Outcome.NO_ANSWER, at)
            at += timedelta(hours=2)
        assert not spring.store.lead("spring", 1)["open"]
        spring.store.lists.reset(1, "june")


def test_counts_add_up(spring: Desk, now: datetime) -> None:
    first, second, *_ = spring.refill(now)
    spring.call(first, Outcome.HANDLED, now, "SALE")
    spring.call(second, Outcome.HANDLED, now, "NI")
    assert spring.store.lists.counts(1) == {1: {"leads": 6, "waiting": 4, "successes": 1}}
