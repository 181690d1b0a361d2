"""A card driven by hand, in a process of its own: pjsua2 can be set up once per process."""

import json
import subprocess
import sys

import pytest

from hw.contract import Cause
from tests.contracts.rigs import SIP_RTP_BASE

pytestmark = pytest.mark.sip

STUCK = """
import json, os, socket, sys, time
from hw.sip import card as card_module, wire
from hw.audio.ring import Segment, create_segment

card_module.HANG_UP_LIMIT_S = 0.3
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
ours.setblocking(False)
deaf = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
deaf.bind(("127.0.0.1", 0))
spec = wire.CardSpec(0, "127.0.0.1", 0, int(sys.argv[1]), ("PCMU",), ())
card = card_module.Card(theirs, spec, Segment(create_segment(1)))
card._endpoint.native.cancel = lambda session: None
ours.send(wire.encode(wire.Dial("a", 0, f"sip:a@127.0.0.1:{deaf.getsockname()[1]}", "", "")))
ours.send(wire.encode(wire.HangUp("a")))
until = time.monotonic() + 1
while time.monotonic() < until:
    card._turn(20)
said = []
while True:
    try:
        said.append(json.loads(ours.recv(wire.MAX_PACKET_BYTES)))
    except BlockingIOError:
        break
print(json.dumps(said), flush=True)
os._exit(0)
"""


def test_a_call_that_will_not_end_is_given_up_and_its_slot_told_as_held() -> None:
    command = [sys.executable, "-c", STUCK, str(SIP_RTP_BASE + 2000)]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout)
    kinds = [name for name, *_ in said]
    assert kinds.count("Ended") == 1
    ended = next(fields for name, *fields in said if name == "Ended")
    assert ended[:2] == ["a", Cause.LINE_LOST]
    assert ["Beat", 1] in said[: kinds.index("Ended")]
