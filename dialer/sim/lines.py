"""Simulated lines, stations and agents: performs the engine's actions by scheduling what a world makes of them."""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from dialer.core import actions as act
from dialer.core import events as ev
from dialer.sim.world import CallPlan, World
from hw import contract as hw
from hw.contract import Cause


@dataclass(slots=True)
class _Call:
    """A live call; the `plan` of a station's is that of the customer it was joined with last."""

    call_id: str
    plan: CallPlan | None = None
    answered: bool = False
    peer: str | None = None
    agent: str | None = None


@dataclass(order=True, slots=True)
class _Due:
    at: float
    order: int
    make: Callable[[], object | None] = field(compare=False)


class SimulatedLines:
    """Virtual-time stand-in for line drivers, stations and the people at them.

    `perform` takes an action at time `now`; `next_at` and `pop` give the events that follow, in order of time.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._due: list[_Due] = []
        self._order = 0
        self._calls: dict[str, _Call] = {}
        self.now = 0.0

    @property
    def next_at(self) -> float:
        return self._due[0].at if self._due else float("inf")

    def pop(self) -> object | None:
        """The next event, or None when it has become void."""
        due = heapq.heappop(self._due)
        self.now = due.at
        return due.make()

    def later(self, delay_s: float, make: Callable[[], object | None]) -> None:
        """Let `make` say what happens `delay_s` from now; never, when that is infinite."""
        if math.isinf(delay_s):
            return
        self._order += 1
        heapq.heappush(self._due, _Due(self.now + delay_s, self._order, make))

    def perform(self, action: act.Action, now: float) -> None:
        self.now = now
        match action:
            case act.Originate():
                self._originate(action)
            case act.CallStation():
                self._calls[action.call_id] = call = _Call(action.call_id, agent=action.agent)
                self.later(1.0, lambda: self._answer(call))
            case act.HangUp():
                self._hang_up(action.call_id)
            case act.Bridge():
                self._bridge(action)
            case act.PlayMessage():
                call_id = action.call_id
                played = hw.MessagePlayed(call_id)
                self.later(self._world.profile.message_s, lambda: played if call_id in self._calls else None)

    def break_station(self, agent: str) -> None:
        """The station of an agent drops off."""
        for call in list(self._calls.values()):
            if call.agent == agent:
                self.later(0.0, lambda call=call: self._end(call, Cause.LINE_LOST))  # type: ignore[misc]

    def _originate(self, action: act.Originate) -> None:
        plan = self._world.plan_call(self.now)
        call = _Call(action.call_id, plan)
        self._calls[call.call_id] = call
        self.later(0.01, lambda: self._alive(call, hw.Dialed(call.call_id, ref=f"sim-{call.call_id}")))
        if plan.ring_at_s is not None:
            self.later(plan.ring_at_s, lambda: self._alive(call, hw.Ringing(call.call_id)))
        if plan.refusal is not None:
            end = plan.refusal
            self.later(end.at_s, lambda: self._end(call, end.cause, end.sip_code, end.q850))
        elif plan.answer_at_s is not None:
            self.later(plan.answer_at_s, lambda: self._answer(call))
            self._plan_faults(call, plan.answer_at_s)

    def _plan_faults(self, call: _Call, answer_at_s: float) -> None:
        faults = self._world.profile.faults
        if self._world.happens(faults.line_lost):
            self.later(answer_at_s * 0.9, lambda: self._end(call, Cause.LINE_LOST))
        if self._world.happens(faults.late_ringing):
            self.later(answer_at_s + 0.5, lambda: self._alive(call, hw.Ringing(call.call_id)))

    def _alive(self, call: _Call, event: hw.LineEvent) -> hw.LineEvent | None:
        return event if call.call_id in self._calls else None

    def _answer(self, call: _Call) -> hw.LineEvent | None:
        if call.call_id not in self._calls:
            return None
        call.answered = True
        if call.agent is None and call.plan is not None:
            self.later(call.plan.patience_s, lambda: None if call.peer else self._end(call, Cause.NORMAL))
        return hw.Answered(call.call_id)

    def _hang_up(self, call_id: str) -> None:
        call = self._calls.get(call_id)
        if call is None:
            return
        unanswered = not call.answered
        if unanswered and self._world.happens(self._world.profile.faults.glare):
            self.later(0.02, lambda: self._answer(call))
        cause = Cause.CANCELLED if unanswered else Cause.NORMAL
        self.later(0.05, lambda: self._end(call, cause, 487 if unanswered else None))

    def _end(self, call: _Call, cause: Cause, code: int | None = None, q850: int | None = None) -> hw.Ended | None:
        if self._calls.pop(call.call_id, None) is None:
            return None
        return hw.Ended(call.call_id, cause, code, q850)

    def _bridge(self, action: act.Bridge) -> None:
        customer, station = self._calls.get(action.call_id), self._calls.get(action.station_call_id)
        if customer is None:
            return
        if station is None or self._world.happens(self._world.profile.faults.join_fails):
            self.later(
                0.01, lambda: self._alive(customer, hw.JoinFailed(customer.call_id, action.station_call_id, "sim"))
            )
            return
        customer.peer = station.call_id
        station.plan = customer.plan
        self.later(
            self._world.profile.join_s, lambda: self._alive(customer, hw.Joined(customer.call_id, station.call_id))
        )
        talk_s = customer.plan.talk_s if customer.plan else 0.0
        self.later(self._world.profile.join_s + talk_s, lambda: self._end(customer, Cause.NORMAL))

    # People at the stations.

    def dispose_soon(self, agent: str) -> None:
        """The agent writes up the call that the agent's station was joined with last, and sets its status."""
        station = next((call for call in self._calls.values() if call.agent == agent), None)
        plan = station.plan if station else None
        if station is not None and plan is not None:
            self.later(plan.wrapup_s, lambda: ev.Dispose(agent, plan.status) if station.plan is plan else None)
