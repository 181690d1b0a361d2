import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.consents import Evidence, Given
from campaigns.exporting import export_leads
from campaigns.importing import import_leads
from campaigns.importing.layout import RESULT_COLUMNS
from campaigns.leads import CONTACT_FIELDS
from campaigns.model import Basis, Outcome, Purpose
from campaigns.store import Store, StoreError
from tests.campaigns.desk import Desk


def exported(store: Store, style: str = "csv", **options: Any) -> str:
    out = io.StringIO()
    export_leads(store.database, store.campaign("spring").campaign_id, out, style=style, **options)
    return out.getvalue()


def facts(store: Store) -> list[dict[str, Any]]:
    """What was imported, and nothing that depends on the row's place in the store."""
    rows = store.database.rows(
        "SELECT person, rank, owner, stated_timezone, stated_region, (SELECT key FROM profiles p WHERE p.id ="
        " profile_id) FROM leads ORDER BY id"
    )
    labels: dict[int, list[tuple[str, str]]] = {}
    for lead_id, label, e164 in store.database.rows("SELECT lead_id, label, e164 FROM lead_phones ORDER BY id"):
        labels.setdefault(lead_id, []).append((label, e164))
    return [
        {**{name: lead[name] for name in (*CONTACT_FIELDS, "custom")}, "more": more, "phones": labels[lead["id"]]}
        for lead, more in zip(store.leads("spring"), rows, strict=True)
    ]


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12).map(str.strip)
SAFE = WORDS.filter(lambda text: not text.startswith(("='", '="', "'")))
CUSTOM = ("Colour", "Größe", "column 99")
ROW = st.fixed_dictionaries(
    {
        "phone": st.integers(0, 99).map(lambda last: f"21255501{last:02}"),
        "mobile": st.one_of(st.just(""), st.integers(0, 99).map(lambda last: f"+1 305 555 01{last:02}")),
        "first_name": SAFE,
        "comments": st.text(st.sampled_from('ab,;|\t"\n '), max_size=9).map(str.strip),
        "vendor_lead_code": st.sampled_from(["", "007", "A-1"]),
        "postal_code": st.sampled_from(["", "10001", "2108"]),
        "person": st.sampled_from(["", "P1"]),
        "rank": st.sampled_from(["", "5", "-2"]),
        "stated_region": st.sampled_from(["", "US-CO"]),
        **dict.fromkeys(CUSTOM, SAFE),
    }
)


@given(st.lists(ROW, min_size=1, max_size=8), st.sampled_from(["csv", "tsv"]))
def test_an_export_is_read_back_as_it_was(rows: list[dict[str, str]], style: str) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    text.seek(0)
    with Store.open(":memory:", fast=True) as first, Store.open(":memory:", fast=True) as second:
        for store in (first, second):
            store.create_campaign("spring", "telesales", "power")
        import_leads(first, "spring", text)
        again = exported(first, style)
        report = import_leads(second, "spring", io.StringIO(again, newline=""))
        assert report.read == report.loaded
        assert facts(second) == facts(first)
        assert exported(second, style) == again


def test_outcomes_stand_beside_what_was_imported(desk: Desk, now: datetime) -> None:
    desk.load("phone,alt_phone,first_name,Colour\n2125550101,2125550102,Ann,red\n2125550103,,Bob,\n2125550104,,Cy,\n")
    ann, bob, _ = desk.refill(now)
    desk.call(ann, Outcome.HANDLED, now, "SALE")
    desk.store.database.execute(
        "INSERT INTO sales (attempt_id, lead_id, campaign_id, agent, product, quantity, amount, currency, sold_at,"
        " verification, verified_by, note) VALUES (1, ?, 1, 'amy', 'box', 1, '19.90', 'USD', 0, 'pending', '', '')",
        (ann.lead_id,),
    )
    desk.call(bob, Outcome.BUSY, now)
    rows = list(csv.DictReader(io.StringIO(exported(desk.store))))
    assert [row["result_status"] for row in rows] == ["SALE", "AB", "NEW"]
    assert [row["result_attempts"] for row in rows] == ["1", "1", "0"]
    assert (rows[0]["result_last_outcome"], rows[0]["result_sale_amount"], rows[0]["result_sale_currency"]) == (
        *("handled", "19.90"),
        "USD",
    )
    assert rows[0]["Colour"] == "red" and (rows[0]["phone2"], rows[0]["phone2_label"]) == ("+12125550102", "alt_phone")
    assert rows[1]["result_last_attempt_at"].startswith("2026-06-01T15:00") and rows[1]["result_next_at"] > "2026-06"
    assert rows[2]["result_next_at"] == ""


def test_outcomes_of_an_export_are_not_imported(desk: Desk) -> None:
    desk.load("phone,first_name\n2125550101,Ann\n")
    text = exported(desk.store)
    with Store.open(":memory:", fast=True) as other:
        Desk(other)
        report = import_leads(other, "spring", io.StringIO(text))
        assert other.leads("spring")[0]["custom"] == {}
        assert report.warnings == [f"left out the outcomes of an earlier export: {', '.join(RESULT_COLUMNS)}"]


def test_one_list_and_json(desk: Desk) -> None:
    desk.load("phone,first_name\n2125550101,Ann\n", list_name="a")
    desk.load("phone,first_name\n2125550102,Zoë\n", list_name="b")
    found = json.loads(exported(desk.store, "json", list_name="b"))
    assert found == [
        {
            "phone": "+12125550102",
            "phone_label": "phone",
            "first_name": "Zoë",
            "result_status": "NEW",
            "result_attempts": 0,
        }
    ]
    with pytest.raises(StoreError, match="no list 'c'; there are: b, a"):
        exported(desk.store, list_name="c")


def test_debts_and_consents_go_out_and_come_back(store: Store) -> None:
    store.create_campaign("spring", "collections", "power")
    text = (
        "person,phone,debt_reference,creditor,principal,balance,currency,due_date,consent,consent_at,consent_evidence\n"
        "P1,2125550101,A1,Acme,100,90.50,USD,2026-01-31,written,2026-01-01T10:00:00+00:00,form 7\n"
        "P1,2125550101,A2,Acme,7,7,USD,,,,\nP2,2125550102,B1,Beta,5,5,USD,,,,\n"
    )
    import_leads(store, "spring", io.StringIO(text))
    again = exported(store)
    with Store.open(":memory:", fast=True) as other:
        other.create_campaign("spring", "collections", "power")
        assert import_leads(other, "spring", io.StringIO(again)).counts()["loaded"] == 3
        for sql in (
            "SELECT lead_id, reference, creditor, principal, balance, currency, due_on FROM debts ORDER BY reference",
            "SELECT DISTINCT lead_id, basis, obtained_at, evidence FROM consents",
        ):
            assert other.database.rows(sql) == store.database.rows(sql) != []


TWO_NUMBERS = "phone,mobile\n2125550101,2125550102\n"
FORM = Given(Basis.EXPRESS, Purpose.SALES, datetime(2026, 1, 1, tzinfo=UTC), evidence=Evidence("form 7"))


def brought_over(store: Store, style: str = "csv") -> list[tuple[str, str]]:
    """Number and ground of each consent in a store that has read this one's export; there it exports the same."""
    again = exported(store, style)
    with Store.open(":memory:", fast=True) as other:
        Desk(other).load(again)
        assert exported(other, style) == again
        return [(phone, basis) for phone, basis in other.database.rows("SELECT phone, basis FROM consents ORDER BY id")]


@pytest.mark.parametrize("style", ["csv", "tsv"])
def test_a_consent_for_one_number_comes_back_for_that_number(desk: Desk, style: str) -> None:
    desk.load(TWO_NUMBERS)
    desk.store.consents.add(1, FORM, phone="+12125550102")
    assert brought_over(desk.store, style) == [("+12125550102", "express")]


def test_a_consent_that_all_numbers_have_comes_back_for_all(desk: Desk) -> None:
    desk.load("phone,mobile,consent\n2125550101,2125550102,ebr\n")
    assert brought_over(desk.store) == [("+12125550101", "ebr"), ("+12125550102", "ebr")]


def test_a_consent_of_the_lead_comes_back_for_its_numbers(desk: Desk) -> None:
    desk.load(TWO_NUMBERS)
    desk.store.consents.add(1, FORM)
    assert brought_over(desk.store) == [("+12125550101", "express"), ("+12125550102", "express")]


def test_consents_without_a_place_in_the_row_are_told(desk: Desk) -> None:
    desk.load("phone,mobile,work_phone\n2125550101,2125550102,2125550103\n2125550104,,\n")
    for phone in ("+12125550102", "+12125550101"):
        desk.store.consents.add(1, FORM, phone=phone)
    desk.store.consents.add(1, Given(Basis.EBR))
    desk.store.consents.add(2, FORM)
    said: list[str] = []
    rows = list(csv.DictReader(io.StringIO(exported(desk.store, warn=said.append))))
    assert [(row["consent"], row["consent_phone"]) for row in rows] == [("express", "+12125550102"), ("express", "")]
    assert said == ["a lead's row holds one consent, for one of its numbers or for all; left out: 2"]
    desk.store.consents.revoke(1)
    assert exported(desk.store, warn=said.append) and len(said) == 1
