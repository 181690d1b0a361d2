"""Call detail records: their form as cdr_csv of Asterisk writes it, and what stands in them, by a recount."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.cdr import COLUMNS, write_cdr
from campaigns.model import Outcome
from campaigns.reports import Selection
from campaigns.store import Store
from tests.campaigns.desk import Desk
from tests.campaigns.reports.past import LISTS, START, Past
from tests.campaigns.reports.recount import calls

NEW_YORK = ZoneInfo("America/New_York")

_TEXT = r'"(?:[^"]|"")*"'
_TIME = r'"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"'
LINE = re.compile(
    rf"{_TEXT}(?:,{_TEXT}){{8}},{_TIME},(?:{_TIME})?,{_TIME},\d+,\d+,"
    r'"(?:ANSWERED|NO ANSWER|BUSY|FAILED|CONGESTION)","DOCUMENTATION","\d+\.\d+",' + _TEXT
)


def written(past: Past | Desk, selection: Selection, zone: ZoneInfo = NEW_YORK, *, header: bool = False) -> str:
    out = io.StringIO()
    count = write_cdr(past.store.database, selection, out, zone, header=header)
    assert count == out.getvalue().count("\n") - header
    return out.getvalue()


def records(text: str) -> list[dict[str, str]]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in csv.reader(io.StringIO(text))]


@pytest.fixture(params=range(2))
def past(request: pytest.FixtureRequest) -> Iterator[Past]:
    with Store.open(":memory:", fast=True) as store:
        yield Past(store, request.param)


def test_the_form_is_that_of_asterisk(past: Past) -> None:
    lines = written(past, Selection(past.campaign)).splitlines()
    assert lines
    for line in lines:
        assert LINE.fullmatch(line), line
    assert any(',"june ""hot""",' in line for line in lines)


def test_a_header_only_when_asked_for(past: Past) -> None:
    text = written(past, Selection(past.campaign), header=True)
    assert text.splitlines()[0] == (
        "accountcode,src,dst,dcontext,clid,channel,dstchannel,lastapp,lastdata,start,answer,end,duration,billsec,"
        "disposition,amaflags,uniqueid,userfield"
    )
    assert text.splitlines()[1:] == written(past, Selection(past.campaign)).splitlines()


def test_each_closed_attempt_has_its_record(past: Past) -> None:
    closed = {call.row["id"]: call for call in calls(past) if call.row["closed_at"] is not None}
    found = records(written(past, Selection(past.campaign)))
    assert [int(record["uniqueid"].split(".")[1]) for record in found] == sorted(closed)
    for record in found:
        row = closed[int(record["uniqueid"].split(".")[1])].row
        assert (record["accountcode"], record["src"]) == ("spring", row["caller_id"])
        answered = row["answered_at"] is not None
        assert (record["answer"] != "") == answered == (record["disposition"] == "ANSWERED")
        assert int(record["duration"]) == int(row["ended_at"] - row["started_at"])
        assert int(record["billsec"]) == (int(row["ended_at"] - row["answered_at"]) if answered else 0)
        start = datetime.fromisoformat(record["start"]).replace(tzinfo=NEW_YORK)
        assert int(start.timestamp()) == int(row["started_at"])
        assert f"outcome={row['outcome']};status={row['status']}" in record["userfield"]
        assert (record["dstchannel"] == f"Agent/{row['agent']}") == (row["connected_at"] is not None)


def test_a_time_and_a_list_choose(past: Past) -> None:
    since, until = START + timedelta(days=3), START + timedelta(days=6)
    chosen = Selection(past.campaign, since, until, past.lists[0], LISTS[0])
    expected = [call.row["id"] for call in calls(past, since, until, LISTS[0]) if call.row["closed_at"] is not None]
    assert [int(record["uniqueid"].split(".")[1]) for record in records(written(past, chosen))] == expected


@pytest.mark.parametrize(
    ("outcome", "disposition"),
    [
        (Outcome.BUSY, "BUSY"),
        (Outcome.REJECTED, "BUSY"),
        (Outcome.NO_ANSWER, "NO ANSWER"),
        (Outcome.CANCELLED, "NO ANSWER"),
        (Outcome.CONGESTION, "CONGESTION"),
        (Outcome.TIMEOUT, "CONGESTION"),
        (Outcome.INVALID_NUMBER, "FAILED"),
        (Outcome.UNWANTED, "FAILED"),
        (Outcome.FAILED, "FAILED"),
    ],
)
def test_dispositions(desk: Desk, now: datetime, outcome: Outcome, disposition: str) -> None:
    desk.load("phone\n2125550101\n")
    desk.call(desk.one(now), outcome, now)
    (record,) = records(written(desk, Selection(desk.campaign), ZoneInfo("UTC")))
    assert (record["disposition"], record["start"], record["end"]) == (
        disposition,
        "2026-06-01 15:00:00",
        "2026-06-01 15:00:00",
    )
    assert record["userfield"].startswith("sip=200;q850=16;cause=normal;")


def test_a_call_lost_in_a_crash_bills_no_longer_than_is_known(desk: Desk, now: datetime) -> None:
    desk.load("phone\n2125550101\n")
    attempt = desk.reserve(desk.one(now), now)
    with desk.store.transaction():
        desk.store.mark_answered(attempt, now + timedelta(seconds=7))
        desk.store.mark_connected(attempt, "anna", now + timedelta(seconds=9))
    assert records(written(desk, Selection(desk.campaign))) == []
    desk.store.close_lost_attempts(now + timedelta(days=2))
    (record,) = records(written(desk, Selection(desk.campaign)))
    assert (record["duration"], record["billsec"], record["disposition"]) == ("9", "2", "ANSWERED")
    assert "cause=line_lost" in record["userfield"]


def test_a_night_in_which_clocks_go_back_keeps_its_durations(desk: Desk) -> None:
    desk.load("phone\n2125550101\n")
    at = datetime(2026, 11, 1, 5, 59, 50, tzinfo=UTC)
    candidate = desk.one(datetime(2026, 6, 1, 15, tzinfo=UTC))
    attempt = desk.reserve(candidate, at)
    desk.close(attempt, candidate, Outcome.NO_ANSWER, at + timedelta(seconds=20))
    (record,) = records(written(desk, Selection(desk.campaign)))
    assert (record["start"], record["end"], record["duration"]) == (
        "2026-11-01 01:59:50",
        "2026-11-01 01:00:10",
        "20",
    )
