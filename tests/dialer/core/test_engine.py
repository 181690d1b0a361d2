"""What golden call logs cannot show: what the pacer is told, what status says, and what a slow store must not do."""

from dataclasses import replace
from datetime import timedelta

import pytest

from campaigns.model import CallbackAsked, CampaignSettings, CampaignState, Candidate, Mode, Phone, Purpose
from campaigns.rules import Rulebook, load_builtin
from dialer.core import actions as act
from dialer.core import events as ev
from dialer.core import records as rec
from dialer.core.dialing import TrunkSettings
from dialer.core.engine import Engine, EngineConfig, pacer_for
from dialer.core.snapshot import snapshot
from hw import contract as hw
from tests.scenarios.transcript import CAMPAIGN, START, ScriptedPacer

TRUNK = TrunkSettings("carrier", 10, 10.0)


class Shell:
    """Steps an engine as the runner does."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.records: list[rec.Record] = []
        self.actions: list[act.Action] = []

    def at(self, now: float, *events: object, arrived: float | None = None) -> None:
        """`events` came at `arrived` (default: now) and are worked off at `now`."""
        came = now if arrived is None else arrived
        for event in events:
            self.engine.step(event, came, START + timedelta(seconds=came))
        self.engine.handle_timer(now, START + timedelta(seconds=now))
        ready = self.engine.ready()
        self.records += ready.records
        self.actions += ready.actions


def leads(count: int) -> ev.LeadsLoaded:
    places = {"zones": ("America/New_York",), "regions": ("US-NY",)}
    return ev.LeadsLoaded(
        1, tuple(Candidate(n, (Phone(n, f"+121255501{n:02d}", **places),)) for n in range(1, count + 1))
    )


def staffed(pacer: ScriptedPacer, campaign: CampaignSettings = CAMPAIGN, rulebook: Rulebook | None = None) -> Shell:
    shell = Shell(Engine(EngineConfig((TRUNK,), rulebook=rulebook), pacer_factory=lambda settings: pacer))
    shell.at(0.0, ev.CampaignLoaded(campaign), ev.LogIn("anna", "sip:anna@desk", 1))
    shell.at(0.5, hw.Answered("s1"), ev.MakeReady("anna"), leads(5))
    return shell


def test_an_answer_that_waited_for_a_slow_store_is_abandoned_not_connected_late() -> None:
    pacer = ScriptedPacer(wanted=1)
    shell = staffed(pacer)
    shell.at(9.0, hw.Answered("a1"), arrived=3.0)
    assert not any(isinstance(a, act.Bridge) for a in shell.actions)
    assert any(isinstance(a, act.PlayMessage) for a in shell.actions)
    assert shell.engine.runs[1].tally.abandoned == 1


def test_an_answer_worked_off_in_time_is_connected() -> None:
    shell = staffed(ScriptedPacer(wanted=1))
    shell.at(4.0, hw.Answered("a1"), arrived=3.0)
    assert act.Bridge("a1", "s1") in shell.actions


def test_the_rate_leaves_out_what_agents_found_to_be_machines() -> None:
    pacer = ScriptedPacer(wanted=1)
    shell = staffed(pacer)
    shell.at(3.0, hw.Answered("a1"))
    shell.at(3.1, hw.Joined("a1", "s1"))
    shell.at(9.0, hw.Ended("a1", hw.Cause.NORMAL))
    shell.at(10.0, ev.Dispose("anna", "A"))
    tally = shell.engine.runs[1].tally
    assert (tally.connected, tally.not_live) == (1, 1)
    tally.abandoned = 1
    assert tally.abandoned_rate == 1.0


@pytest.mark.parametrize(("purpose", "kept"), [(Purpose.COLLECTIONS, True), (Purpose.SALES, False)])
def test_that_a_person_asked_for_the_call_counts_in_collections(purpose: Purpose, *, kept: bool) -> None:
    shell = staffed(ScriptedPacer(wanted=1), replace(CAMPAIGN, purpose=purpose))
    shell.at(3.0, hw.Answered("a1"))
    shell.at(3.1, hw.Joined("a1", "s1"))
    shell.at(9.0, hw.Ended("a1", hw.Cause.NORMAL))
    asked = CallbackAsked(START + timedelta(days=1), consented=True)
    shell.at(10.0, ev.Dispose("anna", "CALLBK", asked, request=7))
    made = [record.callback for record in shell.records if isinstance(record, rec.CallbackMade)]
    assert made == ([asked] if kept else [])
    (answer,) = [action for action in shell.actions if isinstance(action, act.Reply) and action.request == 7]
    assert ("counts in collections" in (answer.error or "")) is not kept


@pytest.mark.parametrize(("days", "consented", "refused"), [(1, False, True), (1, True, False), (7, False, False)])
def test_a_callback_within_the_rest_after_a_talk_is_refused_at_once(
    days: int, *, consented: bool, refused: bool
) -> None:
    campaign = replace(CAMPAIGN, purpose=Purpose.COLLECTIONS)
    shell = staffed(ScriptedPacer(wanted=1), campaign, rulebook=Rulebook(load_builtin()))
    shell.at(3.0, hw.Answered("a1"))
    shell.at(3.1, hw.Joined("a1", "s1"))
    shell.at(9.0, hw.Ended("a1", hw.Cause.NORMAL))
    asked = CallbackAsked(START + timedelta(days=days), consented=consented)
    shell.at(10.0, ev.Dispose("anna", "CALLBK", asked, request=7))
    (answer,) = [action for action in shell.actions if isinstance(action, act.Reply) and action.request == 7]
    assert (answer.error is not None) is refused, answer
    if refused:
        assert answer.error is not None
        assert (
            f"from {(START + timedelta(days=7)).date()}" in answer.error
            and "or then, with consented, if" in answer.error
        )


def test_a_pause_stands_against_older_settings() -> None:
    shell = staffed(ScriptedPacer())
    shell.at(1.0, ev.SetCampaignState(1, CampaignState.PAUSED))
    shell.at(1.0, ev.CampaignLoaded(replace(CAMPAIGN, wrapup_s=5.0)))
    assert shell.engine.runs[1].settings.state is CampaignState.PAUSED
    assert shell.engine.runs[1].settings.wrapup_s == 5.0


def test_changed_settings_keep_the_ledger_and_what_earlier_runs_counted() -> None:
    shell = Shell(Engine(EngineConfig((TRUNK,)), pacer_factory=pacer_for))
    shell.at(0.0, ev.CampaignLoaded(CAMPAIGN, live=200, abandoned=5))
    pacer = shell.engine.runs[1].pacer
    shell.at(1.0, ev.CampaignLoaded(replace(CAMPAIGN, max_abandon_rate=0.01), live=999, abandoned=999))
    assert shell.engine.runs[1].pacer is pacer
    assert (pacer.ledger.live, pacer.ledger.abandoned) == (200, 5)  # type: ignore[attr-defined]
    assert pacer.ledger.limit == 0.01  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        ([ev.SetCampaignState(1, CampaignState.PAUSED)], "the campaign is paused"),
        ([ev.Pause("anna", "LUNCH")], "every agent is paused"),
        ([ev.LogOut("anna")], "no agent is logged in"),
        ([ev.DrainRequested()], "the dialer drains"),
        ([ev.CampaignLoaded(replace(CAMPAIGN, trunks=("other",)))], "the site has no trunk named other"),
        ([ev.CampaignLoaded(replace(CAMPAIGN, mode=Mode.MANUAL))], "mode manual is not dialed"),
    ],
)
def test_status_says_why_nothing_is_dialed(prepare: list[object], said: str) -> None:
    pacer = ScriptedPacer()
    shell = staffed(pacer)
    pacer.wanted = 1
    shell.at(2.0, *prepare)
    assert said in snapshot(shell.engine, 2.0)["campaigns"][0]["pacing"]
    assert not any(isinstance(a, act.Originate) for a in shell.actions)


def test_status_says_that_no_lead_may_be_called() -> None:
    pacer = ScriptedPacer()
    shell = Shell(Engine(EngineConfig((TRUNK,)), pacer_factory=lambda settings: pacer))
    shell.at(0.0, ev.CampaignLoaded(CAMPAIGN), ev.LogIn("anna", "sip:anna@desk", 1))
    pacer.wanted = 1
    shell.at(0.5, hw.Answered("s1"), ev.MakeReady("anna"))
    assert "no lead may be called now" in snapshot(shell.engine, 0.5)["campaigns"][0]["pacing"]


def talking() -> Shell:
    shell = staffed(ScriptedPacer(wanted=1))
    shell.at(3.0, hw.Answered("a1"))
    shell.at(3.1, hw.Joined("a1", "s1"))
    return shell


def test_the_end_button_of_a_station_hangs_up_the_customer_and_keeps_the_agent() -> None:
    shell = talking()
    shell.at(5.0, hw.HangUpAsked("s1"))
    assert [a for a in shell.actions if isinstance(a, act.HangUp)] == [act.HangUp("a1")]
    assert shell.engine.agents["anna"].state == "WRAPUP"
    shell.at(6.0, hw.HangUpAsked("s1"), hw.HangUpAsked("a1"), hw.HangUpAsked("gone"))
    assert [a for a in shell.actions if isinstance(a, act.HangUp)] == [act.HangUp("a1")]


def test_what_a_station_tells_of_itself_is_shown() -> None:
    shell = talking()
    shell.at(5.0, hw.MuteChanged("s1", True), hw.BatteryLevel("s1", 40))
    (agent,) = snapshot(shell.engine, 5.0)["agents"]
    assert (agent["muted"], agent["battery_percent"]) == (True, 40)
    assert not any(isinstance(a, act.Warn) for a in shell.actions)
    shell.at(6.0, hw.MuteChanged("s1", False), hw.BatteryLevel("s1", 10), hw.BatteryLevel("s1", 9))
    (agent,) = snapshot(shell.engine, 6.0)["agents"]
    assert (agent["muted"], agent["battery_percent"]) == (False, 9)
    assert [a.text for a in shell.actions if isinstance(a, act.Warn)] == [
        "the headset of anna has 10 % of its battery left"
    ]


def test_a_talk_that_lost_its_agent_for_good_says_whose_station_went() -> None:
    shell = talking()
    shell.at(5.0, hw.Ended("s1", hw.Cause.LINE_LOST, detail="the headset's link was lost"))
    shell.at(6.0, hw.Ended("a1", hw.Cause.NORMAL))
    (closed,) = [record for record in shell.records if isinstance(record, rec.AttemptClosed)]
    assert (closed.outcome, closed.agent) == ("lost", "anna")
    assert closed.detail == "the station of anna was lost: line_lost: the headset's link was lost"
