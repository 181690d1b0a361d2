import tomllib
from collections import Counter
from pathlib import Path

import pytest

from dialer.farend.fields import ProfileError
from dialer.farend.profile import BUILT_IN, Kind, Profile, SoundKind, load, parse, plan

NUMBERS = [f"+1212555{n:04d}" for n in range(100, 200)]


def _parse(text: str) -> Profile:
    return parse(tomllib.loads(text), source="x.toml")


def test_a_plan_depends_on_seed_number_and_turn_alone() -> None:
    profile = BUILT_IN["demo"]
    first = [plan(profile, 7, number, 0) for number in NUMBERS]
    assert [plan(profile, 7, number, 0) for number in reversed(NUMBERS)] == first[::-1]
    assert [plan(profile, 8, number, 0) for number in NUMBERS] != first
    assert [plan(profile, 7, number, 1) for number in NUMBERS] != first


@pytest.mark.parametrize("name", ["demo", "quick"])
def test_shares_are_kept(name: str) -> None:
    profile = BUILT_IN[name]
    counts = Counter(plan(profile, 1, number, nth).kind for number in NUMBERS for nth in range(50))
    for kind in Kind:
        assert counts[kind] / 5000 == pytest.approx(getattr(profile.shares, kind.value), abs=0.03)


def test_all_answer_answers_all() -> None:
    assert {plan(BUILT_IN["all-answer"], 1, number, 0).kind for number in NUMBERS} == {Kind.PERSON}


def test_time_scale_scales_every_delay_and_nothing_else() -> None:
    slow = plan(_parse(""), 3, NUMBERS[0], 0)
    fast = plan(_parse("time_scale = 0.1"), 3, NUMBERS[0], 0)
    assert (fast.kind, fast.tone_hz, fast.early_media) == (slow.kind, slow.tone_hz, slow.early_media)
    for name in ("setup_s", "ring_s", "talk_s", "patience_s", "greeting_s"):
        assert getattr(fast, name) == pytest.approx(getattr(slow, name) / 10)


def test_a_shares_table_stands_alone() -> None:
    assert _parse("[shares]\nbusy = 2").shares == _parse("[shares]\nperson = 0\nbusy = 2").shares


def test_an_override_sets_only_its_keys() -> None:
    profile = _parse(
        '[[number]]\nmatch = "*0142"\nkind = "busy"\ncode = 600\n[[number]]\nmatch = "*014?"\ntone_hz = 555'
    )
    busy = plan(profile, 1, "+12125550142", 0)
    assert (busy.kind, busy.code, busy.cause) == (Kind.BUSY, 600, 17)
    other, plain = plan(profile, 1, "+12125550143", 0), plan(BUILT_IN["demo"], 1, "+12125550143", 0)
    assert other.tone_hz == 555
    assert other.kind is plain.kind


def test_a_file_starts_from_its_base(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('base = "quick"\n[person]\nsound = "tone"\n')
    profile = load(str(path))
    assert profile.name == "mine"
    assert profile.machine == BUILT_IN["quick"].machine
    assert profile.person.sound is SoundKind.TONE


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[person]\nrnig_median_s = 1", r"x\.toml: \[person\]: unknown key 'rnig_median_s'; known keys: ring_median_s"),
        ("colour = 1", r"top level: unknown key 'colour'"),
        ("[shares]\nperson = -1", r"\[shares\]: person: must be finite and not negative"),
        ("[shares]\nperson = 0", r"\[shares\]: at least one share"),
        ("[person]\ntone_hz = 1.5", r"\[person\]: tone_hz: must be int"),
        ("[person]\ntone_hz = 5", r"\[person\]: tone_hz: a tone of 5 Hz does not pass"),
        ('[person]\nsound = "song"', r"\[person\]: sound: 'song' is none of speech, tone, silence"),
        ("[network]\nsetup_min_s = 3\nsetup_max_s = 2", r"\[network\]: setup_min_s \(3.0\) is above setup_max_s"),
        ("[network]\nearly_media_share = 2", r"early_media_share: a share is at most 1"),
        ("[number]\nmatch = 1", r"write \[\[number\]\]"),
        ('[[number]]\nkind = "busy"', r"\[\[number\]\] 1: match is missing"),
        ('[[number]]\nmatch = "*"\ncode = 200', r"\[\[number\]\] 1: code: 200 is no SIP refusal"),
        ('base = "nix"', r"base: no profile 'nix'; built in are demo, quick, all-answer"),
        ("machine = 3", r"\[machine\]: must be a table"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        _parse(text)


def test_a_missing_file_names_the_built_in_profiles(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="no such file and no such profile; built in are demo"):
        load(str(tmp_path / "none.toml"))


def test_broken_toml_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("a = 1\nb = \n")
    with pytest.raises(ProfileError, match=r"broken\.toml: .*line 2"):
        load(str(path))
