import io
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.dnc import Hit, Scope
from campaigns.store import Store, StoreError
from tests.campaigns.desk import Desk

ONE, TWO, THREE = "+12125550101", "+12125550102", "+12125550103"


def test_all_lists_that_a_number_is_on(desk: Desk, now: datetime) -> None:
    dnc, campaign_id = desk.store.dnc, desk.campaign.campaign_id
    dnc.import_registry(io.StringIO("212,5550101\n"), "us-national", as_of=now, full=True, at=now, label="june.txt")
    dnc.add([ONE], "letter", now - timedelta(days=3), campaign_id=campaign_id, expires_at=now + timedelta(days=1))
    dnc.add([ONE], "caller", now)
    found = dnc.hits([TWO, ONE], now + timedelta(hours=1))
    assert list(found) == [ONE]
    assert [(hit.scope, hit.list, hit.source, hit.campaign, hit.registry) for hit in found[ONE]] == [
        (Scope.SITE, "site", "caller", None, None),
        (Scope.CAMPAIGN, "campaign spring", "letter", "spring", None),
        (Scope.REGISTRY, "us-national", "june.txt", None, "us-national"),
    ]
    assert found[ONE][1].expires_at == now + timedelta(days=1)
    assert [hit.age_days(now + timedelta(days=2)) for hit in found[ONE]] == [2, 5, 2]
    assert dnc.check(ONE, now) == dnc.hits([ONE], now)[ONE]
    assert dnc.check(TWO, now) == ()
    with pytest.raises(ValueError, match=r"not E\.164"):
        dnc.check("2125550101", now)


def test_what_bars_is_the_sites_list_and_the_campaigns_own(desk: Desk, now: datetime) -> None:
    dnc, spring = desk.store.dnc, desk.campaign.campaign_id
    autumn = desk.store.create_campaign("autumn", "telesales", "power").campaign_id
    dnc.add([ONE], "caller", now)
    dnc.add([TWO], "caller", now, campaign_id=spring)
    dnc.import_registry(io.StringIO("212,5550103\n"), "us-national", as_of=now, full=True, at=now)
    asked = [ONE, TWO, THREE]
    assert dnc.barred(asked, spring, now) == {ONE, TWO}
    assert dnc.barred(asked, autumn, now) == {ONE}
    assert dnc.registries_of(asked) == {THREE: frozenset({"us-national"})}


def test_registries_are_asked_for_numbers_of_their_country(desk: Desk, now: datetime) -> None:
    dnc = desk.store.dnc
    for registry, line in (("gb-tps", "02079460101"), ("gb-ctps", "02079460101"), ("us-national", "212,5550101")):
        dnc.import_registry(io.StringIO(f"{line}\n"), registry, as_of=now, full=True, at=now)
    british = "+442079460101"
    assert dnc.registries_of([british, ONE, TWO]) == {
        british: frozenset({"gb-tps", "gb-ctps"}),
        ONE: frozenset({"us-national"}),
    }
    assert dnc.coverage(now + timedelta(days=30)).ages(british) == {"gb-tps": 30, "gb-ctps": 30}
    assert dnc.registry_ages(now + timedelta(days=30, hours=-1)) == {"gb-tps": 29, "gb-ctps": 29, "us-national": 29}


@given(
    site=st.sets(st.integers(0, 99)),
    own=st.sets(st.integers(0, 99)),
    copy=st.sets(st.integers(0, 99), min_size=1),
    asked=st.sets(st.integers(0, 99)),
)
def test_bulk_and_single_agree_with_sets(site: set[int], own: set[int], copy: set[int], asked: set[int]) -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)

    def e164(n: int) -> str:
        return f"+12125550{100 + n}"

    with Store.open(":memory:", fast=True) as store:
        campaign_id = store.create_campaign("spring", "telesales", "power").campaign_id
        dnc = store.dnc
        dnc.add([e164(n) for n in site], "a", now)
        dnc.add([e164(n) for n in own], "b", now, campaign_id=campaign_id)
        lines = io.StringIO("".join(f"212,5550{100 + n}\n" for n in copy))
        dnc.import_registry(lines, "us-national", as_of=now, full=True, at=now)
        found = dnc.hits([e164(n) for n in asked], now)
        for n in asked:
            scopes = tuple(
                scope
                for scope, members in ((Scope.SITE, site), (Scope.CAMPAIGN, own), (Scope.REGISTRY, copy))
                if n in members
            )
            assert tuple(hit.scope for hit in found.get(e164(n), ())) == scopes
            assert tuple(hit.scope for hit in dnc.check(e164(n), now)) == scopes
        assert dnc.barred([e164(n) for n in asked], campaign_id, now) == {e164(n) for n in asked & (site | own)}


def test_lists_tell_entries_date_and_age(desk: Desk, now: datetime) -> None:
    dnc = desk.store.dnc
    dnc.add([ONE, TWO], "caller", now)
    dnc.add([THREE], "caller", now, expires_at=now + timedelta(days=1))
    dnc.add([ONE], "caller", now, campaign_id=desk.campaign.campaign_id)
    dnc.import_registry(io.StringIO("212,5550101\n"), "us-national", as_of=now, full=True, at=now, label="june.txt")
    site, campaign, copy = dnc.lists(now + timedelta(days=31))
    assert (site.name, site.entries, campaign.name, campaign.campaign, campaign.entries) == (
        *("site", 2),
        *("campaign spring", "spring", 1),
    )
    assert (copy.registry, copy.version, copy.as_of, copy.entries) == ("us-national", "june.txt", now, 1)
    assert (copy.age_days, copy.max_age_days, copy.stale) == (31, 31, False)
    assert dnc.lists(now + timedelta(days=32))[-1].stale
    assert dnc.lists(now + timedelta(days=31), {"us-national": 30})[-1].stale


def test_export_has_every_entry_that_holds(desk: Desk, now: datetime) -> None:
    dnc = desk.store.dnc
    dnc.add([TWO, ONE], "caller", now)
    dnc.add([THREE], "caller", now, expires_at=now + timedelta(days=1))
    dnc.add([THREE], "letter", now, campaign_id=desk.campaign.campaign_id)
    dnc.import_registry(io.StringIO("212,5550101\n"), "us-national", as_of=now, full=True, at=now, label="june.txt")
    rows = list(dnc.export(at=now + timedelta(days=2)))
    assert [(row["list"], row["number"]) for row in rows] == [
        *(("site", ONE), ("site", TWO)),
        *(("campaign spring", THREE), ("us-national", ONE)),
    ]
    assert rows[2] == {
        "number": THREE,
        "scope": "campaign",
        "list": "campaign spring",
        "campaign": "spring",
        "source": "letter",
        "added_at": now,
        "expires_at": None,
    }
    assert [row["list"] for row in dnc.export([1], now)] == ["site"] * 3


def test_the_zip_file_of_a_download(desk: Desk, now: datetime, tmp_path: Path) -> None:
    path, two = tmp_path / "june.zip", tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("2026-06-01.txt", "212,5550101\r\n212,5550102\r\n")
    with zipfile.ZipFile(two, "w") as archive:
        archive.writestr("a.txt", "212,5550101\n")
        archive.writestr("b.txt", "212,5550102\n")
    report = desk.store.dnc.import_registry(path, "us-national", as_of=now, full=True, at=now)
    assert (report.entries, desk.store.dnc.check(ONE, now)[0].source) == (2, "june.zip")
    with pytest.raises(StoreError, match=r"two\.zip: holds 2 files; unpack it"):
        desk.store.dnc.import_registry(two, "us-national", as_of=now, full=True, at=now)


def test_a_files_numbers_go_onto_a_campaigns_list_for_a_while(desk: Desk, now: datetime) -> None:
    dnc, campaign_id = desk.store.dnc, desk.campaign.campaign_id
    until = now + timedelta(days=90)
    counts = dnc.import_file(
        io.StringIO("212-555-0101\nx\n"), "US", at=now, label="partners", campaign_id=campaign_id, expires_at=until
    )
    assert (counts["added"], counts["bad"]) == (1, 1)
    assert dnc.check(ONE, now) == (Hit(ONE, "partners", now, Scope.CAMPAIGN, "campaign spring", until, "spring"),)
    with pytest.raises(ValueError, match="would have expired already"):
        dnc.import_file(io.StringIO("2125550102\n"), "US", at=now, expires_at=now)
