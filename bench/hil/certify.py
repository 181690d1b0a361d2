"""What a device can and cannot be trusted with: a certificate from the outcomes of its scenarios."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bench.hil.runner import Outcome, Verdict
from bench.hil.scenario import Area
from bench.hil.session import BenchResult
from bench.hil.units import Stats, figure_text


class Standing(StrEnum):
    """Where a property stands."""

    PROVEN = "proven"
    FAILED = "failed"
    NOT_TRIED = "could not be tried"


class Trust(StrEnum):
    """Whether an area can be trusted."""

    YES = "yes"
    IN_PART = "as far as tried"
    NO = "no"
    UNKNOWN = "not known"


AREAS: Mapping[Area, str] = {
    Area.CALLS: "placing calls, and telling what became of them",
    Area.AGENTS: "agents: ringing them, joining them with customers",
    Area.SAFETY: "leaving no call up when the dialer is gone",
    Area.RECOVERY: "coming back by itself after trouble",
    Area.WIRE: "keeping calls right on a bad wire",
    Area.MESSAGES: "short messages",
}


BLIND_TO = (
    "Nothing on this bench sees the far side of a call. That it rang, was answered or hung up is the word of the "
    "{kind}: one that makes it up would pass. Call a phone that you can see before you trust it."
)
NOTHING_JUDGED = "no step of this scenario can fail, so it shows nothing: it needs an expect, never or check"


@dataclass(frozen=True, slots=True)
class Property:
    """One thing that was to be shown; `figures` are measured, in words. `error`: the bench could not go on."""

    area: Area
    text: str
    standing: Standing
    because: str
    figures: tuple[str, ...]
    error: bool = False


@dataclass(frozen=True, slots=True)
class Certificate:
    """All properties of one device. `emulated` says that no real device was there; `blind_to` what nobody looked at."""

    device: str
    place: str
    emulated: bool
    properties: tuple[Property, ...]
    blind_to: str = ""

    @property
    def areas(self) -> dict[Area, Trust]:
        """What each area that was looked at can be trusted with."""
        looked_at = dict.fromkeys(each.area for each in self.properties)
        return {area: _trust([p.standing for p in self.properties if p.area is area]) for area in looked_at}

    @property
    def ok(self) -> bool:
        """Whether something was proven, nothing failed, and there was no error."""
        standings = {each.standing for each in self.properties}
        wrong = Standing.FAILED in standings or any(each.error for each in self.properties)
        return Standing.PROVEN in standings and not wrong


def certificates(result: BenchResult) -> list[Certificate]:
    """One for each device of a bench."""
    made = []
    for table in result.wiring.devices:
        outcomes = [outcome for outcome in result.outcomes if outcome.device == table.name]
        properties = sorted((_property(outcome) for outcome in outcomes), key=lambda each: list(Area).index(each.area))
        blind_to = "" if table.emulated or table.kind == "headset" else BLIND_TO.format(kind=table.kind)
        made.append(Certificate(table.name, table.place, bool(table.emulated), tuple(properties), blind_to))
    return made


def _property(outcome: Outcome) -> Property:
    standings = {Verdict.PASSED: Standing.PROVEN, Verdict.FAILED: Standing.FAILED}
    scenario = outcome.scenario
    empty = outcome.verdict is Verdict.PASSED and not scenario.judges
    return Property(
        scenario.area,
        scenario.proves or scenario.title,
        Standing.NOT_TRIED if empty else standings.get(outcome.verdict, Standing.NOT_TRIED),
        NOTHING_JUDGED if empty else outcome.reason,
        tuple(_figure(name, values) for name, values in outcome.figures.items()),
        outcome.verdict is Verdict.ERROR,
    )


def _figure(name: str, values: tuple[float, ...]) -> str:
    stats = Stats.of(values)
    if stats.count == 1:
        return f"{name}: {figure_text(name, stats.median)}"
    return f"{name}: {figure_text(name, stats.median)}, worst {figure_text(name, stats.worst)} of {stats.count}"


def _trust(standings: list[Standing]) -> Trust:
    if Standing.FAILED in standings:
        return Trust.NO
    if Standing.PROVEN not in standings:
        return Trust.UNKNOWN
    return Trust.IN_PART if Standing.NOT_TRIED in standings else Trust.YES
