"""How called parties behave: a TOML profile, and the plan it gives one call.

A plan follows from (seed, number, how many times the number was called before) alone, so two runs with one seed meet
the same people whatever order they are called in.
"""

import math
import random
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from dialer.farend.fields import ProfileError, audible, base, fill, ordered, read, share, table
from dialer.farend.signals import VARIANTS


class Kind(StrEnum):
    """What becomes of a call."""

    PERSON = "person"
    MACHINE = "machine"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    INVALID = "invalid"
    CONGESTION = "congestion"
    UNWANTED = "unwanted"
    BLOCKED = "blocked"
    NO_REPLY = "no_reply"
    GLARE = "glare"


class SoundKind(StrEnum):
    """What an answering party sends."""

    SPEECH = "speech"
    TONE = "tone"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Shares:
    """`[shares]`: relative weight of each kind of call; only their ratios matter."""

    person: float = 0.0
    machine: float = 0.0
    busy: float = 0.0
    no_answer: float = 0.0
    rejected: float = 0.0
    invalid: float = 0.0
    congestion: float = 0.0
    unwanted: float = 0.0
    blocked: float = 0.0
    no_reply: float = 0.0
    glare: float = 0.0


@dataclass(frozen=True, slots=True)
class Network:
    """`[network]`: seconds from INVITE to ringing or refusal, and the share of calls with audio before the answer."""

    setup_min_s: float = 0.3
    setup_max_s: float = 1.5
    early_media_share: float = 0.1
    ring_limit_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Person:
    """`[person]`: lognormal ringing and talking times, how long silence is borne, what is sent.

    `tone_hz` 0 is a tone per call, of 400 to 1180 Hz.
    """

    ring_median_s: float = 8.0
    ring_sigma: float = 0.5
    ring_max_s: float = 40.0
    talk_median_s: float = 40.0
    talk_sigma: float = 0.8
    talk_max_s: float = 600.0
    patience_min_s: float = 4.0
    patience_max_s: float = 8.0
    sound: SoundKind = SoundKind.SPEECH
    tone_hz: int = 0


@dataclass(frozen=True, slots=True)
class Machine:
    """`[machine]`: when it picks up, how long its greeting is before the beep, and when it hangs up."""

    ring_median_s: float = 20.0
    ring_sigma: float = 0.1
    greeting_min_s: float = 4.0
    greeting_max_s: float = 12.0
    beep_hz: int = 1000
    hang_up_s: float = 25.0


@dataclass(frozen=True, slots=True)
class Rejection:
    """`[rejected]`: people who press the red button after some ringing."""

    ring_min_s: float = 1.0
    ring_max_s: float = 8.0


@dataclass(frozen=True, slots=True)
class Override:
    """`[[number]]`: numbers (`match`: exact, or with * ? [..]) whose plan is set, key by key.

    `code` and `cause` make any call a refusal after its ringing; `vanish` leaves without BYE at the end.
    """

    match: str = ""
    kind: Kind | None = None
    setup_s: float | None = None
    ring_s: float | None = None
    talk_s: float | None = None
    patience_s: float | None = None
    greeting_s: float | None = None
    early_media: bool | None = None
    vanish: bool | None = None
    sound: SoundKind | None = None
    tone_hz: int | None = None
    code: int | None = None
    cause: int | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """A whole profile. `time_scale` multiplies every delay: 0.1 is ten times as fast."""

    name: str = "profile"
    time_scale: float = 1.0
    shares: Shares = field(default_factory=lambda: Shares(person=1.0))
    network: Network = field(default_factory=Network)
    person: Person = field(default_factory=Person)
    machine: Machine = field(default_factory=Machine)
    rejected: Rejection = field(default_factory=Rejection)
    number: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What one call will meet, in real seconds. `code` and `cause` are those of a refusal (SIP, Q.850)."""

    kind: Kind
    setup_s: float
    ring_s: float
    talk_s: float
    patience_s: float
    greeting_s: float
    early_media: bool
    vanish: bool
    sound: SoundKind
    tone_hz: int
    variant: int
    code: int | None
    cause: int | None


_REFUSALS: dict[Kind, tuple[int, tuple[int | None, ...]]] = {
    Kind.BUSY: (486, (17,)),
    Kind.NO_ANSWER: (480, (19,)),
    Kind.REJECTED: (603, (21,)),
    Kind.INVALID: (404, (1,)),
    Kind.CONGESTION: (503, (34, 42)),
    Kind.UNWANTED: (607, (None,)),
    Kind.BLOCKED: (608, (None,)),
}

BUILT_IN = {
    "demo": Profile(
        name="demo",
        shares=Shares(
            person=0.24,
            machine=0.06,
            busy=0.1,
            no_answer=0.45,
            rejected=0.04,
            invalid=0.06,
            congestion=0.03,
            unwanted=0.01,
            blocked=0.01,
        ),
        person=Person(
            ring_median_s=6.0,
            ring_max_s=14.0,
            talk_median_s=28.0,
            talk_sigma=0.5,
            talk_max_s=70.0,
        ),
        machine=Machine(ring_median_s=12.0, greeting_max_s=8.0, hang_up_s=15.0),
    ),
    "quick": Profile(
        name="quick",
        shares=Shares(
            person=0.5,
            machine=0.1,
            busy=0.1,
            no_answer=0.1,
            rejected=0.05,
            invalid=0.05,
            congestion=0.06,
            unwanted=0.02,
            blocked=0.02,
        ),
        network=Network(setup_min_s=0.02, setup_max_s=0.1, early_media_share=0.1, ring_limit_s=30.0),
        person=Person(
            ring_median_s=0.5,
            ring_max_s=2.0,
            talk_median_s=1.5,
            talk_sigma=0.4,
            talk_max_s=4.0,
            patience_min_s=3.0,
            patience_max_s=4.0,
        ),
        machine=Machine(ring_median_s=1.0, greeting_min_s=0.5, greeting_max_s=1.5, hang_up_s=3.0),
        rejected=Rejection(ring_min_s=0.1, ring_max_s=0.5),
    ),
    "all-answer": Profile(
        name="all-answer",
        network=Network(setup_min_s=0.0, setup_max_s=0.0, early_media_share=0.0),
        person=Person(
            ring_median_s=0.2,
            ring_sigma=0.0,
            talk_median_s=3600.0,
            talk_sigma=0.0,
            talk_max_s=3600.0,
            patience_min_s=3600.0,
            patience_max_s=3600.0,
            sound=SoundKind.TONE,
        ),
    ),
}


def load(name: str) -> Profile:
    """A built-in profile by name, or one from a TOML file. Raises ProfileError."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    return parse(read(name, list(BUILT_IN)), source=name)


def parse(document: dict[str, Any], *, source: str) -> Profile:
    """A profile from a TOML document, over the built-in one that `base` names. Raises ProfileError.

    A `[shares]` table stands alone: kinds it does not name have no share.
    """
    document = dict(document)
    start = replace(BUILT_IN[base(document, list(BUILT_IN), source)], name=Path(source).stem)
    if "shares" in document:
        start = replace(start, shares=Shares())
    sections: dict[str, Any] = {}
    for name in ("shares", "network", "person", "machine", "rejected"):
        where = f"{source}: [{name}]"
        sections[name] = fill(getattr(start, name), table(document.pop(name, {}), where), where)
    if "number" in document:
        sections["number"] = _overrides(document.pop("number"), source)
    profile = fill(replace(start, **sections), document, f"{source}: top level", only=("name", "time_scale"))
    _check(profile, source)
    return profile


def _overrides(value: Any, source: str) -> tuple[Override, ...]:
    if not isinstance(value, list):
        raise ProfileError(f"{source}: number: write [[number]], one table per pattern")
    return tuple(_override(values, f"{source}: [[number]] {index}") for index, values in enumerate(value, start=1))


def _override(values: Any, where: str) -> Override:
    override = fill(Override(), table(values, where), where)
    if not override.match:
        raise ProfileError(f"{where}: match is missing; give '+12125550123' or a pattern such as '*0123'")
    if override.code is not None and not 400 <= override.code < 700:
        raise ProfileError(f"{where}: code: {override.code} is no SIP refusal; use 400 to 699")
    if override.cause is not None and not 1 <= override.cause <= 127:
        raise ProfileError(f"{where}: cause: {override.cause} is no Q.850 cause; use 1 to 127")
    audible(override.tone_hz or 0, f"{where}: tone_hz")
    return override


def _check(profile: Profile, source: str) -> None:
    if sum(_weights(profile.shares)) <= 0:
        raise ProfileError(f"{source}: [shares]: at least one share must be above 0")
    ordered(profile.network, f"{source}: [network]", ("setup_min_s", "setup_max_s"))
    ordered(profile.person, f"{source}: [person]", ("patience_min_s", "patience_max_s"))
    ordered(profile.machine, f"{source}: [machine]", ("greeting_min_s", "greeting_max_s"))
    ordered(profile.rejected, f"{source}: [rejected]", ("ring_min_s", "ring_max_s"))
    share(profile.network.early_media_share, f"{source}: [network]: early_media_share")
    audible(profile.person.tone_hz, f"{source}: [person]: tone_hz")
    audible(profile.machine.beep_hz, f"{source}: [machine]: beep_hz")


def _weights(shares: Shares) -> list[float]:
    return [getattr(shares, kind.value) for kind in Kind]


def plan(profile: Profile, seed: int, number: str, nth: int) -> Plan:
    """What the `nth` call (from 0) to `number` meets. Every draw is made for every call, so overrides shift none."""
    rng = random.Random(f"{seed}|{number}|{nth}")
    drawn = rng.choices(list(Kind), weights=_weights(profile.shares))[0]
    override = next((o for o in profile.number if fnmatchcase(number, o.match)), None)
    kind = (override.kind if override is not None else None) or drawn
    made = _draw(profile, kind, rng)
    if override is not None:
        changes = {f.name: getattr(override, f.name) for f in fields(override) if f.name not in ("match", "kind")}
        made = replace(made, **{name: value for name, value in changes.items() if value is not None})
    scale = profile.time_scale
    return replace(
        made,
        setup_s=made.setup_s * scale,
        ring_s=made.ring_s * scale,
        talk_s=made.talk_s * scale,
        patience_s=made.patience_s * scale,
        greeting_s=made.greeting_s * scale,
    )


def _draw(profile: Profile, kind: Kind, rng: random.Random) -> Plan:
    person, machine, network = profile.person, profile.machine, profile.network
    ring_s = {
        Kind.PERSON: min(person.ring_max_s, _lognormal(rng, person.ring_median_s, person.ring_sigma)),
        Kind.MACHINE: _lognormal(rng, machine.ring_median_s, machine.ring_sigma),
        Kind.REJECTED: rng.uniform(profile.rejected.ring_min_s, profile.rejected.ring_max_s),
        Kind.NO_ANSWER: network.ring_limit_s,
        Kind.GLARE: network.ring_limit_s,
    }.get(kind, 0.0)
    talk_s = min(person.talk_max_s, _lognormal(rng, person.talk_median_s, person.talk_sigma))
    patience_s = rng.uniform(person.patience_min_s, person.patience_max_s)
    code, causes = _REFUSALS.get(kind, (None, (None,)))
    return Plan(
        kind=kind,
        setup_s=rng.uniform(network.setup_min_s, network.setup_max_s),
        ring_s=ring_s,
        talk_s=machine.hang_up_s if kind is Kind.MACHINE else talk_s,
        patience_s=patience_s,
        greeting_s=rng.uniform(machine.greeting_min_s, machine.greeting_max_s),
        early_media=rng.random() < network.early_media_share,
        vanish=False,
        sound=person.sound,
        tone_hz=_tone_hz(rng, machine.beep_hz if kind is Kind.MACHINE else person.tone_hz),
        variant=rng.randrange(VARIANTS),
        code=code,
        cause=rng.choice(causes),
    )


def _tone_hz(rng: random.Random, fixed_hz: int) -> int:
    drawn_hz = 400 + 20 * rng.randrange(40)
    return fixed_hz or drawn_hz


def _lognormal(rng: random.Random, median_s: float, sigma: float) -> float:
    return median_s * math.exp(sigma * rng.gauss(0.0, 1.0))
