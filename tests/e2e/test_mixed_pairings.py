"""Every kind of line with every kind of station: the person and the agent hear each other."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from bench.hil.plant.people import Kind
from campaigns.model import Mode
from tests.e2e.mixed.books import Books, read_books
from tests.e2e.mixed.hearing import Talk, agent_heard, person_heard, talks
from tests.e2e.mixed.people import only
from tests.e2e.mixed.site import MixedPlan, MixedWorld, mixed_world, needs_board
from tests.e2e.site import by_call, read_lines, some_numbers, until

pytestmark = [pytest.mark.sip, needs_board]

SEED = 1
TRUNKS = ("carrier", "gsm", "board")
STATIONS = ("phone", "board", "headset")
TALK_S = 1.6
CARRIER = """
base = "quick"
[shares]
person = 1
[network]
early_media_share = 0
[person]
sound = "tone"
talk_median_s = 30
talk_max_s = 60
patience_min_s = 20
patience_max_s = 20
"""
PLAN = MixedPlan(
    only(Kind.PERSON, some_numbers(150, 3), SEED)[:60],
    phones=1,
    modems=("quectel",),
    board_lines=2,
    mode=Mode.PROGRESSIVE,
    campaigns={f"via-{trunk}": (trunk,) for trunk in TRUNKS},
    carrier=CARRIER,
    seed=SEED,
)


@dataclass(frozen=True, slots=True)
class Heard:
    """All talks, and the books that tell what was heard on them."""

    books: Books
    talks: list[Talk]


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heard]:
    with mixed_world(tmp_path_factory.mktemp("pairings"), PLAN) as world:
        world.build()
        world.start_carrier()
        world.start_phones()
        world.start_plant()
        world.start_dialer()
        for shift in range(len(TRUNKS)):
            _round(world, TRUNKS[shift:] + TRUNKS[:shift])
        world.terminate()
        assert world.wait_dialer(40.0) == 0
        until("the carrier's last lines", lambda: _all_ended(world))
        attempts = [row for name in PLAN.campaigns for row in world.attempts(name)]
        world.stop_plant()
        books = read_books(world.carrier_log, world.phones_log, world.plant_log)
        yield Heard(books, talks(books, attempts, world.stations))


def _round(world: MixedWorld, trunks: tuple[str, ...]) -> None:
    """Each agent takes calls of one trunk until one was long enough to hear something."""
    for name, trunk in zip(world.names, trunks, strict=True):
        world.ask(name, "login", campaign=f"via-{trunk}")
        world.ask(name, "ready")
    at_work, long_enough = set(world.names), set[str]()

    def all_done() -> bool:
        at_work.difference_update([name for name in at_work if _took_a_call(world, name, long_enough)])
        return not at_work

    until(f"a call of {', '.join(trunks)}", all_done, 60.0)
    time.sleep(2.0)  # A phone says what it heard after 1.5 seconds of quiet.


def _took_a_call(world: MixedWorld, name: str, long_enough: set[str]) -> bool:
    """The person may hang up first, at any moment; a talk that was too short then is followed by another."""
    agent = world.agent(name)
    if agent["state"] == "INCALL" and agent["since_s"] > TALK_S + 1.0:
        long_enough.add(name)
        world.ask(name, "hangup", refused_when="WRAPUP")
    elif agent["state"] == "WRAPUP":
        if name in long_enough:
            world.ask(name, "logout")
        world.ask(name, "dispose", status="NI")
    return agent["state"] == "WRAPUP" and name in long_enough


def _all_ended(world: MixedWorld) -> bool:
    return all("ended" in call for call in by_call(read_lines(world.carrier_log)).values())


@pytest.mark.parametrize(("trunk", "station"), list(itertools.product(TRUNKS, STATIONS)))
def test_person_and_agent_hear_each_other(trunk: str, station: str, heard: Heard) -> None:
    found = [talk for talk in heard.talks if talk.pair == (trunk, station) and talk.until - talk.since >= TALK_S]
    assert found
    for talk in found:
        waited = heard.books.mono(talk.attempt["connected_at"]) - heard.books.mono(talk.attempt["answered_at"])
        print(f"{trunk} with {station}: {1000 * waited:.0f} ms from the stored answer to the join")
        assert person_heard(heard.books, talk), talk
        assert agent_heard(heard.books, talk, talk.person_hz("quick", SEED)), talk


def test_a_board_joins_soon_after_the_far_side_picked_up(heard: Heard) -> None:
    waits = []
    for talk in heard.talks:
        if talk.call.trunk == "board":
            assert talk.call.answered_mono is not None
            joined_at = heard.books.joined_at(f"line {talk.call.line - 1}", talk.call.answered_mono)
            assert joined_at is not None
            waits.append(joined_at - talk.call.answered_mono)
    assert waits and max(waits) < 2.0
    print("from battery reversal to the crosspoint, on the pins:", *(f"{1000 * wait:.0f} ms" for wait in waits))
