import tomllib
from collections import Counter

import pytest

from dialer.farend.bots import BUILT_IN_AGENTS, AgentAction, AgentProfile, Bot, parse_agents
from dialer.farend.fields import ProfileError


def _profile(text: str = "") -> AgentProfile:
    return parse_agents(tomllib.loads(text), source="a.toml")


def _wait(bot: Bot, state: str, attempt_id: object, start_s: float) -> tuple[float, AgentAction] | None:
    for tenth in range(3000):
        now = start_s + tenth / 10
        action = bot.decide(state, attempt_id, now)
        if action is not None:
            return now, action
    return None


def test_an_agent_logs_in_gets_ready_and_disposes() -> None:
    bot = Bot("alice", _profile("[agent]\nhang_up_share = 0\npause_share = 0\n[statuses]\nSALE = 1"), 1, "spring")
    assert bot.decide("LOGGED_OUT", None, 0.0) == AgentAction("login", {"campaign": "spring"})
    assert bot.decide("RING", None, 0.1) is None
    ready = _wait(bot, "PAUSED", None, 1.0)
    assert ready is not None and ready[1] == AgentAction("ready", {})
    assert _wait(bot, "READY", None, 10.0) is None
    assert _wait(bot, "INCALL", 7, 400.0) is None
    disposed = _wait(bot, "WRAPUP", 7, 800.0)
    assert disposed is not None and disposed[1] == AgentAction("dispose", {"status": "SALE"})
    assert 802.0 <= disposed[0] <= 808.1


def test_what_is_not_obeyed_is_asked_again_later() -> None:
    bot = Bot("alice", _profile(), 1)
    assert bot.decide("LOGGED_OUT", None, 0.0) is not None
    assert bot.decide("LOGGED_OUT", None, 1.0) is None
    assert bot.decide("LOGGED_OUT", None, 2.0) is not None


def test_a_pause_follows_the_call_and_ends() -> None:
    bot = Bot("bob", _profile('[agent]\npause_share = 1\npause_code = "LUNCH"\npause_min_s = 5'), 1)
    assert _wait(bot, "WRAPUP", 1, 0.0) is not None
    assert bot.decide("READY", None, 50.0) == AgentAction("pause", {"code": "LUNCH"})
    back = _wait(bot, "PAUSED", None, 51.0)
    assert back is not None and back[1].verb == "ready" and back[0] >= 56.0
    assert _wait(bot, "READY", None, 100.0) is None


def test_an_agent_may_hang_up_first() -> None:
    bot = Bot("bob", _profile("[agent]\nhang_up_share = 1\ntalk_min_s = 3\ntalk_max_s = 4"), 1)
    left = _wait(bot, "INCALL", 1, 10.0)
    assert left is not None and left[1].verb == "hangup" and 13.0 <= left[0] <= 14.1


def test_an_agent_may_leave_wrap_up_to_its_timer() -> None:
    assert _wait(Bot("bob", _profile("[agent]\nno_dispose_share = 1"), 1), "WRAPUP", 1, 0.0) is None


def test_statuses_follow_their_weights_and_the_seed() -> None:
    def statuses(seed: int) -> list[str]:
        bot = Bot("bob", BUILT_IN_AGENTS["quick"], seed)
        found = [_wait(bot, "WRAPUP", attempt, attempt * 1000.0) for attempt in range(400)]
        return [each[1].body["status"] for each in found if each is not None]

    assert statuses(1) == statuses(1) != statuses(2)
    counts = Counter(statuses(1))
    assert counts["NI"] / 400 == pytest.approx(0.6, abs=0.08)
    assert counts["SALE"] / 400 == pytest.approx(0.1, abs=0.06)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[agent]\nwarp_min_s = 1", r"a\.toml: \[agent\]: unknown key 'warp_min_s'"),
        ("[agent]\nwrap_min_s = 99", r"wrap_min_s \(99.0\) is above wrap_max_s"),
        ("[agent]\npause_share = 3", "pause_share: a share is at most 1"),
        ('[statuses]\nSALE = "x"', r"\[statuses\]: SALE: a weight is a number from 0"),
        ("[statuses]\nSALE = 0", "at least one weight"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        _profile(text)
