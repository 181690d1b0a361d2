"""A trunk where nobody answers is no trunk that fails."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from bench.hil.devices import trunk
from bench.hil.devices.trunk import TrunkDevice
from bench.hil.files import BenchError
from bench.hil.person import Nobody
from bench.hil.timeline import Entry, Lane, Timeline
from bench.hil.wiring import DeviceTable
from hw.sip.probe import ProbeResult, probe


@pytest.fixture
def deaf() -> Iterator[int]:
    """A UDP port that takes everything and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        yield udp.getsockname()[1]


class Answers(asyncio.DatagramProtocol):
    """A user agent, from the second OPTIONS on."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked.append(data)
        if len(self.asked) > 1:
            self._transport.sendto(b"SIP/2.0 405 Method Not Allowed\r\n\r\n", addr)


def target(port: int) -> str:
    return f"sip:{{number}}@127.0.0.1:{port};transport=udp"


def made(port: int) -> TrunkDevice:
    table = DeviceTable(name="carrier", kind="trunk", target=target(port))
    return TrunkDevice(table, Timeline(asyncio.get_running_loop()), Nobody())


def test_whoever_answers_anything_is_there_and_is_asked_again_until_then() -> None:
    async def main() -> tuple[ProbeResult, list[bytes]]:
        loop = asyncio.get_running_loop()
        transport, agent = await loop.create_datagram_endpoint(Answers, local_addr=("127.0.0.1", 0))
        found = await asyncio.to_thread(probe, target(transport.get_extra_info("sockname")[1]), 3.0)
        transport.close()
        return found, agent.asked

    found, asked = asyncio.run(main())
    assert found == ProbeResult(True, "SIP/2.0 405 Method Not Allowed")
    assert asked[0] == asked[1]
    assert asked[0].startswith(b"OPTIONS sip:127.0.0.1:")
    assert asked[0].endswith(b"Content-Length: 0\r\n\r\n")


def test_a_port_where_nobody_listens_is_refused_at_once(deaf: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        free = udp.getsockname()[1]
    assert probe(target(free), 10) == ProbeResult(False, f"nothing listens at 127.0.0.1:{free}")
    silence = f"no answer from 127.0.0.1:{deaf} to SIP OPTIONS in 0.05 s"
    assert probe(target(deaf), 0.05) == ProbeResult(False, silence, silent=True)
    unknown = probe("sip:{number}@no-such-host.invalid", 10)
    assert (unknown.reachable, unknown.silent) == (False, False)
    assert "no-such-host.invalid cannot be resolved" in unknown.detail


def test_a_trunk_that_is_refused_is_not_linked() -> None:
    async def main() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(("127.0.0.1", 0))
            free = udp.getsockname()[1]
        with pytest.raises(BenchError, match=rf"carrier: nobody answers SIP: nothing listens at 127\.0\.0\.1:{free}$"):
            await made(free).link()

    asyncio.run(main())


def test_a_call_without_any_answer_where_options_has_none_either_says_nothing_of_the_trunk(
    deaf: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trunk, "PING_LIMIT_S", 0.05)
    sent = Entry(0.0, Lane.CALL, "a", "Dialed", {"ref": "x"})
    timed_out = Entry(1.0, Lane.CALL, "a", "Ended", {"cause": "timeout", "sip_code": 408})
    refused = Entry(1.0, Lane.CALL, "a", "Ended", {"cause": "busy", "sip_code": 486})

    async def main() -> None:
        device = made(deaf)
        assert await device.out_of_reach((sent, refused)) == ""
        told = await device.out_of_reach((sent, timed_out))
        assert told.startswith(
            f"carrier: nobody answers SIP: no answer from 127.0.0.1:{deaf} to SIP OPTIONS in 0.05 s; no INVITE"
        )
        with pytest.raises(BenchError, match=f"no answer from 127.0.0.1:{deaf} to SIP OPTIONS"):
            await device.link()

    asyncio.run(main())
