"""The hopper with several lists: tiers, shares, orders, filters, quotas, and a judge."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from campaigns.eligibility import is_open
from campaigns.gates import Gate, window_gate
from campaigns.hopper import Refill
from campaigns.leads import NEW, RETRY
from campaigns.model import Allowed, Blocked, Candidate, Outcome
from campaigns.store import Store
from tests.campaigns.desk import Desk


def numbers(code: str, count: int) -> str:
    return "phone\n" + "".join(f"{code}55501{i:02}\n" for i in range(count))


def ids(desk: Desk, now: datetime, n: int = 100, exclude: tuple[int, ...] = ()) -> list[int]:
    return [lead.lead_id for lead in desk.refill(now, n, exclude)]


def set_(desk: Desk, name: str, **changes: object) -> None:
    desk.store.lists.set(desk.campaign.campaign_id, name, changes)


def lists_of(desk: Desk, lead_ids: Sequence[int]) -> list[str]:
    names = {each.list_id: each.name for each in desk.store.lists.all(desk.campaign.campaign_id)}
    rows = desk.store.database.rows("SELECT id, list_id FROM leads")
    of = {lead_id: names[list_id] for lead_id, list_id in rows}
    return [of[lead_id] for lead_id in lead_ids]


@pytest.fixture
def three(desk: Desk) -> Desk:
    """Lists a (1-10), b (11-20) and c (21-30)."""
    for name, code in (("a", "212"), ("b", "646"), ("c", "917")):
        desk.load(numbers(code, 10), list_name=name)
    return desk


def judged(desk: Desk, now: datetime, n: int, blocked: dict[int, Blocked]) -> Refill:
    def judge(candidates: Sequence[Candidate]) -> list[Allowed | Blocked]:
        return [blocked.get(each.lead_id, Allowed()) for each in candidates]

    plain = window_gate(desk.campaign.window)
    gate = Gate(plain.opens, plain.next_open, judge, plain.span)
    return desk.store.hopper.refill(desk.campaign, n, now, (), gate)


def test_lists_of_one_priority_share_by_weight(three: Desk, now: datetime) -> None:
    set_(three, "b", weight=2)
    taken = lists_of(three, ids(three, now, n=12))
    assert [taken.count(name) for name in "abc"] == [3, 6, 3]
    assert taken[:4] in (["b", "a", "b", "c"], ["b", "a", "c", "b"])


def test_shares_are_exact_over_many_small_refills(three: Desk, now: datetime) -> None:
    set_(three, "a", weight=3)
    set_(three, "c", active="no")
    taken: list[int] = []
    for _ in range(12):
        taken += ids(three, now, n=1, exclude=tuple(taken))
    assert [lists_of(three, taken).count(name) for name in "ab"] == [9, 3]


def test_a_higher_priority_is_emptied_first(three: Desk, now: datetime) -> None:
    set_(three, "c", priority=5)
    set_(three, "a", priority=-1)
    assert lists_of(three, ids(three, now)) == ["c"] * 10 + ["b"] * 10 + ["a"] * 10
    assert lists_of(three, ids(three, now, n=12)) == ["c"] * 10 + ["b"] * 2


def test_a_list_that_is_not_active_is_not_called(three: Desk, now: datetime) -> None:
    set_(three, "a", active="no")
    assert lists_of(three, ids(three, now)) == ["b", "c"] * 10
    for name in "bc":
        set_(three, name, active="no")
    assert three.store.refill(1, 5, now) == Refill((), None)
    set_(three, "a", active="yes")
    assert len(ids(three, now)) == 10


def test_a_list_stops_at_its_quota(three: Desk, now: datetime) -> None:
    set_(three, "a", quota=2, priority=9)
    for lead in three.refill(now, n=2):
        assert len(ids(three, now)) > 20
        three.call(lead, Outcome.HANDLED, now, "SALE")
    assert set(lists_of(three, ids(three, now))) == {"b", "c"}


def test_filters_are_obeyed_and_may_change(desk: Desk, now: datetime) -> None:
    rows = "".join(f"21255501{i:02},{('FL', 'GA')[i % 2]},{i % 3}\n" for i in range(30))
    desk.load("phone,state,product\n" + rows, list_name="a")
    everyone = ids(desk, now)
    set_(desk, "a", condition='state == "GA" and custom.product in ("0", "2")')
    wanted = [lead_id for lead_id in everyone if (lead_id - 1) % 2 == 1 and (lead_id - 1) % 3 != 1]
    assert ids(desk, now) == wanted
    assert ids(desk, now, n=3) == wanted[:3]
    set_(desk, "a", condition="attempts < 1")
    for lead in desk.refill(now, n=5):
        desk.call(lead, Outcome.BUSY, now)
    assert ids(desk, now + timedelta(hours=1)) == everyone[5:]
    set_(desk, "a", condition='state == "TX"')
    assert desk.store.refill(1, 5, now) == Refill((), None)
    set_(desk, "a", condition="")
    assert len(ids(desk, now + timedelta(hours=1))) == 30


def test_a_filtered_list_says_when_its_own_leads_may_be_called(desk: Desk, now: datetime) -> None:
    desk.load("phone,state\n2125550101,NY\n2135550101,CA\n", list_name="a")
    set_(desk, "a", condition='state == "CA"')
    found = desk.store.refill(1, 5, now.replace(hour=13, minute=30))
    assert found == Refill((), now.replace(hour=16, minute=0))


@pytest.mark.parametrize(
    ("ordering", "order"),
    [
        ("retries_first", [3, 1, 2, 4, 5, 6]),
        ("fresh_first", [4, 5, 6, 3, 1, 2]),
        ("oldest_attempt", [4, 5, 6, 1, 2, 3]),
    ],
)
def test_orders(desk: Desk, now: datetime, ordering: str, order: list[int]) -> None:
    """Lead 1 was tried first and is due second; lead 3 was tried last and is due first."""
    desk.load(numbers("212", 6), list_name="a")
    first, second, third, *_ = desk.refill(now)
    desk.call(first, Outcome.FAILED, now)
    desk.call(second, Outcome.FAILED, now + timedelta(minutes=1))
    desk.call(third, Outcome.BUSY, now + timedelta(minutes=2))
    set_(desk, "a", ordering=ordering)
    at = now + timedelta(hours=1)
    assert ids(desk, at) == order
    assert ids(desk, at, n=4) == order[:4]
    set_(desk, "a", ordering="retries_first")
    assert sorted(ids(desk, at)) == sorted(order) and ids(desk, at)[3:] == [4, 5, 6]


def test_the_oldest_attempt_leads_go_on_as_they_become_due(desk: Desk, now: datetime) -> None:
    desk.load(numbers("212", 3), list_name="a")
    set_(desk, "a", ordering="oldest_attempt")
    at = now
    for _ in range(4):
        leads = desk.refill(at)
        assert [lead.lead_id for lead in leads] == [1, 2, 3]
        for lead in leads:
            desk.call(lead, Outcome.NO_ANSWER, at)
            at += timedelta(seconds=20)
        assert desk.refill(at) == []
        at += timedelta(hours=1)


def test_the_best_hour_calls_where_now_is_better_than_later(desk: Desk, now: datetime) -> None:
    """In Chicago people answer before noon only, in New York after two."""
    desk.load("phone\n2125550199\n3125550199\n", list_name="history")
    set_(desk, "history", active="no")
    columns = (
        "id, campaign_id, lead_id, phone_id, phone, trunk, caller_id, started_at, connected_at, closed_at, outcome"
    )
    rows: list[tuple[object, ...]] = []
    for hour in range(14, 24):
        at = now.replace(hour=hour).timestamp() - 7 * 86_400
        for number in range(800):
            lead_id = 1 + number % 2
            reached = hour >= 18 if lead_id == 1 else hour < 17
            rows.append((len(rows) + 1, 1, lead_id, lead_id, "", "", "", at, at if reached else None, at, "x"))
    sql = f"INSERT INTO attempts ({columns}) VALUES ({', '.join('?' * 11)})"  # noqa: S608
    desk.store.database.many(sql, rows)
    desk.load("phone\n" + "".join(f"{code}55501{i:02}\n" for i in range(5) for code in ("212", "312")), list_name="a")
    set_(desk, "a", ordering="best_hour")

    def places(at: datetime) -> list[str]:
        return ["Chicago" if lead_id % 2 == 0 else "New York" for lead_id in ids(desk, at)]

    for _ in range(9):
        places(now - timedelta(hours=1))
    assert places(now.replace(hour=16)) == ["Chicago"] * 5 + ["New York"] * 5
    assert places(now.replace(hour=23)) == ["New York"] * 5 + ["Chicago"] * 5


def test_without_history_the_best_hour_is_the_order_of_the_file(desk: Desk, now: datetime) -> None:
    desk.load("phone\n" + "".join(f"{code}55502{i:02}\n" for i in range(5) for code in ("212", "312")), list_name="a")
    plain = ids(desk, now)
    set_(desk, "a", ordering="best_hour")
    assert ids(desk, now) == plain


def test_who_is_blocked_is_put_off_with_the_reason(three: Desk, now: datetime) -> None:
    until = now + timedelta(hours=3, milliseconds=300)
    blocked = {1: Blocked("rule:us.cap", "seven calls", until), 2: Blocked("dnc", "on a list")}
    found = [lead.lead_id for lead in judged(three, now, 100, blocked).leads]
    assert len(found) == 28 and not {1, 2} & set(found)
    held = "SELECT id, held_by, next_at, priority FROM leads WHERE id IN (1, 2) ORDER BY id"
    first, second = three.store.database.rows(held)
    assert first == (1, "rule:us.cap", int(now.timestamp()) + 3 * 3600 + 1, RETRY)
    assert second == (2, "dnc", int(now.timestamp()) + 24 * 3600, RETRY)
    assert 1 not in ids(three, now + timedelta(hours=2, minutes=59))
    later = ids(three, now + timedelta(hours=3, minutes=1))
    assert later[0] == 1 and 2 not in later
    assert three.store.database.value("SELECT held_by FROM leads WHERE id = 1") == ""


def test_a_refill_does_not_wait_for_the_disk(tmp_path: Path, now: datetime) -> None:
    with Store.open(tmp_path / "dialer.db", create=True) as store:
        desk, said = Desk(store), list[str]()
        desk.load("phone\n2125550101\n2125550102\n2125550103\n")
        connection = store.database.peewee.connection()
        connection.set_trace_callback(said.append)
        assert len(judged(desk, now, 10, {1: Blocked("dnc", "on a list")}).leads) == 2
        connection.set_trace_callback(None)
        assert store.database.value("SELECT held_by FROM leads WHERE id = 1") == "dnc"
    synchronous, commits = None, 0
    for statement in said:
        if statement.startswith("PRAGMA synchronous"):
            synchronous = statement[-1]
        elif statement == "COMMIT":
            commits += 1
            assert synchronous == "1"
    assert commits and synchronous == "2"


def test_blocked_leads_do_not_cost_their_list_its_share(three: Desk, now: datetime) -> None:
    set_(three, "c", active="no")
    blocked = {lead_id: Blocked("dnc", "on a list") for lead_id in (1, 2, 3, 4)}
    taken = [lead.lead_id for lead in judged(three, now, 10, blocked).leads]
    assert [lists_of(three, taken).count(name) for name in "ab"] == [5, 5]


def test_a_refill_looks_at_so_many_leads_and_goes_on_with_the_next(desk: Desk, now: datetime) -> None:
    rows = "".join(f"+1212{200 + i // 100}{i % 100:04}\n" for i in range(1500))
    assert desk.load("phone\n" + rows, list_name="a").loaded == 1500
    blocked = {lead_id: Blocked("dnc", "on a list") for lead_id in range(1, 1501)}
    found = judged(desk, now, 5, blocked)
    assert found.leads == () and found.next_at == now + timedelta(seconds=1)
    held = desk.store.database.value("SELECT COUNT(*) FROM leads WHERE held_by = 'dnc'")
    assert 1000 <= held < 1500
    found = judged(desk, now + timedelta(seconds=1), 5, blocked)
    assert found.next_at is not None and found.next_at > now + timedelta(hours=1)


def test_leads_that_come_in_while_the_hopper_works_are_noticed(desk: Desk, now: datetime) -> None:
    desk.load(numbers("212", 5), list_name="a")
    set_(desk, "a", ordering="random")
    before = ids(desk, now, n=3)
    desk.load("phone,rank\n6465550101,9\n", list_name="a")
    assert ids(desk, now, n=3) == [6, *before[:2]]
    desk.load("phone,rank\n9175550101,10\n", list_name="b")
    set_(desk, "b", priority=1)
    assert ids(desk, now, n=3) == [7, 6, before[0]]


class Reference:
    """The leads in their order, found in the plainest way: everything is read, filtered and sorted."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ids(self, now: datetime) -> list[int]:
        seconds = now.timestamp()
        profiles = self._desk.store.profiles
        rows = self._desk.store.database.rows(
            "SELECT id, profile_id, next_at, last_attempt_at, state, attempts FROM leads WHERE next_at IS NOT NULL"
        )
        (of,) = self._desk.store.lists.all(self._desk.campaign.campaign_id)
        found = []
        for lead_id, profile_id, next_at, last_at, state, attempts in rows:
            if next_at > seconds or not is_open(profiles.get(profile_id).zones, self._desk.campaign.window, now):
                continue
            if of.condition and not (state == "FL" and attempts < 3):
                continue
            tried = next_at >= 1_000_000_000
            kind = RETRY if tried else NEW
            key = int(last_at) if tried and of.ordering == "oldest_attempt" else next_at
            if of.ordering in ("fresh_first", "oldest_attempt"):
                kind = 1 - kind
            found.append((kind, key, lead_id))
        return [lead_id for _, _, lead_id in sorted(found)]


@pytest.mark.parametrize("ordering", ["retries_first", "fresh_first", "oldest_attempt", "random"])
@pytest.mark.parametrize("condition", ["", 'state == "FL" and attempts < 3'])
def test_whatever_happens_the_hopper_offers_what_a_plain_search_finds(
    desk: Desk, now: datetime, ordering: str, condition: str
) -> None:
    """A seeded week of calls, imports, barred numbers and clock steps, compared at every refill."""
    chance = random.Random(f"{ordering} {condition}")
    codes = ("212", "312", "213", "602", "808")
    loaded = 0

    def bring(count: int) -> None:
        nonlocal loaded
        rows = []
        for _ in range(count):
            first = f"{chance.choice(codes)}555{loaded:04}"
            second = f"{chance.choice(codes)}556{loaded:04}" if chance.random() < 0.3 else ""
            rows.append(f"{first},{second},{chance.randrange(-1, 2)},{chance.choice(('FL', 'GA'))}\n")
            loaded += 1
        desk.load("phone,alt_phone,rank,state\n" + "".join(rows), list_name="a")

    bring(80)
    set_(desk, "a", ordering=ordering, condition=condition)
    reference, at, barred = Reference(desk), now, list[str]()
    outcomes = (Outcome.BUSY, Outcome.NO_ANSWER, Outcome.HANDLED, Outcome.CONGESTION, Outcome.INVALID_NUMBER)
    for _ in range(250):
        wanted, n = reference.ids(at), chance.choice((1, 3, 10, 200))
        exclude = tuple(chance.sample(wanted, min(len(wanted), chance.randrange(4))))
        leads = desk.refill(at, n, exclude)
        assert [lead.lead_id for lead in leads] == [each for each in wanted if each not in exclude][:n]
        called = chance.sample(leads, min(len(leads), chance.randrange(6)))
        for lead in called:
            outcome = chance.choice(outcomes)
            desk.call(lead, outcome, at, "NI" if outcome is Outcome.HANDLED else None)
        match chance.randrange(12):
            case 0:
                bring(chance.randrange(1, 8))
            case 1 if leads:
                barred.append(chance.choice(leads).phone.e164)
                desk.store.add_dnc(barred[-1], "test", at)
            case 2 if barred:
                desk.store.remove_dnc(barred.pop())
            case 3 if chance.random() < 0.3:
                desk.store.lists.reset(1, "a")
            case 4 if len(leads) > len(called):
                with pytest.raises(ZeroDivisionError), desk.store.transaction():
                    desk.reserve(next(lead for lead in leads if lead not in called), at)
                    raise ZeroDivisionError
        at += timedelta(seconds=chance.choice((0, 1, 20, 400, 3000, 20_000)))
    assert at > now + timedelta(days=5)


def test_the_hopper_of_one_process_sees_what_another_one_writes(tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "dialer.db"
    with Store.open(path, create=True) as mine, Store.open(path) as other:
        desk, away = Desk(mine), Desk.__new__(Desk)
        away.store, away.campaign, away._last = other, desk.campaign, 1000
        desk.load(numbers("212", 20), list_name="a")
        assert ids(desk, now, n=3) == [1, 2, 3]
        away.call(away.refill(now)[0], Outcome.CONGESTION, now)
        assert ids(desk, now, n=3) == [2, 3, 4]
        assert ids(desk, now + timedelta(minutes=6), n=3) == [1, 2, 3]
        other.lists.set(1, "a", {"condition": 'phone == "+12125550105"'})
        assert ids(desk, now, n=3) == [6]
        other.lists.set(1, "a", {"condition": "", "active": "no"})
        assert ids(desk, now, n=3) == []
