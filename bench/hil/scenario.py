"""Scenarios as data: stimuli, what must follow with time bounds, and what must not."""

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from bench.hil.events import FAR_SIGHTS, PIN_SIGHTS, SMS_EVENTS, check_call, check_event, check_where
from bench.hil.faults import Faults
from bench.hil.files import BenchError, FileError, Table, nearest, read
from hw.contract import Lamp

Seconds = Annotated[float, Field(ge=0, le=3600)]
Kind = Literal["gateway", "modem", "trunk", "headset"]
# How numbers behave that the scenarios that ship dial. A scenario of one's own may name others.
BEHAVIOURS = (
    "answers",
    "answers_and_leaves",
    "answers_late",
    "busy",
    "congested",
    "declines",
    "loses_texts",
    "presses_keys",
    "rings",
    "takes_texts",
    "unobtainable",
)
CHECKS = ("safe", "agree", "joined", "parted")
MAX_WAIT_S = 3600.0
# E.164: a plus, a country code that does not begin with 0, fifteen digits at most.
_NUMBER = re.compile(r"\+[1-9][0-9]{2,14}")


def is_number(to: str) -> bool:
    """Whether this is meant as a number and not as a behaviour."""
    return to[:1] == "+" or to[:1].isdecimal()


def check_number(number: str) -> str:
    """The number itself. Raises ValueError unless it is one in E.164 with +."""
    if not _NUMBER.fullmatch(number):
        raise ValueError(f"{number!r} is no number: write it with + and country code, as in +12125550100")
    return number


def _wait_s(value: Any) -> float | tuple[float, float]:
    ends = value if isinstance(value, list | tuple) and len(value) == 2 else [value, value]
    if any(isinstance(s, bool) or not isinstance(s, int | float) or not 0 <= s <= MAX_WAIT_S for s in ends):
        raise ValueError(f"{value!r} is neither seconds from 0 to {MAX_WAIT_S:g} nor a range, as in [0.5, 2]")
    least, most = float(ends[0]), float(ends[1])
    if least > most:
        raise ValueError(f"{value!r}: the least comes first: [{most:g}, {least:g}]")
    return (least, most) if ends is value else least


class State(StrEnum):
    """What a device under test can be brought to; each includes the ones before."""

    OFF = "off"
    ON = "on"
    LINKED = "linked"
    READY = "ready"


class Ability(StrEnum):
    """What a bench can do with a device; a scenario that needs more than there is cannot be tried."""

    POWER = "power"
    FREEZE = "freeze"
    RESET = "reset"
    WIRE = "wire"
    PINS = "pins"
    HEADSETS = "headsets"
    FAR_SIGHT = "see what the far side does"
    FAR_ANSWER = "let the far side answer"
    FAR_HANG_UP = "let the far side hang up"
    FAR_DIGITS = "let the far side press keys"
    FAR_BUSY = "let the exchange send busy tone"
    FAR_RING = "let somebody call"
    EXERCISE = "exercise"
    SMS = "sms"
    UPDATE = "update (set image in bench.toml, or --image)"


class Area(StrEnum):
    """What a scenario is about, in a certificate."""

    CALLS = "calls"
    AGENTS = "agents"
    SAFETY = "safety"
    RECOVERY = "recovery"
    WIRE = "wire"
    MESSAGES = "messages"


class FaultTable(Table):
    """Faults of one direction of the wire; see `bench.hil.faults.Faults`."""

    damage: float = 0.0
    bit_errors: float = 0.0
    loss: float = 0.0
    cut: float = 0.0
    duplication: float = 0.0
    noise: float = 0.0
    delay_s: float = 0.0
    jitter_s: float = 0.0
    single_bytes: bool = False
    baud: int | None = None

    @model_validator(mode="after")
    def _possible(self) -> "FaultTable":
        self.faults()
        return self

    def faults(self) -> Faults:
        """As the injector wants them."""
        return Faults(**self.model_dump())


def _number_or_behaviour(to: str) -> str:
    return check_number(to) if is_number(to) else to


def _known_check(name: str) -> str:
    if name not in CHECKS:
        raise ValueError(f"there is no condition {name!r}{nearest(name, CHECKS)}")
    return name


def _event_of(info: ValidationInfo) -> str:
    """The event of the step; empty when that is wrong itself."""
    return str(info.data.get("expect") or info.data.get("never") or "")


def _call_that_fits(call: str, info: ValidationInfo) -> str:
    event = _event_of(info)
    return check_call(event, call) if event else call


def _fields_that_fit(where: Mapping[str, Any], info: ValidationInfo) -> Mapping[str, Any]:
    event = _event_of(info)
    return check_where(event, where) if event else where


To = Annotated[str, AfterValidator(_number_or_behaviour)]
EventName = Annotated[str, AfterValidator(check_event)]
CallOfEvent = Annotated[str, AfterValidator(_call_that_fits)]
FieldsOfEvent = Annotated[Mapping[str, Any], AfterValidator(_fields_that_fit)]


class Step(Table):
    """One line of a scenario. `label` lets later steps measure from this one."""

    label: str = ""


class Dial(Step):
    """Call a number that behaves so, or this very number (digits, with or without +)."""

    do: Literal["dial"]
    call: str
    to: To


class CallStation(Step):
    """Call a headset, as at an agent's log-in."""

    do: Literal["station"]
    call: str
    headset: int = 1


class OnCall(Step):
    """A command of the line driver for one call."""

    do: Literal["hang_up", "digits", "mute", "lamp"]
    call: str
    digits: str = ""
    muted: bool = True
    lamp: Lamp = Lamp.OFF


class OnPair(Step):
    """Join two calls, or part them."""

    do: Literal["join", "part"]
    call: str
    peer: str


class Far(Step):
    """The far side acts: on the line (from 1) of a gateway, or in the one call of a modem."""

    do: Literal["far"]
    act: Literal["answer", "hang_up", "digits", "busy", "ring", "stop_ringing"]
    line: int = 1
    digits: str = ""


class Agent(Step):
    """The agent acts at a headset (from 1)."""

    do: Literal["agent"]
    act: Literal["pick_up", "hang_up", "press_mute", "plug", "unplug"]
    headset: int = 1


class Power(Step):
    """The supply, the reset pin, or a processor that hangs."""

    do: Literal["power"]
    act: Literal["on", "off", "reset", "freeze", "thaw"]


class WireStep(Step):
    """The wire between host and device: its faults from now on, or its plug."""

    do: Literal["wire"]
    act: Literal["faults", "unplug", "plug", "cut", "mend"] = "faults"
    to_device: FaultTable = FaultTable()
    to_host: FaultTable = FaultTable()


class Plug(Step):
    """Line `line` (from 1; 0 for all) loses its voltage, or gets it back."""

    do: Literal["plug"]
    line: int = 1
    present: bool


class Wait(Step):
    """Let time pass: seconds, or a range from which each round draws."""

    do: Literal["wait"]
    s: Annotated[float | tuple[float, float], PlainValidator(_wait_s)]


class Reach(Step):
    """Bring the device to a state."""

    do: Literal["reach"]
    state: State
    within_s: Seconds = 30.0


class Exercise(Step):
    """Give the device `count` commands of its own protocol, `under_way` at a time; none may be lost or done twice."""

    do: Literal["exercise"]
    count: Annotated[int, Field(gt=0, le=1_000_000)]
    under_way: Annotated[int, Field(gt=0, le=64)] = 8
    within_s: Seconds = 600.0


class Update(Step):
    """Replace the firmware over the link, and see the board come up with the new one."""

    do: Literal["update"]
    within_s: Seconds = 300.0


class Text(Step):
    """Send a short message to a number that behaves so, or to this very number."""

    do: Literal["sms"]
    to: To
    text: str


class Expect(Step):
    """Something happens within `within_s` of the last stimulus, or of the step labelled `since`.

    `where` gives fields that must be so. The time it took is kept under `figure`.
    """

    expect: EventName
    call: CallOfEvent = ""
    where: FieldsOfEvent = Field(default_factory=dict)
    within_s: Seconds
    since: str = ""
    figure: str = ""


class Never(Step):
    """Something does not happen for `for_s`, counted from the last stimulus."""

    never: EventName
    call: CallOfEvent = ""
    where: FieldsOfEvent = Field(default_factory=dict)
    for_s: Seconds


class Check(Step):
    """A condition of the device holds within `within_s`: `safe`, `agree`, `joined`, `parted`."""

    check: Annotated[str, AfterValidator(_known_check)]
    within_s: Seconds = 5.0
    since: str = ""
    figure: str = ""


Stimulus = (
    Dial
    | CallStation
    | OnCall
    | OnPair
    | Far
    | Agent
    | Power
    | WireStep
    | Plug
    | Wait
    | Reach
    | Exercise
    | Update
    | Text
)


def _step_tag(value: Any) -> str | None:
    table = value if isinstance(value, dict) else value.model_dump()
    if "do" in table:
        return str(table["do"])
    return next((key for key in ("expect", "never", "check") if key in table), None)


AnyStep = Annotated[
    Annotated[Dial, Tag("dial")]
    | Annotated[CallStation, Tag("station")]
    | Annotated[OnCall, Tag("hang_up")]
    | Annotated[OnCall, Tag("digits")]
    | Annotated[OnCall, Tag("mute")]
    | Annotated[OnCall, Tag("lamp")]
    | Annotated[OnPair, Tag("join")]
    | Annotated[OnPair, Tag("part")]
    | Annotated[Far, Tag("far")]
    | Annotated[Agent, Tag("agent")]
    | Annotated[Power, Tag("power")]
    | Annotated[WireStep, Tag("wire")]
    | Annotated[Plug, Tag("plug")]
    | Annotated[Wait, Tag("wait")]
    | Annotated[Reach, Tag("reach")]
    | Annotated[Exercise, Tag("exercise")]
    | Annotated[Update, Tag("update")]
    | Annotated[Text, Tag("sms")]
    | Annotated[Expect, Tag("expect")]
    | Annotated[Never, Tag("never")]
    | Annotated[Check, Tag("check")],
    Discriminator(_step_tag),
]


class Scenario(Table):
    """One file: what is shown, for which kinds of device, from which state, and the steps."""

    title: str
    about: str = ""
    kinds: tuple[Kind, ...] = Field(alias="for", min_length=1)
    proves: str = ""
    area: Area = Area.CALLS
    state: State = State.READY
    repeat: Annotated[int, Field(gt=0, le=10_000)] = 1
    steps: tuple[AnyStep, ...] = Field(alias="step", min_length=1)
    path: Path = Path()

    @field_validator("steps")
    @classmethod
    def _labels(cls, steps: tuple[AnyStep, ...]) -> tuple[AnyStep, ...]:
        known: set[str] = set()
        for number, step in enumerate(steps, 1):
            since = getattr(step, "since", "")
            if since and since not in known:
                raise ValueError(f"step {number} measures since {since!r}, and no step before it has that label")
            known.add(step.label)
        return steps

    @field_validator("steps")
    @classmethod
    def _calls(cls, steps: tuple[AnyStep, ...]) -> tuple[AnyStep, ...]:
        """A call is placed once, and named by no step before."""
        placed: dict[str, int] = {}
        for number, step in enumerate(steps, 1):
            if isinstance(step, Dial | CallStation):
                if step.call in placed:
                    first = placed[step.call]
                    raise ValueError(f"step {number}, call: step {first} has placed a call {step.call!r}; name it anew")
                placed[step.call] = number
            for key, call in _calls_named(step):
                if call not in placed:
                    hint = nearest(call, placed) if placed else ""
                    raise ValueError(f"step {number}, {key}: no step before it places a call {call!r}{hint}")
        return steps

    @property
    def name(self) -> str:
        """The file's folder and name without its ending."""
        return f"{self.path.absolute().parent.name}/{self.path.name.removesuffix('.toml')}"

    @property
    def hits_frames(self) -> bool:
        """Whether it has faults of the wire that hit some frames and not others."""
        tables = [
            table for step in self.steps if isinstance(step, WireStep) for table in (step.to_device, step.to_host)
        ]
        return any(table.faults().hits for table in tables)

    @property
    def calls_at_once(self) -> int:
        """How many of its calls are up at the same time, at most."""
        up: set[str] = set()
        most = 0
        for step in self.steps:
            if isinstance(step, Dial | CallStation):
                up.add(step.call)
            elif isinstance(step, Expect) and step.expect == "Ended":
                up.discard(step.call)
            most = max(most, len(up))
        return most

    @property
    def judges(self) -> bool:
        """Whether any step can fail because of the device.

        A state that nothing was done to, or that nothing happens when nothing was done, or for no time, shows nothing.
        """
        done: list[AnyStep] = []
        for step in self.steps:
            match step:
                case Expect() | Check() | Exercise() | Update():
                    return True
                case Never() if step.for_s > 0 and any(_can_bring(each, step.never) for each in done):
                    return True
                case Reach() if any(isinstance(each, Power | WireStep | Plug) for each in done):
                    return True
            done.append(step)
        return False


def _can_bring(step: AnyStep, event: str) -> bool:
    """Whether an event can come of a step."""
    if event in SMS_EVENTS:
        return isinstance(step, Text)
    if event in ("Joined", "JoinFailed"):
        return isinstance(step, OnPair)
    if event == "MessagePlayed":  # No step plays one.
        return False
    return not isinstance(step, Wait | Never | Reach | Text)


def _event_of_step(step: Expect | Never) -> str:
    return step.expect if isinstance(step, Expect) else step.never


def _calls_named(step: AnyStep) -> list[tuple[str, str]]:
    """Keys of a step that name a call, and the calls; not the one that it places."""
    if isinstance(step, Dial | CallStation):
        return []
    named = [(key, getattr(step, key, "")) for key in ("call", "peer")]
    where = getattr(step, "where", {})
    if "peer" in where:
        peers = where["peer"] if isinstance(where["peer"], list) else [where["peer"]]
        named += [("where, peer", peer) for peer in peers]
    return [(key, call) for key, call in named if call]


_NEEDS: dict[type[Step], Ability] = {
    CallStation: Ability.HEADSETS,
    Agent: Ability.HEADSETS,
    WireStep: Ability.WIRE,
    Plug: Ability.PINS,
    Exercise: Ability.EXERCISE,
    Update: Ability.UPDATE,
    Text: Ability.SMS,
}
_POWER_NEEDS = {"freeze": Ability.FREEZE, "thaw": Ability.FREEZE, "reset": Ability.RESET}
_FAR_NEEDS = {
    "answer": Ability.FAR_ANSWER,
    "hang_up": Ability.FAR_HANG_UP,
    "digits": Ability.FAR_DIGITS,
    "busy": Ability.FAR_BUSY,
    "ring": Ability.FAR_RING,
    "stop_ringing": Ability.FAR_RING,
}
_SIGHT_NEEDS: Mapping[str, frozenset[Ability]] = {
    **dict.fromkeys(FAR_SIGHTS, frozenset({Ability.FAR_SIGHT})),
    **dict.fromkeys(PIN_SIGHTS, frozenset({Ability.PINS})),
    **dict.fromkeys(SMS_EVENTS, frozenset({Ability.SMS})),
}


def abilities_needed(scenario: Scenario) -> frozenset[Ability]:
    """What the bench must be able to do for this scenario."""
    needed = {_NEEDS[type(step)] for step in scenario.steps if type(step) in _NEEDS}
    for step in scenario.steps:
        match step:
            case Power():
                needed.add(_POWER_NEEDS.get(step.act, Ability.POWER))
            case Far():
                needed.add(_FAR_NEEDS[step.act])
            case Expect() | Never():
                needed |= _SIGHT_NEEDS.get(_event_of_step(step), frozenset())
            case Reach(state=State.OFF):
                needed.add(Ability.POWER)
            case Check(check="safe" | "joined" | "parted"):
                needed.add(Ability.PINS)
    if scenario.state is State.OFF:
        needed.add(Ability.POWER)
    return frozenset(needed)


def behaviours_needed(scenario: Scenario) -> frozenset[str]:
    """How the numbers that it dials must behave; numbers themselves are not among them."""
    return frozenset(step.to for step in scenario.steps if isinstance(step, Dial | Text) and not is_number(step.to))


def numbers_called(scenario: Scenario) -> frozenset[str]:
    """The numbers themselves that it dials."""
    return frozenset(step.to for step in scenario.steps if isinstance(step, Dial | Text) and is_number(step.to))


def load_scenario(path: Path) -> Scenario:
    """Raises FileError, also for what a scenario says that could never be shown."""
    scenario = read(path, Scenario).model_copy(update={"path": path})
    if scenario.proves and not scenario.judges:
        raise FileError(f"{path}: proves: no step can fail; add an expect, a never or a check, or leave proves out")
    for number, step in enumerate(scenario.steps, 1):
        if isinstance(step, Check) and step.check == "agree" and "gateway" not in scenario.kinds:
            raise FileError(f"{path}: step {number} (agree), check: only a gateway has pins to agree with")
        if isinstance(step, Expect | Never) and step.where and scenario.kinds != ("gateway",):
            event = _event_of_step(step)
            if event in FAR_SIGHTS:
                raise FileError(f"{path}: step {number} ({event}), where: only a gateway's exchange tells lines")
    return scenario


def find_scenarios(patterns: tuple[str, ...], folder: Path) -> list[Scenario]:
    """Scenarios by file patterns, in order of path. Raises BenchError for a pattern that finds nothing."""
    found: dict[Path, Scenario] = {}
    for pattern in patterns:
        paths = sorted(folder.glob(pattern))
        if not paths:
            raise BenchError(f"no scenario matches {pattern!r} in {folder}")
        for path in paths:
            found.setdefault(path.resolve(), load_scenario(path))
    return list(found.values())
