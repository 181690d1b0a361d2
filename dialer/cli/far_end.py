"""Processes of the far end (carrier, phones, agents) for the demo and for tests: start, wait for, stop."""

import ctypes
import signal
import socket
import subprocess
import sys
import time

from hw.sip.probe import probe

Process = subprocess.Popen[bytes]
_PR_SET_PDEATHSIG = 1
_START_LIMIT_S = 15.0


class FarEndFailed(Exception):
    """A process of the far end did not start."""


def start(*arguments: str) -> Process:
    """Start `python -m dialer.farend` with these arguments; it ends with the process that started it."""
    # A Ctrl-C reaches the child too until it has a session of its own: it must not be answered there, half-way to exec.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "dialer.farend", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_on_its_own,
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def wait_for(name: str, process: Process, port: int) -> None:
    """Wait until `process` answers SIP on a loopback port. Raises FarEndFailed."""
    until = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise FarEndFailed(f"the {name} of the far end ended at once (exit code {process.returncode})")
        if probe(f"sip:ping@127.0.0.1:{port}", timeout_s=0.3).reachable:
            return
        time.sleep(0.1)
    raise FarEndFailed(f"the {name} of the far end does not answer on port {port}")


def stop(*processes: Process) -> None:
    """End processes, politely at first."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port(low: int, high: int) -> int:
    """A UDP port on loopback that nobody uses now. Raises FarEndFailed."""
    for port in range(low, high):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise FarEndFailed(f"no free UDP port from {low} to {high}")


def _on_its_own() -> None:
    """In the child: end with the parent, and leave Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
