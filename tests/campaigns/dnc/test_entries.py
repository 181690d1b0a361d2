import io
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from campaigns.importing import import_leads
from campaigns.leads import load
from campaigns.model import Outcome
from campaigns.store import StoreError
from tests.campaigns.desk import Desk


def test_adding_and_checking(desk: Desk, now: datetime) -> None:
    assert desk.store.dnc_check("+12125550101") is None
    assert desk.store.add_dnc("+12125550101", "caller", now)
    assert not desk.store.add_dnc("+12125550101", "again", now)
    hit = desk.store.dnc_check("+12125550101")
    assert hit is not None and (hit.source, hit.added_at) == ("caller", now)


@pytest.mark.parametrize("number", ["2125550101", "+0125550101", "", "+1212555010123456"])
def test_only_e164_is_taken(desk: Desk, now: datetime, number: str) -> None:
    with pytest.raises(ValueError, match=r"not E\.164"):
        desk.store.add_dnc(number, "caller", now)
    with pytest.raises(ValueError, match=r"not E\.164"):
        desk.store.dnc_check(number)


def test_importing_all_the_forms(desk: Desk, now: datetime) -> None:
    text = (
        "Area Code,Phone Number\n"
        "# change list\n"
        "212,5550101\n"
        '"212","5550102"\n'
        "2125550103\n"
        "\n"
        "(212) 555-0104\n"
        "+442079460105\n"
        "hello\n"
        "123\n"
        "2125550101\n"
    )
    counts = desk.store.dnc.import_file(io.StringIO(text), "US", label="june", at=now)
    assert {key: counts[key] for key in ("read", "added", "already", "bad")} == {
        "read": 8,
        "added": 5,
        "already": 1,
        "bad": 2,
    }
    assert [(line["line"], line["text"]) for line in counts["bad_lines"]] == [(9, "hello"), (10, "123")]
    assert counts["bad_lines"][1]["reason"] == "too few digits for US"
    for number in ("+12125550101", "+12125550102", "+12125550103", "+12125550104", "+442079460105"):
        hit = desk.store.dnc_check(number)
        assert hit is not None and hit.source == "june"


def test_files_streams_and_regions(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "uk.txt"
    path.write_bytes(b"\xef\xbb\xbf020 7946 0101\r\n020,79460102\r\n")
    assert desk.store.dnc.import_file(path, "GB")["added"] == 2
    hit = desk.store.dnc_check("+442079460101")
    assert hit is not None and hit.source == "uk.txt"
    stream = io.BytesIO(b"020 7946 0103\n\xff\xfe\n")
    counts = desk.store.dnc.import_file(stream, "GB")
    assert (counts["added"], counts["bad"]) == (1, 1)
    assert not stream.closed
    with pytest.raises(StoreError, match=r"none\.txt: cannot be read"):
        desk.store.dnc.import_file(tmp_path / "none.txt", "GB")


class TestRemove:
    def test_a_number_barred_by_mistake(self, desk: Desk, now: datetime) -> None:
        desk.store.add_dnc("+12125550101", "caller", now)
        assert desk.store.remove_dnc("+12125550101") is True
        assert desk.store.dnc_check("+12125550101") is None
        assert desk.store.remove_dnc("+12125550101") is False
        with pytest.raises(ValueError, match=r"not E\.164"):
            desk.store.remove_dnc("2125550101")

    def test_a_new_lead_that_ended_for_it_is_new_again(self, desk: Desk, now: datetime) -> None:
        desk.load("phone,alt_phone\n2125550101,2125550102\n")
        for number in ("+12125550101", "+12125550102"):
            desk.store.add_dnc(number, "caller", now)
        assert desk.store.lead("spring", 1)["status"] == "DNCL" and desk.refill(now) == []
        desk.store.remove_dnc("+12125550102")
        lead = desk.one(now)
        assert (lead.status, [phone.e164 for phone in lead.phones]) == ("NEW", ["+12125550102"])
        assert desk.try_reserve(lead, now) is None

    def test_a_lead_that_waited_for_a_retry_waits_again(self, desk: Desk, now: datetime) -> None:
        desk.load("phone\n2125550101\n")
        decision = desk.call(desk.one(now), Outcome.NO_ANSWER, now)
        assert decision.at is not None
        desk.store.add_dnc("+12125550101", "caller", now)
        desk.store.remove_dnc("+12125550101")
        assert desk.refill(decision.at - timedelta(seconds=1)) == []
        assert desk.one(decision.at).status == "NA"

    def test_a_person_who_asked_an_agent_stays_uncalled(self, desk: Desk, now: datetime) -> None:
        desk.load("phone\n2125550101\n")
        desk.call(desk.one(now), Outcome.HANDLED, now, "DNC")
        assert desk.store.remove_dnc("+12125550101") is True
        assert desk.store.lead("spring", 1)["status"] == "DNC"
        assert desk.refill(now + timedelta(days=3)) == []


@pytest.mark.parametrize(
    "line",
    [
        "+12125550101,Ann Lee",
        '"(212) 555-0101","Lee, Ann",2026-01-05',
        "2125550101;Ann;3",
        "2125550101\t20260105",
        "2125550101, 7",
        " +1 212 555 0101 | x",
    ],
)
def test_the_first_column_of_a_list_with_further_columns(desk: Desk, line: str) -> None:
    counts = desk.store.dnc.import_file(io.StringIO(f"phone,name\n{line}\n"), "US")
    assert (counts["added"], counts["bad"]) == (1, 0)
    assert desk.store.dnc_check("+12125550101") is not None


def test_further_columns_are_never_taken_for_the_numbers_last_digits(desk: Desk) -> None:
    desk.store.dnc.import_file(io.StringIO("030 1234567,89\n"), "DE")
    assert desk.store.dnc_check("+49301234567") is not None
    assert desk.store.dnc_check("+4930123456789") is None


def test_a_number_in_a_later_column_says_where_it_belongs(desk: Desk) -> None:
    (bad,) = desk.store.dnc.import_file(io.StringIO("Ann,+12125550101\n"), "US")["bad_lines"]
    assert bad["line"] == 1 and "must be in the first column" in bad["reason"]


def test_a_utf_16_file_is_refused_by_name(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes("+12125550101\r\n".encode("utf-16"))
    with pytest.raises(StoreError, match="UTF-16"):
        desk.store.dnc.import_file(path, "US")


class TestCampaignLists:
    def test_an_entry_bars_the_leads_of_its_campaign_alone(self, desk: Desk, now: datetime) -> None:
        desk.load("phone,alt_phone\n2125550101,2125550102\n")
        autumn = desk.store.create_campaign("autumn", "telesales", "power")
        import_leads(desk.store, "autumn", io.StringIO("phone\n2125550101\n"))
        desk.store.dnc.add(["+12125550101"], "letter", now, campaign_id=desk.campaign.campaign_id)
        assert [phone.e164 for phone in desk.one(now).phones] == ["+12125550102"]
        (lead,) = desk.store.refill(autumn.campaign_id, 10, now).leads
        assert lead.phone.e164 == "+12125550101"

    def test_a_number_that_is_barred_between_refill_and_call_is_not_called(self, desk: Desk, now: datetime) -> None:
        desk.load("phone\n2125550101\n")
        lead = desk.one(now)
        desk.store.dnc.add(["+12125550101"], "letter", now, campaign_id=desk.campaign.campaign_id)
        assert desk.try_reserve(lead, now) == "dnc"

    def test_another_campaigns_entry_is_no_reason(self, desk: Desk, now: datetime) -> None:
        desk.load("phone\n2125550101\n")
        autumn = desk.store.create_campaign("autumn", "telesales", "power")
        desk.store.dnc.add(["+12125550101"], "letter", now, campaign_id=autumn.campaign_id)
        assert desk.try_reserve(desk.one(now), now) is None

    def test_removal_leaves_the_other_lists(self, desk: Desk, now: datetime) -> None:
        dnc, campaign_id = desk.store.dnc, desk.campaign.campaign_id
        desk.load("phone\n2125550101\n")
        assert not dnc.remove("+12125550101", campaign_id=campaign_id)
        dnc.add(["+12125550101"], "letter", now, campaign_id=campaign_id)
        dnc.add(["+12125550101"], "caller", now)
        assert dnc.remove("+12125550101", campaign_id=campaign_id)
        assert desk.refill(now) == [] and desk.store.lead("spring", 1)["status"] == "DNCL"
        assert dnc.remove("+12125550101")
        assert desk.one(now).status == "NEW"


class TestExpiry:
    def test_an_expired_entry_no_longer_bars(self, desk: Desk, now: datetime) -> None:
        desk.load("phone,alt_phone\n2125550101,2125550102\n")
        until = now + timedelta(hours=1)
        desk.store.dnc.add(["+12125550101"], "letter", now, expires_at=until)
        lead_id = desk.one(now).lead_id
        (before,) = load(desk.store.database, desk.store.profiles, [lead_id], until.timestamp() - 1)
        (after,) = load(desk.store.database, desk.store.profiles, [lead_id], until.timestamp())
        assert (len(before.usable), len(after.usable)) == (1, 2)
        assert desk.store.dnc.barred(["+12125550101"], 1, until - timedelta(seconds=1)) == {"+12125550101"}
        assert desk.store.dnc.barred(["+12125550101"], 1, until) == frozenset()
        assert desk.store.dnc.check("+12125550101", until) == ()

    def test_the_sweep_brings_back_leads_that_ended_for_it(self, desk: Desk, now: datetime) -> None:
        desk.load("phone\n2125550101\n")
        until = now + timedelta(hours=1)
        desk.store.dnc.add(["+12125550101"], "letter", now, expires_at=until)
        assert desk.store.lead("spring", 1)["status"] == "DNCL"
        assert desk.store.dnc.sweep(until - timedelta(seconds=1)) == 0
        assert desk.store.dnc.sweep(until) == 1
        assert desk.one(until).status == "NEW"
        assert desk.store.database.value("SELECT COUNT(*) FROM dnc") == 0

    def test_a_lead_that_is_barred_by_another_list_stays_ended(self, desk: Desk, now: datetime) -> None:
        desk.load("phone\n2125550101\n")
        until = now + timedelta(hours=1)
        desk.store.dnc.add(["+12125550101"], "letter", now, expires_at=until)
        desk.store.dnc.add(["+12125550101"], "letter", now, campaign_id=desk.campaign.campaign_id)
        assert desk.store.dnc.sweep(until) == 1
        assert desk.store.lead("spring", 1)["status"] == "DNCL"

    def test_the_longer_entry_holds(self, desk: Desk, now: datetime) -> None:
        dnc, day = desk.store.dnc, timedelta(days=1)
        assert dnc.add(["+12125550101"], "first", now, expires_at=now + 2 * day) == 1
        assert dnc.add(["+12125550101"], "shorter", now, expires_at=now + day) == 0
        assert dnc.check("+12125550101", now)[0].source == "first"
        assert dnc.add(["+12125550101"], "longer", now, expires_at=now + 3 * day) == 1
        assert dnc.add(["+12125550101"], "for good", now) == 1
        assert dnc.add(["+12125550101"], "again", now, expires_at=now + day) == 0
        (hit,) = dnc.check("+12125550101", now + 9 * day)
        assert (hit.source, hit.expires_at) == ("for good", None)

    def test_many_expired_entries_are_swept(self, desk: Desk, now: datetime) -> None:
        numbers = [f"+1{area}55501{index:02}" for area in range(201, 215) for index in range(100)]
        desk.store.dnc.add(numbers, "letter", now, expires_at=now + timedelta(hours=1))
        desk.store.dnc.add(numbers[:2], "letter", now)
        assert desk.store.dnc.sweep(now + timedelta(hours=2)) == len(numbers) - 2
        assert list(desk.store.dnc.hits(numbers, now)) == numbers[:2]
