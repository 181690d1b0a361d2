"""Scenario files: what ships can be read, and what is wrong is told with its place."""

from pathlib import Path

import pytest

from bench.hil.files import BenchError
from bench.hil.scenario import Ability, abilities_needed, behaviours_needed, find_scenarios, load_scenario
from bench.hil.wiring import SCENARIOS

HEAD = 'title = "A call"\nfor = ["modem"]\n'


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "calls" / "one.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*/*.toml")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_ships_is_read_and_says_what_it_proves(path: Path) -> None:
    scenario = load_scenario(path)
    assert scenario.proves
    assert scenario.name == f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD, "step: is missing"),
        (HEAD + '[[step]]\ndo = "jump"\n', "step 1 (jump): 'jump' is unknown; known: dial, station"),
        (HEAD + '[[step]]\ncall = "a"\n', "step 1: needs one of the keys do, expect, never, check"),
        (HEAD + '[[step]]\ndo = "dial"\ncall = "a"\n', "step 1 (dial), to: is missing"),
        (
            HEAD + '[[step]]\ndo = "dial"\ncall = "a"\nto = "busy"\nfrom = "b"\n',
            "step 1 (dial), from: there is no such",
        ),
        (HEAD + '[[step]]\nexpect = "Ended"\nwithin_s = "soon"\n', "step 1 (Ended), within_s: "),
        (HEAD + '[[step]]\nexpect = "Ended"\nwithin_s = 1\nsince = "cut"\n', "step 1 measures since 'cut'"),
        (HEAD + '[[step]]\ndo = "wire"\nto_host = { loss = 2.0 }\n', "loss = 2.0: a share lies between 0 and 1"),
        ('for = ["modem"]\n[[step]]\ndo = "wait"\ns = 1\n', "title: is missing"),
        ('title = "x"\nfor = ["fax"]\n[[step]]\ndo = "wait"\ns = 1\n', "for 1: "),
        ("title = \n", "Invalid value"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_place(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(BenchError) as caught:
        load_scenario(path)
    assert str(path) in str(caught.value)
    assert told in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="No such file"):
        load_scenario(tmp_path / "none.toml")


def test_what_a_scenario_needs_follows_from_its_steps(tmp_path: Path) -> None:
    steps = (
        '[[step]]\ndo = "power"\nact = "freeze"\n',
        '[[step]]\ndo = "far"\nact = "hang_up"\n',
        '[[step]]\nexpect = "hook"\nwithin_s = 1\n',
        '[[step]]\ndo = "dial"\ncall = "a"\nto = "busy"\n',
        '[[step]]\ndo = "dial"\ncall = "b"\nto = "+12125550100"\n',
    )
    scenario = load_scenario(written(tmp_path, HEAD + "".join(steps)))
    assert abilities_needed(scenario) == {Ability.FREEZE, Ability.FAR_HANG_UP, Ability.PINS}
    assert behaviours_needed(scenario) == {"busy"}


def test_a_pattern_that_finds_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="no scenario matches"):
        find_scenarios(("*.toml",), tmp_path)


def test_patterns_that_overlap_find_a_file_once() -> None:
    assert len(find_scenarios(("calls/*.toml", "calls/busy.toml"), SCENARIOS)) == len(
        find_scenarios(("calls/*.toml",), SCENARIOS)
    )
