"""The sections of dialer.toml that fit a plant."""

import tomllib
from pathlib import Path

from bench.hil.plant.plan import Plan
from bench.hil.plant.sections import sections


def read(plan: Plan, *, sip: bool = False) -> dict[str, list[dict[str, object]]]:
    return tomllib.loads(sections(plan, lines=4, headsets=4, ties=2, sip=sip))


def test_each_device_has_its_section() -> None:
    folder = Path('/tmp/a "folder" für \\ us')
    told = read(Plan(folder, ("quectel", "plain"), board=True, headset=True))
    gsm, board = told["trunk"]
    assert gsm["port"] == [f"{folder}/modem-1", f"{folder}/modem-2"]
    assert gsm["audio"] == [f"serial:{folder}/modem-1-voice", f"serial:{folder}/modem-2-voice"]
    assert (board["port"], board["max_lines"]) == (f"{folder}/board", 4)
    assert board["ties"] == [f"serial:{folder}/tie-1", f"serial:{folder}/tie-2"]
    assert [station["kind"] for station in told["station"]] == ["gateway", "hfp"]
    assert told["station"][1]["audio"] == f"serial:{folder}/headset-voice"


def test_what_is_not_there_has_none() -> None:
    assert [trunk["name"] for trunk in read(Plan(Path("/tmp/x"), ("plain",)))["trunk"]] == ["gsm"]
    assert read(Plan(Path("/tmp/x"), headset=True)).keys() == {"station"}


def test_sip_is_a_comment_unless_wanted() -> None:
    plan = Plan(Path("/tmp/x"), ("plain",))
    told = read(plan, sip=True)
    assert [trunk["name"] for trunk in told["trunk"]] == ["gsm", "carrier"]
    assert [station["name"] for station in told["station"]] == ["desk1", "desk2"]
    assert "python -m dialer.farend carrier" in sections(plan, lines=0, headsets=0, ties=0)
