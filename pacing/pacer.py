"""The pacer: takes in what happens to calls and agents, and says how many calls to start now."""

import math
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pacing import control, kernels, policies
from pacing.control import Controller
from pacing.learning import Learner
from pacing.ledger import Counts, Ledger

MODES = ("predictive", "progressive", "power")
AGENT_STATES = ("ready", "talking", "wrapup", "paused", "logged_out")
OUTCOMES = ("human", "machine", "no_answer", "busy", "failed")
REMEMBERED_CALLS = 10_000
WAIT_FORGOTTEN_S = 10.0
RATE_PRIOR_ANSWERS = 10.0
UNBOUNDED = 1_000_000
STATE_VERSION = 2
# A session ends where nothing happens for so long, and at the latest after a day.
SESSION_GAP_S = 4 * 3600.0
SESSION_MOST_S = 24 * 3600.0
# The excess of abandoned calls over their forecast is forgotten by half in so long.
EXCESS_HALF_LIFE_S = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class PacerConfig:
    """How to pace a campaign.

    `max_abandon_rate` is a share (0.03: 3 %) of live answers; `hold_s` is how long an answered person may wait before
    the call counts as abandoned; `max_lines` bounds calls in flight and calls up with an agent together; None: no
    bound. `lines_per_agent` is for mode "power". `amd_false_positive_rate` is the share of machine verdicts that were
    people: so much of each one counts as abandoned. Raises ValueError on values outside their range.
    """

    mode: str = "predictive"
    max_abandon_rate: float = 0.03
    hold_s: float = 2.0
    max_lines: int | None = None
    lines_per_agent: float = 1.5
    amd_false_positive_rate: float = 0.0

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"mode is {self.mode!r}; it must be one of {', '.join(MODES)}")
        if not 0.0 <= self.max_abandon_rate <= 1.0:
            raise ValueError(f"max_abandon_rate is {self.max_abandon_rate!r}; it is a share from 0 to 1 (0.03 for 3 %)")
        if not (math.isfinite(self.hold_s) and self.hold_s >= 0.0):
            raise ValueError(f"hold_s is {self.hold_s!r}; it must be 0 or more seconds")
        if self.max_lines is not None and self.max_lines < 0:
            raise ValueError(f"max_lines is {self.max_lines!r}; it must be 0 or more, or None for no bound")
        if not (math.isfinite(self.lines_per_agent) and self.lines_per_agent > 0.0):
            raise ValueError(f"lines_per_agent is {self.lines_per_agent!r}; it must be more than 0")
        if not 0.0 <= self.amd_false_positive_rate <= 1.0:
            raise ValueError(f"amd_false_positive_rate is {self.amd_false_positive_rate!r}; it is a share from 0 to 1")


@dataclass(frozen=True, slots=True)
class PacingDecision:
    """How many calls to start now, with the figures behind it.

    `in_flight`: calls that may still need an agent. Of the forecast (predictive mode only, else 0): `predicted_answers`
    and `predicted_free` by the time a call dialed now is answered, `risk` of the last line that was accepted,
    `next_risk` of one more, and `threshold`, the risk that the controller accepts. Of the regulatory window:
    `abandoned_rate` so far and its upper 95 % confidence bound. Of window or session, whichever has less:
    `budget_left`, calls that might still be abandoned within the limit; `over_limit` when it is under 0. `held`: of the
    latest answers so many were abandoned that no line is dialed that could find no agent.
    """

    lines: int
    mode: str
    ready: int
    in_flight: int
    room: int | None
    predicted_answers: float = 0.0
    predicted_free: float = 0.0
    risk: float = 0.0
    next_risk: float = 0.0
    threshold: float = 0.0
    abandoned_rate: float = 0.0
    abandoned_upper_bound: float = 1.0
    budget_left: float = 0.0
    over_limit: bool = False
    held: bool = False

    @property
    def because(self) -> str:
        """One sentence for people."""
        if self.room == 0:
            return f"no new lines: the bound of lines is reached with {self.in_flight} in flight"
        if self.mode == "power" and self.over_limit:
            over = f"{-self.budget_left:.1f} more calls were abandoned than the limit allows"
            return f"{_new_lines(self.lines)}: one per ready agent while {over}"
        if self.mode != "predictive":
            return f"{_new_lines(self.lines)}: {self.mode}, {self.ready} ready, {self.in_flight} lines in flight"
        if self.predicted_free == 0.0:
            return "no new lines: no agent is ready or expected to be soon"
        lines = self.in_flight + self.lines
        forecast = (
            f"{_new_lines(self.lines)}: {self.predicted_answers:.1f} answers expected from {lines} lines "
            f"for {self.predicted_free:.1f} free agents"
        )
        if self.held:
            return f"{forecast}; too many of the latest answers were abandoned, so no line may find nobody"
        if self.over_limit and self.threshold == 0.0:
            over = f"{-self.budget_left:.1f} more calls were abandoned than the limit allows"
            return f"{forecast}; {over}, so no line may find nobody"
        return (
            f"{forecast}; one more line would risk {self.next_risk:.1%} of an abandoned call against "
            f"{self.threshold:.1%} accepted ({self.abandoned_rate:.1%} abandoned so far, budget {self.budget_left:.1f})"
        )


def _new_lines(lines: int) -> str:
    return "no new lines" if lines == 0 else "1 new line" if lines == 1 else f"{lines} new lines"


@dataclass(frozen=True, slots=True)
class Asked:
    """A predictive decision, as far as the controller follows it: the target, and the risks of its lines.

    `bound`: something else than the threshold set their number.
    """

    share: float
    risks: Sequence[float]
    bound: bool


class Pacer:
    """Paces one campaign. Times are seconds on any monotonic clock (a step back counts as no step), ids any hashable.

    Events may come late, twice, out of order or for unknown ids: they never raise for that. ValueError: an unknown
    state or outcome, or a time that is not a finite number. `seed` fixes whatever a policy draws at random; the
    present ones compute exactly and draw nothing. The first pacer of a process compiles the kernels (seconds without
    a cache on disk), unless `kernels.warm()` did so before.
    """

    def __init__(self, config: PacerConfig | None = None, seed: int = 0) -> None:
        self.config = config if config is not None else PacerConfig()
        self.seed = seed
        self.ledger = Ledger(self.config.max_abandon_rate)
        self.learner = Learner()
        self.controller = Controller()
        self._asked: Asked | None = None
        self._asked_dialed = 0
        self._aimed_at: float | None = None
        self._now = -math.inf
        self._session_began = -math.inf
        self._ready: set[Hashable] = set()
        self._call_of: dict[Hashable, Hashable] = {}
        self._waiting: dict[Hashable, float] = {}
        self._connected: set[Hashable] = set()
        self._closed: OrderedDict[Hashable, tuple[float, bool]] = OrderedDict()
        kernels.warm()

    def agent(self, at: float, agent_id: Hashable, state: str) -> None:
        """An agent is now in this state: "ready", "talking", "wrapup", "paused" or "logged_out"."""
        if state not in AGENT_STATES:
            raise ValueError(f"agent state is {state!r}; it must be one of {', '.join(AGENT_STATES)}")
        now = self._clock(at)
        if state != "ready":
            self._ready.discard(agent_id)
        if state == "talking":
            self.learner.wrapup.end(agent_id, now, ended=False)
            self.learner.talk.begin(agent_id, now)
            return
        self._call_of.pop(agent_id, None)
        self.learner.talk_ended(agent_id, now, wraps_up=state in ("wrapup", "ready"))
        if state == "wrapup":
            self.learner.wrapup.begin(agent_id, now)
            return
        self.learner.wrapup.end(agent_id, now, ended=state == "ready")
        if state == "ready":
            self._ready.add(agent_id)

    def dialed(self, at: float, call_id: Hashable) -> None:
        """A call was started. An id may be used again for a later call once its last one is over."""
        now = self._clock(at)
        closed = self._closed.get(call_id)
        if self._is_open(call_id) or (closed is not None and at <= closed[0]):
            return
        self.learner.ring.begin(call_id, now)
        self._closed.pop(call_id, None)
        self._follow()

    def answered(self, at: float, call_id: Hashable) -> None:
        """A call was picked up and someone listens who it is. Optional before `resolved`."""
        self.learner.picked_up(call_id, self._clock(at))

    def resolved(self, at: float, call_id: Hashable, outcome: str) -> None:
        """What came of a call: "human" (then it waits for an agent), "machine", "no_answer", "busy" or "failed"."""
        if outcome not in OUTCOMES:
            raise ValueError(f"outcome is {outcome!r}; it must be one of {', '.join(OUTCOMES)}")
        now = self._clock(at)
        if outcome == "failed":
            self.learner.failed(call_id, now)
        else:
            self.learner.resolved(call_id, now, live=outcome == "human")
        if outcome != "human":
            if call_id not in self._closed:
                self._close(call_id, at, counted=False)
                if outcome == "machine":
                    self.ledger.suspect(self.config.amd_false_positive_rate)
        elif call_id not in self._closed:
            self._waiting.setdefault(call_id, now)

    def connected(self, at: float, call_id: Hashable, agent_id: Hashable) -> None:
        """A person and an agent were joined; a ready agent counts as talking from now on."""
        now = self._clock(at)
        self._count(at, now, call_id, abandoned=False)
        if agent_id in self._ready or agent_id in self.learner.talk:
            self._ready.discard(agent_id)
            self.learner.talk.begin(agent_id, now)
            self._call_of[agent_id] = call_id

    def not_live(self, at: float, call_id: Hashable) -> None:
        """The agent found that a connected call was no live person: it is no live answer in the ledger (once per call).

        What the call did to the agents stays learned: it needed one.
        """
        self._clock(at)
        if call_id in self._connected:
            self._connected.discard(call_id)
            self.ledger.retract()

    def open_window(self, live: float, abandoned: float) -> None:
        """Count live answers, and abandoned ones among them, from these on.

        A regulatory window begins with 0 of both; the store knows what a running one holds already. Raises ValueError
        when abandoned is not from 0 to live.
        """
        if not 0 <= abandoned <= live:
            raise ValueError(f"abandoned is {abandoned}; it must be from 0 to live, which is {live}")
        self.ledger.open_window(live, abandoned)

    def state(self) -> dict[str, Any]:
        """What was learned, as plain data for `restore`; no counts of the ledger, which the attempts on disk give."""
        excess = self.controller.log_excess
        return {"version": STATE_VERSION, "learned": self.learner.state(), "log_excess": excess}

    def restore(self, state: Mapping[str, Any], age_s: float) -> None:
        """Take up what an earlier pacer had learned `age_s` ago; the older, the less it counts.

        How long rings, talks and wrap-ups last is kept for days; the share of live answers hardly at all, as lists and
        hours differ. Raises ValueError, and changes nothing, for a state of another version or shape.
        """
        if not isinstance(state, Mapping) or state.get("version") != STATE_VERSION:
            raise ValueError(f"this is no pacer state of version {STATE_VERSION}")
        if not age_s >= 0.0:
            raise ValueError(f"age_s is {age_s!r}; it must be 0 or more seconds")
        excess = _number(state.get("log_excess"))
        self.learner.restore(state.get("learned"), age_s)
        self.controller.take_up(excess, 0.5 ** (age_s / EXCESS_HALF_LIFE_S))

    def reconfigure(self, config: PacerConfig) -> None:
        """Pace by other settings from now on; calls, agents, the ledger and what was learned stay."""
        self.config = config
        self.ledger.limit = config.max_abandon_rate
        self._asked = self._aimed_at = None

    def abandoned(self, at: float, call_id: Hashable) -> None:
        """A person answered and no agent took the call in time; counts once per call, known or not."""
        self._count(at, self._clock(at), call_id, abandoned=True)

    def decide(self, at: float) -> PacingDecision:
        """How many calls to start now: ask as often as you like, even about a time to come.

        Asking changes no answer; the calls dialed next are taken to be those of the latest one.
        """
        state = self._snapshot(max(self._now, _finite(at)))
        in_flight = state.claims + self._forgotten(state.at)
        room = self._room()
        if self.config.mode == "predictive":
            return self._decide_predictive(state, in_flight, room)
        if self.config.mode == "power" and not self.ledger.spent:
            lines = policies.power(state.ready, state.claims, self.config.lines_per_agent)
        else:
            lines = policies.progressive(state.ready, state.claims)
        return PacingDecision(
            lines=min(lines, UNBOUNDED if room is None else room),
            mode=self.config.mode,
            ready=state.ready,
            in_flight=in_flight,
            room=room,
            abandoned_rate=self.ledger.rate,
            abandoned_upper_bound=self.ledger.upper_bound,
            budget_left=self.ledger.budget,
            over_limit=self.ledger.spent,
        )

    def _decide_predictive(self, state: policies.Snapshot, in_flight: int, room: int | None) -> PacingDecision:
        learned = self.learner
        share = self._target_share(state)
        threshold = self.controller.threshold(self.config.max_abandon_rate, share)
        forecast = policies.predictive(
            state,
            policies.Tables(learned.ring.table, learned.listen.table, learned.talk.table, learned.wrapup.table),
            self.config.hold_s,
            learned.caution(max(state.ready, learned.live_share * state.claims)),
            threshold,
            UNBOUNDED if room is None else room,
        )
        self._asked = Asked(share, forecast.risks.tolist(), forecast.capped)
        self._asked_dialed = 0
        return PacingDecision(
            lines=forecast.lines,
            mode=self.config.mode,
            ready=state.ready,
            in_flight=in_flight,
            room=room,
            predicted_answers=forecast.answers,
            predicted_free=forecast.free_agents,
            risk=forecast.risk,
            next_risk=forecast.next_risk,
            threshold=threshold,
            abandoned_rate=self.ledger.rate,
            abandoned_upper_bound=self.ledger.upper_bound,
            budget_left=self.ledger.budget,
            over_limit=self.ledger.spent,
            held=self.ledger.recent_spent,
        )

    def _target_share(self, state: policies.Snapshot) -> float:
        ledger = self.ledger
        if ledger.recent_spent:
            return 0.0
        live_share = self.learner.live_share
        answers = state.waiting + state.picked_up_at.size + live_share * state.dialed_at.size
        session, session_s = ledger.session, state.at - self._session_began
        if self._session_is_over(state.at):
            session, session_s = Counts(), 0.0
        budget = min(ledger.window.budget(ledger.limit), session.budget(ledger.limit))
        budget -= control.held_back(ledger.limit, answers)
        return control.target_share(budget, session.live, self._answers_per_h(state, session.live, session_s))

    def _answers_per_h(self, state: policies.Snapshot, session_live: float, session_s: float) -> float:
        """Live answers per hour that may be expected: no more than the agents can take, corrected by what came."""
        staffed = state.ready + state.talk_starts_at.size + state.wrapup_starts_at.size
        possible = staffed * 3600.0 / self.learner.handling_s
        if possible == 0.0:
            return 0.0
        seen = (session_live + RATE_PRIOR_ANSWERS) / (session_s / 3600.0 + RATE_PRIOR_ANSWERS / possible)
        return min(possible, seen)

    def _follow(self) -> None:
        """A line of the latest decision was dialed.

        The controller learns from decisions that were dialed in full: else trunks or lists set the number of lines.
        """
        asked = self._asked
        if asked is None:
            return
        self._asked_dialed += 1
        self._aimed_at = None
        if self._asked_dialed == len(asked.risks) and not asked.bound:
            self._aimed_at = asked.share
            for risk in asked.risks:
                self.controller.accepted(self.config.max_abandon_rate, asked.share, risk)

    def _session_is_over(self, now: float) -> bool:
        return now - self._now > SESSION_GAP_S or now - self._session_began > SESSION_MOST_S

    def _clock(self, at: float) -> float:
        now = max(self._now, _finite(at))
        if self._session_is_over(now):
            self.ledger.open_session()
            self._session_began = now
            if now - self._now > SESSION_GAP_S:
                self.ledger.forget_recent()
        self._now = now
        return now

    def _is_open(self, call_id: Hashable) -> bool:
        return call_id in self.learner.ring or call_id in self.learner.listen or call_id in self._waiting

    def _count(self, at: float, now: float, call_id: Hashable, abandoned: bool) -> None:
        closed = self._closed.get(call_id)
        if closed is not None and closed[1]:
            return
        self.learner.resolved(call_id, now, live=True)
        self.ledger.record(abandoned)
        if self._aimed_at is not None:
            limit = self.config.max_abandon_rate
            self.controller.counted(limit, self._aimed_at, abandoned, self.ledger.session.live)
        if not abandoned:
            self._connected.add(call_id)
        self._close(call_id, at, counted=True)

    def _close(self, call_id: Hashable, at: float, counted: bool) -> None:
        self._waiting.pop(call_id, None)
        self._closed[call_id] = (at, counted)
        if len(self._closed) > REMEMBERED_CALLS:
            forgotten, _ = self._closed.popitem(last=False)
            self._connected.discard(forgotten)

    def _snapshot(self, now: float) -> policies.Snapshot:
        return policies.Snapshot(
            at=now,
            ready=len(self._ready),
            waiting=len(self._waiting) - self._forgotten(now),
            dialed_at=self.learner.ring.starts,
            picked_up_at=self.learner.listen.starts,
            talk_starts_at=self.learner.talk.starts,
            wrapup_starts_at=self.learner.wrapup.starts,
        )

    def _forgotten(self, now: float) -> int:
        if not self._waiting:
            return 0
        oldest = now - self.config.hold_s - WAIT_FORGOTTEN_S
        return sum(1 for since in self._waiting.values() if since < oldest)

    def _room(self) -> int | None:
        if self.config.max_lines is None:
            return None
        up = len(self.learner.ring) + len(self.learner.listen) + len(self._waiting) + len(self._call_of)
        return max(0, self.config.max_lines - up)


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf:
        try:
            return float(value)
        except OverflowError:
            pass
    raise ValueError("log_excess must be a finite number")


def _finite(at: float) -> float:
    if not math.isfinite(at):
        raise ValueError(f"the time is {at!r}; it must be a finite number of seconds")
    return at
