"""Callbacks: appointed calls are made at their time, those of one agent when that agent is free for them."""

from collections.abc import Set
from dataclasses import replace

from campaigns import eligibility
from campaigns.model import Allowed, Blocked, CallbackAsked, CampaignState, Candidate, Purpose
from campaigns.statuses import Status
from dialer.core import actions as act
from dialer.core import events as ev
from dialer.core.attempts import Agent, Attempt
from dialer.core.calling import DIALED_MODES, Calling
from dialer.core.dialing import CampaignRun
from dialer.core.routing import longest_ready, pick_trunk
from dialer.core.states import AgentState as G

CALLBACKS_LOADED_EVERY_S = 10.0


class Callbacks(Calling):
    """Loads callbacks that are due, and dials an agent's own ones while that agent is kept free for them."""

    def _load_callbacks(self, run: CampaignRun) -> None:
        key = ("callbacks", run.settings.campaign_id)
        if run.callbacks_pending or self._timers.armed(key) or not self._may_dial(run):
            return
        run.callbacks_pending = True
        self._actions.append(act.LoadCallbacks(run.settings.campaign_id, tuple(sorted(run.agents)), run.held_leads()))

    def _may_dial(self, run: CampaignRun) -> bool:
        active = run.settings.state is CampaignState.ACTIVE and run.settings.mode in DIALED_MODES
        return active and not self.draining and bool(run.agents)

    def _on_callbacks_loaded(self, event: ev.CallbacksLoaded) -> None:
        run = self.runs[event.campaign_id]
        run.callbacks_pending = False
        self._timers.set(("callbacks", event.campaign_id), self._now + CALLBACKS_LOADED_EVERY_S)
        held, reminded = run.held_leads(), {lead.lead_id for leads in run.owned.values() for lead in leads}
        run.owned.clear()
        offered = [lead for lead in event.leads if lead.lead_id not in held]
        for candidate in offered:
            if candidate.owner in run.agents:
                run.owned.setdefault(candidate.owner, []).append(candidate)
                if candidate.lead_id not in reminded:
                    self._remind(run.agents[candidate.owner], candidate)
        run.hopper.extendleft(reversed([lead for lead in offered if lead.owner not in run.agents]))

    def _remind(self, agent: Agent, candidate: Candidate) -> None:
        if agent.state is not G.READY:
            self._warn(
                f"callback: {agent.name} promised lead {candidate.lead_id} ({candidate.phone.e164}) a call about now, "
                f"and is {agent.state}"
            )

    def _dial_owned(self, run: CampaignRun) -> None:
        """Each ready agent's first own callback; the agent takes no other call meanwhile."""
        if not run.owned or not self._may_dial(run):
            return
        for name in [name for name in run.owned if name not in run.agents]:
            del run.owned[name]
        for agent in [agent for agent in run.ready.values() if agent.name in run.owned]:
            candidate = self._next_owned(run, agent.name)
            trunk, _ = pick_trunk(self.trunks.values(), run.settings.trunks, self._now)
            if candidate is None or trunk is None:
                continue
            run.owned[agent.name].remove(candidate)
            self._keep_free(run, agent, self._reserve(run, candidate, trunk))

    def _next_owned(self, run: CampaignRun, name: str) -> Candidate | None:
        """The first that may be called; those that may not are dropped here and come again from the store."""
        waiting = run.owned[name]
        while waiting:
            verdict = eligibility.check(waiting[0], run.settings, self._wall, self._config.rulebook)
            if not isinstance(verdict, Blocked):
                return waiting[0]
            waiting.pop(0)
        del run.owned[name]
        return None

    def _keep_free(self, run: CampaignRun, agent: Agent, attempt: Attempt) -> None:
        attempt.owner, agent.kept_for = agent, attempt
        run.ready.pop(agent.name, None)
        run.pacer.agent(self._now, agent.name, "paused")

    def _join_waiting(self, run: CampaignRun) -> None:
        """People who wait get an agent: the owner of their callback, else who has been ready longest.

        An agent who is kept free for a call that nobody has answered yet takes a person who would wait in vain.
        """
        for attempt in [attempt for attempt in run.waiting.values() if attempt.owner is not None]:
            assert attempt.owner is not None
            self._connect(run, attempt, attempt.owner)
        for attempt in list(run.waiting.values()):
            agent = self._free_agent(run, attempt.apart)
            if agent is not None:
                self._connect(run, attempt, agent)
            elif not attempt.apart:
                return

    def _free_agent(self, run: CampaignRun, apart: Set[str]) -> Agent | None:
        ready = longest_ready(run.ready, apart)
        kept = (a for a in run.agents.values() if a.kept_for is not None and a.state is G.READY and a.name not in apart)
        return ready or next(kept, None)

    def _callback_refused(self, agent: Agent, status: Status, callback: CallbackAsked) -> str | None:
        """Why a person may not be called back then, with what to do instead; None when they may."""
        attempt = agent.attempt
        assert attempt is not None
        if not status.scheduled_callback:
            return f"status {status.code} takes no time: only one for callbacks does, such as CALLBK"
        if callback.consented and attempt.campaign.purpose is not Purpose.COLLECTIONS:
            return "that the person asked for the call counts in collections; elsewhere leave it out (consented)"
        refusal = eligibility.out_of_reach(callback.at, self._wall)
        if refusal is not None:
            return refusal
        verdict = self._callback_verdict(attempt, callback)
        if not isinstance(verdict, Blocked):
            return None
        instead = "" if verdict.until is None else f"; from {verdict.until.isoformat(timespec='minutes')} on they may"
        asked_for = self._callback_verdict(attempt, replace(callback, consented=True))
        if attempt.campaign.purpose is Purpose.COLLECTIONS and not isinstance(asked_for, Blocked):
            instead += "; or then, with consented, if the person asked for this call"
        return f"the person may not be called then: {verdict.detail}{instead}"

    def _callback_verdict(self, attempt: Attempt, callback: CallbackAsked) -> Allowed | Blocked:
        rulebook = self._config.rulebook
        return eligibility.check_callback(attempt.candidate, attempt.campaign, callback, self._wall, rulebook)
