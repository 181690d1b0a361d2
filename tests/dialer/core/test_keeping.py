"""What is kept of the pacing: windows turn over, decisions are sampled, what was learned is written and taken up."""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from campaigns.model import AbandonWindow, CallingWindow, CampaignState
from dialer.core import actions as act
from dialer.core import events as ev
from dialer.core import records as rec
from dialer.core.engine import Engine, EngineConfig, pacer_config
from dialer.core.why import why_lines
from hw import contract as hw
from tests.dialer.core.test_engine import TRUNK, Shell, leads
from tests.scenarios.transcript import CAMPAIGN, START, ScriptedPacer

DAILY = replace(
    CAMPAIGN,
    abandon_window=AbandonWindow.DAY,
    timezone="America/New_York",
    window=CallingWindow(time(0), time.max),
)
# START is noon in New York.
MIDNIGHT_S = 12 * 3600.0


@dataclass
class NotingPacer(ScriptedPacer):
    """Notes its windows, and what it was restored from."""

    refuses: str = ""
    windows: list[tuple[float, float]] = field(default_factory=list)
    restored: list[tuple[Any, float]] = field(default_factory=list)

    def open_window(self, live: float, abandoned: float) -> None:
        self.windows.append((live, abandoned))

    def state(self) -> dict[str, Any]:
        return {"version": 7}

    def restore(self, state: Any, age_s: float) -> None:
        if self.refuses:
            raise ValueError(self.refuses)
        self.restored.append((state, age_s))


def loaded(pacer: ScriptedPacer, event: ev.CampaignLoaded, now: float = 0.0) -> Shell:
    shell = Shell(Engine(EngineConfig((TRUNK,)), pacer_factory=lambda settings: pacer))
    shell.at(now, event, ev.LogIn("anna", "sip:anna@desk", 1))
    shell.at(now + 0.5, hw.Answered("s1"), ev.MakeReady("anna"), leads(9))
    return shell


def dial(shell: Shell, pacer: ScriptedPacer, now: float, count: int = 1) -> None:
    pacer.wanted = count
    shell.at(now)


def kept(shell: Shell, kind: type) -> list[Any]:
    return [record for record in shell.records if isinstance(record, kind)]


# Windows.


def test_at_midnight_the_counts_start_from_the_calls_still_open() -> None:
    pacer = NotingPacer()
    shell = loaded(pacer, ev.CampaignLoaded(DAILY, live=40, abandoned=1), now=MIDNIGHT_S - 100)
    dial(shell, pacer, MIDNIGHT_S - 60, count=3)
    shell.at(MIDNIGHT_S - 50, hw.Answered("a1"))
    shell.at(MIDNIGHT_S - 49, hw.Joined("a1", "s1"), hw.Answered("a2"))
    shell.at(MIDNIGHT_S - 47, hw.Answered("a3"))
    shell.at(MIDNIGHT_S - 46.5, hw.Ended("a2", hw.Cause.NORMAL))
    assert pacer.windows == [(40, 1)]
    shell.at(MIDNIGHT_S - 0.001)
    assert pacer.windows == [(40, 1)]
    shell.at(MIDNIGHT_S)
    assert pacer.windows == [(40, 1), (2, 1)], "a1 talks, a3 hears the message; a2 was closed before"
    shell.at(MIDNIGHT_S + 3600)
    assert len(pacer.windows) == 2
    window = why_lines(shell.engine.runs[1], 9.0)["window"]
    assert (window["kind"], window["start"], window["end"]) == (
        "24h",
        "2026-03-03T05:00:00+00:00",
        "2026-03-04T05:00:00+00:00",
    )


def test_an_event_after_the_turn_counts_in_the_new_window() -> None:
    pacer = NotingPacer()
    told: list[str] = []
    pacer.not_live = lambda at, call_id: told.append(f"{call_id} not live, {len(pacer.windows)} windows")  # type: ignore[method-assign]
    shell = loaded(pacer, ev.CampaignLoaded(DAILY), now=MIDNIGHT_S - 100)
    dial(shell, pacer, MIDNIGHT_S - 60)
    shell.at(MIDNIGHT_S - 50, hw.Answered("a1"))
    shell.at(MIDNIGHT_S - 49, hw.Joined("a1", "s1"))
    shell.at(MIDNIGHT_S - 1, hw.Ended("a1", hw.Cause.NORMAL))
    shell.at(MIDNIGHT_S + 5, ev.Dispose("anna", "A"), arrived=MIDNIGHT_S + 0.5)
    assert told == ["a1 not live, 2 windows"]
    assert pacer.windows[1] == (1, 0)


def test_thirty_days_begin_with_the_first_call() -> None:
    pacer = NotingPacer()
    shell = loaded(pacer, ev.CampaignLoaded(CAMPAIGN), now=-3 * 86_400.0)
    dial(shell, pacer, 0.0)
    run = shell.engine.runs[1]
    assert run.first_call_at == START
    assert run.period.start is not None and run.period.start.date() == START.date()
    assert pacer.windows == [(0, 0)]
    shell.at(30 * 86_400.0)
    assert len(pacer.windows) == 2


def test_the_first_call_of_an_earlier_run_sets_the_windows() -> None:
    pacer = NotingPacer()
    event = ev.CampaignLoaded(CAMPAIGN, 7, 1, counted_at=START, first_call_at=START - timedelta(days=29))
    shell = loaded(pacer, event)
    assert pacer.windows == [(7, 1)]
    shell.at(86_400.0)
    assert pacer.windows == [(7, 1), (0, 0)]


def test_what_was_counted_before_a_turn_does_not_count_after_it() -> None:
    pacer = NotingPacer()
    event = ev.CampaignLoaded(DAILY, 7, 1, counted_at=START + timedelta(seconds=MIDNIGHT_S - 0.1))
    loaded(pacer, event, now=MIDNIGHT_S + 0.1)
    assert pacer.windows == [(7, 1), (0, 0)]


def test_another_window_is_counted_anew_and_other_settings_change_no_counts() -> None:
    pacer = NotingPacer()
    shell = loaded(pacer, ev.CampaignLoaded(DAILY, 7, 1))
    shell.at(1.0, ev.CampaignLoaded(replace(DAILY, wrapup_s=9.0), 99, 9))
    assert pacer.windows == [(7, 1)]
    dial(shell, pacer, 2.0)
    shell.at(3.0, hw.Answered("a1"))
    shell.at(3.1, hw.Joined("a1", "s1"))
    shell.at(4.0, ev.CampaignLoaded(replace(DAILY, abandon_window=AbandonWindow.CAMPAIGN), 500, 12))
    assert pacer.windows == [(7, 1), (501, 12)]
    assert shell.engine.runs[1].period.end is None


def test_the_share_of_misjudged_machines_reaches_the_pacer() -> None:
    assert pacer_config(replace(CAMPAIGN, amd_false_positive_rate=0.25)).amd_false_positive_rate == 0.25


# Samples.


def test_a_sample_goes_with_what_is_written_anyway_twice_a_minute_at_most() -> None:
    pacer = NotingPacer()
    shell = loaded(pacer, ev.CampaignLoaded(CAMPAIGN))
    shell.records.clear()
    shell.at(29.0)
    shell.at(31.0)
    assert not shell.records, "nothing was written, so nothing is sampled"
    for now in range(32, 92):
        shell.at(float(now), ev.Pause("anna", "BREAK"), ev.MakeReady("anna"))
    samples = kept(shell, rec.PacingSampled)
    assert [(s.at - START).total_seconds() for s in samples] == [32.0, 62.0]
    assert samples[0].sample.because == "the scenario says so"


def test_in_a_lull_a_sample_is_taken_every_five_minutes() -> None:
    pacer = NotingPacer()
    shell = loaded(pacer, ev.CampaignLoaded(CAMPAIGN))
    shell.at(10.0, ev.Pause("anna", "LUNCH"))
    shell.records.clear()
    while (due := shell.engine.deadline) is not None and due < 1000.0:
        shell.at(due)
    samples = kept(shell, rec.PacingSampled)
    assert [round((s.at - START).total_seconds()) for s in samples] == [300, 600, 900]
    assert {s.sample.because for s in samples} == {"no new lines: every agent is paused"}
    assert (samples[0].sample.agents, samples[0].sample.lines) == (1, 0)


@pytest.mark.parametrize("state", [CampaignState.PAUSED, CampaignState.STOPPED])
def test_nothing_is_sampled_of_a_campaign_that_does_not_run(state: CampaignState) -> None:
    shell = loaded(NotingPacer(), ev.CampaignLoaded(replace(CAMPAIGN, state=state)))
    shell.at(1000.0, ev.Pause("anna", "LUNCH"))
    assert not kept(shell, rec.PacingSampled)


def test_the_brake_is_sampled_at_once_and_once() -> None:
    pacer = NotingPacer()
    shell = loaded(pacer, ev.CampaignLoaded(CAMPAIGN))
    shell.records.clear()
    pacer.budget_left = -0.5
    for second in range(1, 9):
        dial(shell, pacer, float(second), count=0)
    assert [s.sample.budget_left for s in kept(shell, rec.PacingSampled)] == [-0.5]
    pacer.budget_left = 0.5
    shell.at(9.0)
    pacer.budget_left, pacer.over_limit = 0.0, True
    shell.at(10.0)
    assert len(kept(shell, rec.PacingSampled)) == 2


# What was learned.


def test_what_was_learned_is_written_every_minute_with_other_records_and_at_the_end() -> None:
    pacer = NotingPacer()
    shell = loaded(pacer, ev.CampaignLoaded(CAMPAIGN))
    dial(shell, pacer, 1.0)
    shell.at(61.5)
    assert not kept(shell, rec.PacerLearned)
    shell.at(62.0, ev.Pause("anna", "BREAK"))
    (learned,) = kept(shell, rec.PacerLearned)
    assert (learned.campaign_id, json.loads(learned.state)) == (1, {"version": 7})
    shell.at(63.0, ev.MakeReady("anna"))
    assert len(kept(shell, rec.PacerLearned)) == 1
    shell.at(64.0, ev.StopRequested())
    assert len(kept(shell, rec.PacerLearned)) == 2


def test_a_campaign_that_called_nobody_leaves_what_was_learned_before() -> None:
    shell = loaded(NotingPacer(), ev.CampaignLoaded(CAMPAIGN))
    shell.at(5.0, ev.StopRequested())
    assert not kept(shell, rec.PacerLearned)


def test_a_new_pacer_takes_up_what_was_learned_with_its_age() -> None:
    pacer = NotingPacer()
    learned = (START - timedelta(hours=2), '{"version": 7}')
    loaded(pacer, ev.CampaignLoaded(CAMPAIGN, learned=learned))
    assert pacer.restored == [({"version": 7}, 7200.0)]


def test_a_clock_that_was_put_back_makes_no_age_below_zero() -> None:
    pacer = NotingPacer()
    loaded(pacer, ev.CampaignLoaded(CAMPAIGN, learned=(START + timedelta(hours=1), "{}")))
    assert pacer.restored == [({}, 0.0)]


@pytest.mark.parametrize(("text", "said"), [("{", "Expecting"), ("[]", "no pacer state"), ("", "Expecting value")])
def test_a_state_that_is_no_use_is_warned_of(text: str, said: str) -> None:
    pacer = NotingPacer(refuses="this is no pacer state")
    shell = loaded(pacer, ev.CampaignLoaded(CAMPAIGN, learned=(START, text)))
    (warning,) = [action.text for action in shell.actions if isinstance(action, act.Warn)]
    assert warning.startswith("campaign spring: what its pacing had learned until 2026-03-02 17:00 UTC")
    assert said in warning and warning.endswith("it learns anew")


# Why.


def test_why_tells_the_latest_decision_and_what_stands_against_dialing() -> None:
    pacer = NotingPacer()
    pacer.predicted_answers, pacer.threshold = 1.5, 0.04
    shell = loaded(pacer, ev.CampaignLoaded(CAMPAIGN))
    dial(shell, pacer, 1.0, count=2)
    told = why_lines(shell.engine.runs[1], 9.0)
    assert (told["campaign"], told["lines"], told["predicted_answers"], told["threshold"]) == ("spring", 2, 1.5, 0.04)
    assert (told["at"], told["agents"], told["obstacles"]) == ("2026-03-02T17:00:01.000+00:00", 1, [])
    shell.at(2.0, ev.Pause("anna", "LUNCH"))
    pacer.wanted, pacer.abandoned_rate = 5, 0.02
    told = why_lines(shell.engine.runs[1], 9.0)
    assert (told["lines"], told["abandoned_rate"], told["obstacles"]) == (0, 0.02, ["every agent is paused"])
    assert told["because"] == "no new lines: every agent is paused"


def test_why_tells_of_lines_that_were_wanted_and_could_not_be_dialed() -> None:
    pacer = NotingPacer()
    shell = Shell(Engine(EngineConfig((TRUNK,)), pacer_factory=lambda settings: pacer))
    shell.at(0.0, ev.CampaignLoaded(CAMPAIGN), ev.LogIn("anna", "sip:anna@desk", 1))
    shell.at(0.5, hw.Answered("s1"), ev.MakeReady("anna"))
    shell.at(1.0, ev.LeadsLoaded(1, (), next_at=datetime.fromisoformat("2026-03-03T14:00+00:00")))
    dial(shell, pacer, 1.5)
    (obstacle,) = why_lines(shell.engine.runs[1], 9.0)["obstacles"]
    assert obstacle.startswith("no lead may be called now, the next one from 2026-03-03 14:00 UTC on")
    shell.at(2.0, ev.LeadsLoaded(1, ()))
    dial(shell, pacer, 2.5)
    (obstacle,) = why_lines(shell.engine.runs[1], 9.0)["obstacles"]
    assert obstacle.startswith("no lead may be called now: none is left")
