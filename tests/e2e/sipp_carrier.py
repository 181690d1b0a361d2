"""SIPp as a carrier: a SIP stack that is not ours, with its own account of each call."""

import csv
import re
import shutil
import signal
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from dialer.cli.far_end import free_port
from tests.e2e.site import own_port, until

Row = dict[str, Any]
needs_sipp = pytest.mark.skipif(shutil.which("sipp") is None, reason="sipp is missing: apt-get install sip-tester")

_STAMP = re.compile(r"\d{4}-\d\d-\d\d\t[\d:.]+\t[\d.]+: ")

# What SIPp says became of a call, and the outcomes, SIP code and Q.850 cause that the store may then hold.
AGREES: dict[str, tuple[set[str], set[int | None], set[int | None]]] = {
    "busy": ({"busy"}, {486}, {17}),
    "congested": ({"congestion"}, {503}, {34}),
    "unknown": ({"invalid_number"}, {404}, {1}),
    "declined": ({"rejected"}, {603}, {None}),
    "cancelled": ({"no_answer"}, {487}, {None}),
    "caller_hung_up": ({"handled", "abandoned"}, {200, None}, {None}),
    "callee_hung_up": ({"handled", "abandoned"}, {200}, {None}),
    "both_hung_up": ({"handled", "abandoned"}, {200, None}, {None}),
}


@dataclass(frozen=True, slots=True)
class SippCall:
    """One finished call in SIPp's log; times are seconds since SIPp began."""

    what: str
    number: str
    call_id: str
    invited_s: float
    answered_s: float | None
    ended_s: float


class SippCarrier:
    """SIPp serving `sipp/carrier.xml` from entering to leaving; answered calls last `talk_s` unless we end them."""

    def __init__(self, folder: Path, talk_s: float) -> None:
        self.port = own_port(6200)
        self._folder = folder
        text = (Path(__file__).parent / "sipp" / "carrier.xml").read_text(encoding="utf-8")
        self._scenario = folder / "carrier.xml"
        self._scenario.write_text(text.replace('"TALK_MS"', f'"{round(talk_s * 1000)}"'), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "SippCarrier":
        media_port = own_port(9600)
        command = ["sipp", "-sf", self._scenario.name, "-i", "127.0.0.1", "-p", str(self.port), "-nostdin"]
        command += ["-mi", "127.0.0.1", "-mp", str(media_port), "-rtp_echo"]
        command += ["-trace_logs", "-log_file", "calls.log", "-trace_err", "-error_file", "errors.log"]
        command += ["-trace_stat", "-stf", "stat.csv", "-fd", "1"]
        with (self._folder / "sipp.out").open("wb") as out:
            self._process = subprocess.Popen(command, cwd=self._folder, stdout=out, stderr=out)
        until("SIPp's port", self._listens)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "sipp.out").read_text(errors="replace")
        return free_port(self.port, self.port + 2) != self.port

    def finish(self) -> list[SippCall]:
        """End SIPp once its calls are over; its account of them."""
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR1)
        self._process.wait(60)
        return [_call(line) for line in (self._folder / "calls.log").read_text(encoding="utf-8").splitlines() if line]

    def surprises(self) -> list[str]:
        """What SIPp did not expect; the time-outs that its scenario uses are no surprise."""
        path = self._folder / "errors.log"
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        return [part[:300] for part in _STAMP.split(text)[1:] if "jumping to label" not in part]

    def statistics(self) -> list[dict[str, str]]:
        """SIPp's own counts, a row a second."""
        with (self._folder / "stat.csv").open(encoding="utf-8", newline="") as handle:
            return list(csv.DictReader(handle, delimiter=";"))


def _call(line: str) -> SippCall:
    what, number, call_id, invited, answered, ended = line.split()
    answered_s = None if answered == "-" else int(answered) / 1000
    return SippCall(what, number, call_id, int(invited) / 1000, answered_s, int(ended) / 1000)


def assert_agree(calls: list[SippCall], attempts: list[Row]) -> Counter[str]:
    """Hold SIPp's account against the store's, call by call; counts of what SIPp saw."""
    by_ref = {call.call_id: call for call in calls}
    assert len(by_ref) == len(calls)
    assert Counter(a["ref"] for a in attempts) == Counter(list(by_ref))
    for attempt in attempts:
        call = by_ref[attempt["ref"]]
        outcomes, codes, causes = AGREES[call.what]
        assert call.number == attempt["phone"]
        assert attempt["outcome"] in outcomes, (call, attempt)
        assert attempt["sip_code"] in codes, (call, attempt)
        assert attempt["q850"] in causes, (call, attempt)
        assert (call.answered_s is not None) == (attempt["answered_at"] is not None), (call, attempt)
    return Counter(call.what for call in calls)
