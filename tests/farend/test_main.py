import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from dialer.farend.__main__ import main
from dialer.farend.bots import BUILT_IN_AGENTS, load_agents
from dialer.farend.eventlog import EventLog
from dialer.farend.phones import BUILT_IN_PHONES, Phones, load_phones
from dialer.farend.profile import BUILT_IN, Kind, load

Ports = tuple[int, int]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["carrier", "--bind", "nowhere"], "'nowhere' is not IP:PORT, such as 127.0.0.1:5070"),
        (["carrier", "--rtp-ports", "1-2"], "'1-2' is not FIRST-LAST within 1024-65535"),
        (["carrier", "--profile", "nix"], "nix: no such file and no such profile; built in are demo"),
        (["phones", "--count", "0"], "0 is not in the range"),
        (["phones", "--profile", "nix"], "built in are demo, quick, flaky"),
        (["agents", "--api", "http://x", "--token-file", "t", "--names", " , "], "give at least one name"),
        (["call", "tel"], "not valid"),
    ],
)
def test_wrong_usage_is_told(arguments: list[str], text: str) -> None:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code in (1, 2)
    assert text in " ".join(done.output.split())


@pytest.mark.parametrize("which", ["carrier", "phones", "agents"])
def test_a_printed_profile_is_the_profile(which: str, tmp_path: Path) -> None:
    known = {"carrier": BUILT_IN, "phones": BUILT_IN_PHONES, "agents": BUILT_IN_AGENTS}[which]
    loader = {"carrier": load, "phones": load_phones, "agents": load_agents}[which]
    assert isinstance(known, dict)
    for name, profile in known.items():
        path = tmp_path / f"{which}-{name}.toml"
        path.write_text(CliRunner().invoke(main, ["profile", which, name]).output)
        assert loader(str(path)) == profile


def test_the_printed_profile_names_every_kind_and_override_key() -> None:
    text = CliRunner().invoke(main, ["profile", "carrier"]).output
    assert all(f"\n{kind} = " in text for kind in Kind)
    assert "# keys: match, kind, setup_s" in text


@pytest.mark.sip
def test_call_prints_what_was_heard(rtp_ports: Ports, log: EventLog) -> None:
    async def run() -> str:
        phones = Phones(("127.0.0.1", 0), 1, BUILT_IN_PHONES["quick"], 1, log, rtp_ports=rtp_ports)
        await phones.open()
        command = [sys.executable, "-m", "dialer.farend", "call", phones.address("agent1"), "--talk-s", "1"]
        ports = f"{rtp_ports[0]}-{rtp_ports[1]}"
        process = await asyncio.create_subprocess_exec(*command, "--rtp-ports", ports, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        await phones.close()
        return output.decode()

    said = json.loads(asyncio.run(asyncio.wait_for(run(), 30)))
    assert said["codes"][-1] == 200
    assert said["heard"]["tone_hz"] == 1300


@pytest.mark.sip
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_phones_end_with_a_summary(stop: signal.Signals, tmp_path: Path, rtp_ports: Ports) -> None:
    log = tmp_path / "phones.jsonl"
    command = [sys.executable, "-m", "dialer.farend", "phones", "--bind", "127.0.0.1:0", "--count", "2"]
    process = subprocess.Popen([*command, "--log", str(log), "--rtp-ports", f"{rtp_ports[0]}-{rtp_ports[1]}"])
    try:
        for _ in range(400):
            if log.exists() and log.read_text():
                break
            time.sleep(0.05)
        process.send_signal(stop)
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.wait()
    first, *_, last = (json.loads(line) for line in log.read_text().splitlines())
    assert (first["event"], len(first["addresses"])) == ("listening", 2)
    assert (last["event"], last["up"]) == ("summary", 0)
