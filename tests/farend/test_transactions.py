"""A raw UDP peer against the called side: retransmission, duplicates, dialogs, and whatever else may arrive."""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialer.farend import signals
from dialer.farend.calls import IncomingCall
from dialer.farend.transactions import SipTransport, Timers
from dialer.farend.useragent import UserAgent

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
)
Ports = tuple[int, int]


def _sdp(port: int = 45_000, direction: str = "sendrecv") -> str:
    return SDP.format(port=port, direction=direction)


def _request(
    port: int,
    method: str,
    *,
    cseq: int = 1,
    body: str = "",
    branch: str | None = None,
    extra: str = "",
    to_tag: str = "",
) -> str:
    branch = branch or f"z9hG4bK{method}{cseq}"
    return (
        f"{method} sip:+12125550123@127.0.0.1 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch={branch};rport\r\n"
        f"From: <sip:me@127.0.0.1>;tag=a\r\nTo: <sip:+12125550123@127.0.0.1>{to_tag}\r\n"
        f"Call-ID: c1\r\nCSeq: {cseq} {method}\r\nContact: <sip:me@127.0.0.1:{port}>\r\n{extra}"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )


class _Peer:
    """Sends hand-written requests and reads answers."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.bind(("127.0.0.1", 0))
        self.target = target
        self.port = self.sock.getsockname()[1]
        self.to_tag = ""

    def send(self, method: str, **keys: Any) -> None:
        self.sock.sendto(_request(self.port, method, to_tag=self.to_tag, **keys).encode(), self.target)

    async def read(self) -> str:
        """The next datagram; the To tag of an answer is kept for later requests."""
        data = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self.sock, 4096), 5)
        text = data.decode()
        found = re.search(r"^To: [^\r]*(;tag=\w+)", text, re.MULTILINE)
        if found and text.startswith("SIP/2.0"):
            self.to_tag = found.group(1)
        return text

    async def code(self) -> int:
        """The code of the next answer."""
        return int((await self.read()).split(" ")[1])

    async def code_after_others(self, *others: int) -> int:
        """The first code that is none of `others`."""
        while (code := await self.code()) in others:
            pass
        return code


Act = Callable[[_Peer, UserAgent], Awaitable[None]]


def _run(
    act: Act, rtp_ports: Ports, *, on_call: Callable[[IncomingCall], bool] | None = None, t1_s: float = 0.05
) -> None:
    def ring_and_answer(call: IncomingCall) -> bool:
        call.ring()
        return call.answer(signals.tone(600))

    async def run() -> None:
        agent = UserAgent(("127.0.0.1", 0), on_call or ring_and_answer, rtp_ports=rtp_ports, timers=Timers(t1_s=t1_s))
        await agent.open()
        peer = _Peer(agent.address)
        try:
            await act(peer, agent)
        finally:
            peer.sock.close()
            await agent.close()

    asyncio.run(asyncio.wait_for(run(), 20))


def test_a_lost_answer_is_sent_again_until_acknowledged(rtp_ports: Ports) -> None:
    async def act(peer: _Peer, agent: UserAgent) -> None:
        peer.send("INVITE", body=_sdp())
        assert [await peer.code() for _ in range(4)] == [180, 200, 200, 200]
        peer.send("ACK", branch="z9hG4bKother")
        await asyncio.sleep(0.1)
        while True:
            try:
                peer.sock.recv(4096)
            except BlockingIOError:
                break
        await asyncio.sleep(0.5)
        with pytest.raises(BlockingIOError):
            peer.sock.recv(4096)
        assert len(agent.calls) == 1

    _run(act, rtp_ports)


def test_an_answer_never_acknowledged_ends_with_bye(rtp_ports: Ports) -> None:
    async def act(peer: _Peer, agent: UserAgent) -> None:
        peer.send("INVITE", body=_sdp())
        call = await _only_call(agent)
        while not (text := await peer.read()).startswith("BYE"):
            assert text.startswith("SIP/2.0 ")
        assert call.ending is not None and call.ending.why == "no ack"

    _run(act, rtp_ports, t1_s=0.01)


async def _only_call(agent: UserAgent) -> Any:
    while not agent.calls:
        await asyncio.sleep(0.001)
    (call,) = agent.calls.values()
    return call


def test_a_repeated_invite_is_the_same_call(rtp_ports: Ports) -> None:
    async def act(peer: _Peer, agent: UserAgent) -> None:
        for _ in range(3):
            peer.send("INVITE", body=_sdp())
        assert await peer.code_after_others(180) == 200
        assert len(agent.calls) == 1
        while agent.transport.stats.received < 3:
            await asyncio.sleep(0.01)
        assert agent.transport.stats.duplicates == 2

    _run(act, rtp_ports, t1_s=0.5)


def test_a_peer_without_magic_cookie_is_served(rtp_ports: Ports) -> None:
    async def act(peer: _Peer, agent: UserAgent) -> None:
        peer.send("INVITE", body=_sdp(), branch="old")
        peer.send("INVITE", body=_sdp(), branch="old")
        assert await peer.code_after_others(180) == 200
        assert len(agent.calls) == 1

    _run(act, rtp_ports, t1_s=0.5)


def test_bye_ends_the_call_and_its_repetition_is_answered_again(rtp_ports: Ports) -> None:
    async def act(peer: _Peer, agent: UserAgent) -> None:
        peer.send("INVITE", body=_sdp())
        assert await peer.code_after_others(180) == 200
        peer.send("ACK")
        peer.send("BYE", cseq=2)
        peer.send("BYE", cseq=2)
        assert [await peer.code(), await peer.code()] == [200, 200]
        peer.send("BYE", cseq=3)
        assert await peer.code() == 481
        assert not agent.calls

    _run(act, rtp_ports, t1_s=0.5)


def test_cancel_before_the_answer_gives_487(rtp_ports: Ports) -> None:
    def ring(call: IncomingCall) -> bool:
        call.ring()
        return True

    async def act(peer: _Peer, agent: UserAgent) -> None:
        peer.send("INVITE", body=_sdp(), branch="z9hG4bKx")
        assert [await peer.code(), await peer.code()] == [180, 100]
        tag, peer.to_tag = peer.to_tag, ""
        peer.send("CANCEL", branch="z9hG4bKx")
        assert [await peer.code(), await peer.code()] == [200, 487]
        peer.to_tag = tag
        peer.send("ACK", branch="z9hG4bKx")
        assert not agent.calls

    _run(act, rtp_ports, on_call=ring, t1_s=0.5)


def test_cancel_of_nothing_is_481(rtp_ports: Ports) -> None:
    async def act(peer: _Peer, agent: UserAgent) -> None:
        peer.send("CANCEL")
        assert await peer.code() == 481

    _run(act, rtp_ports)


def test_bye_before_the_answer_ends_the_invite_too(rtp_ports: Ports) -> None:
    def ring(call: IncomingCall) -> bool:
        call.ring()
        return True

    async def act(peer: _Peer, agent: UserAgent) -> None:
        peer.send("INVITE", body=_sdp())
        assert await peer.code() == 180
        peer.send("BYE", cseq=2)
        assert {await peer.code_after_others(100), await peer.code()} == {200, 487}

    _run(act, rtp_ports, on_call=ring, t1_s=0.5)


def test_renegotiation_moves_and_holds_the_audio(rtp_ports: Ports) -> None:
    async def act(peer: _Peer, agent: UserAgent) -> None:
        first, second = _rtp_socket(), _rtp_socket()
        peer.send("INVITE", body=_sdp(first.getsockname()[1]))
        assert await peer.code_after_others(180) == 200
        peer.send("ACK")
        await _audio(first)
        peer.send("INVITE", cseq=2, body=_sdp(second.getsockname()[1]))
        assert await peer.code() == 200
        peer.send("ACK", cseq=2)
        await _audio(second)
        peer.send("UPDATE", cseq=3, body=_sdp(second.getsockname()[1], "sendonly"))
        text = await peer.read()
        assert "a=recvonly" in text
        sent = agent.media.stats.sent
        await asyncio.sleep(0.2)
        assert agent.media.stats.sent == sent
        first.close()
        second.close()

    _run(act, rtp_ports, t1_s=0.5)


def _rtp_socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind(("127.0.0.1", 0))
    return sock


async def _audio(sock: socket.socket) -> bytes:
    return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 2048), 5)


def test_an_invite_without_offer_is_answered_with_one(rtp_ports: Ports) -> None:
    async def act(peer: _Peer, agent: UserAgent) -> None:
        sock = _rtp_socket()
        peer.send("INVITE")
        assert await peer.code() == 180
        assert "m=audio" in await peer.read()
        peer.send("ACK", body=_sdp(sock.getsockname()[1]))
        assert (await _audio(sock))[1] & 0x7F == 0
        sock.close()

    _run(act, rtp_ports, t1_s=0.5)


@pytest.mark.parametrize(
    ("method", "extra", "body", "code", "header"),
    [
        ("OPTIONS", "", "", 200, "Allow: INVITE"),
        ("REGISTER", "", "", 405, "Allow: INVITE"),
        ("BYE", "", "", 481, ""),
        ("INVITE", "Require: 100rel\r\n", SDP.format(port=4000, direction="sendrecv"), 420, "Unsupported: 100rel"),
        ("INVITE", "", "v=0\r\n", 488, ""),
        ("INVITE", "", SDP.format(port=4000, direction="sendrecv").replace("AVP 0", "AVP 9"), 488, ""),
    ],
)
def test_what_is_not_a_usable_call_is_refused(
    method: str, extra: str, body: str, code: int, header: str, rtp_ports: Ports
) -> None:
    async def act(peer: _Peer, agent: UserAgent) -> None:
        peer.send(method, extra=extra, body=body)
        text = await peer.read()
        while text.startswith("SIP/2.0 180"):
            text = await peer.read()
        assert text.startswith(f"SIP/2.0 {code} ") and header in text
        assert not agent.calls

    _run(act, rtp_ports)


def test_answers_carry_via_back_letter_for_letter(rtp_ports: Ports) -> None:
    async def act(peer: _Peer, agent: UserAgent) -> None:
        peer.send("OPTIONS", branch="z9hG4bK+a!b*c", extra="Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK~x\r\n")
        text = await peer.read()
        assert f"Via: SIP/2.0/UDP 127.0.0.1:{peer.port};branch=z9hG4bK+a!b*c;rport={peer.port}\r\n" in text
        assert "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK~x\r\n" in text

    _run(act, rtp_ports)


def test_keys_pressed_are_told_once(rtp_ports: Ports) -> None:
    digits: list[str] = []

    def answer(call: IncomingCall) -> bool:
        call.on_digit = digits.append
        return call.answer(signals.silence())

    async def act(peer: _Peer, agent: UserAgent) -> None:
        sock = _rtp_socket()
        peer.send("INVITE", body=_sdp(sock.getsockname()[1]))
        text = await peer.read()
        port = int(re.findall(r"m=audio (\d+)", text)[0])
        for timestamp, key in ((1, 5), (1, 5), (1, 5), (400, 11)):
            event = bytes([key, 0x8A, 0, 160])
            sock.sendto(bytes([0x80, 101, 0, 1]) + timestamp.to_bytes(4, "big") + b"ssrc" + event, ("127.0.0.1", port))
        while len(digits) < 2:
            await asyncio.sleep(0.01)
        assert digits == ["5", "#"]
        sock.close()

    _run(act, rtp_ports, on_call=answer, t1_s=0.5)


_PIECES = st.sampled_from(
    """\
INVITE sip:1@h SIP/2.0
BYE sip:1@h SIP/2.0
ACK sip:1@h SIP/2.0
CANCEL sip: SIP/2.0
SIP/2.0 200 OK
SIP/2.0 x OK
Via: SIP/2.0/UDP h:0;branch=z9hG4bKq
Via: SIP/2.0/UDP h:99999;rport
v: SIP/2.0/UDP h;branch=z9hG4bKq
Via: ,
From: <sip:a@h>;tag=1
f: sip:a@h
From: ;;
To: <sip:b@h>
To: <sip:b@h>;tag=2
t: <>
Call-ID: x
i:
CSeq: 1 INVITE
CSeq: 1 BYE
CSeq: 99999999999 ACK
CSeq: -1 X
Content-Length: 0
Content-Length: 9999
l: -5
l: x
Contact: *
Contact: <sip:h:99999>
Contact: <tel:+1>
Require: 100rel
nocolon
: empty
""".splitlines()
)


def _mutations() -> st.SearchStrategy[bytes]:
    lines = st.lists(_PIECES, max_size=12).map(lambda parts: ("\r\n".join(parts) + "\r\n\r\n").encode())
    valid = _request(45_998, "INVITE", body=_sdp()).encode()
    spliced = st.tuples(st.integers(0, len(valid)), st.integers(0, len(valid)), st.binary(max_size=12)).map(
        lambda cut: valid[: min(cut[:2])] + cut[2] + valid[max(cut[:2]) :]
    )
    changed = st.lists(st.tuples(st.integers(0, len(valid) - 1), st.integers(0, 255)), max_size=6).map(
        lambda edits: _edited(valid, edits)
    )
    return st.one_of(st.binary(max_size=300), lines, spliced, changed)


def _edited(data: bytes, edits: list[tuple[int, int]]) -> bytes:
    changed = bytearray(data)
    for at, value in edits:
        changed[at] = value
    return bytes(changed)


def test_no_datagram_harms_the_process(rtp_ports: Ports) -> None:
    loop = asyncio.new_event_loop()
    faults: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: faults.append(context))

    async def start() -> UserAgent:
        def answer(call: IncomingCall) -> bool:
            return call.answer(signals.silence())

        agent = UserAgent(("127.0.0.1", 0), answer, rtp_ports=rtp_ports, timers=Timers(t1_s=0.001))
        await agent.open()
        return agent

    agent = loop.run_until_complete(start())

    async def throw(datagram: bytes) -> None:
        agent.transport.datagram_received(datagram, ("127.0.0.1", 45_998))
        for call in list(agent.calls.values()):
            call.hang_up("test")
        await asyncio.sleep(0)

    @settings(
        max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None, derandomize=True
    )
    @given(_mutations())
    def fuzz(datagram: bytes) -> None:
        loop.run_until_complete(throw(datagram))

    try:
        fuzz()
        assert faults == []
        assert agent.transport.stats.malformed > 100
        probe = _Peer(agent.address)
        probe.send("OPTIONS")
        assert loop.run_until_complete(probe.code()) == 200
        probe.sock.close()
    finally:
        loop.run_until_complete(agent.close())
        loop.close()


def test_a_closed_transport_keeps_no_timers(rtp_ports: Ports) -> None:
    async def run() -> None:
        transport = SipTransport(lambda transaction: None)
        await transport.open(("127.0.0.1", 0))
        fired: list[int] = []
        transport.later(0.01, fired.append, 1)
        transport.close()
        await asyncio.sleep(0.05)
        assert fired == []

    asyncio.run(run())
