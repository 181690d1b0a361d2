"""A site with SIP, modems and a gateway board, and agents at phones, a board's headset and a serial one: what the far
sides of all kinds saw and what the store says agree call by call, and everybody hears whom they should."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bench.hil.plant.people import Kind
from dialer.farend.profile import Kind as SipKind
from dialer.sim.checkers import check_store
from tests.e2e.mixed.books import Books, Call, read_books
from tests.e2e.mixed.hearing import Talk, agent_heard, alone, person_heard, talks
from tests.e2e.mixed.people import kind_of
from tests.e2e.mixed.site import MixedPlan, mixed_world, needs_board
from tests.e2e.site import CALLER_ID, CAMPAIGN, by_call, read_lines, some_numbers, until
from tests.e2e.test_campaign import REFUSED

pytestmark = [pytest.mark.sip, needs_board]

Row = dict[str, Any]
CARRIER = """
base = "quick"
[person]
sound = "tone"
talk_median_s = 2.5
talk_max_s = 6
patience_min_s = 8
patience_max_s = 8
"""
BOTS = """
base = "quick"
[agent]
wrap_min_s = 0.2
wrap_max_s = 0.6
talk_min_s = 1
talk_max_s = 3
pause_share = 0
"""
PLAN = MixedPlan(
    some_numbers(100),
    phones=4,
    settings={"lines_per_agent": 3, "max_abandon_rate": 0.1},
    carrier=CARRIER,
    bots=BOTS,
)
DIAL_S = 60.0
# In so long a talk the tone that tells an agent of a caller is the lesser part of what the phone hears.
LONG_TALK_S = 2.5
# Two hang-ups so close together cross on the way.
CROSS_S = 0.7

# What a modem or a line met, and the outcome and status that must be in the store for it.
UNANSWERED = {
    Kind.BUSY: ("busy", "AB"),
    Kind.REJECTED: ("rejected", "AB"),
    Kind.INVALID: ("invalid_number", "ADC"),
    Kind.NO_ANSWER: ("no_answer", "NA"),
}
BY_US = {"agent hung up", "hung up here"}


@dataclass(frozen=True, slots=True)
class Story:
    """A finished campaign: the far sides' books, the store's attempts, each with its call."""

    plan: MixedPlan
    books: Books
    attempts: list[Row]
    stations: dict[str, str]
    exit_code: int

    def pairs(self, trunk: str) -> list[tuple[Row, Call]]:
        """Attempts of a trunk with their calls."""
        calls = self.books.by_number()
        return [(a, calls[a["phone"]]) for a in self.attempts if a["trunk"] == trunk]

    def all_pairs(self) -> list[tuple[Row, Call]]:
        """All attempts with their calls."""
        return [pair for trunk in ("carrier", "gsm", "board") for pair in self.pairs(trunk)]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return run_story(tmp_path_factory.mktemp("mixed"), PLAN, DIAL_S)


def run_story(folder: Path, plan: MixedPlan, dial_s: float) -> Story:
    """Dial all numbers, or as many as there is time for, then let talks finish."""
    with mixed_world(folder, plan) as world:
        world.build()
        world.start_all()
        world.dial(dial_s)
        world.terminate()
        exit_code = world.wait_dialer(60.0)
        with world.store() as store:
            check_store(store, CAMPAIGN)
        until("the carrier's last lines", lambda: _all_ended(world.carrier_log))
        attempts = world.attempts()
        world.stop_plant()
        books = read_books(world.carrier_log, world.phones_log, world.plant_log)
        return Story(plan, books, attempts, world.stations, exit_code)


def _all_ended(log: Path) -> bool:
    return all("ended" in call for call in by_call(read_lines(log)).values())


def test_every_call_is_an_attempt_and_every_attempt_a_call(story: Story) -> None:
    assert story.exit_code == 0
    by_trunk = Counter(a["trunk"] for a in story.attempts)
    assert min(by_trunk[trunk] for trunk in ("carrier", "gsm", "board")) >= 5, by_trunk
    assert sum(by_trunk.values()) >= 0.4 * len(story.plan.numbers)
    placed = Counter((call.trunk, call.number) for call in story.books.calls)
    assert placed == Counter((a["trunk"], a["phone"]) for a in story.attempts)
    print(dict(by_trunk), Counter(a["outcome"] for a in story.attempts))


def test_nobody_is_called_twice(story: Story) -> None:
    assert set(story.books.numbers().values()) == {1}


def test_sip_calls_are_told_apart_by_their_call_id(story: Story) -> None:
    for attempt, call in story.pairs("carrier"):
        assert (attempt["ref"], CALLER_ID) == (call.ref, call.caller_id)


def test_what_was_not_answered_is_stored_as_it_was(story: Story) -> None:
    for attempt, call in story.all_pairs():
        if call.answered:
            continue
        wanted = _wanted(attempt, call, story.plan.seed)
        assert (attempt["outcome"], attempt["status"]) == wanted, (attempt, call)
        assert (attempt["answered_at"], attempt["connected_at"]) == (None, None)


def _wanted(attempt: Row, call: Call, seed: int) -> tuple[str, str]:
    if call.trunk == "carrier":
        return REFUSED[SipKind(call.kind)][:2]
    kind = kind_of(attempt["phone"], seed)
    if call.trunk == "board" and kind in (Kind.REJECTED, Kind.INVALID):
        kind = Kind.BUSY
    return UNANSWERED[kind]


def test_everybody_who_answered_was_connected_or_counts_as_abandoned(story: Story) -> None:
    answered = [(a, c) for a, c in story.all_pairs() if c.answered]
    assert len(answered) >= 0.2 * len(story.plan.numbers)
    for attempt, call in answered:
        assert attempt["answered_at"] is not None, (attempt, call)
        connected = attempt["connected_at"] is not None
        assert attempt["outcome"] == ("handled" if connected else "abandoned"), (attempt, call)
    assert not [a for a, c in story.all_pairs() if a["answered_at"] is not None and not c.answered]


def test_both_ends_say_the_same_of_who_hung_up(story: Story) -> None:
    connected = [(a, c) for a, c in story.all_pairs() if a["connected_at"] is not None]
    differ = [(a, c) for a, c in connected if (c.by == "caller") != (a["detail"] in BY_US)]
    crossed = [(a, c) for a, c in differ if abs(story.books.mono(a["ended_at"]) - c.ended_mono) < CROSS_S]
    assert differ == crossed
    assert len(crossed) <= 1 + len(connected) / 20


def test_agents_and_customers_hear_each_other(story: Story) -> None:
    connected = talks(story.books, story.attempts, story.stations)
    heard = [talk for talk in connected if talk.until - talk.since > LONG_TALK_S]
    assert len({talk.pair for talk in heard}) >= 5
    assert [talk for talk in heard if not person_heard(story.books, talk)] == []
    judged = [talk for talk in heard if _says_one_pitch(talk) and (talk.station != "phone" or alone(talk, connected))]
    assert len(judged) >= len(heard) / 5
    deaf = [talk for talk in judged if not agent_heard(story.books, talk, talk.person_hz("quick", story.plan.seed))]
    assert deaf == []
    print(Counter(talk.pair for talk in judged))


def _says_one_pitch(talk: Talk) -> bool:
    """Whether there is a person at the other end; machines beep after they spoke."""
    return talk.call.trunk != "carrier" or talk.call.kind == SipKind.PERSON


@pytest.mark.soak
def test_several_hundred_calls(tmp_path: Path) -> None:
    plan = replace(PLAN, numbers=some_numbers(400, 2), phones=6, sip_lines=12, seed=2)
    story = run_story(tmp_path, plan, 420.0)
    for check in (
        test_every_call_is_an_attempt_and_every_attempt_a_call,
        test_nobody_is_called_twice,
        test_what_was_not_answered_is_stored_as_it_was,
        test_everybody_who_answered_was_connected_or_counts_as_abandoned,
        test_both_ends_say_the_same_of_who_hung_up,
        test_agents_and_customers_hear_each_other,
    ):
        check(story)
