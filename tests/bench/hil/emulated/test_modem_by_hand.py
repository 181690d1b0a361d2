"""The emulated modem as a process: a host at its port, somebody at its keyboard."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import serial

from bench.hil.emulated.modem_by_hand import subscribers
from bench.hil.emulated.subscribers import FAR_ENDS, NUMBERS
from bench.hil.files import BenchError
from bench.hil.scenario import BEHAVIOURS
from tests.bench.hil.emulated.typist import PATIENCE_S, ROOT, Typist, until

MODULE = "bench.hil.emulated.modem"


class Host:
    """Who speaks AT commands with the modem."""

    def __init__(self, place: str) -> None:
        self.port = serial.serial_for_url(place, timeout=PATIENCE_S)

    def ask(self, command: str, last: str = "OK") -> str:
        self.port.write(command.encode() + b"\r")
        return self.hear(last)

    def hear(self, line: str) -> str:
        """All up to this line."""
        heard: bytes = self.port.read_until(f"\r\n{line}\r\n".encode())
        assert heard.endswith(f"\r\n{line}\r\n".encode()), heard
        return heard.decode()


def test_calls_go_to_the_numbers_that_were_given(tmp_path: Path) -> None:
    link = tmp_path / "modem"
    with Typist(MODULE, "--port", link, "--dialect", "simcom", "--number", "busy=+12125550133") as typist:
        typist.hear(f"simcom modem at {link}")
        host = Host(str(link))
        assert "SIMCOM" in host.ask("AT+CGMI")
        host.ask("ATD+12125550133;")
        host.hear("BUSY")
        typist.hear("+12125550133: dialed")
        typist.hear("+12125550133: over, by network, cause 17")
        host.ask("ATD+12125550106;")
        typist.hear("+12125550106: rings")
        typist.type("answer")
        host.hear("VOICE CALL: BEGIN")
        typist.type("status")
        typist.hear("call to +12125550106: active")
        typist.type("hangup")
        host.hear("NO CARRIER")
        typist.hear("+12125550106: over, by far end, cause 16")
        host.port.close()
        assert typist.end() == 0
    assert not link.is_symlink()


def test_what_is_typed_happens(tmp_path: Path) -> None:
    link = tmp_path / "modem"
    with Typist(MODULE, "--port", link, "--voice", tmp_path / "voice") as typist:
        typist.hear(f"voice at {tmp_path / 'voice'}")
        host = Host(str(link))
        typist.type("ring +12125550150")
        host.ask("AT+CLIP=1")
        host.hear('+CLIP: "+12125550150",145,,,,0')
        typist.type("stop")
        host.hear("NO CARRIER")
        typist.type("signal 5")
        typist.type("network searching")
        typist.type("status")
        typist.hear("network searching, signal 5, no call")
        assert "+CSQ: 5,99" in host.ask("AT+CSQ")
        assert "+CREG: 0,2" in host.ask("AT+CREG?")
        typist.type("unplug")
        until(lambda: not link.is_symlink())
        assert not (tmp_path / "voice").is_symlink()
        typist.type("status")
        typist.hear("unplugged, network searching")
        typist.type("plug")
        until((tmp_path / "voice").is_symlink)
        again = Host(str(link))
        again.ask("AT")
        host.port.close()
        again.port.close()
        assert typist.end() == 0


def test_a_hung_modem_says_nothing_until_it_wakes(tmp_path: Path) -> None:
    link = tmp_path / "modem"
    with Typist(MODULE, "--port", link) as typist:
        typist.hear("type help")
        host = Host(str(link))
        typist.type("hang")
        typist.type("status")
        typist.hear("hangs")
        host.port.timeout = 0.2
        host.port.write(b"AT\r")
        assert host.port.read(1) == b""
        host.port.timeout = PATIENCE_S
        typist.type("wake")
        typist.type("help")
        typist.hear("slow SECONDS")
        host.ask("AT")
        host.port.close()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("dance", "'dance' is none of what can be typed"),
        ("signal 32", "'signal 32' is none of what can be typed"),
        ("network mars", "'network mars' is none of what can be typed"),
        ("slow -1", "'slow -1' is none of what can be typed"),
        ("ring 0100", "'0100' is no number"),
        ("answer", "no call is up"),
    ],
)
def test_what_cannot_happen_is_told_and_ends_nothing(tmp_path: Path, typed: str, told: str) -> None:
    with Typist(MODULE, "--port", tmp_path / "modem") as typist:
        typist.type(typed)
        typist.hear(told)
        assert typist.end() == 0


def test_it_serves_on_tcp_as_well() -> None:
    with Typist(MODULE, "--tcp", "0", "--dialect", "plain") as typist:
        typist.hear("type help")
        place = typist.said.split("modem at tcp:")[1].split()[0]
        host = Host(f"socket://{place}")
        host.ask("AT")
        host.port.close()
        assert typist.end() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_its_link_is_gone(tmp_path: Path, number: signal.Signals) -> None:
    link = tmp_path / "modem"
    with Typist(MODULE, "--port", link) as typist:
        typist.hear("type help")
        assert typist.end(number) == 0
        assert "Traceback" not in typist.said
    assert list(tmp_path.iterdir()) == []


def test_without_a_keyboard_it_runs_until_a_signal(tmp_path: Path) -> None:
    link = tmp_path / "modem"
    process = subprocess.Popen(
        [sys.executable, "-m", MODULE, "--port", str(link)],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    until(link.is_symlink)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0
    assert not link.is_symlink()


def test_the_end_of_what_is_piped_ends_it_after_all_was_done(tmp_path: Path) -> None:
    with Typist(MODULE, "--port", tmp_path / "modem") as typist:
        assert typist.process.stdin is not None
        typist.process.stdin.write(b"signal 7\nstatus")
        typist.process.stdin.close()
        assert typist.wait() == 0
        assert "signal 7" in typist.said


def test_a_path_that_is_taken_stays(tmp_path: Path) -> None:
    kept = tmp_path / "keep.txt"
    kept.write_text("mine")
    with Typist(MODULE, "--port", kept) as typist:
        assert typist.wait() == 1
        assert f"error: {kept}: there is a file, which is not replaced" in typist.said
    assert kept.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "told", "code"),
    [
        ((), "one of the arguments --port --tcp is required", 2),
        (("--tcp", "0", "--dialect", "nokia"), "invalid choice: 'nokia'", 2),
        (("--tcp", "70000"), "70000 is no port: write a number from 0 to 65535", 2),
        (("--tcp", "0", "--number", "buzy=+12125550133"), "did you mean 'busy'?", 1),
        (("--tcp", "0", "--number", "busy=5"), "'5' is no number", 1),
        (("--help",), "ring [NUMBER]", 0),
    ],
)
def test_wrong_usage_is_told(arguments: tuple[str, ...], told: str, code: int) -> None:
    with Typist(MODULE, *arguments) as typist:
        assert typist.wait() == code
        assert told in typist.said


def test_every_behaviour_of_the_bench_has_a_number_here() -> None:
    assert set(FAR_ENDS) == set(NUMBERS) == set(BEHAVIOURS)
    assert subscribers(["busy=+12125550100"])["+12125550100"] == FAR_ENDS["busy"]
    with pytest.raises(BenchError, match="no number behaves 'answer'"):
        subscribers(["answer=+12125550100"])


def test_a_terminal_that_is_closed_ends_it(tmp_path: Path) -> None:

    link = tmp_path / "modem"
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", MODULE, "--port", str(link)])
    until(link.is_symlink)
    os.close(terminal)
    os.waitpid(pid, 0)
    assert not link.is_symlink()
