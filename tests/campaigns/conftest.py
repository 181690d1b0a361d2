from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import settings

from campaigns.store import Store
from tests.campaigns.desk import Desk

settings.register_profile("campaigns", deadline=None, derandomize=True)
settings.load_profile("campaigns")

# A Monday, 11:00 in New York and 08:00 in Los Angeles.
NOON = datetime(2026, 6, 1, 15, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOON


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:", fast=True) as opened:
        yield opened


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)
