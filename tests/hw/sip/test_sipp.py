"""The pool against SIPp, which shares no code with us: what passes on the wire, judged by SIPp's own scenarios."""

import asyncio
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from hw.contract import Answered, Cause, Ringing
from hw.sip.config import SipSettings, SipTrunk
from hw.sip.pool import SipPool
from tests.contracts.rigs import SIP_RTP_BASE, Recorder

pytestmark = [pytest.mark.sip, pytest.mark.skipif(shutil.which("sipp") is None, reason="sipp is not installed")]
NUMBER = "+12125550123"
TRUNK = "sipp"

_SDP = """
      v=0
      o=user1 53655765 2353687637 IN IP4 [local_ip]
      s=-
      c=IN IP4 [media_ip]
      t=0 0
      m=audio [media_port] RTP/AVP 0
      a=rtpmap:0 PCMU/8000
"""


def receive(request: str) -> str:
    return f'<recv request="{request}"></recv>'


def respond(status: str, *, sdp: bool = False, extra: str = "", saved: bool = False) -> str:
    """A response to the last request, or with `saved` to the INVITE whose headers were kept."""
    via = "Via:[$via]" if saved else "[last_Via:]"
    sequence = "CSeq: [$sequence] INVITE" if saved else "[last_CSeq:]"
    body = _SDP if sdp else ""
    kind = "Content-Type: application/sdp" if sdp else ""
    lines = [
        f"SIP/2.0 {status}",
        via,
        "[last_From:]",
        "[last_To:];tag=[pid]SIPpTag[call_number]"
        if not saved
        else "To: <sip:[service]@[local_ip]>;tag=[pid]SIPpTag[call_number]",
        "[last_Call-ID:]",
        sequence,
        "Contact: <sip:[local_ip]:[local_port];transport=[transport]>",
        *(line for line in (extra, kind) if line),
        "Content-Length: [len]",
    ]
    return "<send><![CDATA[\n" + "\n".join("      " + line for line in lines) + "\n" + body + "\n]]></send>"


def keep_invite() -> str:
    return """<recv request="INVITE"><action>
      <ereg regexp=".*" search_in="hdr" header="Via:" assign_to="via"/>
      <ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="sequence"/>
    </action></recv>"""


class Sipp:
    """SIPp serving one call by the scenario of these steps; `verdict` is its exit code, 0 when all went as written."""

    def __init__(self, folder: Path, *steps: str) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        scenario = folder / "scenario.xml"
        scenario.write_text('<?xml version="1.0"?>\n<scenario name="s">\n' + "\n".join(steps) + "\n</scenario>\n")
        command = ["sipp", "-sf", str(scenario), "-i", "127.0.0.1", "-p", str(self.port), "-m", "1", "-nostdin"]
        limits = ["-timeout", "20", "-timeout_error", "-trace_err", "-error_file", str(folder / "errors")]
        self._errors = folder / "errors"
        self._process = subprocess.Popen([*command, *limits], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def verdict(self) -> tuple[int, str]:
        """Exit code and what SIPp complained of."""
        code = self._process.wait(timeout=25)
        return code, self._errors.read_text() if self._errors.exists() else ""

    async def __aenter__(self) -> "Sipp":
        await asyncio.sleep(0.5)
        trunk = SipTrunk(TRUNK, f"sip:{{number}}@127.0.0.1:{self.port}", 4)
        self.pool = SipPool(SipSettings(rtp_port_base=SIP_RTP_BASE, max_calls=4, trunks=(trunk,)))
        self.seen = Recorder()
        await self.pool.start(self.seen)
        self.pool.dial("a", TRUNK, NUMBER, "+12125550100")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.pool.close()
        self._process.kill()


def test_an_answer_that_crosses_our_cancel_is_acknowledged_and_ended_on_the_wire(tmp_path: Path) -> None:
    async def story() -> None:
        steps = [
            keep_invite(),
            respond("180 Ringing"),
            receive("CANCEL"),
            respond("200 OK", sdp=True, saved=True),
            receive("ACK"),
            receive("BYE"),
            respond("200 OK"),
        ]
        async with Sipp(tmp_path, *steps) as sipp:
            await sipp.seen.wait(Ringing, "a")
            sipp.pool.hang_up("a")
            assert (await sipp.seen.ended("a")).cause is Cause.NORMAL
            assert sipp.seen.kinds("a") == ["Dialed", "Ringing", "Answered", "Ended"]
            assert await asyncio.to_thread(sipp.verdict) == (0, "")

    asyncio.run(story())


def test_a_cancel_is_complete_on_the_wire(tmp_path: Path) -> None:
    async def story() -> None:
        steps = [
            keep_invite(),
            respond("180 Ringing"),
            receive("CANCEL"),
            respond("200 OK"),
            respond("487 Request Terminated", saved=True),
            receive("ACK"),
        ]
        async with Sipp(tmp_path, *steps) as sipp:
            await sipp.seen.wait(Ringing, "a")
            sipp.pool.hang_up("a")
            ended = await sipp.seen.ended("a")
            assert (ended.cause, ended.sip_code) == (Cause.CANCELLED, 487)
            assert await asyncio.to_thread(sipp.verdict) == (0, "")

    asyncio.run(story())


def test_our_bye_ends_an_answered_call(tmp_path: Path) -> None:
    async def story() -> None:
        steps = [
            receive("INVITE"),
            respond("183 Session Progress", sdp=True),
            '<pause milliseconds="200"/>',
            respond("200 OK", sdp=True),
            receive("ACK"),
            receive("BYE"),
            respond("200 OK"),
        ]
        async with Sipp(tmp_path, *steps) as sipp:
            await sipp.seen.wait(Answered, "a")
            assert (await sipp.seen.wait(Ringing, "a")).early_media
            sipp.pool.hang_up("a")
            assert (await sipp.seen.ended("a")).cause is Cause.NORMAL
            assert await asyncio.to_thread(sipp.verdict) == (0, "")

    asyncio.run(story())


@pytest.mark.parametrize(
    ("status", "reason", "cause", "q850"),
    [
        (
            "480 Temporarily Unavailable",
            'Reason: Q.850;cause=1;text="Unallocated (unassigned) number"',
            "invalid_number",
            1,
        ),
        ("503 Service Unavailable", "Reason: SIP;cause=503, Q.850;cause=42", "congestion", 42),
        ("603 Network Blocked", "", "blocked", None),
        ("603 Decline", "", "rejected", None),
        ("302 Moved Temporarily", "", "failed", None),
    ],
)
def test_a_refusal_is_read_as_sent(tmp_path: Path, status: str, reason: str, cause: str, q850: int | None) -> None:
    async def story() -> None:
        async with Sipp(tmp_path, receive("INVITE"), respond(status, extra=reason), receive("ACK")) as sipp:
            ended = await sipp.seen.ended("a")
            assert (ended.cause, ended.q850, ended.sip_code) == (Cause(cause), q850, int(status[:3]))
            assert await asyncio.to_thread(sipp.verdict) == (0, "")

    asyncio.run(story())
