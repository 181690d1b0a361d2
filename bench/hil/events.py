"""The events that a scenario can name, their fields, and what these can say."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from types import UnionType
from typing import Any, get_args, get_type_hints

from bench.hil.files import nearest
from hw.contract import LineEvent, TrunkLines, events

# What the far side does, as devices that can see it write it down.
FAR_SIGHTS = ("far_rings", "far_answers", "far_released", "far_digits")
PIN_SIGHTS = ("hook", "join", "lamp", "ringer", "mute", "tone")
SMS_EVENTS = ("SmsSent", "SmsDelivered", "SmsFailed")
KEYS = frozenset("0123456789*#ABCD")
# RFC 3261 section 7.2, and Q.850 section 2.2.
_CODES = {"sip_code": range(100, 700), "q850": range(1, 128)}
# What the timeline calls a field otherwise, or does not keep.
_RENAMED = {"peer_id": "peer"}
_LEFT_OUT = frozenset({"call_id", "trunk"})


@dataclass(frozen=True, slots=True)
class EventKind:
    """One kind of event: whether it is of a call, and the type of each field."""

    of_call: bool
    fields: Mapping[str, type]


def check_event(name: str) -> str:
    """The name itself. Raises ValueError for an event that there is not."""
    if name not in EVENTS:
        raise ValueError(f"there is no event {name!r}{nearest(name, EVENTS)}")
    return name


def check_call(event: str, call: str) -> str:
    """The call itself. Raises ValueError when such an event is of no call."""
    if call and not EVENTS[event].of_call:
        raise ValueError(f"{event} is of no call: leave it out")
    return call


def check_where(event: str, where: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields themselves. Raises ValueError for a field that the event has not, or a value that it cannot have."""
    known = EVENTS[event].fields
    for key, value in where.items():
        if key not in known:
            told = nearest(key, known) if known else "; it has none"
            raise ValueError(f"{event} has no field {key!r}{told}")
        values = value if isinstance(value, list) else [value]
        if not values:
            raise ValueError(f"{key} = []: an empty list is met by nothing")
        for one in values:
            if objection := _objection(key, known[key], one):
                raise ValueError(objection)
    return where


def _objection(key: str, kind: type, value: Any) -> str:
    """Why a field is never so; empty when it can be."""
    if issubclass(kind, StrEnum):
        return "" if value in list(kind) else f"{key} is never {value!r}{nearest(str(value), kind)}"
    if kind is bool and not isinstance(value, bool):
        return f"{key} is true or false, not {value!r}"
    if kind is int and (isinstance(value, bool) or not isinstance(value, int)):
        return f"{key} is a whole number, not {value!r}"
    if kind is str and not isinstance(value, str):
        return f'{key} is text: write "{value}"'
    if key in _CODES and value not in _CODES[key]:
        return f"{key} is {_CODES[key].start} to {_CODES[key].stop - 1}, not {value}"
    if key == "digit" and value not in KEYS:
        return f"digit is one of 0-9 * # A-D, not {value!r}"
    return ""


def _kind_of(event: type) -> EventKind:
    hints = get_type_hints(event)
    kept = {_RENAMED.get(f.name, f.name): _plain(hints[f.name]) for f in fields(event) if f.name not in _LEFT_OUT}
    return EventKind(issubclass(event, LineEvent), kept)


def _plain(hint: Any) -> type:
    """`int` for `int | None`."""
    named = [one for one in get_args(hint) if one is not type(None)] if isinstance(hint, UnionType) else [hint]
    kind = named[0]
    assert isinstance(kind, type)
    return kind


def _all() -> dict[str, EventKind]:
    classes = [each for _, each in inspect.getmembers(events, inspect.isclass)]
    of_calls = [each for each in classes if issubclass(each, LineEvent) and each is not LineEvent]
    known = {event.__name__: _kind_of(event) for event in (*of_calls, TrunkLines)}
    known |= dict.fromkeys(SMS_EVENTS, EventKind(False, {}))
    known["SmsFailed"] = EventKind(False, {"because": str})
    known |= dict.fromkeys(FAR_SIGHTS, EventKind(False, {"line": int, "detail": str}))
    known |= dict.fromkeys(PIN_SIGHTS, EventKind(False, {"where": str, "on": bool}))
    known["tone"] = EventKind(False, {"where": str, "value": str})
    return known


EVENTS: Mapping[str, EventKind] = _all()
