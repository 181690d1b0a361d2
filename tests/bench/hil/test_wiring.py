"""bench.toml: what ships can be read, and what is wrong is told with its place."""

from pathlib import Path

import pytest

from bench.hil.files import BenchError, FileError
from bench.hil.wiring import find_bench, load_bench, own_bench, shipped_benches

TRUNK = '[[device]]\nname = "t"\nkind = "trunk"\n'
GATEWAY = '[[device]]\nname = "g"\nkind = "gateway"\n'
MODEM = '[[device]]\nname = "m"\nkind = "modem"\n'


def read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bench.toml"
    path.write_text('title = "mine"\n' + text)
    load_bench(path)


def test_each_bench_that_ships_has_scenarios_for_each_device() -> None:
    shipped = shipped_benches()
    assert {bench.name for bench in shipped} == {"fake", "gateway", "headset", "modem", "trunk"}
    for bench in shipped:
        scenarios = bench.load_scenarios()
        for device in bench.devices:
            assert any(device.kind in scenario.kinds for scenario in scenarios)
            assert set(device.skip) <= {scenario.name for scenario in scenarios}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "device: is missing"),
        (MODEM, "device 1 (m): device 'm' needs exactly one of port or emulated"),
        (MODEM + 'port = "/dev/ttyUSB0"\nemulated = "plain"\n', "needs exactly one of port or emulated"),
        (MODEM + 'emulated = "qemu"\n', "a modem can be emulated as quectel, simcom, huawei, plain, fake, not 'qemu'"),
        (MODEM + 'target = "sip:{number}@127.0.0.1:5060"\n', "target is for trunks"),
        (MODEM + 'port = "/dev/ttyUSB0"\nspeed = 9600\n', "device 1 (m), speed: there is no such key"),
        (MODEM + 'port = "/dev/ttyUSB0"\npower_on = "true"\n', "power_on and power_off go together"),
        (MODEM + 'emulated = "plain"\n' + MODEM + 'emulated = "plain"\n', "two devices are called 'm'"),
        ('[[device]]\nname = "x"\nkind = "fridge"\nemulated = "fake"\n', "device 1 (x), kind: "),
        (
            MODEM + 'port = "relative/x"\n',
            "device 1 (m), port: relative/x: write unix:PATH, tcp:HOST:PORT, or",
        ),
        (MODEM + 'port = "tcp:127.0.0.1"\n', "device 1 (m), port: tcp:127.0.0.1: "),
        (TRUNK + 'target = "127.0.0.1:9"\n', "device 1 (t), target: target '127.0.0.1:9' must look like sip:{number}@"),
        (MODEM + 'emulated = "plain"\nnumbers = { answers = "hello" }\n', "numbers: answers: 'hello' is no number"),
        (MODEM + 'emulated = "plain"\nnumbers = { busy = "0100" }\n', "numbers: busy: '0100' is no number: write it"),
        (MODEM + 'emulated = "plain"\nkeepalive_ms = 50\n', "device 1 (m), keepalive_ms: "),
        (GATEWAY + 'emulated = "qemu"\ndial_plan = { "+" = "x" }\n', "dial_plan 'x' may have 0-9 * # A-D and , only"),
        (MODEM + 'port = "tcp:127.0.0.1:99999"\n', "port: tcp:127.0.0.1:99999: a TCP port is 1 to 65535"),
        (
            MODEM.replace('"m"', '"../../tmp/zz"') + 'emulated = "plain"\n',
            "'../../tmp/zz' is no name: it stands in the",
        ),
        (MODEM + 'emulated = "plain"\nbaud = "fast"\n', "device 1 (m), baud: must be a whole number, not 'fast'"),
        (MODEM + 'emulated = "plain"\nbaud = 0\n', "device 1 (m), baud: "),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(FileError) as caught:
        read(tmp_path, text)
    assert str(tmp_path / "bench.toml") in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            'skip = { "modem/unplugg" = "x" }',
            "skip: there is no scenario 'modem/unplugg'; did you mean 'modem/unplug'",
        ),
        (
            'numbers = { answer = "+12125550100" }',
            "numbers: no number behaves 'answer'; did you mean 'answers'? known: ",
        ),
    ],
)
def test_names_that_no_scenario_knows_are_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "bench.toml").write_text(f'title = "mine"\n{MODEM}emulated = "plain"\n{text}\n')
    with pytest.raises(FileError) as caught:
        load_bench(tmp_path / "bench.toml").load_scenarios()
    assert f"{tmp_path / 'bench.toml'}: device 1 (m), {told}" in str(caught.value)


def test_a_behaviour_of_ones_own_is_known_where_a_scenario_dials_it(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text('title = "x"\nfor = ["modem"]\n[[step]]\ndo = "dial"\ncall = "a"\nto = "hums"\n')
    own = 'title = "mine"\nscenarios = ["one.toml"]\n' + MODEM + 'emulated = "plain"\n'
    (tmp_path / "bench.toml").write_text(own + 'numbers = { hums = "+12125550150" }\n')
    assert len(load_bench(tmp_path / "bench.toml").load_scenarios()) == 1


def test_a_folder_is_no_bench(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"this is a folder; name the file in it, as in .*bench\.toml"):
        find_bench(str(tmp_path))


def test_a_bench_is_found_by_name_or_file(tmp_path: Path) -> None:
    assert find_bench("modem").name == "modem"
    (tmp_path / "desk.toml").write_text('title = "mine"\n' + MODEM + 'port = "/dev/ttyUSB0"\n')
    assert find_bench(str(tmp_path / "desk.toml")).devices[0].place == "/dev/ttyUSB0"
    with pytest.raises(BenchError, match="none of the benches that ship: fake, gateway"):
        find_bench("nowhere")


def test_ones_own_device_is_a_bench_and_without_one_the_emulated() -> None:
    mine = own_bench("modem", {"port": "/dev/ttyUSB2", "numbers": {"answers": "+12125550100"}})
    assert (mine.devices[0].place, mine.devices[0].emulated) == ("/dev/ttyUSB2", "")
    assert own_bench("gateway", {}).devices[0].emulated == "qemu"
    with pytest.raises(BenchError, match="options: device 1"):
        own_bench("modem", {"port": "/dev/ttyUSB2", "profile": "nokia"})
