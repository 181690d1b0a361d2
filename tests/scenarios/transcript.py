"""Runs a scenario file through the engine and writes what came of it, as a call log.

Lines that begin with '>' are what happens: '> TIME WHAT ...'. What the engine makes of it stands below, indented.
Timers fire between, on their own. Lines with '#' are remarks and stay.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from campaigns.model import CallbackAsked, CallingWindow, CampaignSettings, CampaignState, Candidate, Phone
from campaigns.retry import DEFAULT_RULES
from campaigns.settings import changed
from dialer.core import actions as act
from dialer.core import events as ev
from dialer.core import records as rec
from dialer.core.dialing import TrunkSettings
from dialer.core.engine import Engine, EngineConfig
from hw import contract as hw
from hw.contract import Cause, cause_of

# A Monday, noon in New York.
START = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
CAMPAIGN = CampaignSettings(
    campaign_id=1,
    name="spring",
    state=CampaignState.ACTIVE,
    retry=dict(DEFAULT_RULES),
    window=CallingWindow(),
    wrapup_s=30.0,
)


@dataclass
class ScriptedPacer:
    """Asks for exactly the lines that the scenario says, and notes what it is told."""

    wanted: int = 0
    because: str = "the scenario says so"
    ready: int = 0
    in_flight: int = 0
    room: int | None = None
    predicted_answers: float = 0.0
    predicted_free: float = 0.0
    risk: float = 0.0
    next_risk: float = 0.0
    threshold: float = 0.0
    abandoned_rate: float = 0.0
    abandoned_upper_bound: float = 1.0
    budget_left: float = 0.0
    over_limit: bool = False

    @property
    def lines(self) -> int:
        return self.wanted

    def decide(self, at: float) -> "ScriptedPacer":
        return replace(self)

    def agent(self, at: float, agent_id: str, state: str) -> None: ...
    def dialed(self, at: float, call_id: str) -> None:
        self.wanted -= 1

    def resolved(self, at: float, call_id: str, outcome: str) -> None: ...
    def connected(self, at: float, call_id: str, agent_id: str) -> None: ...
    def abandoned(self, at: float, call_id: str) -> None: ...
    def not_live(self, at: float, call_id: str) -> None: ...
    def reconfigure(self, config: object) -> None: ...
    def open_window(self, live: float, abandoned: float) -> None: ...
    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: Any, age_s: float) -> None: ...


_NO_STEP_OF_A_CALL = (rec.PacingSampled, rec.PacerLearned)


class Transcript:
    """One engine under a scenario."""

    def __init__(self) -> None:
        self.pacer = ScriptedPacer()
        trunk = TrunkSettings("carrier", max_lines=10, starts_per_s=10.0, caller_ids=("+12125550199",))
        self.engine = Engine(EngineConfig((trunk,)), pacer_factory=lambda settings: self.pacer)
        self.now = 0.0
        self._step(ev.CampaignLoaded(CAMPAIGN))
        self.engine.ready()

    def play(self, text: str) -> str:
        """The scenario with what came of each step written below it."""
        out: list[str] = []
        for line in text.splitlines():
            if line.startswith(">"):
                time_text, what, *rest = line[1:].split(maxsplit=2)
                out += self._timers_until(float(time_text))
                out.append(line)
                out += self._take(what, rest[0] if rest else "")
            elif not line.startswith("  "):
                out.append(line)
        return "\n".join(out) + "\n"

    def _timers_until(self, until: float) -> list[str]:
        out: list[str] = []
        while self.engine.deadline is not None and self.engine.deadline < until:
            self.now = max(self.now, self.engine.deadline)
            self.engine.handle_timer(self.now, self._wall())
            out += self._outcome()
        self.now = until
        return out

    def _take(self, what: str, rest: str) -> list[str]:
        words = rest.split()
        for event in getattr(self, f"_{what}")(*words):
            self._step(event)
        return self._outcome()

    def _step(self, event: object) -> None:
        self.engine.step(event, self.now, self._wall())
        self.engine.handle_timer(self.now, self._wall())

    def _wall(self) -> datetime:
        return START + timedelta(seconds=self.now)

    # What may stand after '> TIME'.

    def _leads(self, *numbers: str) -> Iterator[object]:
        leads = []
        for index, number in enumerate(numbers):
            phones = tuple(
                Phone(10 * (index + 1) + place, e164, ("America/New_York",))
                for place, e164 in enumerate(number.split(","))
            )
            leads.append(Candidate(index + 1, phones))
        yield ev.LeadsLoaded(1, tuple(leads))

    def _dial(self, count: str) -> Iterator[object]:
        self.pacer.wanted = int(count)
        yield ev.LeadsLoaded(1, ())

    def _login(self, name: str) -> Iterator[object]:
        yield ev.LogIn(name, f"sip:{name}@desk", 1, request=1)

    def _loginat(self, name: str, station_of: str) -> Iterator[object]:
        """`loginat bert anna`: bert at the station that is usually anna's."""
        yield ev.LogIn(name, f"sip:{station_of}@desk", 1, request=1)

    def _staffed(self, *names: str) -> Iterator[object]:
        """Log agents in and make them ready at once, station legs s1, s2, ... in order."""
        for index, name in enumerate(names):
            yield ev.LogIn(name, f"sip:{name}@desk", 1)
            yield hw.Answered(f"s{index + 1}")
            yield ev.MakeReady(name)

    def _ready(self, name: str) -> Iterator[object]:
        yield ev.MakeReady(name, request=1)

    def _pause(self, name: str, code: str = "BREAK") -> Iterator[object]:
        yield ev.Pause(name, code, request=1)

    def _logout(self, name: str) -> Iterator[object]:
        yield ev.LogOut(name, request=1)

    def _hangup(self, name: str) -> Iterator[object]:
        yield ev.HangUpCustomer(name, request=1)

    def _dispose(self, name: str, status: str, at: str = "", whose: str = "") -> Iterator[object]:
        """`dispose anna CALLBK 2026-03-02T15:00-05:00 anna`: to be called again then, by her."""
        callback = CallbackAsked(datetime.fromisoformat(at), "America/New_York", whose) if at else None
        yield ev.Dispose(name, status, callback, request=1)

    def _due(self, whose: str, *numbers: str) -> Iterator[object]:
        """`due anna +1...`: callbacks of an agent (`anyone`: nobody's own) are loaded, leads 71, 72 and so on."""
        owner = "" if whose == "anyone" else whose
        leads = tuple(
            Candidate(71 + index, (Phone(700 + index, number, ("America/New_York",)),), owner=owner)
            for index, number in enumerate(numbers)
        )
        yield ev.CallbacksLoaded(1, leads)

    def _dialed(self, call: str) -> Iterator[object]:
        yield hw.Dialed(call, ref=f"{call}@carrier")

    def _ringing(self, call: str, early: str = "") -> Iterator[object]:
        yield hw.Ringing(call, early_media=early == "early-media")

    def _answered(self, call: str) -> Iterator[object]:
        yield hw.Answered(call)

    def _greeting(self, call: str, what: str) -> Iterator[object]:
        """`greeting a1 begins` or `greeting a1 ends`."""
        yield ev.GreetingHeard(call, ended=what == "ends")

    def _set(self, *pairs: str) -> Iterator[object]:
        """`set abandon_clock=greeting_end`: settings of the campaign."""
        yield ev.CampaignLoaded(changed(CAMPAIGN, dict(pair.split("=", 1) for pair in pairs)))

    def _joined(self, call: str, station: str) -> Iterator[object]:
        yield hw.Joined(call, station)

    def _nopath(self, call: str, station: str) -> Iterator[object]:
        yield hw.JoinFailed(call, station, "all ties are taken", no_path=True)

    def _joinfailed(self, call: str, station: str) -> Iterator[object]:
        yield hw.JoinFailed(call, station, "no audio port")

    def _played(self, call: str) -> Iterator[object]:
        yield hw.MessagePlayed(call)

    def _ended(self, call: str, code: str, q850: str = "0", *phrase: str) -> Iterator[object]:
        """`ended a1 486 17`: a SIP final response with Q.850 cause; `ended a1 bye`: a normal end; or any cause."""
        if code.isdigit():
            cause = cause_of(int(code), int(q850) or None, reason_phrase=" ".join(phrase))
            yield hw.Ended(call, cause, int(code), int(q850) or None)
        else:
            yield hw.Ended(call, Cause.NORMAL if code == "bye" else Cause(code))

    def _slow(self, took_s: str) -> Iterator[object]:
        """What was decided is done only now."""
        yield ev.StoreWasSlow(float(took_s))

    def _vetoed(self, attempt: str, reason: str) -> Iterator[object]:
        yield ev.AttemptVetoed(int(attempt), reason)

    def _notplaced(self, attempt: str, reason: str) -> Iterator[object]:
        yield ev.AttemptNotPlaced(int(attempt), reason)

    def _campaign(self, state: str) -> Iterator[object]:
        yield ev.SetCampaignState(1, CampaignState(state), request=1)

    def _drain(self) -> Iterator[object]:
        yield ev.DrainRequested()

    def _stop(self) -> Iterator[object]:
        yield ev.StopRequested()

    def _wait(self) -> Iterator[object]:
        yield from ()

    # What came of it.

    def _outcome(self) -> list[str]:
        ready = self.engine.ready()
        said = [_say(record) for record in ready.records if not isinstance(record, _NO_STEP_OF_A_CALL)]
        said += [_say(a) for a in ready.actions if not isinstance(a, act.RefillLeads | act.LoadCallbacks)]
        return [f"  {self.now:6.2f}  {line}" for line in said]


def _say(thing: Any) -> str:
    match thing:
        case rec.AttemptReserved(attempt_id=i, lead_id=lead, phone=phone, caller_id=shown):
            return f"on disk: attempt {i} on lead {lead}, {phone}, showing {shown}"
        case rec.AttemptAnswered(attempt_id=i):
            return f"on disk: attempt {i} answered"
        case rec.AttemptConnected(attempt_id=i, agent=agent):
            return f"on disk: attempt {i} connected to {agent}"
        case rec.CallEnded(attempt_id=i, cause=cause):
            return f"on disk: attempt {i} call over, {cause}"
        case rec.AttemptClosed():
            return _closed(thing)
        case rec.CallbackMade(lead_id=lead, callback=asked, falls_at=falls_at):
            falls = f", anyone's from {falls_at:%H:%M %Z}" if falls_at else ""
            return f"on disk: lead {lead} to be called at {asked.at:%a %H:%M %Z} by {asked.agent or 'anyone'}{falls}"
        case rec.AgentStateChanged(agent=agent, state=state, code=code):
            return f"on disk: {agent} {state} {code}".rstrip()
        case rec.CampaignStateChanged(state=state):
            return f"on disk: campaign {state}"
        case rec.NumberSuppressed(phone=phone, source=source):
            return f"on disk: {phone} on the DNC list ({source})"
        case act.Originate(call_id=call, phone=phone):
            return f"call {call}: {phone}"
        case act.CallStation(call_id=call, address=address):
            return f"call {call}: station {address}"
        case act.HangUp(call_id=call):
            return f"hang up {call}"
        case act.Bridge(call_id=call, station_call_id=station):
            return f"join {call} and {station}"
        case act.Unbridge(call_id=call, station_call_id=station):
            return f"part {call} and {station}"
        case act.PlayMessage(call_id=call):
            return f"play the message to {call}"
        case act.Reply(text=text, error=error):
            return f"refused: {error}" if error else f"reply: {text}"
        case act.Note(text=text):
            return f"note: {text}"
        case act.Warn(text=text):
            return f"warning: {text}"
    raise AssertionError(f"nothing to say of {thing!r}")


def _closed(r: rec.AttemptClosed) -> str:
    codes = "".join(f", {name} {value}" for name, value in (("SIP", r.sip_code), ("Q.850", r.q850)) if value)
    again = "never again" if r.retry.at is None else f"again after {round((r.retry.at - r.at).total_seconds())} s"
    by = f" by {r.agent}" if r.agent else ""
    return f"on disk: attempt {r.attempt_id} closed {r.status}{by} ({r.outcome}; {r.cause}{codes}; {again})"
