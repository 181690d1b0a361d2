"""A site with its far ends on loopback, each a process of its own, the dialer started as a user starts it."""

import csv
import json
import math
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import time as clock_time
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from campaigns.importing import import_leads
from campaigns.model import CallingWindow, CampaignState, Kind, Mode
from campaigns.store import Store
from dialer.cli.far_end import Process, free_port, start, stop, wait_for
from dialer.sim.leads import DISTINCT_NUMBERS, fictional_number
from dialer.site import Site, make_site, running_dialer

T = TypeVar("T")
CAMPAIGN = "spring"
MESSAGE_TONE_HZ = 2500
CALLER_ID = "+12125550100"
ALL_DAY = CallingWindow(clock_time(0, 0), clock_time.max)
_COMMAND = [sys.executable, "-m", "dialer"]

_CONFIG = """\
[sip]
bind = "127.0.0.1:0"
rtp_port_base = 10000

[api]
bind = "127.0.0.1:{api_port}"

[[trunk]]
name = "carrier"
kind = "sip"
target = "sip:{{number}}@127.0.0.1:{carrier_port}"
max_lines = {max_lines}
starts_per_s = {starts_per_s}
caller_ids = ["{caller_id}"]
"""
_STATION = """
[[station]]
name = "desk{number}"
kind = "sip"
address = "sip:agent{number}@127.0.0.1:{phones_port}"
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a test needs. Profiles are TOML documents or names of built-in ones; `numbers` are dialed in this order."""

    numbers: tuple[str, ...]
    agents: int = 4
    max_lines: int = 12
    starts_per_s: float = 10.0
    mode: Mode = Mode.PREDICTIVE
    settings: Mapping[str, object] = field(default_factory=dict)
    carrier: str = "quick"
    phones: str = "quick"
    bots: str = "quick"
    seed: int = 1


def some_numbers(count: int, seed: int = 1) -> tuple[str, ...]:
    """Distinct numbers reserved for fiction, in a seeded order."""
    indexes = random.Random(seed).sample(range(DISTINCT_NUMBERS), count)
    return tuple(map(fictional_number, indexes))


def until(what: str, condition: Callable[[], T | None], limit_s: float = 20.0, every_s: float = 0.05) -> T:
    """Wait until `condition` gives something true, and return it."""
    end_at = time.monotonic() + limit_s
    while not (found := condition()):
        assert time.monotonic() < end_at, f"{what}: not within {limit_s:g} s"
        time.sleep(every_s)
    return found


def run_dialer(*arguments: str, site: Path | None = None, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Type a `dialer` command and wait for it."""
    where = ["--site", str(site)] if site is not None else []
    return subprocess.run([*_COMMAND, *where, *arguments], capture_output=True, text=True, input=stdin, timeout=60)


def own_port(low: int) -> int:
    """A free UDP port of the 1500 from `low` on; another for each test process, so that two may run side by side."""
    return free_port(low + os.getpid() % 1400, low + 1500)


def alive(process: psutil.Process) -> bool:
    """Whether a process runs still; one that is dead and only waits to be noticed does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Events of a far end's log, oldest first."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def by_call(lines: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, Any]]]:
    """The first line of each event of each call: {call_id: {event: line}}."""
    calls: dict[str, dict[str, dict[str, Any]]] = {}
    for line in lines:
        if "call_id" in line:
            calls.setdefault(line["call_id"], {}).setdefault(line["event"], line)
    return calls


class World:
    """One site and all that is around it. Use `world()`."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder = folder
        self.plan = plan
        self.path = folder / "site"
        self.site = Site(self.path)
        self.names = tuple(f"agent{n + 1}" for n in range(plan.agents))
        self.carrier_log, self.phones_log = folder / "carrier.jsonl", folder / "phones.jsonl"
        self.bots_log = folder / "bots.jsonl"
        self.api_port = free_tcp_port()
        self.dialer: Process | None = None
        self._carrier_port, self._phones_port = own_port(6200), own_port(8000)
        self._processes: list[Process] = []
        self.bots: Process | None = None

    # Setting up

    def build(self, carrier_port: int | None = None) -> None:
        """Make the site: configuration, campaign (active), leads, agents."""
        plan = self.plan
        text = _CONFIG.format(
            api_port=self.api_port,
            carrier_port=carrier_port or self._carrier_port,
            max_lines=plan.max_lines,
            starts_per_s=plan.starts_per_s,
            caller_id=CALLER_ID,
        ) + "".join(_STATION.format(number=n + 1, phones_port=self._phones_port) for n in range(plan.agents))
        make_site(self.path, config_text=text)
        write_message(self.path / "message.wav")
        leads = self.write_leads(self.folder / "leads.csv", plan.numbers)
        defaults: dict[str, object] = {
            "window": ALL_DAY,
            "abandon_message": "message.wav",
            "ring_timeout_s": 15.0,
            "purpose": "service",
        }
        with self.store() as store:
            store.create_campaign(CAMPAIGN, Kind.TELESALES, plan.mode, **{**defaults, **plan.settings})
            store.set_campaign_state(CAMPAIGN, CampaignState.ACTIVE)
            report = import_leads(store, CAMPAIGN, leads)
            assert report.loaded == len(plan.numbers), report
            for index, name in enumerate(self.names):
                store.add_agent(name, f"desk{index + 1}")

    def write_leads(self, path: Path, numbers: tuple[str, ...]) -> Path:
        with path.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.writer(handle)
            writer.writerow(("phone", "vendor_lead_code"))
            writer.writerows((number, f"A{index}") for index, number in enumerate(numbers))
        return path

    def start_carrier(self) -> None:
        """Our own carrier."""
        profile = self._profile("carrier", self.plan.carrier)
        self._far_end("carrier", self._carrier_port, self.carrier_log, profile, "--rtp-ports", "27000-29998")

    def start_phones(self) -> None:
        """The agents' phones."""
        profile = self._profile("phones", self.plan.phones)
        count = ("--count", str(self.plan.agents))
        self._far_end("phones", self._phones_port, self.phones_log, profile, *count, "--rtp-ports", "25000-26998")

    def start_bots(self) -> None:
        """Agents who log in, take calls and dispose of them; they wait for a dialer that is away."""
        self.bots = start(
            "agents",
            *("--api", f"http://127.0.0.1:{self.api_port}", "--token-file", str(self.path / "api.token")),
            *("--names", ",".join(self.names), "--campaign", CAMPAIGN, "--log", str(self.bots_log)),
            *("--seed", str(self.plan.seed), "--profile", self._profile("bots", self.plan.bots)),
        )
        self._processes.append(self.bots)

    def stop_bots(self) -> None:
        """The agents go home."""
        assert self.bots is not None
        stop(self.bots)

    def _profile(self, name: str, text: str) -> str:
        if "\n" not in text:
            return text
        path = self.folder / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    def _far_end(self, kind: str, port: int, log: Path, profile: str, *extra: str) -> None:
        common = ("--bind", f"127.0.0.1:{port}", "--log", str(log), "--seed", str(self.plan.seed))
        process = start(kind, *common, "--profile", profile, *extra)
        self._processes.append(process)
        wait_for(kind, process, port)

    # The dialer

    def start_dialer(self) -> Process:
        """`dialer --site DIR run`; returns when its API answers."""
        with (self.folder / "dialer.stderr").open("ab") as errors:
            self.dialer = subprocess.Popen(
                [*_COMMAND, "--site", str(self.path), "run"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        until("the dialer's API", self._api_answers, 30.0)
        return self.dialer

    def _api_answers(self) -> bool:
        assert self.dialer is not None
        assert self.dialer.poll() is None, f"the dialer ended with {self.dialer.returncode}: {self.complaints()}"
        facts = running_dialer(self.site) or {}
        if facts.get("pid") != self.dialer.pid or "api" not in facts:
            return False
        try:
            self.state()
        except httpx.HTTPError:
            return False
        return True

    def state(self) -> dict[str, Any]:
        """What the running dialer says of itself."""
        token = (self.path / "api.token").read_text(encoding="ascii").strip()
        headers = {"Authorization": f"Bearer {token}"}
        url = f"http://127.0.0.1:{self.api_port}/state"
        answer: dict[str, Any] = httpx.get(url, headers=headers, timeout=10.0, trust_env=False).json()
        return answer

    def family(self) -> list[psutil.Process]:
        """The dialer's process and all below it."""
        assert self.dialer is not None
        dialer = psutil.Process(self.dialer.pid)
        return [dialer, *dialer.children(recursive=True)]

    def cards(self) -> list[psutil.Process]:
        """The processes that hold SIP lines."""
        return [card for nursery in psutil.Process(self.dialer_pid).children() for card in nursery.children()]

    @property
    def dialer_pid(self) -> int:
        assert self.dialer is not None
        return self.dialer.pid

    def terminate(self) -> float:
        """One SIGTERM; gives the monotonic time of it."""
        at = time.monotonic()
        os.kill(self.dialer_pid, signal.SIGTERM)
        return at

    def wait_dialer(self, limit_s: float) -> int:
        """The dialer's exit code."""
        assert self.dialer is not None
        try:
            return self.dialer.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the dialer did not end within {limit_s:g} s: {self.complaints()}") from None

    def complaints(self) -> str:
        """The last of what the dialer said on stderr."""
        path = self.folder / "dialer.stderr"
        return path.read_text(encoding="utf-8")[-3000:] if path.exists() else ""

    # What is known afterwards

    def store(self) -> Store:
        return Store.open(self.path / "dialer.db")

    def attempts(self, campaign: str = CAMPAIGN) -> list[dict[str, Any]]:
        """All attempts of a campaign as the command line reports them."""
        done = run_dialer("report", "attempts", campaign, "--json", site=self.path)
        assert done.returncode == 0, done.stderr
        rows: list[dict[str, Any]] = json.loads(done.stdout)
        return rows

    def close(self) -> None:
        """End every process that this world started."""
        family = self.family() if self.dialer is not None and self.dialer.poll() is None else []
        if self.dialer is not None:
            self.dialer.kill()
            self.dialer.wait()
        stop(*reversed(self._processes))
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()


@contextmanager
def world(folder: Path, plan: Plan) -> Iterator[World]:
    """A built site with its phones running; everything is ended at the end."""
    made = World(folder, plan)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def campaign(folder: Path, plan: Plan) -> Iterator[World]:
    """A campaign at work: carrier, phones, dialer and agents run."""
    with world(folder, plan) as made:
        made.build()
        made.start_carrier()
        made.start_phones()
        made.start_dialer()
        made.start_bots()
        yield made


def free_tcp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def write_message(path: Path) -> None:
    """Two seconds of a tone that nobody else sends."""
    samples = (round(8000 * math.sin(2 * math.pi * MESSAGE_TONE_HZ * n / 8000)) for n in range(16000))
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"".join(struct.pack("<h", s) for s in samples))
