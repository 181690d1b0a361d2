"""A SIP user agent on one UDP socket: owns the transport, the audio and the calls that are up."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sipmessage import URI, Address, Request

from dialer.farend.calls import ALLOW, Call, IncomingCall, OutgoingCall
from dialer.farend.media import MediaEngine
from dialer.farend.transactions import Endpoint, ServerTransaction, SipTransport, Timers

OnCall = Callable[[IncomingCall], bool]
RTP_PORTS = (20_000, 29_998)


class UserAgent:
    """Start with `await open()`. `on_call` is given each new call and says whether to send 100 Trying at once."""

    def __init__(
        self,
        bind: Endpoint,
        on_call: OnCall | None = None,
        *,
        seed: int = 0,
        rtp_ports: tuple[int, int] = RTP_PORTS,
        timers: Timers | None = None,
    ) -> None:
        self.address = bind
        self._on_call = on_call
        self.transport = SipTransport(self._request, timers=timers)
        self.media = MediaEngine(bind[0], rtp_ports, seed)
        self.calls: dict[tuple[str, str], Call] = {}

    async def open(self) -> None:
        """Bind the socket and start the audio. Raises OSError when the address is in use."""
        self.address = await self.transport.open(self.address)
        self.media.start()

    async def close(self) -> None:
        """End every call and stop."""
        for call in list(self.calls.values()):
            call.close()
        self.transport.close()
        await self.media.close()

    def traffic(self) -> dict[str, Any]:
        """SIP and RTP counts since the start, and how late the audio ticker ever was."""
        sip, media = self.transport.stats, self.media.stats
        return {"sip": asdict(sip), "rtp": asdict(media)}

    def adopt(self, call: Call) -> None:
        """Requests of this dialog belong to this call."""
        self.calls[call.call_id, call.local_tag] = call

    def discard(self, call: Call) -> None:
        """The call is over."""
        self.calls.pop((call.call_id, call.local_tag), None)

    def dial(self, address: str, caller_id: str) -> OutgoingCall:
        """A call to `address` (such as sip:agent1@127.0.0.1:5080), not yet placed. Raises ValueError."""
        return OutgoingCall(self, Address.parse(address), caller_id)

    def contact_headers(self, *, with_body: bool = False) -> dict[str, str]:
        """Contact and what goes with it."""
        headers = {"Contact": f"<sip:{self.address[0]}:{self.address[1]}>", "Allow": ALLOW}
        return headers | {"Content-Type": "application/sdp"} if with_body else headers

    def new_call_id(self) -> str:
        """A fresh Call-ID."""
        return f"{self.transport.new_tag()}@{self.address[0]}"

    def new_request(self, method: str, uri: URI, ends: tuple[str, str], call_id: str, sequence: int) -> Request:
        """A request with From and To as in `ends` and a fresh branch."""
        request = Request(method, uri)
        host, port = self.address
        headers = request.headers
        headers.set("Via", f"SIP/2.0/UDP {host}:{port};rport;branch={self.transport.new_branch()}")
        headers.set("Max-Forwards", "70")
        headers.set("From", ends[0])
        headers.set("To", ends[1])
        headers.set("Call-ID", call_id)
        headers.set("CSeq", f"{sequence} {method}")
        headers.set("Content-Length", "0")
        return request

    def _request(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if request.method == "CANCEL":
            self._cancel(transaction)
            return
        tag = request.to_address.parameters.get("tag")
        if tag is not None:
            call = self.calls.get((request.call_id, tag))
            if call is None:
                transaction.respond(481)
            else:
                call.receive(transaction)
        elif request.method == "INVITE":
            self._invite(transaction)
        elif request.method == "OPTIONS":
            transaction.respond(200, headers={"Allow": ALLOW, "Accept": "application/sdp"})
        else:
            transaction.respond(481 if request.method in ("BYE", "UPDATE", "INFO") else 405, headers={"Allow": ALLOW})

    def _invite(self, transaction: ServerTransaction) -> None:
        required = transaction.request.headers.get("Require")
        if required is not None:
            transaction.respond(420, headers={"Unsupported": required})
            return
        if self._on_call is None:
            transaction.respond(480)
            return
        call = IncomingCall(self, transaction)
        self.adopt(call)
        if self._on_call(call):
            transaction.respond(100)

    def _cancel(self, transaction: ServerTransaction) -> None:
        invite = self.transport.find_invite(transaction.request)
        if invite is None:
            transaction.respond(481)
            return
        transaction.respond(200)
        call = self.calls.get((invite.request.call_id, invite.local_tag))
        if isinstance(call, IncomingCall) and call.answered_at is None:
            call.cancelled()
