"""One call of a card: pjsua2's callbacks turned into a queue of plain facts."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import pjsua2 as pj

from hw.sip.endpoint import Native
from hw.sip.message import has_sdp, q850_of, readable
from hw.sip.watch import Watch


@dataclass(frozen=True, slots=True)
class Progress:
    """A provisional response came."""

    leg: "Leg"
    early_media: bool


@dataclass(frozen=True, slots=True)
class Up:
    """The call was answered."""

    leg: "Leg"


@dataclass(frozen=True, slots=True)
class Media:
    """The call's audio was set up anew."""

    leg: "Leg"


@dataclass(frozen=True, slots=True)
class Digit:
    """The far side pressed a key."""

    leg: "Leg"
    digit: str


@dataclass(frozen=True, slots=True)
class Down:
    """The call is over. `said` tells whether the far end said so, or we found out by ourselves."""

    leg: "Leg"
    sip_code: int
    phrase: str
    q850: int | None
    said: bool


Facts = deque[Any]


@dataclass(slots=True, eq=False)
class Leg:
    """What the card knows of a call. `links`: each call it is joined with, and that call's ring (None: same card).
    `watch` is there for stations.

    Nothing may hold a leg once it is over. pjsua2's call object keeps its slot number for ever, and when it is freed
    late, it hangs up whatever call has the slot by then.
    """

    call_id: str
    slot: int
    call: "Line"
    early_media: bool | None = None
    answered: bool = False
    hung_up: bool = False
    ticket: int = 0
    links: dict[str, int | None] = field(default_factory=dict)
    watch: Watch | None = None


class Line(pj.Call):  # type: ignore[misc]
    """A pjsua2 call that only queues: anything more inside a callback is unsafe."""

    def __init__(self, account: pj.Account, facts: Facts, native: Native) -> None:
        super().__init__(account)
        self.leg: Leg | None = None
        self.session: int | None = None
        self._facts = facts
        self._native = native

    def onCallState(self, prm: Any) -> None:
        """Queue the answer and the end."""
        if self.leg is None:
            return
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self._facts.append(Up(self.leg))
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            raw = _received(prm.e)
            phrase = readable(info.lastReason)
            self._facts.append(Down(self.leg, info.lastStatusCode, phrase, q850_of(raw), bool(raw)))

    def onCallTsxState(self, prm: Any) -> None:
        """Queue provisional responses, and remember the session that a cancel needs."""
        event = prm.e.body.tsxState
        if event.tsx.method != "INVITE":
            return
        if self.session is None:
            self.session = self._native.invite_session(int(event.tsx.pjTransaction))
        raw = _received(prm.e)
        if self.leg is not None and raw and 100 < event.tsx.statusCode < 200:
            self._facts.append(Progress(self.leg, has_sdp(raw)))

    def onCallMediaState(self, prm: Any) -> None:
        """Queue that connections of the bridge must be made again."""
        if self.leg is not None:
            self._facts.append(Media(self.leg))

    def onCallRedirected(self, prm: Any) -> int:
        """Follow no redirection: a call goes where its trunk leads and nowhere else."""
        return int(pj.PJSIP_REDIRECT_REJECT)

    def onDtmfDigit(self, prm: Any) -> None:
        """Queue the key."""
        if self.leg is not None:
            self._facts.append(Digit(self.leg, prm.digit))


def _received(event: Any) -> str:
    """The SIP message that caused an event, or nothing when no message did."""
    if event.type != pj.PJSIP_EVENT_TSX_STATE or event.body.tsxState.type != pj.PJSIP_EVENT_RX_MSG:
        return ""
    return str(event.body.tsxState.src.rdata.wholeMsg)
