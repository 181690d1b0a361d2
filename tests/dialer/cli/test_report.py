"""`dialer report` as a manager uses it: tables, JSON, CSV, pictures, call detail records."""

import csv
import io
import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from campaigns import cdr as records
from campaigns.store import Store
from dialer.cli import main
from dialer.site import Site, make_site
from tests.campaigns.reports.past import CALLER_IDS, LISTS, Past

REPORTS = ("penetration", "hours", "best-hours", "callerids", "agents", "callbacks", "promises", "sales", "attempts")
DRAWN = ("penetration", "hours", "best-hours", "callerids", "agents", "promises", "abandonment")
NEW = tuple(name for name in REPORTS if name not in ("agents", "attempts"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Campaign `spring` with a past in which one number is answered badly, and `autumn`, to which nothing happened."""
    made = make_site(tmp_path_factory.mktemp("reports") / "site")
    with Store.open(made.path / "dialer.db", create=True) as store:
        Past(store, 3, 600, bad=CALLER_IDS[1])
        store.create_campaign("autumn", "telesales", "predictive")
    return made


def ask(site: Site, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--site", str(site.path), "report", *arguments])


def run(site: Site, *arguments: str) -> str:
    result = ask(site, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def loaded(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("name", [*REPORTS, "abandonment", "campaign"])
def test_each_report_has_a_table_and_one_json_document(site: Site, name: str) -> None:
    assert len(run(site, name, "spring").splitlines()) > 1
    json.loads(run(site, name, "spring", "--json"))


@pytest.mark.parametrize("name", [*REPORTS, "abandonment", "campaign"])
def test_an_empty_campaign_gives_empty_tables(site: Site, name: str, tmp_path: Path) -> None:
    run(site, name, "autumn")
    json.loads(run(site, name, "autumn", "--json"))
    if name in REPORTS:
        assert loaded(run(site, name, "autumn", "--csv", "-")) == []
    if name in DRAWN:
        run(site, name, "autumn", "--draw", str(tmp_path / "empty.png"))
        assert (tmp_path / "empty.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", NEW)
def test_json_says_what_it_is_about(site: Site, name: str) -> None:
    chosen = ("--list", LISTS[1], "--since", "2026-03-02", "--until", "2026-03-05T12:00")
    found = json.loads(run(site, name, "spring", *chosen, "--json"))
    assert {key: found[key] for key in ("campaign", "list", "since", "until", "timezone")} == {
        "campaign": "spring",
        "list": "july",
        "since": "2026-03-02T00:00:00-05:00",
        "until": "2026-03-05T12:00:00-05:00",
        "timezone": "America/New_York",
    }


def test_csv_and_json_hold_the_same(site: Site, tmp_path: Path) -> None:
    found = json.loads(run(site, "callerids", "spring", "--json"))
    rows = loaded(run(site, "callerids", "spring", "--csv", "-"))
    assert [row["caller_id"] for row in rows] == [each["caller_id"] for each in found["caller_ids"]]
    for row, each in zip(rows, found["caller_ids"], strict=True):
        share = each["rates"]["people"]
        assert (int(row["attempts"]), int(row["people_rate_of"])) == (each["attempts"], share["of"])
        assert (float(row["people_rate"]), float(row["people_rate_low"])) == (share["rate"], share["low"])
        assert int(row["results_abandoned"]) == each["results"]["abandoned"]
    table = run(site, "callerids", "spring", "--csv", str(tmp_path / "ids.csv"))
    assert "shown number" in table
    assert loaded((tmp_path / "ids.csv").read_text(encoding="utf-8")) == rows


def test_each_pass_of_each_list_is_a_row_of_csv(site: Site) -> None:
    rows = loaded(run(site, "penetration", "spring", "--csv", "-"))
    assert [(row["list"], row["pass"]) for row in rows] == [(name, str(n)) for name in LISTS[:2] for n in range(1, 6)]
    attempts = json.loads(run(site, "attempts", "spring", "--json"))
    assert sum(int(row["attempts"]) for row in rows) == len(attempts)


def test_a_number_that_is_answered_badly_is_warned_of(site: Site) -> None:
    result = ask(site, "callerids", "spring", "--json")
    assert f"warning: {CALLER_IDS[1]} is answered less than the other numbers" in result.stderr
    assert {each["caller_id"] for each in json.loads(result.stdout)["warnings"]} == {CALLER_IDS[1]}


def test_calls_of_sale_without_a_sale_are_warned_of(site: Site) -> None:
    result = ask(site, "sales", "spring", "--json")
    assert f"warning: {json.loads(result.stdout)['unrecorded']} calls have a status of sale" in result.stderr


def test_agents_by_day_sum_up_to_agents(site: Site) -> None:
    agents = {row["agent"]: row for row in json.loads(run(site, "agents", "spring", "--json"))}
    days = json.loads(run(site, "agents", "spring", "--by", "day", "--json"))
    (whole,) = json.loads(run(site, "agents", "spring", "--by", "campaign", "--json"))
    assert set(agents["anna"]) >= {"agent", "calls", "pause", "wait", "talk", "wrap-up", "dead"}
    for name in ("calls", "talk", "contacts"):
        assert sum(row[name] for row in days) == pytest.approx(whole[name], abs=0.1)
        for agent, row in agents.items():
            assert sum(each[name] for each in days if each["agent"] == agent) == pytest.approx(row[name], abs=0.1)
    assert "all 3" in run(site, "agents", "spring", "--by", "day")


def test_attempts_of_a_list_and_a_time(site: Site) -> None:
    every = json.loads(run(site, "attempts", "spring", "--json"))
    parts = [json.loads(run(site, "attempts", "spring", "--list", name, "--json")) for name in LISTS]
    assert sorted(row["id"] for part in parts for row in part) == [row["id"] for row in every]
    before = json.loads(run(site, "attempts", "spring", "--until", "2026-03-03", "--json"))
    after = json.loads(run(site, "attempts", "spring", "--since", "2026-03-03", "--json"))
    assert [*before, *after] == every and before and after


def test_windows_that_touch_a_time(site: Site) -> None:
    every = json.loads(run(site, "abandonment", "spring", "--json"))
    assert len(every["past_windows"]) == 1
    none = json.loads(run(site, "abandonment", "spring", "--since", "2026-06-01", "--json"))
    assert none["past_windows"] == [] and none["window"] == every["window"]


@pytest.mark.parametrize("name", DRAWN)
def test_pictures(site: Site, name: str, tmp_path: Path) -> None:
    for file in ("a.svg", "b.svg"):
        run(site, name, "spring", "--draw", str(tmp_path / file))
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert ElementTree.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")
    assert "campaign spring" in (tmp_path / "a.svg").read_text(encoding="utf-8")


def test_call_detail_records(site: Site, tmp_path: Path) -> None:
    closed = [row for row in json.loads(run(site, "attempts", "spring", "--json")) if row["status"] is not None]
    text = run(site, "cdr", "spring", "--header", "--timezone", "America/New_York")
    rows = loaded(text)
    assert len(rows) == len(closed)
    assert rows[0]["start"].startswith("2026-02-27 ")
    result = ask(site, "cdr", "spring", str(tmp_path / "Master.csv"), "--timezone", "America/New_York")
    assert f"{len(closed):,} records" in result.stderr and result.stdout == ""
    assert (tmp_path / "Master.csv").read_text(encoding="utf-8") == text.partition("\n")[2]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("hours", "winter"), 1, "no campaign 'winter'"),
        (("hours", "spring", "--list", "august"), 1, "no list 'august'"),
        (("hours", "spring", "--since", "soon"), 1, "--since: 'soon' is no date and time"),
        (("hours", "spring", "--since", "2026-03-05", "--until", "2026-03-05"), 1, "no time lies between"),
        (("hours", "spring", "--draw", "hours.pdf"), 2, "must end with .png or .svg"),
        (("hours", "spring", "--draw", "no/such/place.png"), 1, "cannot be written"),
        (("hours", "spring", "--csv", "no/such/place.csv"), 1, "cannot be written"),
        (("hours", "spring", "--json", "--csv", "-"), 2, "both write to standard output"),
        (("cdr", "spring", "no/such/Master.csv"), 1, "cannot be written"),
        (("cdr", "spring", "--timezone", "Mars/Phobos"), 2, "no IANA time zone"),
    ],
)
def test_what_cannot_be_is_refused_in_words(site: Site, arguments: tuple[str, ...], code: int, says: str) -> None:
    result = ask(site, *arguments)
    assert result.exit_code == code
    assert says in result.output
    assert "Traceback" not in result.output


def test_a_pipe_is_written_and_not_replaced(site: Site, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        run(site, "sales", "spring", "--csv", str(pipe))
        assert os.read(reading, 8) == b"product,"
    finally:
        os.close(reading)
    assert pipe.is_fifo()


def test_a_file_that_could_not_be_finished_leaves_the_old_one(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "Master.csv"
    file.write_text("old\n", encoding="utf-8")

    def fails(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(records, "_record", fails)
    result = ask(site, "cdr", "spring", str(file))
    assert result.exit_code == 1 and "No space left on device" in result.output
    assert file.read_text(encoding="utf-8") == "old\n"
    assert list(tmp_path.iterdir()) == [file]
