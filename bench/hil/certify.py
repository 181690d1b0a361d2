"""What a device can and cannot be trusted with: a certificate from the outcomes of its scenarios."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bench.hil.runner import Outcome, Verdict
from bench.hil.scenario import Area, Scenario
from bench.hil.session import BenchResult
from bench.hil.units import HITS, Stats, figure_text


class Standing(StrEnum):
    """Where a property stands."""

    PROVEN = "proven"
    IN_PART = "as far as tried"
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
NO_HIT = "the faults of the wire hit no frame, so this shows nothing of them: more rounds, or another seed"


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
    """All properties of one device. `emulated` says that no real device was there; `blind_to` what nobody looked at.

    `left_out` names scenarios that were not asked for, of `left_out_areas`.
    """

    device: str
    place: str
    emulated: bool
    properties: tuple[Property, ...]
    blind_to: str = ""
    left_out: tuple[str, ...] = ()
    left_out_areas: frozenset[Area] = frozenset()

    @property
    def areas(self) -> dict[Area, Trust]:
        """What each area that was looked at can be trusted with."""
        looked_at = dict.fromkeys(each.area for each in self.properties)
        return {area: self._trust(area) for area in looked_at}

    @property
    def partial(self) -> str:
        """What was left out or cut down on the user's wish; empty when nothing was."""
        told = [f"left out: {', '.join(self.left_out)}"] if self.left_out else []
        fewer = sum(each.standing is Standing.IN_PART for each in self.properties)
        told += [f"{fewer} had fewer rounds than their files say"] if fewer else []
        return f"This certificate is partial; {'; '.join(told)}." if told else ""

    def _trust(self, area: Area) -> Trust:
        trust = _trust([each.standing for each in self.properties if each.area is area])
        return Trust.IN_PART if trust is Trust.YES and area in self.left_out_areas else trust

    @property
    def ok(self) -> bool:
        """Whether something was proven, nothing failed, and there was no error."""
        standings = {each.standing for each in self.properties}
        wrong = Standing.FAILED in standings or any(each.error for each in self.properties)
        return bool(standings & {Standing.PROVEN, Standing.IN_PART}) and not wrong


def certificates(result: BenchResult, meant: Sequence[Scenario] = ()) -> list[Certificate]:
    """One for each device of a bench; `meant` are the scenarios of a whole certification."""
    made = []
    for table in result.wiring.devices:
        outcomes = [outcome for outcome in result.outcomes if outcome.device == table.name]
        properties = sorted((_property(outcome) for outcome in outcomes), key=lambda each: list(Area).index(each.area))
        blind_to = "" if table.emulated or table.kind == "headset" else BLIND_TO.format(kind=table.kind)
        run = {outcome.scenario.name for outcome in outcomes}
        left_out = [each for each in meant if table.kind in each.kinds and each.name not in run]
        names, areas = tuple(each.name for each in left_out), frozenset(each.area for each in left_out)
        emulated = bool(table.emulated)
        made.append(Certificate(table.name, table.place, emulated, tuple(properties), blind_to, names, areas))
    return made


def _property(outcome: Outcome) -> Property:
    scenario = outcome.scenario
    standing, because = _standing(outcome)
    return Property(
        scenario.area,
        scenario.proves or scenario.title,
        standing,
        because,
        tuple(_figure(name, values) for name, values in outcome.figures.items()),
        outcome.verdict is Verdict.ERROR,
    )


def _standing(outcome: Outcome) -> tuple[Standing, str]:
    scenario = outcome.scenario
    if outcome.verdict is Verdict.FAILED:
        return Standing.FAILED, outcome.reason
    if outcome.verdict is not Verdict.PASSED:
        return Standing.NOT_TRIED, outcome.reason
    if not scenario.judges:
        return Standing.NOT_TRIED, NOTHING_JUDGED
    if scenario.hits_frames and not any(outcome.figures.get(HITS, ())):
        return Standing.NOT_TRIED, NO_HIT
    if outcome.rounds < scenario.repeat:
        return Standing.IN_PART, f"{outcome.rounds} of {scenario.repeat} rounds"
    return Standing.PROVEN, ""


def _figure(name: str, values: tuple[float, ...]) -> str:
    stats = Stats.of(values)
    if stats.count == 1:
        return f"{name}: {figure_text(name, stats.median)}"
    return f"{name}: {figure_text(name, stats.median)}, worst {figure_text(name, stats.worst)} of {stats.count}"


def _trust(standings: list[Standing]) -> Trust:
    if Standing.FAILED in standings:
        return Trust.NO
    if not {Standing.PROVEN, Standing.IN_PART} & set(standings):
        return Trust.UNKNOWN
    return Trust.YES if set(standings) == {Standing.PROVEN} else Trust.IN_PART
