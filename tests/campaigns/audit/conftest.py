from collections.abc import Iterator

import pytest

from campaigns import migrations
from campaigns.audit import AuditLog
from campaigns.database import Database


@pytest.fixture
def database() -> Iterator[Database]:
    opened = Database.open(":memory:", create=True, fast=True)
    migrations.migrate(opened, create=True)
    yield opened
    opened.close()


@pytest.fixture
def log(database: Database) -> AuditLog:
    return AuditLog(database)
