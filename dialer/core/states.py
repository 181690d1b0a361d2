"""The transition tables of attempt, agent and line, and the joint rules between them.

An illegal transition is a bug and raises. Whatever the world may do late or out of order stands in the tables.
The diagrams of docs/states.md are generated from these tables.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar


class AttemptState(StrEnum):
    RESERVED = "RESERVED"
    DIALING = "DIALING"
    RINGING = "RINGING"
    WAITING = "WAITING"
    CONNECTING = "CONNECTING"
    TALKING = "TALKING"
    MESSAGE = "MESSAGE"
    CANCELLING = "CANCELLING"
    ENDING = "ENDING"
    WRAPUP = "WRAPUP"
    CLOSED = "CLOSED"


class AttemptTrigger(StrEnum):
    VETOED = "vetoed at commit"
    DIALED = "dialed"
    RANG = "ringing"
    ANSWERED = "answered"
    AGENT_FOUND = "agent found"
    JOINED = "joined"
    JOIN_FAILED = "join failed"
    HOLD_OVER = "hold time over"
    MESSAGE_OVER = "message played"
    RING_OVER = "ring time over or stop"
    AGENT_LOST = "agent lost"
    CALL_OVER = "call over"
    ENDED = "line ended"
    DISPOSED = "disposed"


class AgentState(StrEnum):
    LOGGED_OUT = "LOGGED_OUT"
    RING = "RING"
    PAUSED = "PAUSED"
    READY = "READY"
    INCALL = "INCALL"
    WRAPUP = "WRAPUP"


class AgentTrigger(StrEnum):
    LOG_IN = "log in"
    STATION_UP = "station answers"
    STATION_LOST = "station lost"
    READY = "ready"
    PAUSE = "pause"
    CONNECT = "connect"
    UNCONNECTED = "call gone before it was joined"
    JOIN_FAILED = "join failed"
    CALL_OVER = "call over"
    DISPOSED = "disposed"
    DISPOSED_PAUSE = "disposed, pause asked"
    LOG_OUT = "log out"


class LineState(StrEnum):
    DIALING = "DIALING"
    RINGING = "RINGING"
    UP = "UP"
    HANGING_UP = "HANGING_UP"
    DOWN = "DOWN"


class LineTrigger(StrEnum):
    DIALED = "dialed"
    RANG = "ringing"
    ANSWERED = "answered"
    HANG_UP = "hang up"
    ENDED = "ended"


_A, _AT = AttemptState, AttemptTrigger
ATTEMPT: Mapping[AttemptState, Mapping[AttemptTrigger, AttemptState]] = {
    _A.RESERVED: {
        _AT.VETOED: _A.CLOSED,
        _AT.DIALED: _A.DIALING,
        _AT.RANG: _A.RINGING,
        _AT.ANSWERED: _A.WAITING,
        _AT.RING_OVER: _A.CANCELLING,
        _AT.ENDED: _A.CLOSED,
    },
    _A.DIALING: {
        _AT.RANG: _A.RINGING,
        _AT.ANSWERED: _A.WAITING,
        _AT.RING_OVER: _A.CANCELLING,
        _AT.ENDED: _A.CLOSED,
    },
    _A.RINGING: {
        _AT.RANG: _A.RINGING,
        _AT.ANSWERED: _A.WAITING,
        _AT.RING_OVER: _A.CANCELLING,
        _AT.ENDED: _A.CLOSED,
    },
    _A.WAITING: {
        _AT.AGENT_FOUND: _A.CONNECTING,
        _AT.HOLD_OVER: _A.MESSAGE,
        _AT.ENDED: _A.CLOSED,
        _AT.CALL_OVER: _A.ENDING,
    },
    _A.CONNECTING: {
        _AT.JOINED: _A.TALKING,
        _AT.JOIN_FAILED: _A.WAITING,
        _AT.AGENT_LOST: _A.WAITING,
        _AT.CALL_OVER: _A.ENDING,
        _AT.ENDED: _A.CLOSED,
    },
    _A.TALKING: {
        _AT.CALL_OVER: _A.WRAPUP,
        _AT.ENDED: _A.WRAPUP,
        _AT.AGENT_LOST: _A.WAITING,
    },
    _A.MESSAGE: {
        _AT.MESSAGE_OVER: _A.ENDING,
        _AT.CALL_OVER: _A.ENDING,
        _AT.ENDED: _A.CLOSED,
    },
    _A.CANCELLING: {
        _AT.VETOED: _A.CLOSED,
        _AT.RANG: _A.CANCELLING,
        _AT.ANSWERED: _A.ENDING,
        _AT.ENDED: _A.CLOSED,
    },
    _A.ENDING: {
        _AT.ENDED: _A.CLOSED,
    },
    _A.WRAPUP: {
        _AT.DISPOSED: _A.CLOSED,
    },
    _A.CLOSED: {},
}

_G, _GT = AgentState, AgentTrigger
AGENT: Mapping[AgentState, Mapping[AgentTrigger, AgentState]] = {
    _G.LOGGED_OUT: {
        _GT.LOG_IN: _G.RING,
    },
    _G.RING: {
        _GT.STATION_UP: _G.PAUSED,
        _GT.STATION_LOST: _G.LOGGED_OUT,
        _GT.LOG_OUT: _G.LOGGED_OUT,
    },
    _G.PAUSED: {
        _GT.READY: _G.READY,
        _GT.PAUSE: _G.PAUSED,
        _GT.STATION_LOST: _G.LOGGED_OUT,
        _GT.LOG_OUT: _G.LOGGED_OUT,
    },
    _G.READY: {
        _GT.CONNECT: _G.INCALL,
        _GT.PAUSE: _G.PAUSED,
        _GT.STATION_LOST: _G.LOGGED_OUT,
        _GT.LOG_OUT: _G.LOGGED_OUT,
    },
    _G.INCALL: {
        _GT.UNCONNECTED: _G.READY,
        _GT.JOIN_FAILED: _G.PAUSED,
        _GT.CALL_OVER: _G.WRAPUP,
        _GT.STATION_LOST: _G.LOGGED_OUT,
    },
    _G.WRAPUP: {
        _GT.DISPOSED: _G.READY,
        _GT.DISPOSED_PAUSE: _G.PAUSED,
    },
}

_L, _LT = LineState, LineTrigger
LINE: Mapping[LineState, Mapping[LineTrigger, LineState]] = {
    _L.DIALING: {
        _LT.DIALED: _L.DIALING,
        _LT.RANG: _L.RINGING,
        _LT.ANSWERED: _L.UP,
        _LT.HANG_UP: _L.HANGING_UP,
        _LT.ENDED: _L.DOWN,
    },
    _L.RINGING: {
        _LT.DIALED: _L.RINGING,
        _LT.RANG: _L.RINGING,
        _LT.ANSWERED: _L.UP,
        _LT.HANG_UP: _L.HANGING_UP,
        _LT.ENDED: _L.DOWN,
    },
    _L.UP: {
        _LT.DIALED: _L.UP,
        _LT.RANG: _L.UP,
        _LT.ANSWERED: _L.UP,
        _LT.HANG_UP: _L.HANGING_UP,
        _LT.ENDED: _L.DOWN,
    },
    _L.HANGING_UP: {
        _LT.DIALED: _L.HANGING_UP,
        _LT.RANG: _L.HANGING_UP,
        _LT.ANSWERED: _L.HANGING_UP,
        _LT.HANG_UP: _L.HANGING_UP,
        _LT.ENDED: _L.DOWN,
    },
    _L.DOWN: {},
}

# Read as: when an attempt and an agent (or its leg) are in these states together, this is done at once.
JOINT_RULES: tuple[tuple[str, str, str], ...] = (
    ("attempt WAITING", "agent READY", "agent INCALL, attempt CONNECTING, the two calls are joined"),
    ("attempt WAITING", "greeting heard", "hold time counts from its start or end where `abandon_clock` says so"),
    ("attempt CONNECTING", "line ended", "counted as abandoned, agent READY"),
    ("attempt CONNECTING", "join failed", "agent PAUSED (LAGGED), attempt WAITING for another agent"),
    ("attempt CONNECTING or TALKING", "station lost", "agent LOGGED_OUT, attempt WAITING for another agent"),
    ("attempt CANCELLING", "answered", "glare: counted as abandoned, hung up"),
    ("attempt WRAPUP", "station lost", "agent WRAPUP: the call may still be disposed of; then LOGGED_OUT"),
    ("attempt TALKING", "line ended or agent hangs up", "agent WRAPUP, attempt WRAPUP"),
    ("attempt CLOSED", "any line event but the end", "late: the line is hung up and the event counted"),
)

_S = TypeVar("_S", bound=StrEnum)
_T = TypeVar("_T", bound=StrEnum)


class IllegalTransition(Exception):
    """A transition that no table has: a bug in the engine, never the world's doing."""


def after(table: Mapping[_S, Mapping[_T, _S]], state: _S, trigger: _T) -> _S:
    """State that follows `trigger` in `state`. Raises IllegalTransition."""
    try:
        return table[state][trigger]
    except KeyError:
        raise IllegalTransition(f"{type(state).__name__} {state}: no transition for '{trigger}'") from None
