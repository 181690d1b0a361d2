import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from campaigns.audit.log import AuditLog
from campaigns.audit.trail import Trail
from campaigns.consents import Consents, Evidence, Given, strongest
from campaigns.importing import import_leads
from campaigns.model import Basis, Consent, Purpose
from campaigns.store import Store
from tests.campaigns.desk import Desk

ONE, TWO = "+12125550101", "+12125550102"
DAY = timedelta(days=1)


@pytest.fixture
def consents(desk: Desk) -> Consents:
    desk.load("phone,alt_phone\n2125550101,2125550102\n2125550103,\n")
    return Consents(desk.store.database, desk.store.profiles)


def bases(desk: Desk) -> dict[str, str]:
    """The basis in the profile of each number."""
    rows = desk.store.database.rows("SELECT e164, profile_id FROM lead_phones")
    return {e164: desk.store.profiles.get(profile_id).basis for e164, profile_id in rows}


def basis_in_turn(desk: Desk, lead_id: int) -> str:
    row = desk.store.database.one("SELECT profile_id FROM leads WHERE id = ?", (lead_id,))
    assert row is not None
    return desk.store.profiles.get(row[0]).basis


def test_a_consent_for_all_numbers_and_one_for_a_number(desk: Desk, consents: Consents, now: datetime) -> None:
    assert consents.add(1, Given(Basis.EBR), at=now) == 1
    assert consents.add(1, Given(Basis.WRITTEN, Purpose.SALES), phone=TWO, at=now) == 2
    assert bases(desk) == {ONE: "ebr", TWO: "written", "+12125550103": ""}
    assert basis_in_turn(desk, 1) == "ebr"
    assert consents.of([1, 2]) == {
        1: (Consent(Basis.EBR), Consent(Basis.WRITTEN, Purpose.SALES, phone=TWO)),
    }


def test_a_consent_for_another_purpose_is_kept_and_does_not_count(
    desk: Desk, consents: Consents, now: datetime
) -> None:
    consents.add(1, Given(Basis.WRITTEN, Purpose.SERVICE), at=now)
    assert bases(desk)[ONE] == ""
    desk.store.update_campaign("spring", purpose="service")
    assert consents.settle_campaign(desk.campaign.campaign_id, now) == 2
    assert bases(desk)[ONE] == "written"


def test_revocation_counts_at_once_and_keeps_the_record(desk: Desk, consents: Consents, now: datetime) -> None:
    consents.add(1, Given(Basis.WRITTEN, obtained_at=now - DAY), at=now)
    consents.add(1, Given(Basis.EBR, obtained_at=now - DAY), at=now)
    assert consents.revoke(1, basis=Basis.WRITTEN, at=now) == 1
    assert basis_in_turn(desk, 1) == "ebr"
    assert [record.state(now) for record in consents.records([1])] == ["revoked", "valid"]
    assert consents.records([1])[0].consent.revoked_at == now
    assert consents.revoke(1, at=now) == 1
    assert consents.revoke(1, at=now) == 0
    assert bases(desk)[ONE] == ""


def test_revocation_for_a_number_and_a_purpose(consents: Consents, now: datetime) -> None:
    consents.add(1, Given(Basis.EXPRESS, Purpose.SALES), phone=ONE, at=now)
    consents.add(1, Given(Basis.EXPRESS, Purpose.SALES), phone=TWO, at=now)
    consents.add(1, Given(Basis.EXPRESS, Purpose.SURVEY), phone=TWO, at=now)
    consents.add(1, Given(Basis.EXPRESS), at=now)
    assert consents.revoke(1, phone=TWO, purpose=Purpose.SALES, at=now) == 2
    assert [record.state(now) for record in consents.records([1])] == ["valid", "revoked", "valid", "revoked"]


def test_what_was_revoked_can_be_given_anew(desk: Desk, consents: Consents, now: datetime) -> None:
    given = Given(Basis.EXPRESS, obtained_at=now - DAY)
    assert consents.add(1, given, at=now) == 1
    assert consents.add(1, given, at=now) is None
    consents.revoke(1, at=now - timedelta(hours=1))
    assert consents.add(1, given, at=now) is None
    assert basis_in_turn(desk, 1) == ""
    assert consents.add(1, Given(Basis.EXPRESS, obtained_at=now), at=now) == 2
    assert basis_in_turn(desk, 1) == "express"


def test_an_expired_consent_ceases_with_the_sweep(desk: Desk, consents: Consents, now: datetime) -> None:
    consents.add(1, Given(Basis.WRITTEN, expires_at=now + DAY), at=now)
    consents.add(1, Given(Basis.INQUIRY), at=now)
    consents.add(2, Given(Basis.WRITTEN, expires_at=now + 3 * DAY), at=now)
    assert consents.sweep(now + DAY - timedelta(seconds=1)) == 0
    assert consents.sweep(now + DAY) == 2
    assert (basis_in_turn(desk, 1), basis_in_turn(desk, 2)) == ("inquiry", "written")
    assert consents.sweep(now + DAY) == 0
    assert consents.sweep(now + 3 * DAY) == 1
    assert basis_in_turn(desk, 2) == ""


def test_a_consent_that_is_recorded_after_its_end_does_not_count(desk: Desk, consents: Consents, now: datetime) -> None:
    consents.add(1, Given(Basis.WRITTEN, expires_at=now + 9 * DAY), at=now)
    consents.sweep(now + 9 * DAY)
    consents.add(1, Given(Basis.EBR, obtained_at=now, expires_at=now + 5 * DAY), at=now + 9 * DAY)
    assert basis_in_turn(desk, 1) == ""


def test_what_cannot_be_is_refused(desk: Desk, consents: Consents, now: datetime) -> None:
    with pytest.raises(ValueError, match="needs a ground"):
        Given(Basis.NONE)
    with pytest.raises(ValueError, match="before it was obtained"):
        Given(Basis.EBR, obtained_at=now, expires_at=now)
    with pytest.raises(ValueError, match="cannot be of the future"):
        consents.add(1, Given(Basis.EBR, obtained_at=now + DAY), at=now)
    assert consents.of([1]) == {} and bases(desk)[ONE] == ""


def test_leads_by_number(desk: Desk, consents: Consents) -> None:
    campaign_id = desk.campaign.campaign_id
    assert consents.holders(campaign_id, [ONE, TWO, "+12125550199"]) == {ONE: (1,), TWO: (1,)}
    assert consents.holders(campaign_id + 1, [ONE]) == {}
    assert consents.leads_of(campaign_id, [1, 2, 9]) == {1, 2}


def test_the_evidence_that_the_law_asks_for(consents: Consents, now: datetime) -> None:
    shown = Evidence("form 123", "Ada Abbott", "Call me about offers")
    consents.add(1, Given(Basis.WRITTEN, Purpose.SALES, now, evidence=shown), at=now)
    consents.add(1, Given(Basis.EBR, evidence=Evidence("order 4711")), at=now)
    full, thin = consents.records([1])
    assert full.missing == () and Evidence.of(full.consent.evidence) == shown
    assert thin.missing == ("name", "request", "purpose", "date")
    assert thin.consent.evidence == "order 4711"


@for_all(st.text(), st.text(), st.text())
def test_evidence_survives_the_disk(note: str, name: str, request: str) -> None:
    evidence = Evidence(note, name, request)
    if name or request or not note.startswith("{"):
        assert Evidence.of(evidence.text) == evidence


def test_a_note_that_looks_like_a_document_is_a_note() -> None:
    for text in ('{"a": 1}', "{broken", '{"name": "x", "else": 1}', "{}x"):
        assert Evidence.of(text) == Evidence(note=text)


INSTANTS = st.none() | st.integers(0, 10).map(lambda day: datetime(2026, 6, 1 + day, tzinfo=UTC))
CONSENTS = st.builds(
    Consent,
    basis=st.sampled_from([basis for basis in Basis if basis is not Basis.NONE]),
    purpose=st.none() | st.sampled_from(Purpose),
    obtained_at=INSTANTS,
    expires_at=INSTANTS,
    phone=st.sampled_from([None, ONE, TWO]),
    revoked_at=INSTANTS,
)


@for_all(st.lists(CONSENTS, max_size=6), st.integers(0, 10))
def test_one_more_consent_never_weakens_the_basis(consents: list[Consent], day: int) -> None:
    at, order = datetime(2026, 6, 1 + day, tzinfo=UTC), list(Basis)
    ranks = [order.index(strongest(consents[:n], ONE, Purpose.SALES, at)) for n in range(len(consents) + 1)]
    assert ranks == sorted(ranks) and ranks[0] == 0


def test_profiles_survive_a_rollback(now: datetime) -> None:
    with Store.open(":memory:", fast=True) as store:
        desk = Desk(store)
        desk.load("phone\n2125550101\n")
        consents = Consents(store.database, store.profiles)
        with pytest.raises(KeyError, match="stop"), store.transaction():
            consents.add(1, Given(Basis.EBR), at=now)
            raise KeyError("stop")
        assert consents.of([1]) == {} and bases(desk)[ONE] == ""
        consents.add(1, Given(Basis.EXPRESS), at=now)
        assert bases(desk)[ONE] == "express"


def test_an_older_consent_does_not_come_back_with_another_lead_of_its_number(
    desk: Desk, consents: Consents, now: datetime
) -> None:
    consents.add(1, Given(Basis.WRITTEN, obtained_at=now - 9 * DAY), phone=TWO, at=now)
    consents.revoke(1, at=now - DAY)
    desk.store.create_campaign("autumn", desk.campaign.kind, desk.campaign.mode)
    import_leads(desk.store, "autumn", io.StringIO("phone\n2125550102\n"))
    lead = max(lead_id for (lead_id,) in desk.store.database.rows("SELECT id FROM leads"))
    old = [Given(Basis.WRITTEN, obtained_at=now - 9 * DAY), Given(Basis.WRITTEN, Purpose.SALES)]
    consents.add_many([(lead, TWO, old[0]), (lead, None, old[1])], now)
    assert [record.state(now) for record in consents.records([lead])] == ["revoked", "revoked"]
    assert basis_in_turn(desk, lead) == ""
    consents.add_many([(lead, TWO, Given(Basis.EBR)), (lead, TWO, Given(Basis.WRITTEN, obtained_at=now))], now)
    assert [record.state(now) for record in consents.records([lead])][2:] == ["valid", "valid"]
    assert basis_in_turn(desk, lead) == "written"


def test_a_revoked_consent_that_is_recorded_again_stays_revoked(consents: Consents, now: datetime) -> None:
    given = Given(Basis.WRITTEN, obtained_at=now - DAY)
    consents.add(1, given, at=now)
    consents.revoke(1, at=now)
    assert consents.add(1, given, at=now) is None
    assert [record.state(now) for record in consents.records([1])] == ["revoked"]


def test_a_revocation_for_one_number_or_purpose_leaves_the_others(consents: Consents, now: datetime) -> None:
    consents.add(1, Given(Basis.WRITTEN, Purpose.SALES), phone=ONE, at=now)
    consents.revoke(1, phone=ONE, at=now)
    consents.add(1, Given(Basis.WRITTEN, Purpose.SALES, obtained_at=now - DAY), phone=TWO, at=now)
    consents.add(1, Given(Basis.WRITTEN, Purpose.SURVEY, obtained_at=now - DAY), phone=ONE, at=now)
    assert [record.state(now) for record in consents.records([1])] == ["revoked", "valid", "valid"]


AUTUMN = """person,phone,mobile,work_phone
P1,2125550111,,
,2125550112,2125550102,
P2,2125550101,2125550113,
P3,2125550114,,
"""
PERSON, NUMBER, HOUSEHOLD, STRANGER = 2, 3, 4, 5


@pytest.fixture
def campaigns(desk: Desk) -> Consents:
    """Lead 1 is P1 with the numbers ONE and TWO; `autumn` has P1 with another number, and others with hers."""
    desk.load("person,phone,mobile\nP1,2125550101,2125550102\n")
    desk.store.create_campaign("autumn", desk.campaign.kind, desk.campaign.mode)
    import_leads(desk.store, "autumn", io.StringIO(AUTUMN))
    return desk.store.consents


def still(consents: Consents, now: datetime) -> list[tuple[int, str | None, str, str | None]]:
    """Lead, number, ground and purpose of the consents that count."""
    records = consents.records(range(1, 6))
    return [
        (record.lead_id, record.consent.phone, record.consent.basis, record.consent.purpose)
        for record in records
        if record.state(now) == "valid"
    ]


def test_a_revocation_reaches_the_person_and_the_numbers_in_all_campaigns(
    desk: Desk, campaigns: Consents, now: datetime
) -> None:
    for lead in range(1, 6):
        campaigns.add(lead, Given(Basis.WRITTEN, obtained_at=now - DAY), at=now)
    campaigns.add(HOUSEHOLD, Given(Basis.WRITTEN, obtained_at=now - DAY), phone="+12125550113", at=now)
    audited = Consents(desk.store.database, desk.store.profiles, Trail(AuditLog(desk.store.database)))
    assert audited.revoke(1, at=now) == 4
    assert still(campaigns, now) == [
        *((STRANGER, None, "written", None), (HOUSEHOLD, "+12125550113", "written", None)),
    ]
    assert [basis_in_turn(desk, lead) for lead in range(1, 6)] == ["", "", "", "", "written"]
    assert campaigns.revoke(1, at=now) == 0
    ((body,),) = desk.store.database.rows("SELECT body FROM audit WHERE kind = 'consent'")
    said = json.loads(body)
    assert (said["what"], said["consents"], said["lead"], said["leads"]) == ("revoked", 4, 1, [1, 2, 3, 4])


def test_a_revocation_for_a_number_reaches_all_who_have_it(campaigns: Consents, now: datetime) -> None:
    for lead, phone in ((1, ONE), (1, TWO), (NUMBER, TWO), (HOUSEHOLD, ONE), (PERSON, "+12125550111")):
        campaigns.add(lead, Given(Basis.EXPRESS), phone=phone, at=now)
    campaigns.add(PERSON, Given(Basis.EBR), at=now)
    assert campaigns.revoke(1, phone=TWO, at=now) == 3
    assert still(campaigns, now) == [
        *((1, ONE, "express", None), (HOUSEHOLD, ONE, "express", None), (PERSON, "+12125550111", "express", None)),
    ]


def test_ground_and_purpose_narrow_it_on_all_leads(campaigns: Consents, now: datetime) -> None:
    for lead in (PERSON, NUMBER):
        campaigns.add(lead, Given(Basis.EBR), at=now)
        campaigns.add(lead, Given(Basis.EXPRESS, Purpose.SURVEY), at=now)
        campaigns.add(lead, Given(Basis.EXPRESS, Purpose.SALES), at=now)
        campaigns.add(lead, Given(Basis.EXPRESS), at=now)
    assert campaigns.revoke(1, basis=Basis.EXPRESS, purpose=Purpose.SALES, at=now) == 4
    assert still(campaigns, now) == [
        *((PERSON, None, "ebr", None), (PERSON, None, "express", "survey")),
        *((NUMBER, None, "ebr", None), (NUMBER, None, "express", "survey")),
    ]


def test_a_consent_for_every_purpose_does_not_come_back_for_one_that_was_revoked(
    desk: Desk, consents: Consents, now: datetime
) -> None:
    consents.add(1, Given(Basis.WRITTEN, Purpose.SALES, obtained_at=now - DAY), at=now)
    consents.revoke(1, at=now)
    consents.add(1, Given(Basis.WRITTEN, obtained_at=now - DAY), at=now)
    assert basis_in_turn(desk, 1) == ""


@for_all(
    phone=st.sampled_from([None, ONE, TWO]),
    for_all_numbers=st.booleans(),
    purpose=st.sampled_from([None, Purpose.SALES, Purpose.SURVEY]),
    lead=st.integers(PERSON, STRANGER),
    of_lead=st.integers(0, 2),
    other=st.sampled_from([None, Purpose.SALES, Purpose.SURVEY]),
    given_at=st.sampled_from([None, -2, 0]),
)
def test_it_is_the_same_whether_a_consent_was_recorded_before_its_like_was_revoked_or_after(
    phone: str | None,
    for_all_numbers: bool,
    purpose: Purpose | None,
    lead: int,
    of_lead: int,
    other: Purpose | None,
    given_at: int | None,
) -> None:
    now = datetime(2026, 6, 10, 15, tzinfo=UTC)
    late = Given(Basis.WRITTEN, other, None if given_at is None else now + given_at * DAY)

    def found(late_first: bool) -> list[tuple[int, str | None, str, str | None]]:
        with Store.open(":memory:", fast=True) as store:
            desk = Desk(store)
            desk.load("person,phone,mobile\nP1,2125550101,2125550102\n")
            store.create_campaign("autumn", desk.campaign.kind, desk.campaign.mode)
            import_leads(store, "autumn", io.StringIO(AUTUMN))
            sql = "SELECT e164 FROM lead_phones WHERE lead_id = ? ORDER BY position"
            numbers = [None, *(e164 for (e164,) in store.database.rows(sql, (lead,)))]
            number = numbers[of_lead % len(numbers)]
            consents = store.consents
            consents.add(1, Given(Basis.WRITTEN, purpose, now - 3 * DAY), phone=phone, at=now)
            if late_first:
                consents.add(lead, late, phone=number, at=now)
            number_revoked = None if for_all_numbers else phone
            assert consents.revoke(1, phone=number_revoked, basis=Basis.WRITTEN, purpose=purpose, at=now - DAY) > 0
            if not late_first:
                consents.add(lead, late, phone=number, at=now)
            return still(consents, now)

    assert found(late_first=True) == found(late_first=False)


def test_what_a_lead_revoked_does_not_come_back_for_another_number_of_the_person(
    campaigns: Consents, now: datetime
) -> None:
    given = Given(Basis.WRITTEN, obtained_at=now - DAY)
    campaigns.add(1, given, phone=ONE, at=now)
    campaigns.revoke(1, at=now - timedelta(hours=1))
    for lead, phone in ((PERSON, "+12125550111"), (NUMBER, TWO), (HOUSEHOLD, "+12125550113")):
        campaigns.add(lead, given, phone=phone, at=now)
    assert still(campaigns, now) == [(HOUSEHOLD, "+12125550113", "written", None)]
    campaigns.add(PERSON, Given(Basis.WRITTEN, obtained_at=now), phone="+12125550111", at=now)
    assert (PERSON, "+12125550111", "written", None) in still(campaigns, now)
