"""QEMU as a board on the bench: power, freeze and reset over QMP, pins driven over qtest, outputs watched by tracing.

QMP, qtest and tracing are QEMU's own (docs/interop/qmp-spec, docs/devel/qtest, docs/devel/tracing). `-qtest` together
with `-accel tcg` leaves the guest its real time.
"""

import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from io import BufferedReader
from pathlib import Path
from typing import Any, Protocol

START_S = 10.0
ANSWER_S = 5.0
MACHINE = "lm3s6965evb"
# Texas Instruments LM3S6965 data sheet, table 2-8: where ports A to G are. QEMU's devices are found by these.
PORT_ADDRESSES = {
    "A": 0x40004000,
    "B": 0x40005000,
    "C": 0x40006000,
    "D": 0x40007000,
    "E": 0x40024000,
    "F": 0x40025000,
    "G": 0x40026000,
}
DATA_OFFSET = 0x3FC
_TRACE = re.compile(
    r"\d+@(?P<at>[\d.]+):pl061_(?:set_output (?P<set>\S+) .*output (?P<pin>\d) to (?P<level>\d)|reset (?P<reset>\S+))"
)


class Watcher(Protocol):
    """Told, from a thread of QEMU's, of what the board's pins do. Times are monotonic seconds."""

    def output(self, at: float, port: str, pin: int, level: bool) -> None:
        """An output of port A to G got a level."""

    def port_reset(self, at: float, port: str) -> None:
        """A port was reset: its outputs are 0, and what was driven on its inputs is forgotten."""


class BoardError(Exception):
    """The board cannot be had or does not obey; the text says what is wrong and how to mend it."""


class _Channel:
    """A line-by-line conversation over a UNIX socket."""

    def __init__(self, path: Path, deadline: float) -> None:
        self._socket = _connected(path, deadline)
        self._heard: BufferedReader = self._socket.makefile("rb")  # one text file for both ways forgets unread lines

    def say(self, line: str) -> None:
        self._socket.sendall(line.encode("ascii") + b"\n")

    def hear(self) -> str:
        line = self._heard.readline()
        if not line:
            raise BoardError("QEMU ended the conversation")
        return line.decode("ascii").rstrip("\n")

    def close(self) -> None:
        self._heard.close()
        self._socket.close()


def _connected(path: Path, deadline: float) -> socket.socket:
    while True:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(ANSWER_S)
        try:
            sock.connect(str(path))
        except OSError as error:
            sock.close()
            if time.monotonic() > deadline:
                raise BoardError(f"QEMU does not answer at {path}: {error}") from error
            time.sleep(0.005)
        else:
            return sock


class _Outputs:
    """Runs QEMU and reads its trace of the GPIO outputs from a FIFO, in a thread that lives as long as the process.

    The process is started by that thread, so that the kernel ends it with the thread, however this program ends.
    """

    def __init__(self, fifo: Path, watcher: Watcher) -> None:
        fifo.unlink(missing_ok=True)
        os.mkfifo(fifo)
        self._end = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        self._stop_in, self._stop_out = os.pipe2(os.O_CLOEXEC)
        self._watcher = watcher
        self._ports: dict[str, str] = {}
        self._thread: threading.Thread | None = None

    def run(self, command: list[str], log: Path) -> subprocess.Popen[bytes]:
        """Start the process. Raises OSError."""
        started: Future[subprocess.Popen[bytes]] = Future()
        self._thread = threading.Thread(target=self._run, args=(command, log, started), name="QEMU", daemon=True)
        self._thread.start()
        return started.result()

    def know(self, ports: dict[str, str]) -> None:
        """Which port each QOM path is; what others do is not told."""
        self._ports = ports

    def close(self) -> None:
        os.close(self._stop_out)
        if self._thread is not None:
            self._thread.join()
        os.close(self._stop_in)
        os.close(self._end)

    def _run(self, command: list[str], log: Path, started: "Future[subprocess.Popen[bytes]]") -> None:
        try:
            with log.open("ab") as out:
                started.set_result(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out))
        except OSError as error:
            started.set_exception(error)
            return
        self._read()

    def _read(self) -> None:
        rest = b""
        while True:
            ready, _, _ = select.select([self._end, self._stop_in], [], [])
            if self._stop_in in ready:
                return
            try:
                data = os.read(self._end, 65536)
            except BlockingIOError:
                continue
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._line(line.decode("ascii", "replace"))

    def _line(self, line: str) -> None:
        match = _TRACE.match(line)
        if match is None:
            return
        at = float(match["at"]) - time.time() + time.monotonic()
        if match["reset"] in self._ports:
            self._watcher.port_reset(at, self._ports[match["reset"]])
        elif match["set"] in self._ports:
            self._watcher.output(at, self._ports[match["set"]], int(match["pin"]), match["level"] == "1")


class Qmp:
    """QEMU's machine protocol: commands in, results out; what happened meanwhile goes to `on_event` by name."""

    def __init__(self, path: Path, deadline: float, on_event: Callable[[str], None]) -> None:
        self._channel = _Channel(path, deadline)
        self._on_event = on_event
        self._lock = threading.Lock()
        self._channel.hear()
        self.run("qmp_capabilities")

    def run(self, command: str, **arguments: Any) -> Any:
        """Raises BoardError when QEMU refuses or is gone."""
        try:
            with self._lock:
                self._channel.say(json.dumps({"execute": command, "arguments": arguments}))
                answer = self._next_answer()
        except (OSError, ValueError) as error:
            raise BoardError(f"QEMU does not answer {command}: {error}") from error
        if "error" in answer:
            raise BoardError(f"QEMU refuses {command}: {answer['error'].get('desc')}")
        return answer["return"]

    def _next_answer(self) -> dict[str, Any]:
        while True:
            answer: dict[str, Any] = json.loads(self._channel.hear())
            if "event" not in answer:
                return answer
            self._on_event(answer["event"])

    def close(self) -> None:
        """Let go."""
        self._channel.close()


class Qtest:
    """QEMU's test protocol: memory read and written, and pins driven, from outside."""

    def __init__(self, path: Path, deadline: float) -> None:
        self._channel = _Channel(path, deadline)
        self._lock = threading.Lock()

    def read_word(self, address: int) -> int:
        """32 bits at an address of the guest."""
        return int(self._run(f"readl {address:#x}").split()[1], 16)

    def write_word(self, address: int, value: int) -> None:
        """32 bits to an address of the guest: memory, or a register."""
        self._run(f"writel {address:#x} {value:#x}")

    def write_halfword(self, address: int, value: int) -> None:
        """16 bits to an address of the guest."""
        self._run(f"writew {address:#x} {value:#x}")

    def drive(self, device: str, pin: int, level: bool) -> None:
        """Put a level on an input of the device with this QOM path."""
        self._run(f"set_irq_in {device} unnamed-gpio-in {pin} {int(level)}")

    def close(self) -> None:
        """Let go."""
        self._channel.close()

    def _run(self, line: str) -> str:
        try:
            with self._lock:
                self._channel.say(line)
                answer = self._channel.hear()
        except (OSError, ValueError) as error:
            raise BoardError(f"QEMU does not answer {line!r}: {error}") from error
        if not answer.startswith("OK"):
            raise BoardError(f"QEMU refuses {line!r}: {answer}")
        return answer


class Qemu:
    """One QEMU process that runs a firmware. `serial` is the address of its UART0 for `Wire`.

    Sockets and the log are in `directory`, whose path must be short (a socket's has 107 bytes at most).
    Raises BoardError when QEMU is missing or does not start.
    """

    def __init__(self, firmware: Path, directory: Path, watcher: Watcher) -> None:
        self._program = shutil.which("qemu-system-arm")
        if self._program is None:
            raise BoardError("qemu-system-arm is missing; install it with: apt-get install qemu-system-arm")
        if not firmware.is_file():
            raise BoardError(f"{firmware}: no such firmware; build it with: make -C firmware_bridge/firmware")
        self._firmware = firmware
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._qmp: Qmp | None = None
        self._qtest: Qtest | None = None
        self._ports: dict[str, str] = {}
        self._watcher = watcher
        self._outputs: _Outputs | None = None
        self.resets = 0

    @property
    def serial(self) -> str:
        """Where the UART is: `unix:PATH`."""
        return f"unix:{self._directory / 'uart'}"

    @property
    def is_on(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def can_be_driven(self) -> bool:
        """Whether pins can be driven: it is on, and answers."""
        return self._qtest is not None

    @property
    def pid(self) -> int | None:
        """The process, or None when off."""
        return self._process.pid if self._process is not None else None

    def power_on(self) -> None:
        """Start the process, its processor halted: set pins, then `run`."""
        if self.is_on:
            return
        for name in ("uart", "qmp", "qtest"):
            (self._directory / name).unlink(missing_ok=True)
        self._outputs = _Outputs(self._directory / "trace", self._watcher)
        self._process = self._outputs.run(self._command(), self._directory / "qemu.log")
        deadline = time.monotonic() + START_S
        try:
            self._qmp = Qmp(self._directory / "qmp", deadline, self._heard)
            self._qtest = Qtest(self._directory / "qtest", deadline)
            self._ports = self._ports or self._find_ports()
            self._outputs.know({path: port for port, path in self._ports.items()})
        except BoardError as error:
            self.power_off()
            raise BoardError(f"{error}; see {self._directory / 'qemu.log'}") from error

    def power_off(self) -> None:
        """Cut the power: the process is killed."""
        if self._outputs is not None:
            self._outputs.close()
            self._outputs = None
        for channel in (self._qmp, self._qtest):
            if channel is not None:
                channel.close()
        self._qmp = self._qtest = None
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def run(self) -> None:
        """Let the processor run."""
        self.qmp.run("cont")

    def freeze(self) -> None:
        """Halt the processor and its clocks."""
        self.qmp.run("stop")

    def reset(self) -> None:
        """Pull the reset pin; inputs must be driven anew."""
        self.qmp.run("system_reset")

    def drive(self, port: str, pin: int, level: bool) -> None:
        """Put a level on a pin of port A to G."""
        self.qtest.drive(self._ports[port], pin, level)

    def read_port(self, port: str) -> int:
        """The eight pins of port A to G, bit 0 first."""
        return self.qtest.read_word(PORT_ADDRESSES[port] + DATA_OFFSET) & 0xFF

    def poll_events(self) -> None:
        """Count resets that happened since; cheap."""
        self.qmp.run("query-status")

    @property
    def qmp(self) -> Qmp:
        """Raises BoardError when the power is off."""
        if self._qmp is None:
            raise BoardError("the board is off")
        return self._qmp

    @property
    def qtest(self) -> Qtest:
        """Raises BoardError when the power is off."""
        if self._qtest is None:
            raise BoardError("the board is off")
        return self._qtest

    def _heard(self, event: str) -> None:
        if event == "RESET":
            self.resets += 1

    def _command(self) -> list[str]:
        where = self._directory
        sockets = {"uart": ["-serial", "chardev:uart"], "qmp": ["-mon", "chardev=qmp,mode=control"]}
        guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        command = [*guard, str(self._program), "-M", MACHINE, "-kernel", str(self._firmware), "-S", "-accel", "tcg"]
        command += ["-display", "none", "-monitor", "none"]
        for name, use in sockets.items():
            command += ["-chardev", f"socket,id={name},path={where / name},server=on,wait=off", *use]
        command += [
            "-trace",
            "pl061_set_output",
            "-trace",
            "pl061_reset",
            "-msg",
            "timestamp=on",
            "-D",
            str(where / "trace"),
        ]
        return [*command, "-qtest", f"unix:{where / 'qtest'},server=on,wait=off", "-qtest-log", "/dev/null"]

    def _find_ports(self) -> dict[str, str]:
        names = {address: port for port, address in PORT_ADDRESSES.items()}
        found = {}
        for child in self.qmp.run("qom-list", path="/machine/unattached"):
            if "pl061" in child["type"]:
                path = f"/machine/unattached/{child['name']}"
                found[names[self.qmp.run("qom-get", path=f"{path}/pl061[0]", property="addr")]] = path
        if set(found) != set(PORT_ADDRESSES):
            raise BoardError(f"this QEMU's {MACHINE} has GPIO ports {', '.join(sorted(found)) or 'none'}, not A to G")
        return found
