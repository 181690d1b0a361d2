"""Scenario files: what ships can be read, and what is wrong is told with its place."""

from pathlib import Path

import pytest

from bench.hil.events import EVENTS
from bench.hil.files import BenchError, FileError
from bench.hil.scenario import Ability, abilities_needed, behaviours_needed, find_scenarios, load_scenario
from bench.hil.wiring import SCENARIOS

HEAD = 'title = "A call"\nfor = ["modem"]\n'
DIAL = '[[step]]\ndo = "dial"\ncall = "a"\nto = "answers"\n'
WATCHES = ('expect = "{}"\nwithin_s = 1', 'never = "{}"\nfor_s = 1')


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
        (HEAD + 'proves = "x"\n' + DIAL, "proves: no step can fail; add an expect"),
        (HEAD + 'proves = "x"\n[[step]]\ndo = "reach"\nstate = "ready"\n', "proves: no step can fail"),
        (HEAD + 'proves = "x"\n' + DIAL + '[[step]]\nnever = "Ended"\nfor_s = 0\n', "proves: no step can fail"),
        (HEAD + 'proves = "x"\n' + DIAL + '[[step]]\nnever = "SmsFailed"\nfor_s = 1\n', "proves: no step can fail"),
        (HEAD + 'proves = "x"\n' + DIAL + '[[step]]\nnever = "MessagePlayed"\nfor_s = 1\n', "proves: no step can"),
        (HEAD + DIAL + DIAL, "step 2, call: step 1 has placed a call 'a'"),
        (HEAD + '[[step]]\ndo = "hang_up"\ncall = "zzz"\n', "step 1, call: no step before it places a call 'zzz'"),
        (HEAD + DIAL + '[[step]]\ndo = "join"\ncall = "a"\npeer = "b"\n', "step 2, peer: no step before it places"),
        (HEAD + '[[step]]\ndo = "dial"\ncall = "a"\nto = "0100"\n', "step 1 (dial), to: '0100' is no number"),
        (HEAD + '[[step]]\ndo = "sms"\nto = "+0100"\ntext = "x"\n', "step 1 (sms), to: '+0100' is no number"),
        (HEAD + '[[step]]\ndo = "wait"\ns = [3, 1]\n', "step 1 (wait), s: [3, 1]: the least comes first: [1, 3]"),
        (HEAD + '[[step]]\ndo = "wait"\ns = "soon"\n', "step 1 (wait), s: 'soon' is neither seconds from 0 to 3600"),
        (HEAD + '[[step]]\ndo = "wait"\ns = [1]\n', "step 1 (wait), s: [1] is neither seconds"),
        (
            HEAD + '[[step]]\ncheck = "agre"\n',
            "step 1 (agre), check: there is no condition 'agre'; did you mean",
        ),
        (
            HEAD + '[[step]]\nnever = "far_rings"\nfor_s = 1\nwhere = { line = 1 }\n',
            "step 1 (far_rings), where: only a gateway's exchange tells lines",
        ),
        (HEAD + '[[step]]\ncheck = "agree"\n', "step 1 (agree), check: only a gateway has pins"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_place(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(BenchError) as caught:
        load_scenario(path)
    assert str(path) in str(caught.value)
    assert told in str(caught.value)
    assert "step: step" not in str(caught.value)
    assert "constrained" not in str(caught.value)


@pytest.mark.parametrize("watch", WATCHES, ids=["expect", "never"])
@pytest.mark.parametrize(
    ("event", "rest", "told"),
    [
        ("Endded", "", "{key}: there is no event 'Endded'; did you mean 'Ended'?"),
        ("ended", "", "{key}: there is no event 'ended'; did you mean 'Ended'?"),
        ("Ended", 'where = {{ caus = "normal" }}', "where: Ended has no field 'caus'; did you mean 'cause'?"),
        ("Ended", 'where = {{ cause = "busyy" }}', "where: cause is never 'busyy'; did you mean 'busy'?"),
        ("Ended", 'where = {{ cause = ["busy", "x"] }}', "where: cause is never 'x'; known: "),
        ("Ended", "where = {{ cause = [] }}", "where: cause = []: an empty list is met by nothing"),
        ("Answered", 'where = {{ cause = "busy" }}', "where: Answered has no field 'cause'; it has none"),
        ("MuteChanged", 'where = {{ muted = "yes" }}', "where: muted is true or false, not 'yes'"),
        ("TrunkLines", 'where = {{ lines = "0" }}', "where: lines is a whole number, not '0'"),
        ("DigitReceived", "where = {{ digit = 4 }}", 'where: digit is text: write "4"'),
        ("DigitReceived", 'where = {{ digit = "E" }}', "where: digit is one of 0-9 * # A-D, not 'E'"),
        ("Ended", "where = {{ sip_code = 99999 }}", "where: sip_code is 100 to 699, not 99999"),
        ("hook", "where = {{ on = 1 }}", "where: on is true or false, not 1"),
        ("far_answers", 'call = "a"', "call: far_answers is of no call"),
        ("Ended", 'call = "b"', "step 2, call: no step before it places a call 'b'; known: a"),
        ("Joined", 'call = "a"\nwhere = {{ peer = "b" }}', "step 2, where, peer: no step before it places a call 'b'"),
    ],
)
def test_what_could_never_be_seen_is_refused_for_expect_and_never_alike(
    tmp_path: Path, watch: str, event: str, rest: str, told: str
) -> None:
    path = written(tmp_path, HEAD + DIAL + "[[step]]\n" + watch.format(event) + "\n" + rest.format() + "\n")
    with pytest.raises(FileError) as caught:
        load_scenario(path)
    place = "" if told.startswith("step") else f"step 2 ({event}), "
    assert f"{path}: {place}{told.format(key=watch.split()[0])}" in str(caught.value)


@pytest.mark.parametrize(("event", "ability"), [("hook", Ability.PINS), ("far_answers", Ability.FAR_SIGHT)])
def test_what_must_not_be_seen_needs_eyes_too(tmp_path: Path, event: str, ability: Ability) -> None:
    for watch in WATCHES:
        path = written(tmp_path, HEAD + DIAL + "[[step]]\n" + watch.format(event) + "\n")
        assert abilities_needed(load_scenario(path)) == {ability}


def test_every_event_of_the_contract_is_known() -> None:
    assert {"Answered", "Ended", "HangUpAsked", "MessagePlayed", "TrunkLines", "SmsFailed", "far_rings"} <= set(EVENTS)
    assert set(EVENTS["Joined"].fields) == {"peer"}


def test_a_scenario_in_the_current_folder_is_named_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, HEAD + DIAL)
    monkeypatch.chdir(tmp_path / "calls")
    assert load_scenario(Path("one.toml")).name == "calls/one"


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
