"""Whether anybody speaks SIP at an address: OPTIONS over UDP (RFC 3261 section 11), which every user agent answers."""

import asyncio
import re
import secrets
from dataclasses import dataclass
from typing import Any

PING_LIMIT_S = 4.0
# RFC 3261 section 17.1.2.1: T1, doubled with every repetition.
FIRST_REPEAT_S = 0.5
DEFAULT_PORT = 5060
_TARGET = re.compile(r"sips?:(?:[^@;]*@)?(?P<host>\[[^\]]+\]|[^:;]+)(?::(?P<port>\d+))?")


@dataclass(frozen=True, slots=True)
class Ping:
    """What came of it. `refused` says why nobody can be there; with neither, nothing came back at all."""

    address: str
    answered: bool = False
    refused: str = ""

    @property
    def objection(self) -> str:
        """Why nobody seems to be there; empty when somebody is."""
        if self.answered:
            return ""
        return f"nobody answers SIP at {self.address}: {self.refused or 'OPTIONS has no answer'}"


class _Ear(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if data.startswith(b"SIP/2.0 ") and not self.heard.done():
            self.heard.set_result("")

    def error_received(self, exc: Exception) -> None:
        if not self.heard.done():
            self.heard.set_result(getattr(exc, "strerror", None) or str(exc))


def _address_of(target: str) -> tuple[str, int]:
    """Host (a literal IPv6 address in brackets) and UDP port of `sip:{number}@HOST:PORT`."""
    match = _TARGET.match(target)
    assert match is not None
    return match["host"], int(match["port"] or DEFAULT_PORT)


async def ping(target: str, limit_s: float = PING_LIMIT_S) -> Ping:
    """Ask once, repeat until somebody answers, the address is refused, or `limit_s` is over."""
    host, port = _address_of(target)
    address = f"{host}:{port}"
    loop = asyncio.get_running_loop()
    try:
        transport, ear = await loop.create_datagram_endpoint(_Ear, remote_addr=(host.strip("[]"), port))
    except OSError as error:
        return Ping(address, refused=error.strerror or str(error))
    try:
        request = _options(address, transport.get_extra_info("sockname"))
        async with asyncio.timeout(limit_s):
            refused = await _ask(transport, ear, request)
    except TimeoutError:
        return Ping(address)
    finally:
        transport.close()
    return Ping(address, answered=not refused, refused=refused)


async def _ask(transport: asyncio.DatagramTransport, ear: _Ear, request: bytes) -> str:
    repeat_s = FIRST_REPEAT_S
    while not ear.heard.done():
        transport.sendto(request)
        await asyncio.wait({ear.heard}, timeout=repeat_s)
        repeat_s *= 2
    return ear.heard.result()


def _options(address: str, here: tuple[str, int]) -> bytes:
    host = f"[{here[0]}]" if ":" in here[0] else here[0]
    near = f"{host}:{here[1]}"
    lines = (
        f"OPTIONS sip:{address} SIP/2.0",
        f"Via: SIP/2.0/UDP {near};branch=z9hG4bK{secrets.token_hex(8)};rport",
        "Max-Forwards: 70",
        f"From: <sip:bench@{host}>;tag={secrets.token_hex(4)}",
        f"To: <sip:{address}>",
        f"Call-ID: {secrets.token_hex(12)}",
        "CSeq: 1 OPTIONS",
        f"Contact: <sip:bench@{near}>",
        "Accept: application/sdp",
        "Content-Length: 0",
    )
    return "\r\n".join((*lines, "", "")).encode()
