import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.database import Database, StoreError
from campaigns.dnc import Dnc, RegistryReport, staging
from campaigns.dnc import registry_import as imports
from campaigns.dnc.registries import registry_of
from campaigns.dnc.staging import Import
from campaigns.store import Store
from tests.campaigns.desk import Desk

JUNE = datetime(2026, 6, 1, tzinfo=UTC)
NUMBERS = [f"+1{area}55501{index:02}" for area in ("212", "305", "646") for index in range(10)]

Work = Callable[[str], RegistryReport]


def flat(numbers: list[str]) -> str:
    return "".join(f"{number[2:5]},{number[5:]}\n" for number in numbers)


def full(dnc: Dnc, numbers: list[str], as_of: datetime = JUNE, *areas: str, force: bool = False) -> RegistryReport:
    source = io.StringIO(flat(numbers))
    return dnc.import_registry(
        source, "us-national", as_of=as_of, full=True, areas=areas, at=as_of + timedelta(hours=9), force=force
    )


def change(dnc: Dnc, text: str, as_of: datetime, *, force: bool = False) -> RegistryReport:
    return dnc.import_registry(
        io.StringIO(text), "us-national", as_of=as_of, full=False, at=as_of + timedelta(hours=9), force=force
    )


def listed(dnc: Dnc) -> list[str]:
    return sorted(dnc.registries_of(NUMBERS))


def left_behind(database: Database) -> tuple[int, int]:
    """Lists that are not live, and numbers of no live list."""
    return (
        database.value("SELECT COUNT(*) FROM dnc_lists WHERE state <> 'live'"),
        database.value(
            "SELECT COUNT(*) FROM registry_numbers WHERE list_id NOT IN (SELECT id FROM dnc_lists WHERE state = 'live')"
        ),
    )


@pytest.fixture
def dnc(desk: Desk) -> Dnc:
    return desk.store.dnc


class TestFull:
    def test_a_full_list_takes_the_place_of_the_copy(self, desk: Desk, dnc: Dnc) -> None:
        first = full(dnc, NUMBERS[:6])
        assert (first.read, first.added, first.removed, first.entries) == (6, 6, 0, 6)
        second = full(dnc, NUMBERS[2:9], JUNE + timedelta(days=1))
        assert (second.added, second.removed, second.entries) == (3, 2, 7)
        assert listed(dnc) == NUMBERS[2:9]
        assert left_behind(desk.store.database) == (0, 0)

    def test_a_number_twice_counts_once(self, dnc: Dnc) -> None:
        report = full(dnc, [*NUMBERS[:3], NUMBERS[0]])
        assert (report.read, report.added, report.entries) == (4, 3, 3)

    def test_the_same_day_may_be_imported_again(self, dnc: Dnc) -> None:
        full(dnc, NUMBERS[:3])
        assert full(dnc, NUMBERS[:4]).added == 1

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            (flat(NUMBERS[:5]) + "212,555\n", "1 of 6 lines cannot be used; the first is line 6, '212,555'"),
            (flat(NUMBERS[:5]) + "hello\n", "letters in the number"),
            (flat(NUMBERS[:1]), "holds 1 numbers, and the copy in use 6: the file looks cut off"),
            ("", "holds no number"),
            ("area,number\n", "holds no number"),
            (flat(NUMBERS[:5]) + "\0\n", "UTF-16"),
        ],
    )
    def test_a_broken_file_changes_nothing(self, desk: Desk, dnc: Dnc, text: str, complaint: str) -> None:
        full(dnc, NUMBERS[:6])
        with pytest.raises(StoreError, match=complaint):
            dnc.import_registry(io.StringIO(text), "us-national", as_of=JUNE + timedelta(days=1), full=True)
        assert listed(dnc) == NUMBERS[:6]
        assert dnc.registry_ages(JUNE) == {"us-national": 0}
        assert left_behind(desk.store.database) == (0, 0)

    def test_force_leaves_out_bad_lines_and_takes_a_short_list(self, dnc: Dnc) -> None:
        full(dnc, NUMBERS[:6])
        text = io.StringIO(flat(NUMBERS[:2]) + "hello\n")
        report = dnc.import_registry(text, "us-national", as_of=JUNE, full=True, force=True)
        assert (report.entries, report.bad, report.bad_lines[0].line) == (2, 1, 3)
        with pytest.raises(StoreError, match="holds no number"):
            full(dnc, [], force=True)

    def test_a_list_that_is_older_or_of_the_future_is_refused(self, dnc: Dnc) -> None:
        full(dnc, NUMBERS[:3])
        with pytest.raises(StoreError, match="copy of us-national in use is newer"):
            full(dnc, NUMBERS[:3], JUNE - timedelta(days=1))
        with pytest.raises(StoreError, match="cannot be of the future"):
            dnc.import_registry(
                io.StringIO(flat(NUMBERS)), "us-national", as_of=JUNE, full=True, at=JUNE - timedelta(1)
            )

    def test_a_reader_that_fails_midway_changes_nothing(self, desk: Desk, dnc: Dnc) -> None:
        full(dnc, NUMBERS[:3])

        def broken() -> io.StringIO:
            class Broken(io.StringIO):
                def __next__(self) -> str:
                    raise OSError("the disk is gone")

            return Broken()

        with pytest.raises(OSError, match="the disk is gone"):
            dnc.import_registry(broken(), "us-national", as_of=JUNE, full=True)
        assert listed(dnc) == NUMBERS[:3] and left_behind(desk.store.database) == (0, 0)


class TestAreaCodes:
    def test_a_list_of_an_area_code_replaces_that_one_alone(self, desk: Desk, dnc: Dnc) -> None:
        full(dnc, NUMBERS[:20])
        full(dnc, NUMBERS[3:9], JUNE + timedelta(days=9), "212")
        assert listed(dnc) == NUMBERS[3:9] + NUMBERS[10:20]
        coverage = dnc.coverage(JUNE + timedelta(days=10))
        assert [coverage.ages(number) for number in ("+12125550199", "+13055550199")] == [
            {"us-national": 1},
            {"us-national": 10},
        ]
        assert dnc.registry_ages(JUNE + timedelta(days=10)) == {"us-national": 10}
        assert desk.store.database.value("SELECT COUNT(*) FROM registry_numbers") == 16

    def test_area_codes_without_a_copy_are_not_covered(self, dnc: Dnc) -> None:
        full(dnc, NUMBERS[:20], JUNE, "212", "305")
        assert dnc.coverage(JUNE).ages("+16465550101") == {}
        assert dnc.coverage(JUNE).ages("+442079460101") == {}

    def test_a_part_of_a_part_and_then_the_whole(self, desk: Desk, dnc: Dnc) -> None:
        full(dnc, NUMBERS[:20], JUNE, "212", "305")
        full(dnc, NUMBERS[12:19], JUNE + timedelta(days=1), "305", "646")
        assert listed(dnc) == NUMBERS[:10] + NUMBERS[12:19]
        assert [each.areas for each in dnc.lists() if each.registry] == [("212",), ("305", "646")]
        full(dnc, NUMBERS, JUNE + timedelta(days=2))
        assert [(each.areas, each.entries) for each in dnc.lists() if each.registry] == [((), 30)]
        assert left_behind(desk.store.database) == (0, 0)

    def test_a_number_of_another_area_code_is_a_bad_line(self, dnc: Dnc) -> None:
        with pytest.raises(StoreError, match=r"\+16465550100.*not among those that are imported"):
            full(dnc, NUMBERS, JUNE, "212", "305")


class TestChange:
    def test_numbers_come_and_go(self, desk: Desk, dnc: Dnc) -> None:
        full(dnc, NUMBERS[:5])
        text = "212,5550100,D\n212,5550101,A\n305,5550101,A\n305,5550102,D\n"
        report = change(dnc, text, JUNE + timedelta(days=7))
        assert (report.added, report.removed, report.entries) == (1, 1, 5)
        assert listed(dnc) == [*NUMBERS[1:5], "+13055550101"]
        assert dnc.registry_ages(JUNE + timedelta(days=8)) == {"us-national": 1}
        assert left_behind(desk.store.database) == (0, 0)

    def test_the_last_line_of_a_number_holds(self, dnc: Dnc) -> None:
        full(dnc, NUMBERS[:2])
        change(dnc, "212,5550101,D\n212,5550101,A\n212,5550105,A\n212,5550105,D\n", JUNE + timedelta(days=1))
        assert listed(dnc) == NUMBERS[:2]

    def test_it_reaches_the_copy_that_covers_a_number(self, dnc: Dnc) -> None:
        full(dnc, NUMBERS[:10], JUNE, "212")
        full(dnc, NUMBERS[10:20], JUNE, "305")
        change(dnc, "212,5550100,D\n305,5550100,D\n", JUNE + timedelta(days=1))
        assert listed(dnc) == NUMBERS[1:10] + NUMBERS[11:20]
        with pytest.raises(StoreError, match="no copy in use covers it"):
            change(dnc, "646,5550100,A\n", JUNE + timedelta(days=2))

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [("212,5550105,A\n212,5550106\n", "A \\(added\\)"), ("", "holds no number"), ("212,A\n", "cannot be used")],
    )
    def test_a_broken_change_changes_nothing(self, desk: Desk, dnc: Dnc, text: str, complaint: str) -> None:
        full(dnc, NUMBERS[:5])
        with pytest.raises(StoreError, match=complaint):
            change(dnc, text, JUNE + timedelta(days=1))
        assert listed(dnc) == NUMBERS[:5] and dnc.registry_ages(JUNE) == {"us-national": 0}
        assert left_behind(desk.store.database) == (0, 0)

    def test_there_must_be_a_copy_to_change(self, dnc: Dnc) -> None:
        with pytest.raises(StoreError, match="no copy of us-national to change yet"):
            change(dnc, "212,5550101,A\n", JUNE)
        with pytest.raises(ValueError, match="leave out the area codes"):
            dnc.import_registry(io.StringIO(""), "us-national", as_of=JUNE, full=False, areas=("212",))

    @given(
        start=st.sets(st.sampled_from(NUMBERS), min_size=1),
        changes=st.lists(st.tuples(st.sampled_from(NUMBERS), st.booleans()), min_size=1, max_size=40),
    )
    def test_changes_are_what_they_are_to_a_set(self, start: set[str], changes: list[tuple[str, bool]]) -> None:
        with Store.open(":memory:", fast=True) as store, pytest.MonkeyPatch.context() as patch:
            patch.setattr(imports, "CHUNK", 3)
            patch.setattr(staging, "CHUNK", 3)
            full(store.dnc, sorted(start))
            lines = [f"{number[2:5]},{number[5:]},{'A' if adds else 'D'}\n" for number, adds in changes]
            report = change(store.dnc, "".join(lines), JUNE + timedelta(days=1))
            wanted = set(start)
            for number, adds in changes:
                (wanted.add if adds else wanted.discard)(number)
            assert listed(store.dnc) == sorted(wanted)
            assert (report.added, report.removed) == (len(wanted - start), len(start - wanted))


class TestTwoAtOnce:
    def test_a_second_import_waits_for_the_first(self, desk: Desk, dnc: Dnc) -> None:
        staging.staged(desk.store.database, Import(registry_of("us-national"), JUNE, JUNE, "a.txt"), 1)
        with pytest.raises(StoreError, match="another import of us-national was at work"):
            full(dnc, NUMBERS[:3])
        assert full_of_another_registry(dnc) == 1

    def test_what_a_killed_import_left_goes(self, desk: Desk, dnc: Dnc) -> None:
        database = desk.store.database
        (list_id,) = staging.staged(database, Import(registry_of("us-national"), JUNE, JUNE, "a.txt"), 1)
        staging.write(database, list_id, [12125550101, 12125550102])
        assert listed(dnc) == []
        database.execute("UPDATE dnc_lists SET imported_at = imported_at - 61 WHERE state = 'staged'")
        full(dnc, NUMBERS[3:5])
        assert listed(dnc) == NUMBERS[3:5] and left_behind(database) == (0, 0)

    def test_an_import_that_was_overtaken_changes_nothing(self, desk: Desk) -> None:
        database = desk.store.database
        (list_id,) = staging.staged(database, Import(registry_of("us-national"), JUNE, JUNE, "a.txt"), 1)
        staging.retire(database, registry_of("us-national"), "staged")
        with pytest.raises(StoreError, match="has taken the place of this one"):
            staging.write(database, list_id, [12125550101])

    def test_a_dialer_beside_it_sees_one_copy_or_the_other(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "dialer.db"
        monkeypatch.setattr(imports, "CHUNK", 2)
        monkeypatch.setattr(staging, "CHUNK", 2)
        seen: list[list[str]] = []
        with Store.open(path, create=True) as importer, Store.open(path) as dialer:
            full(importer.dnc, NUMBERS[:5])
            importer.dnc.import_registry(
                io.StringIO(flat(NUMBERS[3:12])),
                "us-national",
                as_of=JUNE,
                full=True,
                progress=lambda _: seen.append(listed(dialer.dnc)),
            )
            assert seen and all(each == NUMBERS[:5] for each in seen)
            assert listed(dialer.dnc) == NUMBERS[3:12]


def full_of_another_registry(dnc: Dnc) -> int:
    return dnc.import_registry(io.StringIO("416,5550101\n"), "ca-dncl", as_of=JUNE, full=True).entries


def test_a_copy_can_be_forgotten(desk: Desk, dnc: Dnc) -> None:
    full(dnc, NUMBERS[:3])
    assert dnc.remove_registry("us-national") is True
    assert listed(dnc) == [] and dnc.registry_ages() == {}
    assert dnc.remove_registry("us-national") is False
    assert desk.store.database.value("SELECT COUNT(*) FROM registry_numbers") == 0
