"""The engine: events in, records and actions out. No clock, no I/O, no randomness of its own.

The shell calls `step` for each event that has come, then `handle_timer`, then `ready`; it commits the records, performs
the actions and arms one timer for the deadline. `now` is monotonic seconds, `wall_now` aware UTC.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from campaigns.model import CampaignSettings, CampaignState, Mode
from campaigns.statuses import UNDISPOSED
from dialer.core import actions as act
from dialer.core import events as ev
from dialer.core import records as rec
from dialer.core.books import EngineConfig
from dialer.core.calling import DIALED_MODES
from dialer.core.dialing import CampaignRun, PacerLike
from dialer.core.staffing import Staffing
from dialer.core.states import AgentState as G
from dialer.core.states import LineTrigger as LT
from hw import contract as hw

__all__ = ["DIALED_MODES", "Engine", "EngineConfig", "pacer_for"]


def pacer_config(settings: CampaignSettings) -> Any:
    """The pacing that a campaign's settings ask for."""
    # Here, as it brings Numba: half of what it takes to start a command that paces nothing.
    from pacing import PacerConfig

    mode = settings.mode if settings.mode in DIALED_MODES else Mode.PROGRESSIVE
    return PacerConfig(
        mode=mode.value,
        max_abandon_rate=settings.max_abandon_rate,
        hold_s=settings.hold_s,
        max_lines=settings.max_lines,
        lines_per_agent=settings.lines_per_agent,
        amd_false_positive_rate=settings.amd_false_positive_rate,
    )


def pacer_for(settings: CampaignSettings) -> PacerLike:
    """A pacer for a campaign."""
    from pacing import Pacer

    return Pacer(pacer_config(settings), seed=settings.campaign_id)


class Engine(Staffing):
    """Attempts, agents and lines of all running campaigns."""

    def __init__(
        self, config: EngineConfig, pacer_factory: Callable[[CampaignSettings], PacerLike] = pacer_for
    ) -> None:
        super().__init__(config, pacer_factory)
        self._handlers: dict[type, Callable[..., None]] = {
            hw.Dialed: self._on_dialed,
            hw.Ringing: self._on_ringing,
            hw.Answered: self._on_answered,
            hw.Ended: self._on_ended,
            hw.Joined: self._on_joined,
            hw.JoinFailed: self._on_join_failed,
            hw.MessagePlayed: self._on_message_played,
            hw.DigitReceived: lambda event: None,
            hw.TrunkLines: self._on_trunk_lines,
            hw.MuteChanged: self._on_mute_changed,
            hw.BatteryLevel: self._on_battery_level,
            hw.HangUpAsked: self._on_hang_up_asked,
            ev.CampaignLoaded: self._on_campaign_loaded,
            ev.SetCampaignState: self._on_set_campaign_state,
            ev.LeadsLoaded: self._on_leads_loaded,
            ev.CallbacksLoaded: self._on_callbacks_loaded,
            ev.AttemptVetoed: self._on_vetoed,
            ev.AttemptNotPlaced: self._on_not_placed,
            ev.GreetingHeard: self._on_greeting_heard,
            ev.StoreWasSlow: self._on_store_was_slow,
            ev.LogIn: self._on_log_in,
            ev.MakeReady: self._on_make_ready,
            ev.Pause: self._on_pause,
            ev.LogOut: self._on_log_out,
            ev.HangUpCustomer: self._on_hang_up_customer,
            ev.Dispose: self._on_dispose,
            ev.DrainRequested: self._on_drain,
            ev.StopRequested: self._on_stop,
        }
        self._timer_handlers: dict[str, Callable[..., None]] = {
            "ring": self._ring_over,
            "hold": self._hold_over,
            "join": self._join_over,
            "path": self._path_again,
            "message": self._message_over,
            "station": self._station_silent,
            "wrapup": self._wrapup_over,
            "pace": lambda campaign_id: None,
            "refill": lambda campaign_id: None,
            "callbacks": lambda campaign_id: None,
            "sample": lambda campaign_id: None,
        }

    @property
    def idle(self) -> bool:
        """No attempt is open and no customer line is up."""
        return not self._attempts and not any(line.attempt for line in self.lines.values())

    @property
    def deadline(self) -> float | None:
        """When `handle_timer` is due next."""
        return self._timers.deadline

    def step(self, event: object, now: float, wall_now: datetime) -> None:
        """Take in one event that happened at `now`; `handle_timer` follows. Raises KeyError for an unknown type."""
        self._set_clocks(now, wall_now)
        self._handlers[type(event)](event)

    def handle_timer(self, now: float, wall_now: datetime) -> None:
        """Do what is due at `now`, then what follows from all states together.

        Called after every batch of steps with the time it is by then: a person whose event waited too long is not
        connected late, but counted as abandoned.
        """
        self._set_clocks(now, wall_now)
        for kind, key in self._timers.pop_due(self._now):
            self._timer_handlers[kind](key)
        self._settle()

    def ready(self) -> act.Ready:
        """Records and actions since the last call, and when to call `handle_timer` next."""
        self._keep()
        ready = act.Ready(tuple(self._records), tuple(self._actions), self._timers.deadline)
        self._records.clear()
        self._actions.clear()
        return ready

    def _settle(self) -> None:
        for run in self.runs.values():
            self._join_waiting(run)
            self._load_callbacks(run)
            self._dial_owned(run)
            self._dial(run)

    # Lines: of a customer or of a station.

    def _on_answered(self, event: hw.Answered) -> None:
        line = self._live_line(event, LT.ANSWERED)
        if line is None:
            return
        if line.agent is not None:
            self._station_up(line.agent)
        if line.attempt is not None:
            self._person_answered(line.attempt)

    def _on_ended(self, event: hw.Ended) -> None:
        line = self.lines.get(event.call_id)
        if line is None:
            return
        self._line_down(line)
        if line.agent is not None:
            self._station_lost(line.agent, event)
        if line.attempt is not None:
            self._attempt_ended(line.attempt, event)

    def _on_trunk_lines(self, event: hw.TrunkLines) -> None:
        trunk = self.trunks[event.trunk]
        most = trunk.settings.max_lines
        lines = min(event.lines, most)
        because = event.because or ("there are no more" if lines < most else "")
        if (trunk.usable, trunk.because) == (lines, because):
            return
        trunk.has_lines(lines, because)
        if because:
            has = f"has {lines} of its {most} lines" if lines < most else "has all its lines, but"
            self._warn(f"trunk {event.trunk} {has}: {because}")
        else:
            self._actions.append(act.Note(f"trunk {event.trunk} has all of its {most} lines"))

    # Campaigns and the whole.

    def _on_campaign_loaded(self, event: ev.CampaignLoaded) -> None:
        settings = event.settings
        run = self.runs.get(settings.campaign_id)
        if run is None:
            run = CampaignRun(settings, self._pacer_factory(settings), first_call_at=event.first_call_at)
            self.runs[settings.campaign_id] = run
            self._open_window(run, event.counted_at or self._wall, event.live, event.abandoned)
            self._recall(run, event.learned)
            return
        before = run.settings
        # Its state changes by SetCampaignState alone: what was loaded may be older than the last of these.
        run.settings = replace(settings, state=run.settings.state)
        run.exhausted = False
        self._timers.cancel(("refill", settings.campaign_id))
        run.pacer.reconfigure(pacer_config(settings))
        self._recount(run, before, event)

    def _on_set_campaign_state(self, event: ev.SetCampaignState) -> None:
        run = self.runs.get(event.campaign_id)
        if run is None:
            self._refuse(event.request, "the running dialer does not know this campaign")
            return
        if event.state is CampaignState.ACTIVE and run.settings.mode not in DIALED_MODES:
            text = f"campaign {run.settings.name}: mode {run.settings.mode} is not dialed by the machine"
            self._refuse(event.request, text)
            return
        run.settings = replace(run.settings, state=event.state)
        self._records.append(rec.CampaignStateChanged(event.campaign_id, event.state, self._wall))
        self._reply(event.request, f"campaign {run.settings.name} is {event.state}")

    def _on_drain(self, event: ev.DrainRequested) -> None:
        self.draining = True

    def _on_stop(self, event: ev.StopRequested) -> None:
        self.draining = self.stopping = True
        for run in self.runs.values():
            if run.tally.attempts:
                self._write_learned(run)
        for attempt in list(self._attempts.values()):
            self._stop_attempt(attempt)
        for agent in list(self.agents.values()):
            if agent.state is G.WRAPUP:
                agent.logout_asked = True
                self._dispose(agent, UNDISPOSED)
            else:
                self._log_out(agent)
