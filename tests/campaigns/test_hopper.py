import random
from datetime import UTC, datetime, timedelta

from campaigns.eligibility import is_open
from campaigns.model import Outcome
from tests.campaigns.desk import Desk

NIGHT = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


def ids(desk: Desk, now: datetime, n: int = 100, exclude: tuple[int, ...] = ()) -> list[int]:
    return [lead.lead_id for lead in desk.refill(now, n, exclude)]


def test_new_leads_come_in_file_order_whatever_their_zone(desk: Desk, now: datetime) -> None:
    desk.load("phone\n" + "".join(f"{code}555010{i}\n" for i in range(5) for code in ("212", "312")))
    assert ids(desk, now) == list(range(1, 11))
    assert ids(desk, now, n=3) == [1, 2, 3]
    assert ids(desk, now, n=3, exclude=(1, 3)) == [2, 4, 5]
    assert ids(desk, now, n=0) == []


def test_due_retries_come_before_new_leads(desk: Desk, now: datetime) -> None:
    desk.load("phone\n2125550101\n2125550102\n2125550103\n")
    first, second, _ = desk.refill(now)
    desk.call(second, Outcome.CONGESTION, now)
    desk.call(first, Outcome.CONGESTION, now + timedelta(seconds=30))
    assert ids(desk, now) == [3]
    assert ids(desk, now + timedelta(minutes=6)) == [2, 1, 3]


def test_only_leads_whose_every_zone_is_open(desk: Desk) -> None:
    desk.load("phone\n2125550101\n3125550101\n2705550101\n2135550101\n")
    nine_in_new_york = datetime(2026, 6, 1, 13, 0, tzinfo=UTC)
    assert ids(desk, nine_in_new_york - timedelta(seconds=1)) == []
    assert ids(desk, nine_in_new_york) == [1]
    assert ids(desk, nine_in_new_york + timedelta(hours=1)) == [1, 2, 3]
    assert ids(desk, nine_in_new_york + timedelta(hours=3)) == [1, 2, 3, 4]
    assert ids(desk, nine_in_new_york + timedelta(hours=11)) == [2, 4]


def test_a_lead_of_unknown_zone_is_not_offered(desk: Desk, now: datetime) -> None:
    desk.load("phone,timezone\n8005550101,\n8005550102,America/Chicago\n")
    assert ids(desk, now) == [2]


def test_when_none_is_callable_the_next_time_is_said(desk: Desk, now: datetime) -> None:
    refill = desk.store.refill
    campaign = desk.campaign.campaign_id
    assert refill(campaign, 5, now).next_at is None
    desk.load("phone\n2125550101\n3125550101\n8005550101\n")
    assert refill(campaign, 5, NIGHT).next_at == datetime(2026, 6, 1, 13, 0, tzinfo=UTC)
    assert refill(campaign, 5, now).next_at is None
    first, second = desk.refill(now)
    desk.call(first, Outcome.BUSY, now)
    desk.call(second, Outcome.NO_ANSWER, now)
    assert refill(campaign, 5, now).next_at == now + timedelta(minutes=5)
    evening = datetime(2026, 6, 1, 23, 58, tzinfo=UTC)
    third = desk.refill(now + timedelta(hours=2))[0]
    desk.call(third, Outcome.CONGESTION, evening)
    assert refill(campaign, 5, evening, exclude=(2,)).next_at == datetime(2026, 6, 2, 13, 0, tzinfo=UTC)


def test_a_barred_number_gives_way_to_the_leads_next_one(desk: Desk, now: datetime) -> None:
    desk.load("phone,alt_phone\n2125550101,2125550102\n")
    desk.store.add_dnc("+12125550101", "test", now)
    lead = desk.one(now)
    assert [phone.e164 for phone in lead.phones] == ["+12125550102"]
    assert desk.store.leads("spring")[0]["phone"] == "+12125550102"
    assert desk.try_reserve(lead, now) is None


def test_a_number_further_on_that_is_barred_is_not_among_the_candidates_numbers(desk: Desk, now: datetime) -> None:
    desk.load("phone,alt_phone,phone3\n2125550101,2125550102,2125550103\n")
    desk.store.add_dnc("+12125550102", "test", now)
    assert [phone.e164 for phone in desk.one(now).phones] == ["+12125550101", "+12125550103"]


def test_a_number_moved_to_whose_zone_is_closed_waits_for_it(desk: Desk) -> None:
    desk.load("phone,alt_phone\n2125550101,2135550102\n")
    desk.store.add_dnc("+12125550101", "test", NIGHT)
    ten_in_new_york = datetime(2026, 6, 1, 14, 0, tzinfo=UTC)
    assert desk.refill(ten_in_new_york) == []
    refill = desk.store.refill(desk.campaign.campaign_id, 5, ten_in_new_york)
    assert refill.next_at == datetime(2026, 6, 1, 16, 0, tzinfo=UTC)
    assert desk.one(refill.next_at).phone.e164 == "+12135550102"


def test_a_lead_whose_every_number_is_barred_ends(desk: Desk, now: datetime) -> None:
    desk.load("phone,alt_phone\n2125550101,2125550102\n2125550103,\n")
    for number in ("+12125550101", "+12125550102"):
        desk.store.add_dnc(number, "test", now)
    lead = desk.store.lead("spring", 1)
    assert (lead["status"], lead["open"]) == ("DNCL", False)
    assert ids(desk, now, n=1) == [2]


def test_a_number_barred_during_the_call_is_not_dialed_again(desk: Desk, now: datetime) -> None:
    """The retry was decided before: the refill finds it out."""
    desk.load("phone,alt_phone\n2125550101,2125550102\n2125550103,\n")
    first, second = desk.refill(now)
    attempts = [desk.reserve(lead, now) for lead in (first, second)]
    for number in ("+12125550101", "+12125550103"):
        desk.store.add_dnc(number, "test", now)
    for attempt, lead in zip(attempts, (first, second), strict=True):
        desk.close(attempt, lead, Outcome.BUSY, now)
    later = desk.one(now + timedelta(minutes=6))
    assert [phone.e164 for phone in later.phones] == ["+12125550102"]
    assert desk.try_reserve(later, now + timedelta(minutes=6)) is None
    assert desk.store.lead("spring", second.lead_id)["status"] == "DNCL"


def test_leads_in_a_call_are_not_offered(desk: Desk, now: datetime) -> None:
    desk.load("phone\n2125550101\n2125550102\n")
    desk.reserve(desk.refill(now)[0], now)
    assert ids(desk, now) == [2]


def test_campaigns_do_not_mix(desk: Desk, now: datetime) -> None:
    desk.load("phone\n2125550101\n")
    other = desk.store.create_campaign("other", "telesales", "power")
    assert desk.store.refill(other.campaign_id, 5, now).leads == ()


def test_a_campaign_worked_to_its_end_calls_no_lead_out_of_turn(desk: Desk, now: datetime) -> None:
    """A seeded campaign of several days: each call is eligible, on a due lead, and within the attempt limit."""
    chance = random.Random(5)
    codes = ("212", "312", "213", "270", "602", "808")
    desk.load("phone,alt_phone\n" + "".join(f"{chance.choice(codes)}55501{i:02},\n" for i in range(60)))
    at, due, calls = now, dict.fromkeys(range(1, 61), now), dict.fromkeys(range(1, 61), 0)
    outcomes = (Outcome.BUSY, Outcome.NO_ANSWER, Outcome.HANDLED, Outcome.ABANDONED, Outcome.CONGESTION)
    while True:
        refill = desk.store.refill(desk.campaign.campaign_id, 7, at)
        for lead in refill.leads:
            assert is_open(lead.phone.zones, desk.campaign.window, at) and due[lead.lead_id] <= at
            outcome = chance.choice(outcomes)
            status = "NI" if outcome is Outcome.HANDLED else None
            decision = desk.call(lead, outcome, at, status)
            calls[lead.lead_id] += 1
            due[lead.lead_id] = decision.at or datetime.max.replace(tzinfo=UTC)
        if not refill.leads and refill.next_at is None:
            break
        assert refill.next_at is None or refill.next_at > at
        at = refill.next_at or at + timedelta(seconds=20)
    assert all(1 <= count <= 6 for count in calls.values()) and max(calls.values()) == 6
    assert all(when == datetime.max.replace(tzinfo=UTC) for when in due.values())
    assert desk.store.report_campaign("spring")["leads_left"] == 0
