from collections.abc import Iterator
from datetime import timedelta

import pytest

from campaigns.reports import Selection
from campaigns.store import Store
from tests.campaigns.reports.past import LISTS, START, Past

SELECTED = (
    (None, None, None),
    (START + timedelta(days=2, hours=11), START + timedelta(days=9), None),
    (None, None, LISTS[1]),
    (START + timedelta(days=20), None, LISTS[0]),
)


@pytest.fixture(params=range(4))
def past(request: pytest.FixtureRequest) -> Iterator[Past]:
    with Store.open(":memory:", fast=True) as store:
        yield Past(store, request.param)


@pytest.fixture(params=SELECTED, ids=["all", "time", "list", "nothing"])
def selection(request: pytest.FixtureRequest, past: Past) -> Selection:
    since, until, list_name = request.param
    list_id = None if list_name is None else past.lists[LISTS.index(list_name)]
    return Selection(past.campaign, since, until, list_id, list_name or "")


@pytest.fixture
def empty(store: Store) -> Selection:
    """A campaign to which nothing has happened."""
    return Selection(store.create_campaign("autumn", "telesales", "predictive"))
