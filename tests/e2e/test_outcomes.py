"""One call for each thing that can become of a call: what is stored of it, and what the carrier saw."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from campaigns.model import Mode
from dialer.sim.checkers import check_store
from tests.e2e.sipp_carrier import SippCarrier, assert_agree, needs_sipp
from tests.e2e.site import CAMPAIGN, MESSAGE_TONE_HZ, Plan, World, by_call, read_lines, run_dialer, until, world

pytestmark = pytest.mark.sip
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """A number, its keys in the carrier's profile, and what must be stored."""

    number: str
    keys: str
    outcome: str
    status: str
    sip_code: int | None
    q850: int | None


_TALKS = 'kind = "person"\nsound = "tone"\ntone_hz = 700\npatience_s = 60'
CASES = {
    "busy": Case("+12125550101", 'kind = "busy"', "busy", "AB", 486, 17),
    "no answer": Case("+12125550102", 'kind = "no_answer"', "no_answer", "NA", 487, None),
    "no answer, said by the network": Case(
        "+12125550103", 'kind = "person"\nring_s = 2\ncode = 480\ncause = 19', "no_answer", "NA", 480, 19
    ),
    "rejected": Case("+12125550104", 'kind = "rejected"', "rejected", "AB", 603, 21),
    "invalid number": Case("+12125550105", 'kind = "invalid"', "invalid_number", "ADC", 404, 1),
    "congestion": Case("+12125550106", 'kind = "congestion"\ncause = 34', "congestion", "ADCT", 503, 34),
    "plain 503": Case("+12125550107", 'kind = "person"\nring_s = 0\ncode = 503', "congestion", "ADCT", 503, None),
    "no reply": Case("+12125550108", 'kind = "no_reply"', "timeout", "ADCT", 408, None),
    "unwanted": Case("+12125550109", 'kind = "unwanted"', "unwanted", "DNCC", 607, None),
    "agent hangs up": Case(
        "+12125550110", f"{_TALKS}\nring_s = 4\ntalk_s = 60\nearly_media = false", "handled", "SALE", None, None
    ),
    "early media, then answer": Case(
        "+12125550111", f"{_TALKS}\nring_s = 4\ntalk_s = 14\nearly_media = true", "handled", "NI", 200, 16
    ),
    "answer without an agent": Case(
        "+12125550112", f"{_TALKS}\nring_s = 11\ntalk_s = 60\nearly_media = false", "abandoned", "DROP", 200, None
    ),
    "glare": Case("+12125550113", 'kind = "glare"\nearly_media = false', "abandoned", "DROP", 200, None),
}
CARRIER = 'base = "quick"\n[network]\nearly_media_share = 0\nring_limit_s = 60\n' + "".join(
    f'[[number]]\nmatch = "{case.number}"\n{case.keys}\n' for case in CASES.values()
)
PLAN = Plan(
    tuple(case.number for case in CASES.values()),
    agents=2,
    max_lines=len(CASES),
    mode=Mode.POWER,
    settings={"lines_per_agent": 10, "wrapup_s": 120},
    carrier=CARRIER,
)


@dataclass(frozen=True, slots=True)
class Told:
    """All cases, played: attempts by number, the carrier's calls by number, and how the dialer ended."""

    attempts: dict[str, Row]
    calls: dict[str, dict[str, Row]]
    exit_code: int


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    with world(tmp_path_factory.mktemp("outcomes"), PLAN) as made:
        made.build()
        made.start_carrier()
        made.start_phones()
        made.start_dialer()
        _both_ready(made)
        dropped = CASES["answer without an agent"].number
        until("the call without an agent to be over", lambda: _closed(made, dropped), 40.0)
        seller = _agent_of(made, CASES["agent hangs up"].number)
        _say(made, "hangup", seller)
        _say(made, "dispose", seller, "--status", "SALE")
        other = _agent_of(made, CASES["early media, then answer"].number)
        until("the customer to hang up", lambda: _state_of(made, other) == "WRAPUP")
        _say(made, "dispose", other, "--status", "NI")
        until("every call to be over", lambda: made.state()["campaigns"][0]["lines"] == {}, 60.0)
        made.terminate()
        exit_code = made.wait_dialer(15.0)
        with made.store() as store:
            check_store(store, CAMPAIGN)
        calls = {call["invite"]["number"]: call for call in by_call(read_lines(made.carrier_log)).values()}
        return Told({a["phone"]: a for a in made.attempts()}, calls, exit_code)


def _both_ready(made: World) -> None:
    for name in made.names:
        _say(made, "login", name, "--campaign", CAMPAIGN)
    for name in made.names:
        _say(made, "ready", name)


def _say(made: World, verb: str, *arguments: str) -> None:
    done = run_dialer("agent", verb, *arguments, site=made.path)
    assert done.returncode == 0, done.stderr


def _state_of(made: World, agent: str) -> str:
    state: str = next(a["state"] for a in made.state()["agents"] if a["name"] == agent)
    return state


def _agent_of(made: World, number: str) -> str:
    name: str = next(a["name"] for a in made.state()["agents"] if a["phone"] == number)
    return name


def _closed(made: World, number: str) -> bool:
    with made.store() as store:
        return any(a["phone"] == number and a["outcome"] for a in store.report_attempts(CAMPAIGN))


@pytest.mark.parametrize("name", CASES)
def test_it_is_stored_as_it_was(name: str, told: Told) -> None:
    case = CASES[name]
    attempt = told.attempts[case.number]
    stored = (attempt["outcome"], attempt["status"], attempt["sip_code"], attempt["q850"])
    assert stored == (case.outcome, case.status, case.sip_code, case.q850), attempt
    assert attempt["ended_at"] is not None
    assert attempt["ref"] == told.calls[case.number]["invite"]["call_id"]


def test_each_was_called_once(told: Told) -> None:
    assert len(told.attempts) == len(told.calls) == len(CASES)
    assert told.exit_code == 0


def test_no_answer_rang_at_least_fifteen_seconds(told: Told) -> None:
    call = told.calls[CASES["no answer"].number]
    assert call["cancel"]["mono"] - call["ringing"]["mono"] >= 14.9
    assert told.attempts[CASES["no answer"].number]["ringing_at"] is not None


def test_the_abandoned_hear_the_message_after_two_seconds_and_are_hung_up(told: Told) -> None:
    ended = told.calls[CASES["answer without an agent"].number]["ended"]
    assert ended["by"] == "caller"
    assert ended["tone_hz"] == pytest.approx(MESSAGE_TONE_HZ, abs=10)
    assert ended["sound_s"] == pytest.approx(2.0, abs=0.5)
    assert 1.8 < ended["heard_after_s"] < 4.0


def test_glare_is_hung_up_at_once(told: Told) -> None:
    call = told.calls[CASES["glare"].number]
    assert call["answered"]["mono"] >= call["cancel"]["mono"]
    assert call["bye"]["by"] == "caller"
    assert call["ended"]["up_s"] < 2.0


def test_who_was_connected(told: Told) -> None:
    connected = {number for number, a in told.attempts.items() if a["connected_at"]}
    assert connected == {CASES["agent hangs up"].number, CASES["early media, then answer"].number}
    assert told.calls[CASES["agent hangs up"].number]["bye"]["by"] == "caller"
    assert told.calls[CASES["early media, then answer"].number]["bye"]["by"] == "callee"
    assert "early_media" in told.calls[CASES["early media, then answer"].number]


@needs_sipp
def test_sipp_as_carrier_agrees(tmp_path: Path) -> None:
    endings = ("00", "10", "01", "02", "52", "03", "53", "04")
    numbers = tuple(f"+121255501{ending}" for ending in endings)
    settings: dict[str, object] = {"lines_per_agent": 10, "wrapup_s": 1}
    plan = Plan(numbers, agents=2, max_lines=10, mode=Mode.POWER, settings=settings)
    with world(tmp_path, plan) as made, SippCarrier(tmp_path, talk_s=7.0) as sipp:
        made.build(sipp.port)
        made.start_phones()
        made.start_dialer()
        _both_ready(made)
        until("every call to be over", _all_placed(made, len(numbers)), 60.0)
        made.terminate()
        assert made.wait_dialer(15.0) == 0
        counts = assert_agree(sipp.finish(), made.attempts())
        assert sipp.surprises() == []
    wanted = {"busy", "congested", "unknown", "declined", "cancelled", "callee_hung_up", "caller_hung_up"}
    assert set(counts) == wanted


def _all_placed(made: World, count: int) -> Callable[[], bool]:
    def check() -> bool:
        facts = made.state()["campaigns"][0]
        return (facts["attempts"], facts["lines"]) == (count, {})

    return check
