"""PCM streams of lines and headsets: a serial port that carries samples, and a sound device of ALSA.

Both carry 8 kHz mono 16-bit little-endian samples in frames of 20 ms (`PcmStream` in hw/audio/sound.py). Nothing here
blocks and nothing grows: what comes too fast is skipped, what is not taken in time is dropped, both in whole frames,
so that samples never come apart.
"""

import fcntl
import logging
import os
import re
import shutil
import struct
import subprocess
import termios
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import serial

from hw.audio.ring import FRAME_BYTES
from hw.audio.sound import PcmStream
from hw.contract.driver import DriverError
from hw.tty import drop_unsent, open_tty

TARGET_FRAMES = 3
LATE_FRAMES = 10
QUEUED_LIMIT_BYTES = 4 * FRAME_BYTES
CHECK_LIMIT_S = 3.0
SERIAL_BAUD = 921600
_READ_BYTES = 4096
_READS_PER_FRAME = 4
_PIPE_BYTES = 4096
_COMPLAINT_BYTES = 400
_REAP_S = 1.0
_SERIAL = re.compile(r"serial:(?P<port>/[^@\s]+)(?:@(?P<baud>\d{1,8}))?", re.ASCII)
_ALSA = re.compile(r"alsa:(?P<device>[^\s-]\S*)")
_CARD = re.compile(r"CARD=(?P<name>[\w-]+)|^(?:plug)?hw:(?P<number>\d+)", re.ASCII)
_CARDS = Path("/proc/asound")
_FORMAT = ("-q", "-t", "raw", "-f", "S16_LE", "-r", "8000", "-c", "1")
_PERIODS = ("--period-time=20000", "--buffer-time=100000")
_log = logging.getLogger(__name__)


class FrameBuffer:
    """Samples in pieces of any size, out in frames. When it falls `LATE_FRAMES` behind it skips to `TARGET_FRAMES`."""

    __slots__ = ("_data", "skipped")

    def __init__(self) -> None:
        self._data = bytearray()
        self.skipped = 0

    def feed(self, data: bytes) -> None:
        """Add a piece."""
        self._data += data
        if len(self._data) > LATE_FRAMES * FRAME_BYTES:
            late = len(self._data) // FRAME_BYTES - TARGET_FRAMES
            self.skipped += late
            del self._data[: late * FRAME_BYTES]

    def take(self) -> bytes | None:
        """The next frame, or None while it is not complete."""
        if len(self._data) < FRAME_BYTES:
            return None
        frame = bytes(self._data[:FRAME_BYTES])
        del self._data[:FRAME_BYTES]
        return frame


class _Wire:
    """Frames over a pair of descriptors that do not block. `fault` says why it is dead, if it is."""

    def __init__(self, reading: int, writing: int, queued_bytes: Callable[[], int]) -> None:
        self.fault = ""
        self._reading = reading
        self._writing = writing
        self._queued_bytes = queued_bytes
        self._heard = FrameBuffer()
        self._rest = b""

    def read_frame(self) -> bytes | None:
        """The next frame that has come in."""
        for _ in range(_READS_PER_FRAME):
            data = b"" if self.fault else self._read()
            self._heard.feed(data)
            if len(data) < _READ_BYTES:
                break
        return self._heard.take()

    def write_frame(self, frame: bytes) -> None:
        """Send a frame whole, or not at all."""
        if self._rest:
            self._rest = self._write(self._rest)
        if not (self._rest or self.fault) and self._queued_bytes() < QUEUED_LIMIT_BYTES:
            left = self._write(frame)
            self._rest = left if len(left) < len(frame) else b""

    def _read(self) -> bytes:
        try:
            data = os.read(self._reading, _READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            self.fault = error.strerror or str(error)
            return b""
        if not data:
            self.fault = "the other end hung up"
        return data

    def _write(self, data: bytes) -> bytes:
        try:
            return data[os.write(self._writing, data) :]
        except BlockingIOError:
            return data
        except OSError as error:
            self.fault = error.strerror or str(error)
            return b""


class _WiredPcm:
    """A `PcmStream` over a wire that is there while it is open."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._wire: _Wire | None = None
        self._told = False

    @property
    def fault(self) -> str:
        """Why an open stream is dead, or nothing."""
        return self._wire.fault if self._wire is not None else ""

    def read_frame(self) -> bytes | None:
        """The next frame, or None when none is there yet or the device is gone."""
        if self._wire is None:
            return None
        frame = self._wire.read_frame()
        if frame is not None and not self.fault:
            self._told = False
        self._tell()
        return frame

    def write_frame(self, frame: bytes) -> None:
        """Say a frame, unless the device is behind or gone."""
        if self._wire is not None:
            self._wire.write_frame(frame)
            self._tell()

    def _tell(self) -> None:
        """Once, and again only when sound was heard in between: a device at fault is tried time and again."""
        if self.fault and not self._told:
            self._told = True
            _log.error("%s: %s; there is no sound from it any more", self._name, self.fault)


class SerialPcm(_WiredPcm):
    """Samples over a serial port, as modems send them (Quectel AT+QPCMV=1,0) and Bluetooth modules do.

    One second takes 16,000 bytes each way: over a real UART at least 230400 baud; USB ports heed no rate.
    """

    def __init__(self, port: str, baud: int = SERIAL_BAUD) -> None:
        super().__init__(f"audio port {port}")
        self._path = port
        self._baud = baud
        self._port: serial.Serial | None = None

    def absent(self) -> str:
        """Whether the port's name leads nowhere."""
        return "" if Path(self._path).exists() else f"{self._path}: it is not there any more; is it plugged in?"

    def open(self) -> None:
        """Open the port for us alone; samples that came before are left out. Raises DriverError."""
        self.close()
        self._port = open_tty(self._path, self._baud)
        descriptor = self._port.fileno()
        self._wire = _Wire(descriptor, descriptor, lambda: _queued(descriptor, termios.TIOCOUTQ))

    def close(self) -> None:
        """Let go of the port."""
        if self._port is not None:
            drop_unsent(self._port)
            self._port.close()
        self._port = self._wire = None


class SoundDevicePcm(_WiredPcm):
    """A sound device of ALSA, as USB modems and headset adapters have, through arecord and aplay (alsa-utils).

    `device` is a name that `arecord -L` lists. Use `plughw:`, which converts rate and channels, rather than `hw:`.
    """

    def __init__(self, device: str) -> None:
        super().__init__(f"sound device {device}")
        self._device = device
        self._tools: list[_Tool] = []

    def absent(self) -> str:
        """Whether ALSA has no card of the name or number in the device's name (`CARD=NAME`, `plughw:1`)."""
        match = _CARD.search(self._device)
        if match is None or not _CARDS.is_dir():
            return ""
        card = match["name"] or f"card{match['number']}"
        there = (_CARDS / card).exists()
        return "" if there else f"sound device {self._device}: there is no such card; is it plugged in?"

    def open(self) -> None:
        """Start both tools. Raises DriverError when they are missing; a bad device is told by `check_sound_device`."""
        self.close()
        record, play = (_tool_path(name) for name in ("arecord", "aplay"))
        recorder = _Tool([record, *_FORMAT, *_PERIODS, "-D", self._device], writes=True)
        player = _Tool([play, *_FORMAT, *_PERIODS, "-D", self._device, "-"], writes=False)
        self._tools = [recorder, player]
        writing = player.descriptor
        self._wire = _Wire(recorder.descriptor, writing, lambda: _queued(writing, termios.FIONREAD))

    def close(self) -> None:
        """End both tools."""
        for tool in self._tools:
            tool.end()
        self._tools = []
        self._wire = None

    @property
    def fault(self) -> str:
        """Why an open stream is dead, in a tool's own words where it has any, or nothing."""
        fault = super().fault
        return fault and next((tool.complaint for tool in self._tools if tool.complaint), fault)

    def _tell(self) -> None:
        for tool in self._tools:
            tool.listen()
        super()._tell()


class _Tool:
    """A running arecord or aplay, and the end of its pipe that is ours."""

    def __init__(self, command: list[str], *, writes: bool) -> None:
        piped, no_input = subprocess.PIPE, subprocess.DEVNULL
        self._process = subprocess.Popen(
            command,
            stdin=no_input if writes else piped,
            stdout=piped if writes else no_input,
            stderr=piped,
            env={**os.environ, "LC_ALL": "C"},
            start_new_session=True,
            pipesize=_PIPE_BYTES,
        )
        ours = self._process.stdout if writes else self._process.stdin
        assert ours is not None and self._process.stderr is not None
        self.descriptor = ours.fileno()
        self._says = self._process.stderr.fileno()
        self.complaint = ""
        for descriptor in (self.descriptor, self._says):
            os.set_blocking(descriptor, False)

    def listen(self) -> None:
        """Keep the last of what it complains of, so that it never waits for us to read it."""
        with suppress(BlockingIOError):
            heard = os.read(self._says, _READ_BYTES).decode(errors="replace")
            self.complaint = " ".join((self.complaint + " " + heard).split())[-_COMPLAINT_BYTES:]

    def end(self) -> None:
        """End it at once."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_REAP_S)


def pcm_stream(audio: str) -> PcmStream:
    """The stream that a setting names: `serial:PORT`, `serial:PORT@BAUD` or `alsa:DEVICE`. Raises DriverError."""
    if match := _SERIAL.fullmatch(audio):
        return SerialPcm(match["port"], int(match["baud"] or SERIAL_BAUD))
    if match := _ALSA.fullmatch(audio):
        return SoundDevicePcm(match["device"])
    raise DriverError(f"audio {audio!r} must look like serial:/dev/ttyUSB3 or alsa:plughw:CARD=NAME")


def check_sound_device(device: str) -> None:
    """Record and play one frame; blocks for up to twice `CHECK_LIMIT_S`. Raises DriverError with what is wrong."""
    for tool, file in (("arecord", "/dev/null"), ("aplay", "/dev/zero")):
        command = [_tool_path(tool), *_FORMAT, "--samples=160", "-D", device, file]
        try:
            done = subprocess.run(
                command, capture_output=True, timeout=CHECK_LIMIT_S, check=False, env={**os.environ, "LC_ALL": "C"}
            )
        except subprocess.TimeoutExpired as error:
            raise DriverError(f"sound device {device}: {tool} got nothing through in {CHECK_LIMIT_S:.0f} s") from error
        said = " ".join(done.stderr.decode(errors="replace").split())[-_COMPLAINT_BYTES:]
        if "not accurate" in said:
            raise DriverError(f"sound device {device}: it does not run at 8000 Hz; name it plughw: in place of hw:")
        if done.returncode != 0:
            raise DriverError(f"sound device {device}: {said}; `{tool} -L` lists the devices that there are")


def _tool_path(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise DriverError(f"{name} is not installed; a sound device needs the Debian package alsa-utils")
    return path


def _queued(descriptor: int, request: int) -> int:
    """Bytes that the kernel has taken and not passed on, as far as it tells."""
    try:
        answer: tuple[int] = struct.unpack("i", fcntl.ioctl(descriptor, request, bytes(4)))
    except OSError:
        return 0
    return answer[0]
