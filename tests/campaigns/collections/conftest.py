import pytest

from campaigns.store import Store
from tests.campaigns.collections.office import Office


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store)
