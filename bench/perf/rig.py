"""A whole site for measuring: a far end on loopback, and the dialer started as a user starts it."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import time as clock_time
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from campaigns.importing import import_leads
from campaigns.model import CallingWindow, Kind, Mode
from campaigns.store import Store
from dialer.cli.far_end import Process, free_port, start, stop, wait_for
from dialer.site import Site, make_site, running_dialer

T = TypeVar("T")
CARRIER_RTP, PHONES_RTP, DIALER_RTP = "19000-22998", "23000-24998", 31000
_CONFIG = """\
[sip]
bind = "127.0.0.1:0"
rtp_port_base = {rtp}

[api]
bind = "127.0.0.1:0"

[[trunk]]
name = "carrier"
kind = "sip"
target = "sip:{{number}}@127.0.0.1:{carrier_port}"
max_lines = {lines}
starts_per_s = {starts_per_s}
caller_ids = ["+12125550100"]
"""
_STATION = """
[[station]]
name = "desk{number}"
kind = "sip"
address = "sip:agent{number}@127.0.0.1:{phones_port}"
"""


@dataclass(frozen=True, slots=True)
class Work:
    """One campaign: its mode, the numbers of its list, and settings other than the defaults."""

    mode: Mode
    numbers: tuple[str, ...]
    settings: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Plan:
    """A site to build. `carrier` and `phones` are profiles (TOML) of the far end."""

    agents: int
    lines: int
    starts_per_s: float
    campaigns: Mapping[str, Work]
    carrier: str
    phones: str


def area(*codes: str) -> tuple[str, ...]:
    """The hundred numbers reserved for fiction of each area code."""
    return tuple(f"+1{code}55501{index:02d}" for code in codes for index in range(100))


def until(what: str, condition: Callable[[], T], limit_s: float = 30.0, every_s: float = 0.02) -> T:
    """Wait until `condition` gives something true, and return it. Raises TimeoutError."""
    end_at = time.monotonic() + limit_s
    while not (found := condition()):
        if time.monotonic() > end_at:
            raise TimeoutError(f"{what}: not within {limit_s:g} s")
        time.sleep(every_s)
    return found


def events(log: Path, kind: str, after: float = 0.0) -> list[dict[str, Any]]:
    """Lines of a far end's log with this event, noted after `after` (monotonic seconds)."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    found = (json.loads(line) for line in lines if f'"event":"{kind}"' in line)
    return [line for line in found if line["mono"] > after]


class Rig:
    """One site and what is around it. Use `rig()`."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.plan = plan
        self.site = Site(folder / "site")
        self.names = [f"agent{number + 1}" for number in range(plan.agents)]
        self.carrier_log, self.phones_log = folder / "carrier.jsonl", folder / "phones.jsonl"
        self.carrier: Process | None = None
        self.phones: Process | None = None
        self.dialer: subprocess.Popen[bytes] | None = None
        self._folder = folder
        self._client = httpx.Client(timeout=20.0, trust_env=False)
        self._ports = free_port(6200, 7000), free_port(7000, 8000)

    def build(self) -> None:
        """Make the site, its campaigns (stopped) with their leads, and its agents."""
        plan, (carrier_port, phones_port) = self.plan, self._ports
        text = _CONFIG.format(
            rtp=DIALER_RTP, carrier_port=carrier_port, lines=plan.lines, starts_per_s=plan.starts_per_s
        )
        text += "".join(_STATION.format(number=n + 1, phones_port=phones_port) for n in range(plan.agents))
        make_site(self.site.path, config_text=text)
        with self.store() as store:
            for name, work in plan.campaigns.items():
                window = CallingWindow(clock_time(0, 0), clock_time.max)
                store.create_campaign(
                    name, Kind.TELESALES, work.mode, purpose="service", window=window, **work.settings
                )
                import_leads(store, name, self._leads(name, work.numbers))
            for index, name in enumerate(self.names):
                store.add_agent(name, f"desk{index + 1}")

    def store(self) -> Store:
        """The site's store, opened beside the dialer."""
        return Store.open(self.site.path / "dialer.db")

    def _leads(self, name: str, numbers: tuple[str, ...]) -> Path:
        path = self._folder / f"{name}.csv"
        with path.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.writer(handle)
            writer.writerow(("phone", "vendor_lead_code"))
            writer.writerows((number, f"{name}{index}") for index, number in enumerate(numbers))
        return path

    def start_far_end(self) -> None:
        """Carrier and phones. Raises FarEndFailed."""
        carrier_port, phones_port = self._ports
        profiles = {"carrier": self.plan.carrier, "phones": self.plan.phones}
        for name, text in profiles.items():
            (self._folder / f"{name}.toml").write_text(text, encoding="utf-8")
        self.carrier = start(
            "carrier",
            *("--bind", f"127.0.0.1:{carrier_port}", "--log", str(self.carrier_log), "--rtp-ports", CARRIER_RTP),
            *("--profile", str(self._folder / "carrier.toml")),
        )
        phones = [sys.executable, "-m", "bench.perf.phones", "phones", "--bind", f"127.0.0.1:{phones_port}"]
        phones += ["--log", str(self.phones_log), "--rtp-ports", PHONES_RTP, "--count", str(self.plan.agents)]
        self.phones = subprocess.Popen([*phones, "--profile", str(self._folder / "phones.toml")])
        wait_for("carrier", self.carrier, carrier_port)
        wait_for("phones", self.phones, phones_port)

    def start_dialer(self, **environment: str) -> float:
        """`dialer --site DIR run`; gives the monotonic time just before. Does not wait for anything."""
        began = time.monotonic()
        with (self._folder / "dialer.stderr").open("ab") as errors:
            self.dialer = subprocess.Popen(
                [sys.executable, "-m", "dialer", "--site", str(self.site.path), "run"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={**os.environ, **environment},
            )
        return began

    def stop_dialer(self) -> None:
        """End it at once, in order: the second SIGTERM stops."""
        if self.dialer is None:
            return
        for _ in range(2):
            if self.dialer.poll() is None:
                self.dialer.send_signal(signal.SIGTERM)
                time.sleep(0.3)
        try:
            self.dialer.wait(15.0)
        except subprocess.TimeoutExpired:
            self.dialer.kill()
            self.dialer.wait()
        self.dialer = None

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the running dialer; None when it is not there yet. Raises httpx.HTTPStatusError when it refuses."""
        facts = running_dialer(self.site) or {}
        if self.dialer is None or facts.get("pid") != self.dialer.pid or "api" not in facts:
            return None
        token = (self.site.path / "api.token").read_text(encoding="ascii").strip()
        headers = {"Authorization": f"Bearer {token}"}
        try:
            answer = self._client.request(method, facts["api"] + path, json=body, headers=headers)
        except httpx.ConnectError:
            return None
        answer.raise_for_status()
        return answer.json()

    def agents_in(self, state: str) -> int:
        """How many agents are in this state."""
        found = self.ask("GET", "/agents") or []
        return sum(agent["state"] == state for agent in found)

    def log_in(self, campaign: str, names: list[str]) -> None:
        """Log these agents in to a campaign, and wait until their phones have answered."""
        for name in names:
            self.ask("POST", f"/agents/{name}/login", {"campaign": campaign})
        until("phones answered", lambda: self.agents_in("PAUSED") >= len(names))

    def make_ready(self, names: list[str]) -> None:
        """Let these agents take calls."""
        for name in names:
            self.ask("POST", f"/agents/{name}/ready")

    def log_out(self) -> None:
        """Send everybody home, and wait until their legs are down."""
        for name in self.names:
            self.ask("POST", f"/agents/{name}/logout")
        until("everybody logged out", lambda: self.agents_in("LOGGED_OUT") == len(self.names), 60.0)

    def lines_in_use(self) -> int:
        """Customer lines that the trunk holds."""
        state = self.ask("GET", "/state")
        return int(state["trunks"][0]["lines_in_use"]) if state else 0

    def groups(self) -> dict[str, list[int]]:
        """Process ids by part: dialer, fork server, cards, and the far end's carrier and phones."""
        assert self.dialer is not None and self.carrier is not None and self.phones is not None
        servers = psutil.Process(self.dialer.pid).children()
        cards = [card.pid for server in servers for card in server.children()]
        return {
            "dialer": [self.dialer.pid],
            "fork server": [server.pid for server in servers],
            "cards": cards,
            "carrier": [self.carrier.pid],
            "phones": [self.phones.pid],
        }

    def close(self) -> None:
        """End every process that was started."""
        self.stop_dialer()
        stop(*(process for process in (self.carrier, self.phones) if process is not None))
        self._client.close()


@contextmanager
def rig(folder: Path, plan: Plan) -> Iterator[Rig]:
    """A built site with its far end running; everything is ended at the end."""
    made = Rig(folder, plan)
    try:
        made.build()
        made.start_far_end()
        yield made
    finally:
        made.close()
