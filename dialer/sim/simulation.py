"""A campaign in virtual time: the real engine, journal, store rules and pacer against a seeded world."""

import hashlib
import heapq
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from statistics import fmean
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.eligibility import is_open, next_open
from campaigns.importing import import_leads
from campaigns.model import CampaignSettings, CampaignState, Kind, Mode
from campaigns.recorded import LeadStanding, Performance
from campaigns.store import Store
from dialer.core import actions as act
from dialer.core import events as ev
from dialer.core import records as rec
from dialer.core.dialing import PacerLike, TrunkSettings
from dialer.core.engine import Engine, EngineConfig, pacer_for
from dialer.journal import Journal
from dialer.sim.checkers import RecordChecker, check_store
from dialer.sim.history import History, HistoryWorld
from dialer.sim.leads import fictional_lists
from dialer.sim.lines import SimulatedLines
from dialer.sim.timeline import Timeline, TimelineRecorder
from dialer.sim.world import World, WorldProfile

# A Monday, 09:30 on the East coast of the US, where all simulated numbers are.
ZONE = "America/New_York"
START = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)

# What a simulated campaign has of its own: who it is, and what belongs to real lines.
_OWN = frozenset({"campaign_id", "name", "kind", "mode", "state", "caller_id", "trunks", "abandon_message"})

_RATE_DIGITS = {
    "attempts_per_hour": 2,
    "connects_per_hour": 2,
    "answer_share": 5,
    "mean_people_talk_s": 2,
    "mean_talk_s": 2,
    "mean_wrapup_s": 2,
}


class NeverOpen(ValueError):
    """The campaign's calling window opens at no time that the shift could have."""


@dataclass(frozen=True, slots=True)
class PacerStart:
    """What the pacer begins with: the running window's counts, and what was learned up to `age_s` ago, as JSON."""

    live: float = 0.0
    abandoned: float = 0.0
    learned: str | None = None
    age_s: float = 0.0


@dataclass(frozen=True, slots=True)
class SimulationSettings:
    """What to simulate. `campaign` gives mode, limits and rules; None stands for a predictive telesales campaign.

    The world is that of `history`, or stated by `profile`. There are `leads` new leads, or as many as a shift can need;
    or leads that stand as `standings` say (`next_at` in seconds from the start of the shift). The trunk has `max_lines`
    and `starts_per_s`. The shift starts at `start` in the people's own time, or when the window opens. Without
    `pacer_start` the pacer knows nothing.
    """

    agents: int
    hours: float
    seed: int = 0
    profile: WorldProfile = field(default_factory=WorldProfile)
    campaign: CampaignSettings | None = None
    leads: int | None = None
    max_lines: int | None = None
    starts_per_s: float = 50.0
    history: History | None = None
    standings: tuple[LeadStanding, ...] | None = None
    start: clock_time | None = None
    pacer_start: PacerStart = PacerStart()


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """What came of it. Shares are of staffed agent time; waits are of agents, in seconds between calls.

    `list_lasts_h`: hours until there was for the first time nobody left to call; None when that did not come.
    """

    agents: int
    hours: float
    seed: int
    mode: str
    attempts: int
    answered: int
    connected: int
    abandoned: int
    abandoned_rate: float
    talk_share: float
    busy_share: float
    mean_wait_s: float
    p90_wait_s: float
    attempts_per_hour: float | None
    connects_per_hour: float | None
    answer_share: float | None
    mean_people_talk_s: float | None
    mean_talk_s: float | None
    mean_wrapup_s: float | None
    list_lasts_h: float | None
    statuses: dict[str, int]
    leads: int
    leads_left: int
    vetoed: int
    late_events: int
    events: int
    digest: str
    simulated_s: float
    real_s: float
    speed: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Simulation:
    """One run. `run` may be called once."""

    def __init__(
        self,
        settings: SimulationSettings,
        pacer_factory: Callable[[CampaignSettings], PacerLike] = pacer_for,
        *,
        timeline_s: float | None = None,
    ) -> None:
        """`timeline_s` asks for a timeline with periods of so many seconds."""
        self.settings = settings
        self.store = Store.open(":memory:", create=True, fast=True)
        self._campaign = self._make_campaign()
        self._start = _start_of(settings, self._campaign)
        self._leads = self._load_leads()
        lines = settings.max_lines or max(30, 12 * settings.agents)
        self.engine = Engine(EngineConfig((TrunkSettings("sim", lines, settings.starts_per_s),)), pacer_factory)
        self._journal = Journal(self.store)
        self._world = self._make_world()
        self.lines = SimulatedLines(self._world)
        zones = {p["e164"]: tuple(p["zones"]) for row in self.store.leads("sim") for p in row["phones"]}
        self.checker = RecordChecker(self._campaign.window, zones)
        self._recorder = None if timeline_s is None else TimelineRecorder(timeline_s, settings.hours * 3600.0)
        self._digest = hashlib.sha256()
        self._queue: list[tuple[float, int, object]] = []
        self._order = 0
        self._now = 0.0
        self._dry_at_s: float | None = None
        self.vetoed = 0
        self.events = 0

    @property
    def timeline(self) -> Timeline | None:
        """The shift in numbers over time, after `run`; None when it was not asked for."""
        return None if self._recorder is None else self._recorder.finish()

    def run(self) -> SimulationResult:
        """Run to the end of the shift and until all calls are over. Raises checkers.Broken."""
        began = time.perf_counter()
        end_s = self.settings.hours * 3600.0
        self._post(0.0, self._loaded())
        for number in range(self.settings.agents):
            name = f"agent{number + 1}"
            self._post(0.0, ev.LogIn(name, f"sip:{name}@sim", self._campaign.campaign_id))
            self._post(2.0 + 0.1 * number, ev.MakeReady(name))
            self._plan_faults(name, end_s)
        self._until(end_s)
        self._post(end_s, ev.DrainRequested())
        self._until(end_s + 7200.0, stop_when_idle=True)
        self._post(self._now, ev.StopRequested())
        self._until(self._now + 120.0)
        self.checker.finish()
        check_store(self.store, "sim")
        return self._result(time.perf_counter() - began, end_s)

    def _make_campaign(self) -> CampaignSettings:
        given = self.settings.campaign
        if given is None:
            made = self.store.create_campaign("sim", Kind.TELESALES, Mode.PREDICTIVE, wrapup_s=120.0)
        else:
            values = {each.name: getattr(given, each.name) for each in fields(given) if each.name not in _OWN}
            made = self.store.create_campaign("sim", given.kind, given.mode, **values)
        return self.store.set_campaign_state(made.name, CampaignState.ACTIVE)

    def _loaded(self) -> ev.CampaignLoaded:
        begin = self.settings.pacer_start
        learned = None
        if begin.learned is not None:
            learned = (self._start - timedelta(seconds=begin.age_s), begin.learned)
        return ev.CampaignLoaded(self._campaign, begin.live, begin.abandoned, learned=learned)

    def _make_world(self) -> World:
        settings = self.settings
        if settings.history is not None:
            return HistoryWorld(settings.profile, settings.seed, settings.history, self._hour_at)
        return World(settings.profile, settings.seed, self._campaign.kind)

    def _wall(self, now: float) -> datetime:
        return self._start + timedelta(seconds=now)

    def _hour_at(self, now: float) -> int:
        return self._wall(now).astimezone(ZoneInfo(ZONE)).hour

    def _load_leads(self) -> int:
        settings = self.settings
        ample = int(settings.agents * settings.hours * 180) + 200
        count = ample if settings.leads is None else settings.leads
        if settings.standings is not None:
            count = len(settings.standings)
        loaded = 0
        for number, part in enumerate(fictional_lists(count)):
            loaded += import_leads(self.store, "sim", part, list_name=f"list {number + 1}", duplicates="list").loaded
        if settings.standings is not None:
            start_s = self._start.timestamp()
            self.store.set_lead_standings(
                "sim", (LeadStanding(each.attempts, start_s + each.next_at) for each in settings.standings)
            )
        return loaded

    def _post(self, at: float, event: object) -> None:
        self._order += 1
        heapq.heappush(self._queue, (at, self._order, event))

    def _until(self, end_s: float, *, stop_when_idle: bool = False) -> None:
        while True:
            self._drain()
            if stop_when_idle and self.engine.idle and not self._queue:
                return
            deadline = self.engine.deadline
            posted = self._queue[0][0] if self._queue else float("inf")
            at = min(posted, self.lines.next_at, float("inf") if deadline is None else deadline)
            if at > end_s:
                return
            self._now = max(self._now, at)
            self._one_at(posted, at)

    def _one_at(self, posted: float, at: float) -> None:
        wall = self._wall(self._now)
        if posted <= at:
            self._step(heapq.heappop(self._queue)[2], wall)
        elif self.lines.next_at <= at:
            event = self.lines.pop()
            if event is not None:
                self._step(event, wall)
        else:
            self.engine.handle_timer(self._now, wall)

    def _step(self, event: object, wall: datetime) -> None:
        self.events += 1
        self.engine.step(event, self._now, wall)
        self.engine.handle_timer(self._now, wall)
        if (
            self._dry_at_s is None
            and isinstance(event, ev.LeadsLoaded)
            and self.engine.runs[event.campaign_id].exhausted
        ):
            self._note_dry(wall)

    def _note_dry(self, wall: datetime) -> None:
        """Nobody is left to call, and not because of the hour."""
        if self._now < self.settings.hours * 3600.0 and is_open((ZONE,), self._campaign.window, wall):
            self._dry_at_s = self._now

    def _drain(self) -> None:
        ready = self.engine.ready()
        while ready.records or ready.actions:
            refused = self._commit(ready.records)
            for action in ready.actions:
                if not (isinstance(action, act.Originate) and action.attempt_id in refused):
                    self._perform(action)
            ready = self.engine.ready()

    def _commit(self, records: tuple[rec.Record, ...]) -> set[int]:
        vetoes = self._journal.commit(records)
        refused = {veto.attempt_id for veto in vetoes}
        for record in records:
            if isinstance(record, rec.AttemptReserved) and record.attempt_id in refused:
                continue
            self._digest.update(repr(record).encode())
            self.checker.observe(record)
            if self._recorder is not None:
                self._recorder.observe(record, self._now)
            if isinstance(record, rec.AgentStateChanged):
                self._agent_moved(record)
        for veto in vetoes:
            self.vetoed += 1
            self._post(self._now, ev.AttemptVetoed(veto.attempt_id, veto.reason))
        return refused

    def _perform(self, action: act.Action) -> None:
        if isinstance(action, act.RefillLeads):
            wall = self._wall(self._now)
            refill = self.store.refill(action.campaign_id, action.count, wall, action.exclude)
            self._post(self._now, ev.LeadsLoaded(action.campaign_id, refill.leads, refill.next_at))
        elif isinstance(action, act.LoadCallbacks):
            leads = self.store.due_callbacks(action.campaign_id, self._wall(self._now), action.agents, action.exclude)
            self._post(self._now, ev.CallbacksLoaded(action.campaign_id, tuple(leads)))
        else:
            self.lines.perform(action, self._now)

    def _agent_moved(self, record: rec.AgentStateChanged) -> None:
        if record.state == "WRAPUP":
            self.lines.dispose_soon(record.agent)
        elif record.state == "PAUSED" and record.code != "LOGOUT":
            self._post(self._now + 30.0, ev.MakeReady(record.agent))
        elif record.state == "LOGGED_OUT" and not self.engine.draining:
            address = f"sip:{record.agent}@sim"
            self._post(self._now + 20.0, ev.LogIn(record.agent, address, self._campaign.campaign_id))

    def _plan_faults(self, agent: str, end_s: float) -> None:
        faults = self.settings.profile.faults
        for rate, make in (
            (faults.station_lost_per_hour, lambda: self.lines.break_station(agent)),
            (faults.pauses_per_hour, lambda: ev.Pause(agent, "BREAK")),
        ):
            at = self._world.random.expovariate(rate / 3600.0) if rate else end_s
            while at < end_s:
                self.lines.later(at, make)
                at += self._world.random.expovariate(rate / 3600.0)

    def _result(self, real_s: float, simulated_s: float) -> SimulationResult:
        run = self.engine.runs[self._campaign.campaign_id]
        tally = run.tally
        if (tally.abandoned, tally.connected) != (self.checker.abandoned, self.checker.connected):
            raise AssertionError(f"tally {tally} differs from the records: {self.checker.abandoned} abandoned")
        report = self.store.report_abandonment("sim")
        counted = (report["abandoned"], report["connected"], report["not_live"])
        if counted != (tally.abandoned, tally.connected, tally.not_live):
            raise AssertionError(f"report {report} differs from the tally {tally}")
        shift = self.store.performance("sim", self._start, self._wall(simulated_s))
        return SimulationResult(
            agents=self.settings.agents,
            hours=self.settings.hours,
            seed=self.settings.seed,
            mode=self._campaign.mode.value,
            attempts=tally.attempts,
            answered=tally.answered,
            connected=tally.connected,
            abandoned=tally.abandoned,
            abandoned_rate=0.0 if self._nobody else round(tally.abandoned_rate, 5),
            talk_share=round(shift.talk_share or 0.0, 4),
            busy_share=round(shift.busy_share or 0.0, 4),
            mean_wait_s=round(shift.mean_wait_s or 0.0, 2),
            p90_wait_s=round(shift.p90_wait_s or 0.0, 2),
            **self._rates(shift),
            list_lasts_h=None if self._dry_at_s is None else round(self._dry_at_s / 3600.0, 4),
            statuses=dict(sorted(tally.statuses.items())),
            leads=self._leads,
            leads_left=self.store.report_campaign("sim")["leads_left"],
            vetoed=self.vetoed,
            late_events=self.engine.late_events,
            events=self.events,
            digest=self._digest.hexdigest(),
            simulated_s=simulated_s,
            real_s=round(real_s, 3),
            speed=round(simulated_s / real_s, 1),
        )

    @property
    def _nobody(self) -> bool:
        """Whether no person ever answers: then each abandoned call, which the dialer takes for a person's, is none."""
        history = self.settings.history
        return (self.settings.profile.person if history is None else history.people) == 0.0

    def _rates(self, shift: Performance) -> dict[str, float | None]:
        """Figures that are None where there is nothing to measure."""
        values = {name: getattr(shift, name) for name in _RATE_DIGITS if name != "mean_people_talk_s"}
        values["mean_people_talk_s"] = self._mean_people_talk_s()
        if self._nobody and shift.attempts:
            values["answer_share"] = 0.0
        return {name: None if value is None else round(value, _RATE_DIGITS[name]) for name, value in values.items()}

    def _mean_people_talk_s(self) -> float | None:
        calls = self.store.recorded_attempts("sim")
        talks = [call.talk_s for call in calls if call.person and call.talk_s is not None]
        return fmean(talks) if talks else None


def closed_at_start(settings: SimulationSettings) -> str | None:
    """A sentence that says when the window opens, if a shift would start outside it; None when it would not."""
    campaign = settings.campaign
    if campaign is None or settings.start is None:
        return None
    start = _start_of(settings, campaign)
    if is_open((ZONE,), campaign.window, start):
        return None
    opens = next_open((ZONE,), campaign.window, start)
    begin = f"the calling window is closed at {settings.start:%H:%M}, when the shift starts"
    if opens is None:
        return f"{begin}, and does not open within 14 days: no call is placed"
    local, wait_h = opens.astimezone(ZoneInfo(ZONE)), (opens - start).total_seconds() / 3600.0
    late = ", after the shift: no call is placed" if wait_h >= settings.hours else ""
    return f"{begin}; it opens {local:%A} at {local:%H:%M}, {wait_h:.1f} h later{late}"


def _start_of(settings: SimulationSettings, campaign: CampaignSettings) -> datetime:
    """When the shift starts: as asked for, else at START or when the window next opens. Raises NeverOpen."""
    if settings.start is not None:
        local = datetime.combine(START.astimezone(ZoneInfo(ZONE)).date(), settings.start, ZoneInfo(ZONE))
        return local.astimezone(UTC)
    opens = next_open((ZONE,), campaign.window, START)
    if opens is None:
        raise NeverOpen(f"campaign {campaign.name}: its calling window does not open within 14 days in {ZONE}")
    return opens
