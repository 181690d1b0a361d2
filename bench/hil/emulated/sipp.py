"""SIPp as the carrier behind a trunk: a SIP stack that is not ours."""

import asyncio
import shutil
import socket
import tempfile
from pathlib import Path

from bench.hil.files import BenchError

CARRIER = Path(__file__).with_name("carrier.xml")
LOW_PORT, HIGH_PORT = 7100, 7900
MEDIA_PORTS = 40
START_S = 5.0
# What each last digit does; see carrier.xml.
NUMBERS = {
    "answers": "+12125550100",
    "answers_and_leaves": "+12125550101",
    "busy": "+12125550102",
    "unobtainable": "+12125550103",
    "congested": "+12125550104",
    "declines": "+12125550105",
    "rings": "+12125550106",
}


class SippCarrier:
    """SIPp on a loopback port of its own. Raises BenchError when it is missing or does not start."""

    def __init__(self) -> None:
        self._program = shutil.which("sipp")
        if self._program is None:
            raise BenchError("sipp is missing; install it with: apt-get install sip-tester")
        self.port = _free_port(LOW_PORT)
        self._media_port = _free_port(self.port + 1000)
        self._process: asyncio.subprocess.Process | None = None
        self._folder: Path | None = None

    @property
    def running(self) -> bool:
        """Whether it takes calls."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Take calls from now on; again after `stop`, on the same port."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="sipp-", dir="/tmp"))
        command = ["-sf", str(CARRIER), "-i", "127.0.0.1", "-p", str(self.port), "-nostdin", "-rtp_echo"]
        command += ["-mi", "127.0.0.1", "-mp", str(self._media_port)]
        assert self._program is not None
        with (self._folder / "out").open("wb") as out:
            self._process = await asyncio.create_subprocess_exec(
                self._program, *command, cwd=self._folder, stdout=out, stderr=out
            )
        async with asyncio.timeout(START_S):
            while not _taken(self.port):
                if self._process.returncode is not None:
                    said = (self._folder / "out").read_text(errors="replace").strip()
                    raise BenchError(f"sipp does not start: {said[-300:]}")
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """The carrier is gone, without a word."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        try:
            udp.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _free_port(low: int) -> int:
    for port in range(low, low + HIGH_PORT - LOW_PORT, 2):
        if not _taken(port):
            return port
    raise BenchError(f"no free UDP port on 127.0.0.1 from {low} to {low + HIGH_PORT - LOW_PORT}")
