"""Asks a SIP peer whether it is there, without a call: one OPTIONS (RFC 3261 section 11)."""

import re
import secrets
import socket
from dataclasses import dataclass

_TARGET = re.compile(r"sips?:[^@]*@(?P<host>\[[^\]]+\]|[^:;>]+)(?::(?P<port>\d+))?")


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """`reachable` is True when anything came back; `detail` says what, or why nothing could. `silent`: nothing did."""

    reachable: bool
    detail: str
    silent: bool = False


def probe(target: str, timeout_s: float = 1.5) -> ProbeResult:
    """Send OPTIONS over UDP to the host of `target` and wait for any SIP response. Blocks up to `timeout_s`."""
    match = _TARGET.match(target)
    if match is None:
        return ProbeResult(False, f"'{target}' names no host")
    host, port = match["host"], int(match["port"] or 5060)
    try:
        family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
        address = socket.getaddrinfo(host.strip("[]"), port, family, socket.SOCK_DGRAM)[0][4]
    except OSError as error:
        return ProbeResult(False, f"{host} cannot be resolved: {error.strerror}")
    with socket.socket(family, socket.SOCK_DGRAM) as udp:
        udp.connect(address)
        local_ip, local_port = udp.getsockname()[:2]
        here = f"[{local_ip}]" if family == socket.AF_INET6 else local_ip
        request = _options(host, port, f"{here}:{local_port}")
        for wait_s in (timeout_s / 3, timeout_s * 2 / 3):
            try:
                udp.send(request)
                udp.settimeout(wait_s)
                answer = udp.recv(4096)
            except ConnectionRefusedError:
                return ProbeResult(False, f"nothing listens at {host}:{port}")
            except TimeoutError:
                continue
            except OSError as error:
                return ProbeResult(False, f"{host}:{port} cannot be reached: {error.strerror}")
            return ProbeResult(True, answer.split(b"\r\n", 1)[0].decode("ascii", "replace"))
    return ProbeResult(False, f"no answer from {host}:{port} to SIP OPTIONS in {timeout_s:g} s", silent=True)


def _options(host: str, port: int, local: str) -> bytes:
    mark = secrets.token_hex(8)
    lines = (
        f"OPTIONS sip:{host}:{port} SIP/2.0",
        f"Via: SIP/2.0/UDP {local};rport;branch=z9hG4bK{mark}",
        f"From: <sip:probe@{local}>;tag={mark[:6]}",
        f"To: <sip:{host}:{port}>",
        f"Call-ID: {mark}@{local}",
        "CSeq: 1 OPTIONS",
        "Max-Forwards: 70",
        "Content-Length: 0",
        "",
        "",
    )
    return "\r\n".join(lines).encode()
