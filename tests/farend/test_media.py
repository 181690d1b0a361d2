"""Audio over real sockets: laws, sounds, timestamps, and packets that no one should send."""

import asyncio
import itertools
import socket
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.farend import signals
from dialer.farend.g711 import Codec
from dialer.farend.media import MediaEngine, MediaStream

Ports = tuple[int, int]


def _pair(engine: MediaEngine, codec: Codec) -> tuple[MediaStream, MediaStream]:
    one, two = engine.open(), engine.open()
    one.aim("127.0.0.1", two.port, codec, 101)
    two.aim("127.0.0.1", one.port, codec, 101)
    return one, two


@pytest.mark.parametrize("codec", list(Codec))
def test_two_streams_hear_each_other(codec: Codec, rtp_ports: Ports) -> None:
    async def run() -> None:
        engine = MediaEngine("127.0.0.1", rtp_ports, 1)
        engine.start()
        one, two = _pair(engine, codec)
        one.play(signals.tone(600))
        two.play(signals.tone(900))
        while min(one.ears.frames, two.ears.frames) < 40:
            await asyncio.sleep(0.02)
        assert (one.ears.heard().tone_hz, two.ears.heard().tone_hz) == (900, 600)
        await engine.close()

    asyncio.run(asyncio.wait_for(run(), 20))


def test_packets_follow_on_in_number_and_time_and_end_in_silence(rtp_ports: Ports) -> None:
    async def run() -> list[bytes]:
        engine = MediaEngine("127.0.0.1", rtp_ports, 1)
        engine.start()
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        stream = engine.open()
        stream.aim("127.0.0.1", sock.getsockname()[1], Codec.PCMU, None)
        stream.play(signals.Sound(np.full(320, 5000, np.int16), loop_from=None))
        loop = asyncio.get_running_loop()
        packets = [await loop.sock_recv(sock, 2048) for _ in range(6)]
        await engine.close()
        sock.close()
        return packets

    packets = asyncio.run(asyncio.wait_for(run(), 20))
    headers = [struct.unpack("!BBHII", packet[:12]) for packet in packets]
    for before, after in itertools.pairwise(headers):
        assert (after[2] - before[2]) & 0xFFFF == 1
        assert (after[3] - before[3]) & 0xFFFFFFFF == 160
    assert {header[4] for header in headers} == {headers[0][4]}
    assert [packet[12:] == b"\xff" * 160 for packet in packets] == [False, False, True, True, True, True]


def test_ports_are_even_and_a_full_range_says_so(rtp_ports: Ports) -> None:
    async def run() -> None:
        engine = MediaEngine("127.0.0.1", (rtp_ports[0], rtp_ports[0] + 7), 1)
        streams = [engine.open() for _ in range(4)]
        assert all(stream.port % 2 == 0 for stream in streams)
        with pytest.raises(OSError, match="no free RTP port"):
            engine.open()
        streams[1].close()
        streams[1].close()
        assert engine.open().port == rtp_ports[0] + 2
        await engine.close()

    asyncio.run(run())


def test_no_packet_harms_the_engine(rtp_ports: Ports) -> None:
    loop = asyncio.new_event_loop()

    async def start() -> tuple[MediaEngine, MediaStream, MediaStream]:
        engine = MediaEngine("127.0.0.1", rtp_ports, 1)
        return (engine, *_pair(engine, Codec.PCMU))

    engine, one, two = loop.run_until_complete(start())
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    first = st.sampled_from([0x80, 0x90, 0xA0, 0x8F, 0xBF, 0x00, 0xFF])
    head = st.tuples(first, st.sampled_from([0, 8, 101, 0x80, 72, 229])).map(bytes)
    middle = st.one_of(st.just(bytes(10)), st.binary(max_size=12))
    packets = st.lists(st.tuples(head, middle, st.binary(max_size=200)).map(b"".join), min_size=1, max_size=6)

    @settings(max_examples=500, deadline=None, database=None, derandomize=True)
    @given(packets)
    def fuzz(datagrams: list[bytes]) -> None:
        for index, datagram in enumerate(datagrams):
            sock.sendto(datagram, ("127.0.0.1", (one, two)[index % 2].port))
        engine.hear()

    fuzz()
    assert engine.stats.received > 1000
    assert one.ears.frames > 0
    sock.close()
    loop.run_until_complete(engine.close())
    loop.close()
