"""The carrier met by SIPp, a SIP stack that is not ours: each kind of call ends as its scenario says."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.sip,
    pytest.mark.skipif(shutil.which("sipp") is None, reason="sipp is missing: apt-get install sip-tester"),
]

PROFILE = """
base = "quick"
[network]
early_media_share = 0
""" + "".join(
    f'[[number]]\nmatch = "+1212555{digits}"\n{keys}\n'
    for digits, keys in {
        "0101": 'kind = "busy"',
        "0102": 'kind = "rejected"',
        "0103": 'kind = "invalid"',
        "0104": 'kind = "congestion"\ncause = 34',
        "0105": 'kind = "no_answer"',
        "0106": 'kind = "person"\nsound = "tone"\ntalk_s = 60\npatience_s = 60\nring_s = 0.2',
        "0107": 'kind = "person"\nring_s = 0.2\npatience_s = 0.5',
        "0108": 'kind = "busy"\nearly_media = true',
    }.items()
)

_HEAD = """From: <sip:+12125550100@[local_ip]:[local_port]>;tag=[pid]s[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>{to_tag}
Call-ID: [call_id]
Contact: <sip:sipp@[local_ip]:[local_port]>
Max-Forwards: 70
"""
_INVITE = (
    """<send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
"""
    + _HEAD.format(to_tag="")
    + """CSeq: 1 INVITE
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
]]></send>
<recv response="100"/>
"""
)


def _send(method: str, cseq: int, *, branch: str = "[branch]", to: str = "[last_To:]") -> str:
    head = _HEAD.replace("To: <sip:[service]@[remote_ip]:[remote_port]>{to_tag}", to)
    retrans = "" if method == "ACK" else ' retrans="500"'
    return (
        f"<send{retrans}><![CDATA[\n{method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0\n"
        f"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}\n{head}"
        f"CSeq: {cseq} {method}\nContent-Length: 0\n\n]]></send>\n"
    )


_INVITE_TO = "To: <sip:[service]@[remote_ip]:[remote_port]>"
_RINGING = '<recv response="180"/>\n'
_OK = '<recv response="200"/>\n'
_PAUSE = '<pause milliseconds="{}"/>\n'


def _refused(code: int, *, before: str = "") -> str:
    return _INVITE + before + f'<recv response="{code}"/>\n' + _send("ACK", 1, branch="[branch-4]")


SCENARIOS = {
    "busy": ("+12125550101", _refused(486), 486),
    "rejected": ("+12125550102", _refused(603, before=_RINGING), 603),
    "invalid": ("+12125550103", _refused(404), 404),
    "congestion": ("+12125550104", _refused(503), 503),
    "no_answer": (
        "+12125550105",
        _INVITE
        + _RINGING
        + _send("CANCEL", 1, branch="[branch-3]", to=_INVITE_TO)
        + _OK
        + '<recv response="487"/>\n'
        + _send("ACK", 1, branch="[branch-6]"),
        487,
    ),
    "caller hangs up": (
        "+12125550106",
        _INVITE + _RINGING + _OK + _send("ACK", 1) + _PAUSE.format(500) + _send("BYE", 2) + _OK,
        200,
    ),
    "callee hangs up": (
        "+12125550107",
        _INVITE
        + _RINGING
        + _OK
        + _send("ACK", 1)
        + '<recv request="BYE"/>\n'
        + "<send><![CDATA[\nSIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n"
        "Content-Length: 0\n\n]]></send>\n",
        200,
    ),
    "early media": ("+12125550108", _refused(486, before='<recv response="183"/>\n'), 486),
}


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class _Running:
    def __init__(self, port: int, log: Path, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self.log = log
        self.process = process

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def wait_for(self, event: str) -> dict[str, Any]:
        for _ in range(400):
            found = [line for line in self.lines() if line["event"] == event]
            if found:
                return found[-1]
            time.sleep(0.05)
        raise AssertionError(f"no {event} line came: {self.lines()}")


@pytest.fixture
def carrier(tmp_path: Path, rtp_ports: tuple[int, int]) -> Iterator[_Running]:
    profile = tmp_path / "carrier.toml"
    profile.write_text(PROFILE)
    log = tmp_path / "carrier.jsonl"
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "dialer.farend",
        "carrier",
        "--bind",
        f"127.0.0.1:{port}",
        "--profile",
        str(profile),
    ]
    ports = f"{rtp_ports[0]}-{rtp_ports[1]}"
    process = subprocess.Popen([*command, "--log", str(log), "--rtp-ports", ports])
    running = _Running(port, log, process)
    try:
        running.wait_for("listening")
        yield running
    finally:
        process.kill()
        process.wait()


def _sipp(carrier: _Running, tmp_path: Path, number: str, steps: str, *extra: str) -> subprocess.CompletedProcess[str]:
    scenario = tmp_path / "scenario.xml"
    scenario.write_text(f'<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="t">\n{steps}</scenario>\n')
    command = ["sipp", f"127.0.0.1:{carrier.port}", "-sf", str(scenario), "-s", number, "-i", "127.0.0.1"]
    command += ["-p", str(_free_port()), "-mi", "127.0.0.1", "-mp", str(_free_port()), "-m", "1", "-nostdin"]
    return subprocess.run(
        [*command, "-timeout", "20s", "-timeout_error", *extra],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=40,
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_sipp_sees_what_the_log_says(name: str, carrier: _Running, tmp_path: Path) -> None:
    number, steps, code = SCENARIOS[name]
    done = _sipp(carrier, tmp_path, number, steps)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    ended = carrier.wait_for("ended")
    assert (ended["number"], ended["sip_code"]) == (number, code)


def test_counts_agree_call_by_call(carrier: _Running, tmp_path: Path) -> None:
    number, steps, _ = SCENARIOS["busy"]
    done = _sipp(carrier, tmp_path, number, steps, "-m", "40", "-r", "20")
    assert done.returncode == 0, done.stdout[-3000:]
    assert len([line for line in carrier.lines() if line["event"] == "ended" and line["sip_code"] == 486]) == 40


def test_terminated_it_sums_up(carrier: _Running, tmp_path: Path) -> None:
    number, steps, _ = SCENARIOS["busy"]
    _sipp(carrier, tmp_path, number, steps)
    carrier.process.send_signal(signal.SIGTERM)
    assert carrier.process.wait(10) == 0
    summary = carrier.lines()[-1]
    assert (summary["event"], summary["calls"], summary["kinds"]) == ("summary", 1, {"busy": 1})


def test_killed_it_has_lost_no_line(carrier: _Running, tmp_path: Path) -> None:
    number, steps, _ = SCENARIOS["busy"]
    _sipp(carrier, tmp_path, number, steps)
    carrier.process.kill()
    carrier.process.wait()
    assert [line["event"] for line in carrier.lines()] == ["listening", "invite", "ended"]
