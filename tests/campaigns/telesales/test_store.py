"""Scripts, answers, sales and quotas in the store."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from campaigns.audit.kinds import lead_key
from campaigns.audit.log import AuditLog
from campaigns.audit.trail import Trail
from campaigns.collections.money import Money
from campaigns.database import StoreError
from campaigns.model import Outcome
from campaigns.store import Store
from campaigns.telesales.besthour import of_campaign
from campaigns.telesales.details import SaleAsked, SaleDetails, SaleError, details_of
from campaigns.telesales.sales import Sales, Verification
from campaigns.telesales.scriptbook import UnknownScript
from campaigns.telesales.scripts import ScriptError
from tests.campaigns.desk import Desk
from tests.campaigns.telesales.samples import SPRING

GOLD = SaleDetails("Gold", 2, Money(Decimal("19.90"), "EUR"))
LEADS = "phone,state\n2125550101,NY\n2125550102,NY\n2125550103,FL\n2125550104,FL\n"


def sold(desk: Desk, now: datetime, state: str = "", *, pending: bool = True, status: str = "SALE") -> tuple[int, int]:
    """Sell something to the next lead of a state; attempt and lead."""
    lead = next(lead for lead in desk.refill(now) if state in ("", desk.store.lead("spring", lead.lead_id)["state"]))
    attempt = desk.reserve(lead, now)
    desk.close(attempt, lead, Outcome.HANDLED, now, status)
    if status == "SALE":
        desk.store.sales.make(attempt, SaleAsked(GOLD, pending, "spring", 1), now)
    return attempt, lead.lead_id


def test_a_script_keeps_its_versions(store: Store, now: datetime) -> None:
    book = store.scripts
    assert book.add("spring", SPRING, now).version == 1
    assert book.add("spring", SPRING, now).version == 1
    changed = SPRING.replace("Thank you.", "Goodbye.")
    assert book.add("spring", changed, now + timedelta(days=1)).version == 2
    assert (book.text("spring", 1), book.text("spring")) == (SPRING, changed)
    assert book.get("spring", 1).version == 1
    assert [(row["name"], row["version"], row["steps"]) for row in book.listing()] == [("spring", 2, 7)]


def test_a_bad_script_changes_nothing(store: Store, now: datetime) -> None:
    store.scripts.add("spring", SPRING, now)
    with pytest.raises(ScriptError, match=r"new\.toml: steps: there is none"):
        store.scripts.add("spring", "", now, file="new.toml")
    assert store.scripts.text("spring") == SPRING
    with pytest.raises(StoreError, match="a script's name is 1 to 64 letters"):
        store.scripts.add("a/b", SPRING, now)


def test_unknown_scripts_are_named(store: Store, now: datetime) -> None:
    with pytest.raises(UnknownScript, match="there is none yet"):
        store.scripts.get("spring")
    store.scripts.add("spring", SPRING, now)
    with pytest.raises(UnknownScript, match="do you mean 'spring'"):
        store.scripts.get("sprnig")
    with pytest.raises(UnknownScript, match="has no version 7; its latest is 1"):
        store.scripts.get("spring", 7)


def test_a_campaign_takes_only_a_script_that_there_is(store: Store, desk: Desk, now: datetime) -> None:
    with pytest.raises(UnknownScript):
        store.update_campaign("spring", script="spring")
    store.scripts.add("spring", SPRING, now)
    assert store.update_campaign("spring", script="spring", verification="on").script == "spring"


def test_answers_of_an_attempt(desk: Desk, now: datetime) -> None:
    desk.load(LEADS)
    attempt = desk.reserve(desk.refill(now)[0], now)
    answers = desk.store.answers
    answers.keep(attempt, {"a": "1", "b": "2"}, now)
    answers.keep(attempt, {"a": "1", "b": "3"}, now + timedelta(seconds=9))
    assert answers.of(attempt) == {"a": "1", "b": "3"}
    rows = desk.store.database.rows("SELECT field, at FROM answers ORDER BY field")
    assert rows == [("a", now.timestamp()), ("b", now.timestamp() + 9)]
    answers.keep(attempt, {"b": "3"}, now)
    assert answers.of(attempt) == {"b": "3"}
    with pytest.raises(StoreError, match="there is no attempt 99"):
        answers.keep(99, {}, now)


def test_details_come_from_the_agent_or_from_the_answers() -> None:
    assert details_of({}, {}) is None
    assert details_of({}, {"product": "Gold"}) is None
    answers = {"product": "Gold", "amount": "19.90 EUR", "quantity": "2"}
    assert details_of({}, answers) == GOLD
    assert details_of({"amount": "5"}, answers) == SaleDetails("Gold", 2, Money(Decimal(5), "EUR"))
    with pytest.raises(SaleError, match="a sale needs amount, currency") as caught:
        details_of({"product": "Gold"}, {})
    assert caught.value.missing == ("amount", "currency")
    with pytest.raises(SaleError, match="a sale needs product, amount, currency"):
        details_of({}, {}, needed=True)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("amount", "0", "amount must be above zero"),
        ("amount", "-3", "amount must be above zero"),
        ("amount", "1,234", "may be read in two ways"),
        ("currency", "EURO", "is not an ISO 4217 code"),
        ("quantity", "0", "quantity must be a whole number"),
        ("quantity", "1.5", "quantity must be a whole number"),
        ("product", "x" * 201, "product must be printable text"),
    ],
)
def test_wrong_details_are_refused(key: str, value: str, told: str) -> None:
    given = {"product": "Gold", "amount": "19.90", "currency": "EUR", key: value}
    with pytest.raises(SaleError, match=told):
        details_of(given, {})


def test_a_sale_waits_for_its_verification(desk: Desk, now: datetime) -> None:
    desk.load(LEADS)
    attempt, lead_id = sold(desk, now)
    sales, campaign_id = desk.store.sales, desk.campaign.campaign_id
    (row,) = sales.listing(campaign_id, Verification.PENDING)
    assert (row["id"], row["lead_id"], row["product"], row["amount"], row["currency"]) == (
        *(attempt, lead_id, "Gold", "19.90", "EUR"),
    )
    sales.verify(campaign_id, attempt, "carla", now)
    (row,) = sales.listing(campaign_id)
    assert (row["verification"], row["verified_by"], row["verified_at"]) == (
        *("verified", "carla", now.isoformat(timespec="milliseconds")),
    )
    with pytest.raises(StoreError, match=f"sale {attempt} is verified already, by carla"):
        sales.verify(campaign_id, attempt, "dora", now)
    with pytest.raises(StoreError, match="the campaign has no sale 77"):
        sales.verify(campaign_id, 77, "dora", now)
    assert sales.totals(campaign_id) == [{"verification": "verified", "currency": "EUR", "sales": 1, "amount": "19.90"}]


@pytest.mark.parametrize("again", [False, True])
def test_a_rejected_sale(desk: Desk, now: datetime, again: bool) -> None:
    desk.load("phone\n2125550101\n")
    attempt, lead_id = sold(desk, now, pending=False)
    assert desk.refill(now) == []
    done = desk.store.sales.reject(desk.campaign.campaign_id, attempt, "carla", now, again=again)
    assert (done.lead_id, done.again) == (lead_id, again)
    assert desk.store.lead("spring", lead_id)["status"] == "DEC"
    assert [lead.lead_id for lead in desk.refill(now)] == [lead_id] * again
    with pytest.raises(StoreError, match="is rejected already, by carla"):
        desk.store.sales.reject(desk.campaign.campaign_id, attempt, "carla", now)


def test_a_lead_that_became_something_else_stays_so(desk: Desk, now: datetime) -> None:
    desk.load("phone\n2125550101\n")
    attempt, lead_id = sold(desk, now)
    desk.store.database.execute("UPDATE leads SET status = 'DNC' WHERE id = ?", (lead_id,))
    done = desk.store.sales.reject(desk.campaign.campaign_id, attempt, "carla", now, again=True)
    assert (done.again, done.because) == (False, "something else became of the lead since")
    assert desk.store.lead("spring", lead_id)["status"] == "DNC"


def test_only_an_attempt_that_ended_as_a_sale_has_one(desk: Desk, now: datetime) -> None:
    desk.load(LEADS)
    attempt, _ = sold(desk, now, status="NI")
    with pytest.raises(StoreError, match="did not end as a sale"):
        desk.store.sales.make(attempt, SaleAsked(GOLD, pending=True), now)


def test_sales_are_in_the_audit_log(desk: Desk, now: datetime) -> None:
    desk.load(LEADS)
    attempt, lead_id = sold(desk, now, status="SALE")
    log = AuditLog(desk.store.database)
    sales = Sales(desk.store.database, Trail(log))
    sales.reject(desk.campaign.campaign_id, attempt, "carla", now, note="no consent")
    (entry,) = log.entries(persons=[lead_key(lead_id)])
    assert (entry.kind, entry.actor) == ("sale", "carla")
    assert entry.said()["what"] == "rejected"


def test_a_full_quota_holds_its_leads_back_until_a_sale_is_rejected(desk: Desk, now: datetime) -> None:
    desk.load(LEADS)
    quotas, campaign_id = desk.store.quotas, desk.campaign.campaign_id
    quotas.set(campaign_id, "florida", 'state == "FL"', 1)
    assert quotas.full(campaign_id) == []
    attempt, _ = sold(desk, now, "FL")
    (row,) = quotas.progress(campaign_id)
    assert (row["done"], row["pending"], row["left"], row["full"]) == (1, 1, 0, True)
    assert [each.text for each in quotas.full(campaign_id)] == ['state == "FL"']
    ids = [lead.lead_id for lead in desk.refill(now)]
    held = quotas.held(campaign_id, ids)
    assert {desk.store.lead("spring", lead_id)["state"] for lead_id in held} == {"FL"}
    assert len(held) == 1
    assert next(iter(held.values())).detail == "quota florida has its 1"
    desk.store.sales.reject(campaign_id, attempt, "carla", now)
    assert quotas.held(campaign_id, ids) == {}


def test_quotas_count_the_statuses_they_name(desk: Desk, now: datetime) -> None:
    desk.load(LEADS)
    quotas, campaign_id = desk.store.quotas, desk.campaign.campaign_id
    quotas.set(campaign_id, "asked", 'state == "NY"', 2, ["SALE", "NI"])
    sold(desk, now, "NY", status="NI")
    sold(desk, now, "NY")
    assert quotas.progress(campaign_id)[0]["done"] == 2
    assert quotas.full(campaign_id)
    quotas.set(campaign_id, "asked", 'state == "NY"', 3, ["SALE", "NI"])
    assert not quotas.full(campaign_id)


def test_leads_that_a_quota_held_back_come_again_when_it_goes(desk: Desk, now: datetime) -> None:
    desk.load("phone\n2125550101\n")
    quotas, campaign_id = desk.store.quotas, desk.campaign.campaign_id
    quotas.set(campaign_id, "all", 'state == ""', 1)
    later = (now + timedelta(days=1)).timestamp()
    desk.store.database.execute("UPDATE leads SET next_at = ?, priority = 0, held_by = 'quota'", (later,))
    assert desk.refill(now) == []
    quotas.remove(campaign_id, "all")
    assert len(desk.refill(now)) == 1
    with pytest.raises(StoreError, match="the campaign has no quota 'all'; there are: none"):
        quotas.remove(campaign_id, "all")


@pytest.mark.parametrize(
    ("where", "target", "statuses", "told"),
    [
        ('stat == "FL"', 1, ["SALE"], "do you mean state"),
        ('state == "FL"', 0, ["SALE"], "target is a whole number"),
        ('state == "FL"', 1, ["NA"], "status NA is not an agent's"),
        ('state == "FL"', 1, ["SOLD"], "no status 'SOLD'"),
        ('state == "FL"', 1, [], "at least one status"),
    ],
)
def test_bad_quotas_are_refused(desk: Desk, where: str, target: int, statuses: list[str], told: str) -> None:
    with pytest.raises((StoreError, ValueError), match=told):
        desk.store.quotas.set(desk.campaign.campaign_id, "q", where, target, statuses)


def test_contacts_and_sales_by_the_persons_hour(desk: Desk, now: datetime) -> None:
    desk.load("phone\n2125550101\n2125550102\n2135550103\n")
    later = now + timedelta(hours=2)
    made = [sold(desk, later, status=status) for status in ("SALE", "NI", "N")]
    assert len(made) == 3
    found = of_campaign(desk.store.database, desk.store.profiles, desk.campaign.campaign_id)
    assert {key: cell.attempts for key, cell in found.cells.items()} == {(0, 13): 2, (0, 10): 1}
    week = found.by_weekday()[0]
    assert (week.attempts, week.contacts, week.sales) == (3, 2, 1)
    assert sorted(found.by_hour()) == [10, 13]
    low, high = found.by_weekday()[0].contact.interval or (1.0, 0.0)
    assert 0.0 < low < 2 / 3 < high < 1.0
