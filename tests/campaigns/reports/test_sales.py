from decimal import Decimal

import pytest

from campaigns.reports import Selection
from campaigns.reports.sales import VERIFICATIONS, sales_made
from campaigns.store import Store
from tests.campaigns.reports.past import Past
from tests.campaigns.reports.recount import calls


@pytest.mark.parametrize("by", ["product", "agent"])
def test_sales_agree_with_a_recount(past: Past, selection: Selection, by: str) -> None:
    rows = sales_made(past.database, selection)[f"{by}s"]
    chosen = {call.row["id"] for call in calls(past, selection.since, selection.until, selection.list_name or None)}
    kept = [
        sale
        for sale in past.database.rows(
            f"SELECT attempt_id, {by}, currency, quantity, amount, verification FROM sales"  # noqa: S608
        )
        if sale[0] in chosen
    ]
    assert {(row[by], row["currency"]) for row in rows} == {(sale[1], sale[2]) for sale in kept}
    for row in rows:
        own = [sale for sale in kept if (sale[1], sale[2]) == (row[by], row["currency"])]
        assert row["quantity"] == sum(sale[3] for sale in own)
        assert (row["sold"]["count"], Decimal(row["sold"]["amount"])) == (
            len(own),
            sum(Decimal(sale[4]) for sale in own),
        )
        for verification in VERIFICATIONS:
            amounts = [Decimal(sale[4]) for sale in own if sale[5] == verification]
            assert (row[verification]["count"], Decimal(row[verification]["amount"])) == (len(amounts), sum(amounts))


def test_sales_without_product_and_amount_are_told(past: Past, selection: Selection) -> None:
    recorded = {attempt_id for (attempt_id,) in past.database.rows("SELECT attempt_id FROM sales")}
    chosen = calls(past, selection.since, selection.until, selection.list_name or None)
    expected = sum(call.flag("sale") and call.row["id"] not in recorded for call in chosen)
    assert sales_made(past.database, selection)["unrecorded"] == expected


def test_nothing_yet(store: Store, empty: Selection) -> None:
    found = sales_made(store.database, empty)
    assert (found["currencies"], found["products"], found["agents"], found["unrecorded"]) == ([], [], [], 0)
