"""A campaign as a user runs it: what the far ends saw and what the store says agree call by call."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from campaigns.model import Mode
from dialer.farend.profile import Kind, parse, plan
from dialer.sim.checkers import check_store
from tests.e2e.site import (
    CALLER_ID,
    CAMPAIGN,
    MESSAGE_TONE_HZ,
    Plan,
    World,
    alive,
    by_call,
    campaign,
    read_lines,
    some_numbers,
    until,
)

pytestmark = pytest.mark.sip

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
wrap_min_s = 2
wrap_max_s = 3
talk_min_s = 1
talk_max_s = 3
"""
PLAN = Plan(
    some_numbers(400),
    agents=5,
    max_lines=20,
    mode=Mode.POWER,
    settings={"lines_per_agent": 3},
    carrier=CARRIER,
    bots=BOTS,
)
DIAL_S = 30.0

# What the carrier did, and the outcome, status, SIP code and Q.850 cause that must be in the store for it.
REFUSED: dict[Kind, tuple[str, str, int, set[int | None]]] = {
    Kind.BUSY: ("busy", "AB", 486, {17}),
    Kind.REJECTED: ("rejected", "AB", 603, {21}),
    Kind.INVALID: ("invalid_number", "ADC", 404, {1}),
    Kind.CONGESTION: ("congestion", "ADCT", 503, {34, 42}),
    Kind.UNWANTED: ("unwanted", "DNCC", 607, {None}),
    Kind.BLOCKED: ("blocked", "ADCT", 608, {None}),
    Kind.NO_ANSWER: ("no_answer", "NA", 487, {None}),
}


@dataclass(frozen=True, slots=True)
class Story:
    """A finished campaign: the carrier's calls by Call-ID, the phones' lines, the store's attempts."""

    calls: dict[str, dict[str, Row]]
    phones: list[Row]
    attempts: list[Row]
    lines_at_signal: Counter[str]
    terminated_at: float
    exit_code: int

    def answered(self) -> list[tuple[Row, dict[str, Row]]]:
        """Attempts that the carrier answered, with its account of them."""
        return [(a, self.calls[a["ref"]]) for a in self.attempts if "answered" in self.calls[a["ref"]]]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with campaign(tmp_path_factory.mktemp("campaign"), PLAN) as world:
        time.sleep(DIAL_S)
        until("enough calls", lambda: _enough(world), 4 * DIAL_S)
        lines = until("a talk to drain", lambda: _talking(world))
        terminated_at = world.terminate()
        exit_code = world.wait_dialer(60.0)
        with world.store() as store:
            check_store(store, CAMPAIGN)
        calls = until("the carrier's last lines", lambda: _all_ended(world.carrier_log))
        yield Story(calls, read_lines(world.phones_log), world.attempts(), lines, terminated_at, exit_code)


def _lines(world: World) -> Counter[str]:
    return Counter(world.state()["campaigns"][0]["lines"])


def _enough(world: World) -> bool:
    """On a machine that is busy with other things a campaign gets less far in the same time."""
    facts = world.state()["campaigns"][0]
    return bool(facts["attempts"] > 45 and facts["connected"] > 20)


def _talking(world: World) -> Counter[str] | None:
    lines = _lines(world)
    return lines if lines["TALKING"] else None


def _all_ended(log: Path) -> dict[str, dict[str, Row]] | None:
    calls = by_call(read_lines(log))
    return calls if all("ended" in call for call in calls.values()) else None


def test_every_call_is_an_attempt_and_every_attempt_a_call(story: Story) -> None:
    assert len(story.attempts) > 30
    assert Counter(a["ref"] for a in story.attempts) == Counter(list(story.calls))
    for attempt in story.attempts:
        invite = story.calls[attempt["ref"]]["invite"]
        assert (invite["number"], invite["caller_id"]) == (attempt["phone"], CALLER_ID)


def test_nobody_is_called_twice(story: Story) -> None:
    assert max(Counter(call["invite"]["number"] for call in story.calls.values()).values()) == 1


def test_what_was_refused_is_stored_as_it_was_refused(story: Story) -> None:
    refused = [a for a in story.attempts if "answered" not in story.calls[a["ref"]]]
    assert len({story.calls[a["ref"]]["invite"]["kind"] for a in refused}) >= 4
    for attempt in refused:
        call = story.calls[attempt["ref"]]
        outcome, status, sip_code, causes = REFUSED[Kind(call["invite"]["kind"])]
        assert (attempt["outcome"], attempt["status"], attempt["sip_code"]) == (outcome, status, sip_code), call
        assert attempt["q850"] in causes
        assert call["ended"]["sip_code"] == sip_code
        assert attempt["answered_at"] is None


def test_no_one_rings_shorter_than_the_campaign_says(story: Story) -> None:
    rung = [call for call in story.calls.values() if "cancel" in call]
    assert rung
    for call in rung:
        assert call["cancel"]["mono"] - call["ringing" if "ringing" in call else "early_media"]["mono"] > 14.9


def test_what_was_answered_is_stored_as_answered(story: Story) -> None:
    answered = story.answered()
    assert len(answered) > 10
    for attempt, call in answered:
        assert attempt["answered_at"] is not None
        assert attempt["outcome"] in ("handled", "abandoned"), attempt
        assert (attempt["sip_code"], call["ended"]["sip_code"]) in ((200, 200), (None, 200)), attempt


def test_both_ends_say_the_same_of_who_hung_up(story: Story) -> None:
    differ = []
    for attempt, call in story.answered():
        ours = attempt["detail"] in ("agent hung up", "hung up here")
        if call["bye"]["by"] != ("caller" if ours else "callee"):
            differ.append((attempt, call))
    assert len(differ) <= 1, differ  # A BYE may cross another, but seldom does.


def test_abandoned_calls_are_those_whose_customer_heard_no_agent(story: Story) -> None:
    unheard = {
        call["invite"]["call_id"] for _, call in story.answered() if not 1290 < call["ended"].get("tone_hz", 0) < 1400
    }
    abandoned = {a["ref"] for a in story.attempts if a["outcome"] == "abandoned"}
    assert abandoned == unheard
    for ref in abandoned:
        ended = story.calls[ref]["ended"]
        if ended["by"] == "caller":
            assert ended["tone_hz"] == pytest.approx(MESSAGE_TONE_HZ, abs=10), ended


def test_customers_hear_their_agent(story: Story) -> None:
    connected = [(a, c) for a, c in story.answered() if a["connected_at"] is not None]
    assert len(connected) > 10
    for attempt, call in connected:
        assert call["ended"]["tone_hz"] == pytest.approx(_tone_of(attempt["agent"]), abs=10), (attempt, call)
        assert call["ended"]["tone_share"] > 0.8


def test_agents_hear_their_customer_across_cards_too(story: Story) -> None:
    stretches = [line for line in story.phones if line["event"] == "quiet"]
    legs = {line["phone"]: line["source"] for line in story.phones if line["event"] == "invite"}
    profile = parse({"base": "quick", "person": {"sound": "tone"}}, source="test")
    apart, together = 0, 0
    for attempt, call in story.answered():
        person = call["invite"]["kind"] == Kind.PERSON
        if attempt["connected_at"] is None or not person or call["ended"]["mono"] > story.terminated_at:
            continue
        heard = [
            line
            for line in stretches
            if line["phone"] == attempt["agent"] and abs(line["last_heard_mono"] - call["ended"]["mono"]) < 0.7
        ]
        wanted = plan(profile, PLAN.seed, attempt["phone"], call["invite"]["nth"]).tone_hz
        assert [line["tone_hz"] for line in heard] == [pytest.approx(wanted, abs=10)], (attempt, heard)
        same = legs[attempt["agent"]] == call["invite"]["source"]
        apart, together = apart + (not same), together + same
    assert apart > 3
    print(f"talks across cards: {apart}, inside one card: {together}")


def test_the_first_sigterm_drains(story: Story) -> None:
    assert story.exit_code == 0
    late = [c for c in story.calls.values() if c["invite"]["mono"] > story.terminated_at + 0.5]
    assert late == []
    cut = [
        call
        for call in story.calls.values()
        if "answered" in call and call["ended"]["mono"] > story.terminated_at and call["ended"]["up_s"] < 0.5
    ]
    assert cut == []
    ended_after = [c for _, c in story.answered() if c["ended"]["mono"] > story.terminated_at]
    assert len(ended_after) >= story.lines_at_signal["TALKING"]


def test_the_second_sigterm_stops_at_once(tmp_path: Path) -> None:
    with campaign(tmp_path, replace(PLAN, mode=Mode.PREDICTIVE)) as world:
        until("people talking", lambda: _lines(world)["TALKING"] >= 2)
        family = world.family()
        world.terminate()
        time.sleep(0.3)
        again_at = world.terminate()
        assert world.wait_dialer(8.0) == 0, world.complaints()
        took_s = time.monotonic() - again_at
        print(f"stopped {took_s:.2f} s after the second SIGTERM")
        until("no process left", lambda: not any(alive(p) for p in family), 3.0)
        calls = until("every call ended", lambda: _all_ended(world.carrier_log), 5.0)
        assert all(call["ended"]["by"] != "nobody" for call in calls.values())
        world.stop_bots()
        world.start_dialer()
        with world.store() as store:
            check_store(store, CAMPAIGN)
        world.terminate()
        assert world.wait_dialer(10.0) == 0


def _tone_of(agent: str) -> int:
    return 1280 + 20 * int(agent.removeprefix("agent"))
