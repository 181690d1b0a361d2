"""What goes wrong on a mixed site: what cannot be joined is refused with the reason, what breaks is told, its calls are
over, and it is used again when it is back."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from bench.hil.plant.people import Kind
from campaigns.model import CampaignState, Mode
from dialer.sim.checkers import check_store
from tests.e2e.mixed.people import only
from tests.e2e.mixed.site import MixedPlan, MixedWorld, mixed_world, needs_board
from tests.e2e.site import CAMPAIGN, read_lines, run_dialer, some_numbers, until

pytestmark = pytest.mark.sip

SEED = 1
PEOPLE = only(Kind.PERSON, some_numbers(200, 4), SEED)[:80]
BREAKS = (
    ("freeze board", "thaw board"),
    ("switch board off", "switch board on"),
    ("unplug board", "plug board"),
)
TALKATIVE = """
base = "quick"
[agent]
wrap_min_s = 0.2
wrap_max_s = 0.6
hang_up_share = 0
pause_share = 0
"""


def only_modems(**changes: Any) -> MixedPlan:
    """Two modems and two phones."""
    plan: dict[str, Any] = {
        "phones": 2,
        "sip_lines": 0,
        "modems": ("quectel", "huawei"),
        "board_lines": 0,
        "board_desk": False,
        "headset_desk": False,
        "mode": Mode.PROGRESSIVE,
        "bots": TALKATIVE,
        "seed": SEED,
    }
    return MixedPlan(PEOPLE, **{**plan, **changes})


def only_board(**changes: Any) -> MixedPlan:
    """A board of four lines of which eight may be used, with an agent at its headset and one at a phone."""
    plan: dict[str, Any] = {"phones": 1, "modems": (), "board_lines": 8, "board_desk": True}
    return only_modems(**{**plan, **changes})


def test_a_campaign_that_nobody_can_join_does_not_start(tmp_path: Path) -> None:
    world = MixedWorld(tmp_path, only_board(ties=0, board_desk=False))
    world.build()
    with world.store() as store:
        store.set_campaign_state(CAMPAIGN, CampaignState.STOPPED)
    done = run_dialer("campaign", "start", CAMPAIGN, site=world.path)
    assert done.returncode == 1
    assert "trunk board and station desk1 cannot be joined" in done.stderr
    assert "give the board ties" in done.stderr
    with world.store() as store:
        store.set_campaign_state(CAMPAIGN, CampaignState.ACTIVE)
    told = json.loads(run_dialer("doctor", "--json", site=world.path).stdout)["findings"]
    assert any(each["check"] == "campaigns" and "cannot be joined" in each["detail"] for each in told)


def test_an_agent_who_cannot_be_joined_is_not_logged_in(tmp_path: Path) -> None:
    with mixed_world(tmp_path, only_modems(modem_audio=False)) as world:
        world.build()
        world.start_phones()
        world.start_plant()
        world.start_dialer()
        done = run_dialer("agent", "login", "agent1", "--campaign", CAMPAIGN, site=world.path)
        assert done.returncode == 1
        assert "trunk gsm and station desk1 cannot be joined" in done.stderr
        assert "give [[trunk]] gsm an audio device" in done.stderr
        run_dialer("campaign", "stop", CAMPAIGN, site=world.path)
        done = run_dialer("campaign", "start", CAMPAIGN, site=world.path)
        assert done.returncode == 1 and "cannot be joined" in done.stderr


def test_doctor_names_the_port_that_is_missing(tmp_path: Path) -> None:
    world = MixedWorld(tmp_path, MixedPlan(PEOPLE))
    world.build()
    (tmp_path / "modem-1").touch()
    told = json.loads(run_dialer("doctor", "--json", site=world.path).stdout)["findings"]
    errors = {each["detail"] for each in told if each["level"] == "error"}
    for section, port in (
        ("[[trunk]] gsm: port", tmp_path / "modem-2"),
        ("[[trunk]] board: port", tmp_path / "board"),
        ("[[station]] headset-desk: port", tmp_path / "headset"),
    ):
        assert f"{section}: there is no {port}" in errors
    assert f"[[trunk]] gsm: audio: there is no {tmp_path / 'modem-1-voice'}" in errors
    assert f"[[trunk]] board: ties: there is no {tmp_path / 'tie-2'}" in errors
    assert f"[[trunk]] gsm: port: there is no {tmp_path / 'modem-1'}" not in errors


def test_modems_that_are_plugged_in_after_the_start_are_used(tmp_path: Path) -> None:
    with mixed_world(tmp_path, only_modems()) as world:
        world.build()
        world.start_phones()
        world.start_dialer()
        trunk = until("what is missing to be told", lambda: _usable(world, 0), 20.0)
        assert f"there is no {tmp_path / 'modem-1'}" in trunk["because"]
        world.start_plant()
        until("both lines", lambda: _usable(world, 2), 30.0)
        world.start_bots()
        until("a talk on modem 1", lambda: _answered_now(world, 1), 40.0)
        _end_well(world)


def test_a_modem_that_is_unplugged_in_the_middle(tmp_path: Path) -> None:
    with mixed_world(tmp_path, only_modems()) as world:
        world.build()
        world.start_phones()
        world.start_plant()
        world.start_dialer()
        world.start_bots()
        until("a talk on modem 1", lambda: _answered_now(world, 1), 40.0)
        world.do("unplug modem", 1)
        trunk = until("a line less", lambda: _usable(world, 1), 10.0)
        assert "gsm-1" in trunk["because"]
        until("the call without its modem to be over", lambda: _lost(world), 20.0)
        since = time.monotonic()
        until("calls on the other modem", lambda: _ended_since(world, 2, since), 30.0)
        assert _ended_since(world, 1, since) == []
        world.do("plug modem", 1)
        until("both lines", lambda: _usable(world, 2), 30.0)
        since = time.monotonic()
        until("calls on the modem that came back", lambda: _ended_since(world, 1, since), 40.0)
        _end_well(world)
        (lost,) = _lost(world)
        assert lost["outcome"] in ("handled", "lost", "abandoned")


def test_a_headset_that_is_switched_off_in_the_middle(tmp_path: Path) -> None:
    with mixed_world(tmp_path, only_modems(modems=("simcom",), headset_desk=True, phones=1)) as world:
        world.build()
        world.start_phones()
        world.start_plant()
        world.start_dialer()
        world.start_bots()
        until("a talk at the headset", lambda: world.agent("agent2")["state"] == "INCALL", 40.0)
        attempt_id = world.agent("agent2")["attempt_id"]
        world.do("headset off")
        until("its agent to be out", lambda: world.agent("agent2")["state"] == "LOGGED_OUT", 10.0)
        until("the call to be over", lambda: _outcome(world, attempt_id), 20.0)
        world.do("headset on")
        until("a talk at the headset again", lambda: world.agent("agent2")["state"] == "INCALL", 40.0)
        _end_well(world)


@needs_board
def test_a_board_that_goes_in_the_middle(tmp_path: Path) -> None:
    with mixed_world(tmp_path, only_board()) as world:
        world.build()
        world.start_phones()
        world.start_plant()
        world.start_dialer()
        world.start_bots()
        until("the board's own lines to count", lambda: _board_lines(world, 4), 10.0)
        for breaks, mends in BREAKS:
            _goes_and_comes(world, breaks, mends)
        _end_well(world)


def _goes_and_comes(world: MixedWorld, breaks: str, mends: str) -> None:
    """Twice at work, the second time since the board came back."""
    headset = next(name for name, desk in world.stations.items() if desk == "board-desk")
    until("a talk over the board", lambda: world.agent(headset)["state"] == "INCALL", 40.0)
    lost = len(_lost(world))
    world.do(breaks)
    until(f"{breaks}: no lines", lambda: _board_lines(world, 0), 10.0)
    until("the agent at the board's headset to be out", lambda: world.agent(headset)["state"] == "LOGGED_OUT", 10.0)
    assert len(_lost(world)) > lost
    world.do(mends)
    until(f"{mends}: all lines", lambda: _board_lines(world, 4), 20.0)
    until("the agent to be back", lambda: world.agent(headset)["state"] in ("READY", "INCALL", "WRAPUP"), 20.0)
    since = time.monotonic()
    until("calls over the board again", lambda: _answered_since(world, since), 40.0)


def _end_well(world: MixedWorld) -> None:
    world.terminate()
    assert world.wait_dialer(60.0) == 0
    with world.store() as store:
        check_store(store, CAMPAIGN)
    numbers = [line["number"] for line in read_lines(world.plant_log) if line["event"] == "call" and "number" in line]
    assert len(numbers) == len(set(numbers))


def _plant(world: MixedWorld, event: str) -> list[dict[str, Any]]:
    return [line for line in read_lines(world.plant_log) if line["event"] == event]


def _answered_now(world: MixedWorld, line: int) -> bool:
    over = {call["number"] for call in _plant(world, "call")}
    return any(each["line"] == line and each["number"] not in over for each in _plant(world, "answered"))


def _ended_since(world: MixedWorld, line: int, since: float) -> list[dict[str, Any]]:
    return [
        call
        for call in _plant(world, "call")
        if call["line"] == line and call["dialed_mono"] > since and "answered_mono" in call
    ]


def _answered_since(world: MixedWorld, since: float) -> bool:
    return any(call["dialed_mono"] > since and "answered_mono" in call for call in _plant(world, "call"))


def _usable(world: MixedWorld, lines: int) -> dict[str, Any] | None:
    trunk: dict[str, Any] = world.why_lines()["trunks"][0]
    return trunk if trunk["lines_usable"] == lines else None


def _board_lines(world: MixedWorld, lines: int) -> bool:
    return bool(world.trunk("board")["lines_usable"] == lines)


def _outcome(world: MixedWorld, attempt_id: int) -> str | None:
    outcome: str | None = next(a["outcome"] for a in world.attempts() if a["id"] == attempt_id)
    return outcome


def _lost(world: MixedWorld) -> list[dict[str, Any]]:
    return [attempt for attempt in world.attempts() if attempt["cause"] == "line_lost"]
