"""The way of an attempt: from a lead in the hopper over the wire to an agent, and to its outcome on disk."""

from datetime import datetime, timedelta

from campaigns import eligibility, retry
from campaigns.model import AbandonClock, Blocked, CallbackAsked, CampaignState, Candidate, Mode, Outcome, RetryDecision
from campaigns.statuses import MACHINE_STATUS, status_of
from dialer.core import actions as act
from dialer.core import events as ev
from dialer.core import records as rec
from dialer.core.attempts import Agent, Attempt, Line, unanswered_outcome
from dialer.core.dialing import TRUNK_REST_S, CampaignRun, TrunkLines
from dialer.core.keeping import Keeping
from dialer.core.routing import caller_id_for, pick_trunk, why_no_trunk
from dialer.core.states import AgentState as G
from dialer.core.states import AgentTrigger as GT
from dialer.core.states import AttemptState as A
from dialer.core.states import AttemptTrigger as AT
from dialer.core.states import LineTrigger as LT
from hw import contract as hw
from hw.contract import Cause

SETUP_S = 20.0
MESSAGE_LIMIT_S = 45.0
JOIN_LIMIT_S = 1.0
# How soon those are tried again between whom no way was free: often enough within the two seconds a person may wait.
PATH_AGAIN_S = 0.25
# A person who picks up speaks no longer than this before the first pause; what does is a machine or noise.
GREETING_LIMIT_S = 5.0
REFILL_RETRY_S = 5.0
DIALED_MODES = frozenset({Mode.PREDICTIVE, Mode.PROGRESSIVE, Mode.POWER})

_PACER_OUTCOME = {Outcome.NO_ANSWER: "no_answer", Outcome.CANCELLED: "no_answer", Outcome.BUSY: "busy"}
_NOT_AGAIN = RetryDecision(at=None, phone_id=None, because="a person answered: not called again by itself")


class Calling(Keeping):
    """Dials leads, follows their calls and closes their attempts."""

    def _dial(self, run: CampaignRun) -> None:
        obstacle = self._obstacle(run)
        if obstacle is not None:
            self._note_obstacle(run, obstacle)
            return
        decision = run.pacer.decide(self._now)
        self._note_decision(run, decision)
        self._timers.set(("pace", run.settings.campaign_id), self._now + self._config.pacing_interval_s)
        for _ in range(decision.lines):
            if not self._dial_one(run):
                break
        self._refill(run)

    def _obstacle(self, run: CampaignRun) -> str | None:
        """Why nothing is dialed for a campaign, whatever the pacer would say; None when nothing stands against it."""
        settings = run.settings
        if self.draining:
            return "the dialer drains"
        if settings.state is not CampaignState.ACTIVE:
            return f"the campaign is {settings.state}"
        if settings.mode not in DIALED_MODES:
            return f"mode {settings.mode} is not dialed by the machine"
        if not run.agents:
            return "no agent is logged in"
        if all(agent.state in (G.RING, G.PAUSED) for agent in run.agents.values()):
            return "every agent is paused"
        return None

    def _dial_one(self, run: CampaignRun) -> bool:
        trunk, soonest = pick_trunk(self.trunks.values(), run.settings.trunks, self._now)
        if trunk is None:
            self._note_hindrance(run, why_no_trunk(self.trunks.values(), run.settings.trunks, self._now))
            if soonest is not None:
                soon = min(soonest, self._now + self._config.pacing_interval_s)
                self._timers.set(("pace", run.settings.campaign_id), soon)
            return False
        candidate = self._next_candidate(run)
        if candidate is None:
            self._note_hindrance(run, _why_no_lead(run))
            return False
        self._reserve(run, candidate, trunk)
        return True

    def _next_candidate(self, run: CampaignRun) -> Candidate | None:
        while run.hopper:
            candidate = run.hopper.popleft()
            verdict = eligibility.check(candidate, run.settings, self._wall, self._config.rulebook)
            if not isinstance(verdict, Blocked):
                return candidate
        return None

    def _reserve(self, run: CampaignRun, candidate: Candidate, trunk: TrunkLines) -> Attempt:
        attempt_id = self._next_attempt
        self._next_attempt += 1
        line = Line(f"a{attempt_id}", trunk.settings.name)
        caller_id = caller_id_for(run.settings, trunk, candidate.lead_id)
        attempt = Attempt(attempt_id, run.settings, candidate, line)
        line.attempt = attempt
        self._attempts[attempt_id] = run.in_flight[candidate.lead_id] = attempt
        self.lines[line.call_id] = line
        trunk.take(self._now)
        self._note_first_call(run)
        run.tally.attempts += 1
        run.pacer.dialed(self._now, line.call_id)
        phone = candidate.phone
        self._records.append(
            rec.AttemptReserved(
                attempt_id,
                run.settings.campaign_id,
                candidate.lead_id,
                phone.phone_id,
                phone.e164,
                trunk.settings.name,
                caller_id,
                self._wall,
            )
        )
        self._actions.append(act.Originate(line.call_id, attempt_id, trunk.settings.name, phone.e164, caller_id))
        self._timers.set(("ring", attempt_id), self._now + run.settings.ring_timeout_s + SETUP_S)
        return attempt

    def stands_against(self, attempt_id: int, wall_now: datetime) -> Blocked | None:
        """What forbids to place an attempt that is on disk at `wall_now`; None when nothing does."""
        attempt = self._attempts[attempt_id]
        verdict = eligibility.check(attempt.candidate, attempt.campaign, wall_now, self._config.rulebook)
        return verdict if isinstance(verdict, Blocked) else None

    def _refill(self, run: CampaignRun) -> None:
        campaign_id = run.settings.campaign_id
        key = ("refill", campaign_id)
        if run.refill_pending or self._timers.armed(key) or len(run.hopper) > self._hopper_size // 2:
            return
        run.refill_pending = True
        self._actions.append(act.RefillLeads(campaign_id, self._hopper_size - len(run.hopper), run.held_leads()))

    def _on_leads_loaded(self, event: ev.LeadsLoaded) -> None:
        run = self.runs[event.campaign_id]
        run.refill_pending = False
        run.admit(event.leads)
        run.exhausted = not event.leads and not run.hopper
        run.next_lead_at = event.next_at
        if len(run.hopper) <= self._hopper_size // 2:
            self._timers.set(("refill", event.campaign_id), self._now + REFILL_RETRY_S)

    def _on_vetoed(self, event: ev.AttemptVetoed) -> None:
        attempt = self._attempts.get(event.attempt_id)
        if attempt is None:
            return
        run = self._run_of(attempt)
        self._move(attempt, AT.VETOED)
        self._line_down(attempt.line)
        self._forget(attempt)
        run.tally.attempts -= 1
        run.pacer.resolved(self._now, attempt.call_id, "failed")

    def _on_not_placed(self, event: ev.AttemptNotPlaced) -> None:
        attempt = self._attempts.get(event.attempt_id)
        if attempt is None:
            return
        attempt.end = hw.Ended(attempt.call_id, Cause.NO_LINE, detail=f"not placed: {event.reason}")
        self._line_down(attempt.line)
        self._close(attempt, AT.ENDED, Outcome.CONGESTION)

    # What the line says.

    def _on_dialed(self, event: hw.Dialed) -> None:
        line = self._live_line(event, LT.DIALED)
        if line and line.attempt:
            line.attempt.ref = event.ref
            if line.attempt.state is A.RESERVED:
                self._move(line.attempt, AT.DIALED)

    def _on_ringing(self, event: hw.Ringing) -> None:
        line = self._live_line(event, LT.RANG)
        attempt = line.attempt if line else None
        if attempt is None or attempt.state not in (A.RESERVED, A.DIALING, A.RINGING, A.CANCELLING):
            return
        self._move(attempt, AT.RANG)
        if attempt.ringing_at is None:
            attempt.ringing_at = self._wall
            self.trunks[attempt.line.trunk].worked()
            if attempt.state is A.RINGING:
                self._timers.set(("ring", attempt.attempt_id), self._now + attempt.campaign.ring_timeout_s)

    def _person_answered(self, attempt: Attempt) -> None:
        if attempt.answered_at is not None or attempt.state is A.CLOSED:
            self.late_events += 1
            return
        run = self._run_of(attempt)
        attempt.answered_at, attempt.waits_from_s = self._wall, self._now
        self.trunks[attempt.line.trunk].worked()
        run.tally.answered += 1
        self._records.append(rec.AttemptAnswered(attempt.attempt_id, self._wall))
        self._timers.cancel(("ring", attempt.attempt_id))
        run.pacer.resolved(self._now, attempt.call_id, "human")
        glare = attempt.state is A.CANCELLING
        self._move(attempt, AT.ANSWERED)
        if glare:
            self._count_abandoned(attempt)
            self._hang_up(attempt.line)
        else:
            self._hold(attempt)

    def _hold(self, attempt: Attempt) -> None:
        self._timers.set(("hold", attempt.attempt_id), attempt.waits_from_s + attempt.campaign.hold_s)

    def _on_greeting_heard(self, event: ev.GreetingHeard) -> None:
        """The wait of a person may count from the greeting (16 CFR 310.4(b)(4)(iii)); only the first one counts."""
        line = self.lines.get(event.call_id)
        attempt = line.attempt if line else None
        if attempt is None or attempt.state not in (A.WAITING, A.CONNECTING) or attempt.connected_at is not None:
            return
        first = not (attempt.greeting_ended if event.ended else attempt.greeting_began or attempt.greeting_ended)
        attempt.greeting_began, attempt.greeting_ended = True, attempt.greeting_ended or event.ended
        clock = attempt.campaign.abandon_clock
        if not first or clock is AbandonClock.PICKUP or (event.ended and clock is AbandonClock.GREETING_START):
            return
        speaks_on = clock is AbandonClock.GREETING_END and not event.ended
        attempt.waits_from_s = self._now + (GREETING_LIMIT_S if speaks_on else 0.0)
        self._hold(attempt)

    def _on_joined(self, event: hw.Joined) -> None:
        attempt = self._attempt_of(event)
        if attempt is None or not _is_joining(attempt, event.peer_id):
            return
        assert attempt.agent is not None
        run = self._run_of(attempt)
        self._move(attempt, AT.JOINED)
        for kind in ("hold", "join"):
            self._timers.cancel((kind, attempt.attempt_id))
        if attempt.connected_at is None:
            attempt.connected_at = self._wall
            run.tally.connected += 1
            run.pacer.connected(self._now, attempt.call_id, attempt.agent.name)
        self._records.append(rec.AttemptConnected(attempt.attempt_id, attempt.agent.name, self._wall))

    def _on_join_failed(self, event: hw.JoinFailed) -> None:
        attempt = self._attempt_of(event)
        if attempt is not None and _is_joining(attempt, event.peer_id):
            if event.no_path:
                self._no_path(attempt, event.detail)
            else:
                self._join_failed(attempt, event.detail)

    def _on_message_played(self, event: hw.MessagePlayed) -> None:
        attempt = self._attempt_of(event)
        if attempt is not None and attempt.state is A.MESSAGE:
            self._message_over(attempt.attempt_id)

    def _attempt_ended(self, attempt: Attempt, event: hw.Ended) -> None:
        if attempt.state in (A.WRAPUP, A.CLOSED):
            return
        attempt.end = event
        if attempt.state is A.TALKING:
            self._call_over(attempt, AT.ENDED)
            return
        if attempt.answered_at is None:
            self._note_trunk_health(attempt, event)
            self._close(attempt, AT.ENDED, unanswered_outcome(attempt, event.cause))
            return
        if attempt.state in (A.WAITING, A.CONNECTING) and attempt.connected_at is None:
            self._count_abandoned(attempt)
        if attempt.state is A.CONNECTING:
            self._release_agent(attempt)
        self._close(attempt, AT.ENDED, Outcome.ABANDONED if attempt.abandoned else Outcome.LOST)

    def _note_trunk_health(self, attempt: Attempt, event: hw.Ended) -> None:
        if attempt.state is A.CANCELLING or attempt.ringing_at or event.cause is Cause.LINE_LOST:
            return
        trunk = self.trunks[attempt.line.trunk]
        refused = event.cause in (Cause.TIMEOUT, Cause.REFUSED, Cause.NO_LINE) or (event.sip_code or 0) // 100 == 5
        if event.cause is Cause.INVALID_NUMBER:
            rests = trunk.invalid(self._now)
        elif refused:
            rests = trunk.faulted(self._now)
        else:
            trunk.worked()
            return
        if rests:
            said = f"SIP {event.sip_code}" if event.sip_code else event.cause.value
            what = f"{said} {event.detail}".strip()
            look = "; check its target, credentials and the form of numbers it wants"
            self._warn(
                f"[[trunk]] {trunk.settings.name}: no call gets through ({what}). It rests for {TRUNK_REST_S:.0f} s "
                f"and is then tried again{'' if event.cause is Cause.NO_LINE else look}"
            )

    def _connect(self, run: CampaignRun, attempt: Attempt, agent: Agent) -> None:
        assert agent.leg is not None
        run.tally.waits += 1
        run.tally.waited_s += self._now - agent.since_s
        self._move(attempt, AT.AGENT_FOUND)
        self._timers.set(("join", attempt.attempt_id), self._now + JOIN_LIMIT_S)
        attempt.agent, attempt.agent_name, agent.attempt = agent, agent.name, attempt
        self._move_agent(agent, GT.CONNECT)
        self._actions.append(act.Bridge(attempt.call_id, agent.leg.call_id))

    # What the clock says.

    def _on_store_was_slow(self, event: ev.StoreWasSlow) -> None:
        """What was decided before is done only now: nobody's station is late yet."""
        for attempt in self._attempts.values():
            if attempt.state is A.CONNECTING:
                self._timers.set(("join", attempt.attempt_id), self._now + JOIN_LIMIT_S)

    def _join_over(self, attempt_id: int) -> None:
        attempt = self._attempts[attempt_id]
        if attempt.state is A.CONNECTING:
            self._join_failed(attempt, f"no word of it within {JOIN_LIMIT_S:g} s")

    def _ring_over(self, attempt_id: int) -> None:
        attempt = self._attempts[attempt_id]
        self._move(attempt, AT.RING_OVER)
        self._hang_up(attempt.line)

    def _hold_over(self, attempt_id: int) -> None:
        attempt = self._attempts[attempt_id]
        if attempt.state is A.CONNECTING and attempt.connected_at is None:
            self._part_before_joined(attempt)
        if attempt.state is not A.WAITING:
            return
        if attempt.connected_at is None:
            self._count_abandoned(attempt)
        self._move(attempt, AT.HOLD_OVER)
        self._actions.append(act.PlayMessage(attempt.call_id, attempt.campaign.campaign_id))
        self._timers.set(("message", attempt_id), self._now + MESSAGE_LIMIT_S)

    def _message_over(self, attempt_id: int) -> None:
        attempt = self._attempts[attempt_id]
        self._timers.cancel(("message", attempt_id))
        self._move(attempt, AT.MESSAGE_OVER)
        self._hang_up(attempt.line)

    # How an attempt ends.

    def _call_over(self, attempt: Attempt, trigger: AT) -> None:
        """A conversation is over: the agent wraps up, the attempt waits for the disposition."""
        agent, end = attempt.agent, attempt.end
        assert agent is not None
        self._move(attempt, trigger)
        self._records.append(
            rec.CallEnded(
                attempt.attempt_id,
                self._wall,
                end.cause if end else Cause.NORMAL,
                end.sip_code if end else None,
                end.q850 if end else None,
                end.detail if end else "agent hung up",
            )
        )
        self._move_agent(agent, GT.CALL_OVER)
        self._timers.set(("wrapup", agent.name), self._now + attempt.campaign.wrapup_s)

    def _count_abandoned(self, attempt: Attempt) -> None:
        attempt.abandoned = True
        run = self._run_of(attempt)
        run.tally.abandoned += 1
        run.pacer.abandoned(self._now, attempt.call_id)

    def _join_failed(self, attempt: Attempt, detail: str) -> None:
        """The person waits for another agent; the one who could not be joined is asked to look at the headset."""
        agent = attempt.agent
        assert agent is not None and agent.leg is not None
        self._warn(f"attempt {attempt.attempt_id} and the station of {agent.name} could not be joined: {detail}")
        self._actions.append(act.Unbridge(attempt.call_id, agent.leg.call_id))
        agent.attempt = attempt.agent = attempt.agent_name = None
        self._move_agent(agent, GT.JOIN_FAILED, code="LAGGED")
        self._after_call(agent)
        self._move(attempt, AT.JOIN_FAILED)
        self._wait_again(attempt)

    def _no_path(self, attempt: Attempt, detail: str) -> None:
        """The person waits for an agent whom sound can reach, or for the way to be free; both stations are in order."""
        assert attempt.agent is not None and attempt.agent.leg is not None
        if not attempt.pathless:
            self._warn(f"attempt {attempt.attempt_id} waits for a way to the station of {attempt.agent.name}: {detail}")
            attempt.pathless = True
        if not attempt.apart:
            self._timers.set(("path", attempt.attempt_id), self._now + PATH_AGAIN_S)
        attempt.apart.add(attempt.agent.name)
        self._part_before_joined(attempt)
        self._wait_again(attempt)

    def _part_before_joined(self, attempt: Attempt) -> None:
        """The person waits again, and the agent, whose station is in order, is free."""
        assert attempt.agent is not None and attempt.agent.leg is not None
        self._timers.cancel(("join", attempt.attempt_id))
        self._actions.append(act.Unbridge(attempt.call_id, attempt.agent.leg.call_id))
        self._release_agent(attempt)
        self._move(attempt, AT.JOIN_FAILED)

    def _path_again(self, attempt_id: int) -> None:
        self._attempts[attempt_id].apart.clear()

    def _wait_again(self, attempt: Attempt) -> None:
        """Back to waiting: what is left of the hold time, or all of it after a talk."""
        self._timers.cancel(("join", attempt.attempt_id))
        if attempt.connected_at is not None:
            attempt.waits_from_s = self._now
        self._hold(attempt)

    def _release_agent(self, attempt: Attempt) -> None:
        """The agent who was about to take the call is free again."""
        agent = attempt.agent
        assert agent is not None
        agent.attempt = attempt.agent = attempt.agent_name = None
        self._move_agent(agent, GT.UNCONNECTED)
        self._after_call(agent)

    def _close(
        self,
        attempt: Attempt,
        trigger: AT,
        outcome: Outcome,
        status: str | None = None,
        callback: CallbackAsked | None = None,
    ) -> None:
        run = self._run_of(attempt)
        end = attempt.end or hw.Ended(attempt.call_id, Cause.NORMAL)
        status = status or MACHINE_STATUS[outcome]
        decision = self._retry_decision(attempt, outcome, status)
        if callback is not None:
            decision = retry.at_callback(callback, attempt.candidate.phone)
        self._move(attempt, trigger)
        if attempt.answered_at is None:
            run.pacer.resolved(self._now, attempt.call_id, _PACER_OUTCOME.get(outcome, "failed"))
        if outcome is Outcome.HANDLED and not status_of(status).human_answered:
            run.tally.not_live += 1
            run.pacer.not_live(self._now, attempt.call_id)
        run.tally.statuses[status] = run.tally.statuses.get(status, 0) + 1
        phone = attempt.candidate.phone.e164
        if outcome is Outcome.UNWANTED:
            self._records.append(rec.NumberSuppressed(phone, "sip 607", self._wall))
        self._records.append(
            rec.AttemptClosed(
                attempt.attempt_id,
                self._wall,
                outcome,
                status,
                attempt.ringing_at,
                end.cause,
                end.sip_code,
                end.q850,
                end.detail if outcome is not Outcome.LOST else attempt.lost_station or end.detail,
                attempt.ref,
                attempt.agent_name,
                decision,
            )
        )
        if callback is not None:
            self._records.append(_callback_made(attempt, callback, self._wall))
        self._forget(attempt)

    def _retry_decision(self, attempt: Attempt, outcome: Outcome, status: str) -> RetryDecision:
        if outcome is Outcome.LOST and attempt.answered_at is not None:
            return _NOT_AGAIN
        if outcome is Outcome.HANDLED:
            outcome = retry.RETRIED_AS.get(status, outcome)
        return retry.decide(attempt.campaign.retry, outcome, attempt.candidate, self._wall)

    def _stop_attempt(self, attempt: Attempt) -> None:
        if attempt.state in (A.RESERVED, A.DIALING, A.RINGING):
            attempt.stopped = True
            self._timers.cancel(("ring", attempt.attempt_id))
            self._ring_over(attempt.attempt_id)
        elif attempt.state is A.TALKING:
            self._hang_up(attempt.line)
            self._call_over(attempt, AT.CALL_OVER)
        elif attempt.state in (A.WAITING, A.CONNECTING, A.MESSAGE):
            if attempt.connected_at is None and not attempt.abandoned:
                self._count_abandoned(attempt)
            if attempt.state is A.CONNECTING:
                self._release_agent(attempt)
            self._timers.cancel(("message", attempt.attempt_id))
            self._move(attempt, AT.CALL_OVER)
            self._hang_up(attempt.line)


def _callback_made(attempt: Attempt, callback: CallbackAsked, wall_now: datetime) -> rec.CallbackMade:
    campaign = attempt.campaign
    falls_at = callback.at + timedelta(seconds=campaign.callback_wait_s) if callback.agent else None
    return rec.CallbackMade(
        attempt.attempt_id,
        campaign.campaign_id,
        attempt.candidate.lead_id,
        attempt.candidate.phone.phone_id,
        callback,
        falls_at,
        attempt.agent_name or "",
        wall_now,
    )


def _why_no_lead(run: CampaignRun) -> str:
    if run.next_lead_at is not None:
        since = f"{run.next_lead_at:%Y-%m-%d %H:%M} UTC"
        return f"no lead may be called now, the next one from {since} on (calling hours, retries)"
    left = ": none is left" if run.exhausted else ""
    return f"no lead may be called now{left} (dialer leads why CAMPAIGN LEAD_ID)"


def _is_joining(attempt: Attempt, station_call_id: str) -> bool:
    """Whether the attempt is being joined with that very station; a word about an earlier one comes late."""
    leg = attempt.agent.leg if attempt.agent else None
    return attempt.state is A.CONNECTING and leg is not None and leg.call_id == station_call_id
