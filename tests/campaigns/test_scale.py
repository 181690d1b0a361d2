"""What a running dialer does must not grow with the campaign: counted in SQLite's own steps, not in time."""

import io
from collections.abc import Callable
from datetime import datetime

import pytest

from campaigns.importing import import_leads
from campaigns.model import Outcome
from campaigns.store import Store
from tests.campaigns.desk import Desk

SMALL, LARGE = 1_200, 9_600

Work = Callable[[Desk, datetime], object]


def steps_of(work: Work, leads: int, now: datetime) -> int:
    """Tens of virtual machine steps that `work` takes in a campaign of so many leads."""
    with Store.open(":memory:", fast=True) as store:
        desk = Desk(store)
        desk.load("phone\n" + "".join(f"212{200 + i // 10_000}{i % 10_000:04}\n" for i in range(leads)))
        for _ in range(leads // 200):
            for lead in desk.refill(now, n=20):
                desk.call(lead, Outcome.BUSY, now)
        count = 0

        def counted() -> int:
            nonlocal count
            count += 1
            return 0

        store.database.peewee.connection().set_progress_handler(counted, 10)
        work(desk, now)
        return count


def import_chunk(desk: Desk, now: datetime) -> None:
    desk.load("phone\n" + "".join(f"305555{i:04}\n" for i in range(1000)))


def bar_many(desk: Desk, now: datetime) -> None:
    for i in range(100):
        desk.store.add_dnc(f"+1212200{i * 11:04}", "test", now)


def call_some(desk: Desk, now: datetime) -> None:
    for lead in desk.refill(now, n=20):
        desk.call(lead, Outcome.NO_ANSWER, now)


def put_off(desk: Desk, now: datetime) -> None:
    """Refills beside another campaign that is calling the same numbers."""
    first = desk.refill(now, n=20)
    other = desk.store.create_campaign("autumn", "telesales", "power")
    text = "phone\n" + "".join(f"{lead.phone.e164}\n" for lead in first)
    import_leads(desk.store, "autumn", io.StringIO(text))
    for lead in first:
        desk.reserve(lead, now)
    for _ in range(3):
        assert desk.store.refill(other.campaign_id, 500, now).leads == ()


def refill_by(**changes: str) -> Work:
    """A refill of a list that is set so, and two more while leads are called."""

    def work(desk: Desk, now: datetime) -> None:
        (of,) = desk.store.lists.all(desk.campaign.campaign_id)
        desk.store.lists.set(desk.campaign.campaign_id, of.name, changes)
        for _ in range(3):
            for lead in desk.refill(now, n=100)[:10]:
                desk.call(lead, Outcome.NO_ANSWER, now)

    return work


@pytest.mark.parametrize(
    "work",
    [
        import_chunk,
        bar_many,
        call_some,
        put_off,
        lambda desk, now: desk.refill(now, n=500),
        lambda desk, now: desk.store.refill(desk.campaign.campaign_id, 500, now.replace(hour=3)),
        refill_by(ordering="fresh_first", quota="50"),
        refill_by(condition='phone.startswith("+1212")'),
        lambda desk, now: desk.store.why("spring", 7, now),
        lambda desk, now: desk.store.lead("spring", 7),
        lambda desk, now: desk.store.close_lost_attempts(now),
    ],
    ids=[
        "import",
        "dnc",
        "calls",
        "put off",
        "refill",
        "closed",
        "fresh first",
        "filter",
        "why",
        "lead",
        "recovery",
    ],
)
def test_steps_do_not_grow_with_the_campaign(work: Work, now: datetime) -> None:
    small, large = steps_of(work, SMALL, now), steps_of(work, LARGE, now)
    assert large <= small * 1.5 + 50
