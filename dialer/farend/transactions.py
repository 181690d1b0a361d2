"""SIP over UDP: messages in and out, and the transactions of RFC 3261 section 17, server and client.

An ACK is matched by Call-ID, From tag and CSeq number, so that one table serves both a refused INVITE (whose ACK
belongs to the transaction) and an accepted one (whose ACK does not).
"""

import asyncio
import contextlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sipmessage import Message, Request, Response, Via

Endpoint = tuple[str, int]
_BAD_MESSAGE = (ValueError, KeyError, IndexError, TypeError, AssertionError, RecursionError)
_MAX_HEADER_BYTES = 16_384
_MAGIC = "z9hG4bK"
_RPORT = re.compile(r";\s*rport\s*(?=;|$)", re.IGNORECASE)

PHRASES = {
    100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 400: "Bad Request", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 420: "Bad Extension", 480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist", 484: "Address Incomplete", 486: "Busy Here", 487: "Request Terminated",
    488: "Not Acceptable Here", 491: "Request Pending", 500: "Server Internal Error", 503: "Service Unavailable",
    600: "Busy Everywhere", 603: "Decline", 604: "Does Not Exist Anywhere", 607: "Unwanted", 608: "Rejected",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Timers:
    """RFC 3261 table 4, in seconds. A transaction is given up after 64 times `t1_s`."""

    t1_s: float = 0.5
    t2_s: float = 4.0

    @property
    def give_up_s(self) -> float:
        """Timers B, F, H and J."""
        return 64 * self.t1_s


@dataclass(slots=True)
class SipStats:
    """Counts of a process."""

    received: int = 0
    malformed: int = 0
    duplicates: int = 0
    retransmitted: int = 0


AckKey = tuple[str, str, int]


class ServerTransaction:
    """One request and our answers to it. `on_ack` and `on_no_ack` concern the final response to an INVITE."""

    def __init__(self, transport: "SipTransport", key: tuple[str, ...], request: Request, source: Endpoint) -> None:
        self._transport = transport
        self._key = key
        self.request = request
        self.source = source
        self.local_tag = transport.new_tag()
        self.final_code: int | None = None
        self.on_ack: Callable[[Request], None] | None = None
        self.on_no_ack: Callable[[], None] | None = None
        self._last: bytes | None = None
        self._resend: asyncio.TimerHandle | None = None
        self._via, self._reply_to = _return_path(request, source)

    def respond(self, code: int, *, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        """Send a response; after a final one, further calls do nothing."""
        if self.final_code is not None:
            return
        self._last = bytes(self._response(code, headers or {}, body))
        self._transport.send(self._last, self._reply_to)
        if code >= 200:
            self.final_code = code
            self._finish()

    def repeat(self) -> None:
        """Answer a retransmitted request as before."""
        if self._last is not None:
            self._transport.send(self._last, self._reply_to)

    def abandon(self) -> None:
        """Never send anything; repetitions of the request are swallowed until the sender gives up."""
        self._transport.later(2 * self._transport.timers.give_up_s, self._transport.forget, self._key, self)

    def acknowledged(self, ack: Request) -> None:
        """The ACK came: stop sending the final response."""
        if self._resend is not None:
            self._transport.cancel(self._resend)
            self._resend = None
            if self.on_ack is not None:
                self.on_ack(ack)

    def _response(self, code: int, headers: dict[str, str], body: bytes) -> Response:
        response = Response(code, PHRASES.get(code, "Unknown"), body)
        response.headers.setlist("Via", self._via)
        for name in ("From", "To", "Call-ID", "CSeq"):
            response.headers.set(name, self.request.headers[name])
        if code > 100 and "tag" not in self.request.to_address.parameters:
            response.headers.set("To", f"{self.request.headers['To']};tag={self.local_tag}")
        for name, value in headers.items():
            response.headers.set(name, value)
        response.headers.set("Content-Length", str(len(body)))
        return response

    def _finish(self) -> None:
        timers = self._transport.timers
        if self.request.method == "INVITE":
            self._transport.await_ack(self)
            self._arm(timers.t1_s, timers.give_up_s)
        self._transport.later(2 * timers.give_up_s, self._transport.forget, self._key, self)

    def _arm(self, wait_s: float, left_s: float) -> None:
        self._resend = self._transport.later(wait_s, self._again, wait_s, left_s - wait_s)

    def _again(self, waited_s: float, left_s: float) -> None:
        self._resend = None
        if left_s <= 0:
            if self.on_no_ack is not None:
                self.on_no_ack()
            return
        self._transport.stats.retransmitted += 1
        self.repeat()
        self._arm(min(2 * waited_s, self._transport.timers.t2_s), left_s)


class ClientTransaction:
    """One request of ours, sent again until answered. `final` is None when nothing came in time."""

    def __init__(self, transport: "SipTransport", request: Request, target: Endpoint) -> None:
        self._transport = transport
        self.request = request
        self.target = target
        self.final: asyncio.Future[Response | None] = transport.loop.create_future()
        self.on_provisional: Callable[[Response], None] | None = None
        self._data = bytes(request)
        self._ack: bytes | None = None
        self._proceeding = False
        self._resend: asyncio.TimerHandle | None = None
        transport.send(self._data, target)
        self._arm(transport.timers.t1_s, transport.timers.give_up_s)

    def receive(self, response: Response) -> None:
        """Take a response of this transaction, first or repeated."""
        if response.code < 200:
            self._proceeding = True
            if self.on_provisional is not None and not self.final.done():
                self.on_provisional(response)
            return
        if self.request.method == "INVITE" and response.code >= 300:
            self._ack = self._ack or bytes(_ack_of(self.request, response))
        if self._ack is not None:
            self._transport.send(self._ack, self.target)
        self._stop(response)

    def ack_with(self, data: bytes) -> None:
        """Send this ACK now and for every repetition of the accepting response."""
        self._ack = data
        self._transport.send(data, self.target)

    def _arm(self, wait_s: float, left_s: float) -> None:
        self._resend = self._transport.later(wait_s, self._again, wait_s, left_s - wait_s)

    def _again(self, waited_s: float, left_s: float) -> None:
        invite = self.request.method == "INVITE"
        if self.final.done() or (invite and self._proceeding):
            return
        if left_s <= 0:
            self._stop(None)
            return
        self._transport.stats.retransmitted += 1
        self._transport.send(self._data, self.target)
        self._arm(2 * waited_s if invite else min(2 * waited_s, self._transport.timers.t2_s), left_s)

    def _stop(self, response: Response | None) -> None:
        if self._resend is not None:
            self._transport.cancel(self._resend)
            self._resend = None
        if not self.final.done():
            self.final.set_result(response)
            self._transport.later(self._transport.timers.give_up_s, self._transport.drop, self.request)


def _ack_of(invite: Request, response: Response) -> Request:
    """The ACK of a refusal, which is part of the INVITE's transaction (RFC 3261 section 17.1.1.3)."""
    ack = Request("ACK", invite.uri)
    ack.headers.set("Via", invite.headers["Via"])
    ack.headers.set("Max-Forwards", "70")
    ack.headers.set("From", invite.headers["From"])
    ack.headers.set("To", response.headers["To"])
    ack.headers.set("Call-ID", invite.headers["Call-ID"])
    ack.headers.set("CSeq", f"{invite.cseq.sequence} ACK")
    ack.headers.set("Content-Length", "0")
    return ack


def _return_path(request: Request, source: Endpoint) -> tuple[list[str], Endpoint]:
    """Via lines to send back and where to send to (RFC 3261 section 18.2.2, RFC 3581).

    The lines are edited as text: what the peer wrote must come back to it letter for letter.
    """
    lines = request.headers.getlist("Via")
    top, comma, rest = lines[0].partition(",")
    via = request.via[0]
    port = via.port or 5060
    if "rport" in via.parameters:
        port = source[1]
        top = _RPORT.sub(f";rport={port}", top, count=1)
    if via.host != source[0]:
        top += f";received={source[0]}"
    return [top + comma + rest, *lines[1:]], (source[0], port)


class SipTransport(asyncio.DatagramProtocol):
    """One UDP socket with its transactions. Requests outside any transaction go to `on_request`.

    `on_request` must answer or keep the transaction. A datagram that is not sound SIP is counted and dropped.
    """

    def __init__(self, on_request: Callable[[ServerTransaction], None], *, timers: Timers | None = None) -> None:
        self._on_request = on_request
        self.timers = timers or Timers()
        self.stats = SipStats()
        self.loop = asyncio.get_running_loop()
        self._socket: asyncio.DatagramTransport | None = None
        self._servers: dict[tuple[str, ...], ServerTransaction] = {}
        self._clients: dict[tuple[str, str], ClientTransaction] = {}
        self._unacknowledged: dict[AckKey, ServerTransaction] = {}
        self._handles: set[asyncio.TimerHandle] = set()

    async def open(self, bind: Endpoint) -> Endpoint:
        """Bind the socket; returns its address. Raises OSError when the address is in use."""
        transport, _ = await self.loop.create_datagram_endpoint(lambda: self, local_addr=bind)
        self._socket = transport
        name: Endpoint = transport.get_extra_info("sockname")[:2]
        return name

    def close(self) -> None:
        """Close the socket and forget all timers."""
        for handle in list(self._handles):
            handle.cancel()
        self._handles.clear()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def new_tag(self) -> str:
        """A fresh tag. Never seeded: identifiers must be unique over all runs (RFC 3261 section 19.3)."""
        return secrets.token_hex(6)

    def new_branch(self) -> str:
        """A fresh Via branch."""
        return _MAGIC + secrets.token_hex(8)

    def later(self, delay_s: float, act: Callable[..., None], *args: object) -> asyncio.TimerHandle:
        """Call back after a delay unless closed before."""

        def fire() -> None:
            self._handles.discard(handle)
            act(*args)

        handle = self.loop.call_later(delay_s, fire)
        self._handles.add(handle)
        return handle

    def cancel(self, handle: asyncio.TimerHandle) -> None:
        """Undo `later`."""
        handle.cancel()
        self._handles.discard(handle)

    def pending(self) -> int:
        """How many timers and transactions are kept."""
        return len(self._handles) + len(self._servers) + len(self._clients) + len(self._unacknowledged)

    def send(self, data: bytes, target: Endpoint) -> None:
        """Send a datagram; nothing when closed."""
        if self._socket is not None:
            self._socket.sendto(data, target)

    def request(self, request: Request, target: Endpoint) -> ClientTransaction:
        """Start a client transaction. The request's top Via must carry a fresh branch."""
        transaction = ClientTransaction(self, request, target)
        self._clients[_client_key(request)] = transaction
        return transaction

    def await_ack(self, transaction: ServerTransaction) -> None:
        """Expect the ACK of this INVITE's final response."""
        self._unacknowledged[_ack_key(transaction.request)] = transaction

    def forget(self, key: tuple[str, ...], transaction: ServerTransaction) -> None:
        """Let go of a server transaction whose repetitions can no longer come."""
        self._servers.pop(key, None)
        if transaction.request.method == "INVITE":
            self._unacknowledged.pop(_ack_key(transaction.request), None)

    def drop(self, request: Request) -> None:
        """Let go of a client transaction."""
        self._clients.pop(_client_key(request), None)

    def find_invite(self, cancel: Request) -> ServerTransaction | None:
        """The INVITE that a CANCEL means: the same transaction key, with another method."""
        return self._servers.get(_server_key(cancel, "INVITE"))

    def error_received(self, exc: Exception) -> None:
        """A peer's port is closed: transactions time out by themselves."""

    def datagram_received(self, data: bytes, addr: Endpoint) -> None:
        """Parse one datagram and act on it."""
        self.stats.received += 1
        message = _read(data)
        if message is None:
            if data.strip(b"\r\n\0"):
                self.stats.malformed += 1
        elif isinstance(message, Response):
            self._receive_response(message)
        else:
            self._receive_request(message, (addr[0], addr[1]))

    def _receive_response(self, response: Response) -> None:
        transaction = self._clients.get(_client_key(response))
        if transaction is not None:
            transaction.receive(response)

    def _receive_request(self, request: Request, source: Endpoint) -> None:
        if request.method == "ACK":
            waiting = self._unacknowledged.get(_ack_key(request))
            if waiting is not None:
                waiting.acknowledged(request)
            return
        key = _server_key(request, request.method)
        known = self._servers.get(key)
        if known is not None:
            self.stats.duplicates += 1
            known.repeat()
            return
        transaction = ServerTransaction(self, key, request, source)
        self._servers[key] = transaction
        self._on_request(transaction)


def _read(data: bytes) -> Request | Response | None:
    """The message with every header we rely on proven sound, or None."""
    if data.find(b"\r\n\r\n", 0, _MAX_HEADER_BYTES) < 0:
        return None
    with contextlib.suppress(*_BAD_MESSAGE):
        message = Message.parse(data)
        if _is_sound(message):
            return message
    return None


def _is_sound(message: Request | Response) -> bool:
    """Read every header that is relied on later; what cannot be read raises one of _BAD_MESSAGE."""
    via = message.via
    cseq = message.cseq
    ends = [message.to_address, *message.contact]
    return (
        bool(via and message.call_id and ends)
        and message.from_address.parameters.get("tag") is not None
        and 0 < (via[0].port or 5060) < 65536
        and cseq.sequence < 2**32
        and (isinstance(message, Response) or cseq.method == message.method)
        and _content_length(message) <= len(message.body)
    )


def _content_length(message: Request | Response) -> int:
    """The declared length; bytes beyond it in the datagram are no part of the body."""
    length = message.content_length
    if length is None:
        return len(message.body)
    if length < 0:
        raise ValueError("negative Content-Length")
    if length < len(message.body):
        message.body = message.body[:length]
    return length


def _branch(via: Via) -> str:
    return via.parameters.get("branch") or ""


def _server_key(request: Request, method: str) -> tuple[str, ...]:
    """RFC 3261 section 17.2.3, with the older rule for peers whose branch lacks the magic cookie."""
    via = request.via[0]
    branch = _branch(via)
    if branch.startswith(_MAGIC):
        return (branch, via.host, str(via.port or 5060), method)
    return (str(request.uri), *map(str, _ack_key(request)), str(via), method)


def _client_key(message: Request | Response) -> tuple[str, str]:
    return _branch(message.via[0]), message.cseq.method


def _ack_key(request: Request) -> AckKey:
    return request.call_id, request.from_address.parameters.get("tag") or "", request.cseq.sequence
