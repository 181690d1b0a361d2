"""A site with lines and stations of all kinds, its far sides each a process of its own on loopback and ptys."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.hil.board import FIRMWARE
from campaigns.importing import import_leads
from campaigns.model import CampaignState, Kind, Mode
from dialer.site import make_site
from tests.e2e import site as plain
from tests.e2e.site import ALL_DAY, CALLER_ID, CAMPAIGN, World, read_lines, run_dialer, until

needs_board = pytest.mark.skipif(
    shutil.which("qemu-system-arm") is None or not (FIRMWARE.is_file() or shutil.which("arm-none-eabi-gcc")),
    reason="the board runs in QEMU: apt-get install qemu-system-arm gcc-arm-none-eabi libnewlib-arm-none-eabi",
)
DIALECTS = ("quectel", "simcom", "huawei", "plain")

_CONFIG = """\
[sip]
bind = "127.0.0.1:0"
rtp_port_base = 10000

[api]
bind = "127.0.0.1:{api_port}"
"""
_SIP = """
[[trunk]]
name = "carrier"
kind = "sip"
target = "sip:{{number}}@127.0.0.1:{carrier_port}"
max_lines = {sip_lines}
starts_per_s = 5
caller_ids = ["{caller_id}"]
"""
_GSM = """
[[trunk]]
name = "gsm"
kind = "modem"
port = {ports}
audio = {audios}
"""
_BOARD = """
[[trunk]]
name = "board"
kind = "gateway"
port = "{port}"
max_lines = {lines}
dial_plan = {{"+1" = ""}}
ties = {ties}
"""
_DESK = """
[[station]]
name = "desk{number}"
kind = "sip"
address = "sip:agent{number}@127.0.0.1:{phones_port}"
"""
_BOARD_DESK = """
[[station]]
name = "board-desk"
kind = "gateway"
headset = 1
"""
_HEADSET_DESK = """
[[station]]
name = "headset-desk"
kind = "hfp"
port = "{port}"
audio = "serial:{port}-voice"
"""


@dataclass(frozen=True, slots=True)
class MixedPlan:
    """What a test needs; `phones` agents have SIP phones, one more each has the board's headset and the serial one.

    `campaigns` gives the trunks of each campaign, none meaning all; the numbers are dealt out to them.
    """

    numbers: tuple[str, ...]
    phones: int = 3
    sip_lines: int = 6
    modems: tuple[str, ...] = DIALECTS
    modem_audio: bool = True
    board_lines: int = 4
    ties: int = 2
    board_desk: bool = True
    headset_desk: bool = True
    mode: Mode = Mode.POWER
    campaigns: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {CAMPAIGN: ()})
    settings: Mapping[str, object] = field(default_factory=dict)
    carrier: str = "quick"
    bots: str = "quick"
    seed: int = 1


class MixedWorld(World):
    """One mixed site. Use `mixed_world()`."""

    def __init__(self, folder: Path, plan: MixedPlan) -> None:
        super().__init__(
            folder,
            plain.Plan(
                plan.numbers, agents=plan.phones, mode=plan.mode, carrier=plan.carrier, bots=plan.bots, seed=plan.seed
            ),
        )
        self.mixed = plan
        desks = [f"desk{n + 1}" for n in range(plan.phones)]
        desks += ["board-desk"] * plan.board_desk + ["headset-desk"] * plan.headset_desk
        self.stations = {f"agent{n}": desk for n, desk in enumerate(desks, start=1)}
        self.names = tuple(self.stations)
        self.plant_log = folder / "plant.jsonl"
        self._plant: subprocess.Popen[str] | None = None

    def build(self, carrier_port: int | None = None) -> None:
        """Make the site: configuration, campaigns (active), leads, agents."""
        plan = self.mixed
        make_site(self.path, config_text=self.config_text())
        plain.write_message(self.path / "message.wav")
        defaults: dict[str, object] = {
            "window": ALL_DAY,
            "abandon_message": "message.wav",
            "ring_timeout_s": 15.0,
            "purpose": "service",
        }
        with self.store() as store:
            for place, (name, trunks) in enumerate(plan.campaigns.items()):
                store.create_campaign(
                    name, Kind.TELESALES, plan.mode, **{**defaults, "trunks": trunks, **plan.settings}
                )
                store.set_campaign_state(name, CampaignState.ACTIVE)
                numbers = plan.numbers[place :: len(plan.campaigns)]
                report = import_leads(store, name, self.write_leads(self.folder / f"{name}.csv", numbers))
                assert report.loaded == len(numbers), report
            for name, station in self.stations.items():
                store.add_agent(name, station)

    def config_text(self) -> str:
        """`dialer.toml`."""
        plan = self.mixed
        ports = [str(self.folder / f"modem-{n}") for n in range(1, len(plan.modems) + 1)]
        audios = [f"serial:{port}-voice" for port in ports] if plan.modem_audio else []
        ties = [f"serial:{self.folder / f'tie-{n}'}" for n in range(1, plan.ties + 1)]
        parts = [_CONFIG.format(api_port=self.api_port)]
        if plan.sip_lines:
            parts.append(_SIP.format(carrier_port=self._carrier_port, sip_lines=plan.sip_lines, caller_id=CALLER_ID))
        if ports:
            parts.append(_GSM.format(ports=json.dumps(ports), audios=json.dumps(audios)))
        if plan.board_lines:
            parts.append(_BOARD.format(port=self.folder / "board", lines=plan.board_lines, ties=json.dumps(ties)))
        parts += [_DESK.format(number=n + 1, phones_port=self._phones_port) for n in range(plan.phones)]
        parts += [_BOARD_DESK] * plan.board_desk
        parts += [_HEADSET_DESK.format(port=self.folder / "headset")] * plan.headset_desk
        return "".join(parts)

    def start_plant(self) -> None:
        """Modems, board and headsets, as `dialer bench emulate` has them, with people who are soon done."""
        plan = self.mixed
        wanted = ["--board" if plan.board_lines else "--no-board", "--headset" if plan.headset_desk else "--no-headset"]
        wanted += ["--modems", ",".join(plan.modems), "--seed", str(plan.seed), "--talk-s", "2", "5"]
        wanted += ["--log", str(self.plant_log)]
        with (self.folder / "plant.stderr").open("ab") as errors:
            self._plant = subprocess.Popen(
                [sys.executable, "-m", "bench.hil", "emulate", str(self.folder), *wanted],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        until("the plant", lambda: self._plant_said("listening"), 30.0)

    def start_bots(self) -> None:
        """Agents go to work when the lines are up: no login is refused as its station's board is not up yet."""
        until("the lines to be up", self._lines_are_up, 30.0)
        super().start_bots()

    def _lines_are_up(self) -> bool:
        wanted = {"gsm": len(self.mixed.modems)}
        return all(trunk["lines_usable"] >= wanted.get(trunk["name"], 1) for trunk in self.state()["trunks"])

    def do(self, what: str, whom: int = 0) -> None:
        """Something happens to the plant; returns when it has."""
        assert self._plant is not None and self._plant.stdin is not None
        done = len(self._plant_said("did"))
        self._plant.stdin.write(f"{what} {whom}\n" if whom else f"{what}\n")
        self._plant.stdin.flush()
        until(what, lambda: len(self._plant_said("did")) > done, 10.0)

    def _plant_said(self, event: str) -> list[dict[str, Any]]:
        assert self._plant is not None
        errors = self.folder / "plant.stderr"
        assert self._plant.poll() is None, errors.read_text(encoding="utf-8")[-2000:]
        return [line for line in read_lines(self.plant_log) if line["event"] == event]

    def start_all(self) -> None:
        """Far sides, dialer and agents."""
        self.start_carrier()
        self.start_phones()
        self.start_plant()
        self.start_dialer()
        self.start_bots()

    def dial(self, limit_s: float) -> None:
        """Let the campaign run until all its numbers are called and over, or the time is up.

        On a machine that is busy with other things it gets three times as long for half of the numbers.
        """
        begun_at, wanted = time.monotonic(), len(self.mixed.numbers)
        while (spent_s := time.monotonic() - begun_at) < 3 * limit_s:
            facts = self.facts()
            over = facts["attempts"] >= wanted and not facts["lines"]
            if over or (spent_s > limit_s and facts["attempts"] >= wanted / 2):
                return
            time.sleep(0.5)

    def facts(self) -> dict[str, Any]:
        """The campaign's figures in the running dialer."""
        facts: dict[str, Any] = self.state()["campaigns"][0]
        return facts

    def ask(self, agent: str, verb: str, refused_when: str = "", **body: str) -> None:
        """What an agent does, over the API; it may be refused when the agent is in state `refused_when` by now."""
        token = (self.path / "api.token").read_text(encoding="ascii").strip()
        url = f"http://127.0.0.1:{self.api_port}/agents/{agent}/{verb}"
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.post(url, json=body, headers=headers, timeout=40.0, trust_env=False)
        late = refused_when and f"{agent} is {refused_when}" in answer.text
        assert answer.is_success or late, answer.text

    def agent(self, name: str) -> dict[str, Any]:
        """How an agent is; LOGGED_OUT when not at work."""
        found = (agent for agent in self.state()["agents"] if agent["name"] == name)
        return next(found, {"name": name, "state": "LOGGED_OUT", "code": "", "attempt_id": None, "phone": None})

    def trunk(self, name: str) -> dict[str, Any]:
        """How a trunk is in the running dialer."""
        return next(trunk for trunk in self.state()["trunks"] if trunk["name"] == name)

    def why_lines(self) -> dict[str, Any]:
        """`dialer why lines --json` of the campaign."""
        done = run_dialer("why", "lines", CAMPAIGN, "--json", site=self.path)
        assert done.returncode == 0, done.stderr
        facts: dict[str, Any] = json.loads(done.stdout)["campaigns"][0]
        return facts

    def stop_plant(self) -> None:
        """Modems, board and headsets are gone, and their log is complete."""
        assert self._plant is not None and self._plant.stdin is not None
        self._plant.stdin.close()
        try:
            self._plant.wait(10.0)
        except subprocess.TimeoutExpired:
            self._plant.kill()
            self._plant.wait()
        self._plant = None

    def close(self) -> None:
        """End every process that this world started."""
        super().close()
        if self._plant is not None:
            self.stop_plant()


@contextmanager
def mixed_world(folder: Path, plan: MixedPlan) -> Iterator[MixedWorld]:
    """A mixed site; everything is ended at the end."""
    made = MixedWorld(folder, plan)
    try:
        yield made
    finally:
        made.close()
