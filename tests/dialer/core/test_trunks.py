"""A campaign over several trunks: each is used up to its lines and no further, also when lines go and come."""

import random
from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.model import CampaignSettings, Candidate, Phone
from dialer.core import actions as act
from dialer.core import events as ev
from dialer.core.dialing import TrunkSettings
from dialer.core.engine import Engine, EngineConfig
from dialer.core.why import why_lines
from hw import contract as hw
from tests.dialer.core.test_engine import Shell
from tests.scenarios.transcript import CAMPAIGN, ScriptedPacer

LINES = {"gsm": 2, "board": 4, "carrier": 10}
GREEDY = 1000


@dataclass(slots=True)
class Site:
    """An engine whose pacer always wants more, and the calls that are up, by id."""

    shell: Shell
    up: dict[str, str] = field(default_factory=dict)
    seen: int = 0
    now: float = 10.0

    def pass_time(self, *events: object) -> None:
        """Let the engine do what it wants to, and note the calls it places."""
        self.now += 1.0
        self.shell.at(self.now, *events)
        for action in self.shell.actions[self.seen :]:
            if isinstance(action, act.Originate):
                self.up[action.call_id] = action.trunk
        self.seen = len(self.shell.actions)

    def end(self, call_id: str) -> None:
        """A call is over."""
        del self.up[call_id]
        self.pass_time(hw.Ended(call_id, hw.Cause.BUSY, 486, 17))

    def used(self) -> dict[str, int]:
        """Lines in use by trunk."""
        return dict(Counter(self.up.values()))


def leads(count: int) -> ev.LeadsLoaded:
    phones = (f"+1{212 + n // 100}5550{100 + n % 100}" for n in range(count))
    return ev.LeadsLoaded(
        1, tuple(Candidate(n, (Phone(n, e164, ("America/New_York",)),)) for n, e164 in enumerate(phones, start=1))
    )


def site(campaign: CampaignSettings = CAMPAIGN) -> Site:
    pacer = ScriptedPacer()
    trunks = tuple(TrunkSettings(name, lines, starts_per_s=100.0) for name, lines in LINES.items())
    shell = Shell(Engine(EngineConfig(trunks), pacer_factory=lambda settings: pacer))
    shell.at(0.0, ev.CampaignLoaded(campaign), ev.LogIn("anna", "sip:anna@desk", 1))
    shell.at(0.5, hw.Answered("s1"), ev.MakeReady("anna"), leads(900))
    pacer.wanted = GREEDY
    return Site(shell)


def test_every_trunk_is_used_up_to_its_lines() -> None:
    made = site()
    made.pass_time()
    assert made.used() == LINES
    for _ in range(5):
        made.end(next(iter(made.up)))
        assert made.used() == LINES


def test_lines_that_are_gone_are_not_dialed_and_come_back() -> None:
    made = site()
    made.pass_time(hw.TrunkLines("carrier", 3, "half of its cards are gone"))
    assert made.used() == {**LINES, "carrier": 3}
    made.pass_time(hw.TrunkLines("board", 0, "unplugged"))
    for call_id in [call_id for call_id, trunk in made.up.items() if trunk == "board"]:
        made.end(call_id)
    assert made.used() == {"gsm": 2, "carrier": 3}
    made.pass_time(hw.TrunkLines("board", 4, ""), hw.TrunkLines("carrier", 10, ""))
    assert made.used() == LINES


def test_lines_in_use_beyond_those_left_run_out_by_themselves() -> None:
    made = site()
    made.pass_time()
    made.pass_time(hw.TrunkLines("carrier", 1, "a card is gone"))
    assert made.used() == LINES
    for left in (9, 8, 7, 6, 5, 4, 3, 2, 1, 1):
        made.end(next(call_id for call_id, trunk in made.up.items() if trunk == "carrier"))
        assert made.used()["carrier"] == left


def test_more_lines_than_configured_are_not_used() -> None:
    made = site()
    made.pass_time(hw.TrunkLines("gsm", 9, ""))
    assert made.used() == LINES
    assert not [action for action in made.shell.actions if isinstance(action, act.Warn)]


def test_a_trunk_that_has_fewer_lines_than_configured_says_so() -> None:
    made = site()
    made.pass_time(hw.TrunkLines("carrier", 4, ""))
    assert made.used() == {**LINES, "carrier": 4}
    (warning,) = (action for action in made.shell.actions if isinstance(action, act.Warn))
    assert warning.text == "trunk carrier has 4 of its 10 lines: there are no more"
    made.pass_time(hw.TrunkLines("carrier", 10, "tie 2: unplugged"))
    assert act.Warn("trunk carrier has all its lines, but: tie 2: unplugged") in made.shell.actions
    made.pass_time(hw.TrunkLines("carrier", 10, ""))
    (note,) = (action for action in made.shell.actions if isinstance(action, act.Note))
    assert note.text == "trunk carrier has all of its 10 lines"


def test_why_tells_of_each_trunk_and_of_what_is_missing() -> None:
    made = site()
    made.pass_time(hw.TrunkLines("board", 1, "no line voltage on line 2, line 3, line 4"))
    engine = made.shell.engine
    told = {each["name"]: each for each in why_lines(engine.runs[1], 20.0, engine.trunks.values())["trunks"]}
    assert {name: (each["lines_in_use"], each["lines_usable"], each["max_lines"]) for name, each in told.items()} == {
        "gsm": (2, 2, 2),
        "board": (1, 1, 4),
        "carrier": (10, 10, 10),
    }
    assert told["board"]["because"] == "no line voltage on line 2, line 3, line 4"


@pytest.mark.parametrize("wanted", LINES)
def test_a_campaign_keeps_to_its_trunks(wanted: str) -> None:
    made = site(replace(CAMPAIGN, trunks=(wanted,)))
    made.pass_time()
    assert made.used() == {wanted: LINES[wanted]}
    engine = made.shell.engine
    assert [each["name"] for each in why_lines(engine.runs[1], 20.0, engine.trunks.values())["trunks"]] == [wanted]


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_trunk_ever_starts_a_call_beyond_its_lines(seed: int) -> None:
    chance, made = random.Random(seed), site()
    usable = dict(LINES)
    made.pass_time()
    for _ in range(40):
        left = made.used()
        if made.up and chance.random() < 0.7:
            call_id = chance.choice(list(made.up))
            left[made.up[call_id]] -= 1
            made.end(call_id)
        else:
            trunk = chance.choice(list(LINES))
            usable[trunk] = chance.randint(0, LINES[trunk])
            made.pass_time(hw.TrunkLines(trunk, usable[trunk], "chance"))
        used = made.used()
        assert {trunk: used.get(trunk, 0) for trunk in LINES} == {
            trunk: max(lines, left.get(trunk, 0)) for trunk, lines in usable.items()
        }
