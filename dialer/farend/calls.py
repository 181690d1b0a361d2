"""One call as a SIP dialog with audio: the called side (`IncomingCall`) and the calling side (`OutgoingCall`).

What ends a call, whoever did it, is told once through `on_ended`.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING

from sipmessage import URI, Address, Request, Response

from dialer.farend import sdp
from dialer.farend.media import MediaStream
from dialer.farend.signals import Sound
from dialer.farend.transactions import ClientTransaction, Endpoint, ServerTransaction

if TYPE_CHECKING:
    from dialer.farend.useragent import UserAgent

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO"


class Side(StrEnum):
    """Who did something."""

    CALLER = "caller"
    CALLEE = "callee"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended: the final SIP code of the INVITE, who ended it and why, and whether a BYE passed."""

    by: Side
    why: str
    sip_code: int | None
    bye: bool


def q850(cause: int) -> dict[str, str]:
    """The Reason header of a Q.850 cause (RFC 3326, RFC 6432)."""
    return {"Reason": f"Q.850;cause={cause}"}


class Call:
    """What both sides of a call share. Times are monotonic seconds."""

    side: Side

    def __init__(self, agent: "UserAgent", call_id: str, number: str, caller_id: str) -> None:
        self.agent = agent
        self.call_id = call_id
        self.number = number
        self.caller_id = caller_id
        self.local_tag = agent.transport.new_tag()
        self.media: MediaStream | None = None
        self.session: sdp.Description | None = None
        self.started_at = time.monotonic()
        self.answered_at: float | None = None
        self.ending: Ending | None = None
        self.ended = asyncio.Event()
        self.on_ended: Callable[[], None] | None = None
        self.on_acknowledged: Callable[[], None] | None = None
        self.on_heard: Callable[[float], None] | None = None
        self.on_digit: Callable[[str], None] | None = None
        self.on_cancel: Callable[[], None] | None = None
        self._sequence = 1
        self._sdp_version = 0
        self._local = ""
        self._remote = ""
        self._remote_target: URI
        self._peer: Endpoint = agent.address

    def play(self, sound: Sound) -> None:
        """Send this sound from now on."""
        if self.media is not None:
            self.media.play(sound)

    def heard_at(self) -> float | None:
        """When sound last came from the other side."""
        return None if self.media is None else self.media.ears.last_at

    def finish(self, by: Side, why: str, sip_code: int | None, *, bye: bool = False) -> None:
        """The call is over: free its audio and tell its owner, once."""
        if self.ending is not None:
            return
        self.ending = Ending(by, why, sip_code, bye)
        self.agent.discard(self)
        if self.on_ended is not None:
            self.on_ended()
        if self.media is not None:
            self.media.close()
        self.ended.set()

    def vanish(self, why: str) -> None:
        """Stop without a word, as a phone that lost its power."""
        self.finish(self.side, why, 200)

    def receive(self, transaction: ServerTransaction) -> None:
        """Answer a request inside the dialog."""
        request = transaction.request
        if request.method == "BYE":
            transaction.respond(200)
            self.left()
        elif request.method in ("INVITE", "UPDATE"):
            self._renegotiate(transaction)
        elif request.method in ("INFO", "OPTIONS"):
            transaction.respond(200, headers={"Allow": ALLOW})
        else:
            transaction.respond(405, headers={"Allow": ALLOW})

    def left(self) -> None:
        """The other side sent BYE."""
        self.finish(Side.CALLER if self.side is Side.CALLEE else Side.CALLEE, "bye", 200, bye=True)

    def close(self) -> None:
        """End the call because this process ends."""
        self.hang_up("shutdown")

    def open_media(self) -> MediaStream:
        """The call's stream, opened at first use. Raises OSError when no port is free."""
        if self.media is None:
            self.media = self.agent.media.open()
            self.media.on_digit = self.on_digit
            self.media.ears.on_first = self.on_heard
        return self.media

    def describe(self, session: sdp.Description) -> bytes:
        """Our session description, with a version that rises when it is sent again."""
        self._sdp_version += 1
        return sdp.build(session, session_id=int(self.local_tag, 16) % 10**9, version=self._sdp_version)

    def aim(self, remote: sdp.Description) -> None:
        """Send audio to where the other side wants it."""
        media = self.open_media()
        media.aim(remote.host, remote.port, remote.codecs[0], remote.dtmf)
        media.muted = remote.held

    def take_offer(self, body: bytes) -> bytes:
        """Accept an offer and return the answer's body. Raises ValueError when it cannot be accepted."""
        offer = sdp.parse(body)
        media = self.open_media()
        self.aim(offer)
        self.session = sdp.answer_to(offer, self.agent.address[0], media.port)
        return self.describe(self.session)

    def make_offer(self) -> bytes:
        """The body of our own offer."""
        return self.describe(sdp.local(self.agent.address[0], self.open_media().port))

    def _renegotiate(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if isinstance(self, IncomingCall) and self.answered_at is None and request.method == "INVITE":
            transaction.respond(491)
            return
        self._retarget(request)
        try:
            body = self._answer_again(transaction)
        except (ValueError, OSError):
            transaction.respond(488)
            return
        transaction.respond(200, headers=self.agent.contact_headers(with_body=bool(body)), body=body)

    def _answer_again(self, transaction: ServerTransaction) -> bytes:
        if transaction.request.body:
            return self.take_offer(transaction.request.body)
        if transaction.request.method == "UPDATE":
            return b""
        transaction.on_ack = self.take_late_answer
        return self.make_offer()

    def take_late_answer(self, ack: Request) -> None:
        """The answer to an offer of ours came in the ACK."""
        try:
            self.aim(sdp.parse(ack.body))
        except ValueError:
            self.hang_up("unusable answer")

    def hang_up(self, why: str) -> None:
        """Send BYE and be done with the call."""
        if self.ending is not None:
            return
        bye = self._in_dialog("BYE")
        bye.headers.set("Reason", "Q.850;cause=16")
        self.agent.transport.request(bye, self._peer)
        self.finish(self.side, why, 200, bye=True)

    def _retarget(self, message: Request | Response) -> None:
        contacts = message.contact
        if contacts:
            self._remote_target = contacts[0].uri
            self._peer = _reachable(contacts[0], self._peer)

    def _in_dialog(self, method: str, *, sequence: int | None = None) -> Request:
        if sequence is None:
            self._sequence += 1
            sequence = self._sequence
        return self.agent.new_request(method, self._remote_target, (self._local, self._remote), self.call_id, sequence)


class IncomingCall(Call):
    """A call to us. Whoever is given it must ring, answer, refuse or leave it unanswered."""

    side = Side.CALLEE

    def __init__(self, agent: "UserAgent", invite: ServerTransaction) -> None:
        request = invite.request
        super().__init__(agent, request.call_id, request.uri.user or "", request.from_address.uri.user or "")
        self.invite = invite
        self.local_tag = invite.local_tag
        self.answers_cancel = False
        self.unanswerable = False
        self._local = f"{request.headers['To']};tag={self.local_tag}"
        self._remote = request.headers["From"]
        self._remote_target = request.from_address.uri
        self._peer = invite.source
        self._retarget(request)
        self._body = b""
        invite.on_ack = self._acknowledged
        invite.on_no_ack = self._not_acknowledged

    @property
    def source(self) -> str:
        """IP:PORT that the INVITE came from."""
        host, port = self.invite.source
        return f"{host}:{port}"

    def ring(self) -> None:
        """180 Ringing."""
        self.invite.respond(180, headers=self.agent.contact_headers())

    def open_early(self, sound: Sound) -> bool:
        """183 with audio before the answer; 180 where nothing was offered. False when the offer cannot be used."""
        if not self._negotiate():
            return False
        if not self._body:
            self.ring()
            return True
        self.play(sound)
        self.invite.respond(183, headers=self.agent.contact_headers(with_body=True), body=self._body)
        return True

    def answer(self, sound: Sound) -> bool:
        """200 OK, audio from here on. False when the call is over or its offer cannot be used."""
        if self.ending is not None or not self._negotiate():
            return False
        try:
            body = self._body or self.make_offer()
        except OSError as error:
            self.refuse(503, str(error))
            return False
        self.answered_at = time.monotonic()
        if self.media is not None:
            self.media.ears.reset()
        self.play(sound)
        self.invite.respond(200, headers=self.agent.contact_headers(with_body=True), body=body)
        return True

    def refuse(self, code: int, why: str, *, cause: int | None = None, by: Side = Side.CALLEE) -> None:
        """A final response other than 2xx, with a Q.850 cause where given."""
        if self.ending is None:
            self.invite.respond(code, headers={} if cause is None else q850(cause))
            self.finish(by, why, code)

    def cancelled(self) -> None:
        """The caller gave up before the answer."""
        if self.on_cancel is not None:
            self.on_cancel()
        if not self.answers_cancel:
            self.refuse(487, "cancel", by=Side.CALLER)

    def left(self) -> None:
        """BYE; before the answer it ends the INVITE as CANCEL does (RFC 3261 section 15.1.2)."""
        if self.answered_at is None:
            self.refuse(487, "bye", by=Side.CALLER)
        else:
            super().left()

    def close(self) -> None:
        """End the call because this process ends: BYE, or 503 before the answer to what was not left unanswered."""
        if self.unanswerable:
            self.ignore()
        elif self.answered_at is None:
            self.refuse(503, "shutdown")
        else:
            super().close()

    def ignore(self) -> None:
        """Never answer this call, as a network that lost it."""
        self.invite.abandon()
        self.finish(Side.NOBODY, "no reply", None)

    def _negotiate(self) -> bool:
        if self._body or not self.invite.request.body:
            return True
        try:
            self._body = self.take_offer(self.invite.request.body)
        except ValueError:
            self.refuse(488, "unusable offer")
        except OSError as error:
            self.refuse(503, str(error))
        return self.ending is None

    def _acknowledged(self, ack: Request) -> None:
        if self.answered_at is None or self.ending is not None:
            return
        if not self.invite.request.body:
            self.take_late_answer(ack)
        if self.on_acknowledged is not None:
            self.on_acknowledged()

    def _not_acknowledged(self) -> None:
        if self.answered_at is not None:
            self.hang_up("no ack")


class OutgoingCall(Call):
    """A call of ours to a SIP address."""

    side = Side.CALLER

    def __init__(self, agent: "UserAgent", address: Address, caller_id: str) -> None:
        super().__init__(agent, agent.new_call_id(), address.uri.user or "", caller_id)
        host, port = agent.address
        self._local = f"<sip:{caller_id}@{host}:{port}>;tag={self.local_tag}"
        self._remote = str(address)
        self._remote_target = address.uri
        self._peer = _reachable(address, agent.address)
        self.codes: list[int] = []
        self.reason: str | None = None
        self._invite: ClientTransaction | None = None

    async def place(self, sound: Sound) -> int | None:
        """Send INVITE and wait for the final code; None when nothing came. Audio `sound` flows from the answer on."""
        request = self._in_dialog("INVITE")
        request.body = self.make_offer()
        for name, value in self.agent.contact_headers(with_body=True).items():
            request.headers.set(name, value)
        request.headers.set("Content-Length", str(len(request.body)))
        self._invite = self.agent.transport.request(request, self._peer)
        self._invite.on_provisional = self._provisional
        response = await self._invite.final
        if response is None:
            self.finish(Side.NOBODY, "no reply", None)
            return None
        self.codes.append(response.code)
        self.reason = response.headers.get("Reason")
        if response.code >= 300:
            self.finish(Side.CALLER if response.code == 487 else Side.CALLEE, "refused", response.code)
        else:
            self._accepted(response, sound)
        return response.code

    def cancel(self) -> None:
        """Give up before the answer."""
        if self._invite is None or self._invite.final.done():
            return
        invite = self._invite.request
        cancel = Request("CANCEL", invite.uri)
        for name in ("Via", "From", "To", "Call-ID"):
            cancel.headers.set(name, invite.headers[name])
        cancel.headers.set("Max-Forwards", "70")
        cancel.headers.set("CSeq", f"{invite.cseq.sequence} CANCEL")
        cancel.headers.set("Content-Length", "0")
        self.agent.transport.request(cancel, self._invite.target)

    def _provisional(self, response: Response) -> None:
        self.codes.append(response.code)
        if response.body and self.ending is None:
            self._take_answer(response)

    def _take_answer(self, response: Response) -> bool:
        try:
            self.aim(sdp.parse(response.body))
        except ValueError:
            return False
        return True

    def _accepted(self, response: Response, sound: Sound) -> None:
        self._remote = response.headers["To"]
        self._retarget(response)
        self.answered_at = time.monotonic()
        assert self._invite is not None
        ack = self._in_dialog("ACK", sequence=self._invite.request.cseq.sequence)
        self._peer_ack(ack)
        self.agent.adopt(self)
        if not self._take_answer(response):
            self.hang_up("unusable answer")
            return
        self.play(sound)

    def _peer_ack(self, ack: Request) -> None:
        assert self._invite is not None
        self._invite.target = self._peer
        self._invite.ack_with(bytes(ack))


def _reachable(address: Address, otherwise: Endpoint) -> Endpoint:
    """Host and port of a SIP address when its host is an IPv4 literal, else the given one."""
    try:
        host = str(IPv4Address(address.uri.host))
    except AddressValueError:
        return otherwise
    port = address.uri.port or 5060
    return (host, port) if 0 < port < 65536 else otherwise
