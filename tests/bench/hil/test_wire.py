"""The fault injector between a device's socket and a port."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial

from bench.hil.faults import Faults
from bench.hil.files import BenchError
from bench.hil.wire import FarAddress, Way, Wire, WireError

PATIENCE_S = 10.0


class Device:
    """A device behind a UNIX socket, as QEMU offers one."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._listening: socket.socket | None = None
        self._connected: socket.socket | None = None

    def power_on(self) -> None:
        self.place.unlink(missing_ok=True)
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self.place))
        self._listening.listen(1)
        self._listening.settimeout(PATIENCE_S)
        self._connected, _ = self._listening.accept()
        self._connected.settimeout(PATIENCE_S)

    def power_off(self) -> None:
        for sock in (self._connected, self._listening):
            if sock is not None:
                sock.close()

    def say(self, data: bytes) -> None:
        assert self._connected is not None
        self._connected.sendall(data)

    def hear(self, count: int) -> bytes:
        assert self._connected is not None
        heard = b""
        while len(heard) < count:
            heard += self._connected.recv(count - len(heard))
        return heard


def until(condition: Callable[[], bool]) -> None:
    end_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end_at
        time.sleep(0.005)


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    device = Device(tmp_path / "device")
    yield device
    device.power_off()


@pytest.fixture
def wire(tmp_path: Path, device: Device) -> Iterator[Wire]:
    with Wire(f"unix:{device.place}", tmp_path / "tty", delimiter=b"\0") as wire:
        yield wire


def opened(wire: Wire) -> serial.Serial:
    port = serial.Serial(str(wire.path), 115200, timeout=PATIENCE_S, exclusive=True)
    until(lambda: wire.host_up)
    return port


def test_bytes_pass_both_ways_unchanged(wire: Wire, device: Device) -> None:
    device.power_on()
    every = bytes(range(256)) * 200
    with opened(wire) as port:
        port.write(every)
        assert device.hear(len(every)) == every
        device.say(every)
        assert port.read(len(every)) == every


def test_the_port_outlives_the_device(wire: Wire, device: Device) -> None:
    device.power_on()
    with opened(wire) as port:
        device.power_off()
        until(lambda: not wire.device_up)
        port.write(b"lost\0")
        until(lambda: wire.counters(Way.TO_DEVICE).overrun == 5)
        device.power_on()
        until(lambda: wire.device_up)
        port.write(b"heard\0")
        assert device.hear(6) == b"heard\0"


def test_what_a_device_says_while_nobody_has_the_port_open_is_lost(wire: Wire, device: Device) -> None:
    device.power_on()
    opened(wire).close()
    until(lambda: not wire.host_up)
    device.say(b"nobody\0")
    until(lambda: wire.counters(Way.TO_HOST).overrun == 7)
    with opened(wire) as port:
        device.say(b"somebody\0")
        assert port.read(9) == b"somebody\0"


def test_unplugged_the_port_hangs_up_and_is_gone_and_comes_back_under_its_name(wire: Wire, device: Device) -> None:
    device.power_on()
    with opened(wire) as port:
        wire.unplug()
        assert not wire.path.exists()
        with pytest.raises(serial.SerialException):
            while True:
                port.read(1)
        device.say(b"unheard\0")
        until(lambda: wire.counters(Way.TO_HOST).overrun == 8)
    wire.plug()
    with opened(wire) as port:
        device.say(b"again\0")
        assert port.read(6) == b"again\0"


def test_a_cut_cable_passes_nothing_until_it_is_mended(wire: Wire, device: Device) -> None:
    device.power_on()
    with opened(wire) as port:
        wire.cut()
        device.say(b"one\0")
        until(lambda: not wire._near.pending)
        time.sleep(0.05)
        wire.mend()
        device.say(b"two\0")
        assert port.read(4) == b"two\0"


def test_faults_change_while_it_runs_and_are_counted(wire: Wire, device: Device) -> None:
    device.power_on()
    with opened(wire) as port:
        wire.set_faults(to_device=Faults(loss=1.0))
        port.write(b"gone\0")
        until(lambda: wire.counters(Way.TO_DEVICE).lost == 1)
        wire.set_faults(to_device=Faults(duplication=1.0))
        port.write(b"twice\0")
        assert device.hear(12) == b"twice\0twice\0"
        assert wire.faults(Way.TO_HOST) == Faults()


def test_delay_holds_frames_back(wire: Wire, device: Device) -> None:
    device.power_on()
    wire.set_faults(to_host=Faults(delay_s=0.2))
    with opened(wire) as port:
        said_at = time.monotonic()
        device.say(b"late\0")
        assert port.read(5) == b"late\0"
        assert time.monotonic() - said_at >= 0.2


def test_single_bytes_arrive_whole(wire: Wire, device: Device) -> None:
    device.power_on()
    wire.set_faults(to_host=Faults(single_bytes=True), to_device=Faults(baud=9600))
    with opened(wire) as port:
        device.say(b"one by one\0")
        assert port.read(11) == b"one by one\0"
        started_at = time.monotonic()
        port.write(bytes([1]) * 95 + b"\0")
        assert device.hear(96) == bytes([1]) * 95 + b"\0"
        assert time.monotonic() - started_at >= 0.099


def test_what_passes_is_told_to_the_tap(tmp_path: Path, device: Device) -> None:
    told: list[tuple[Way, bytes]] = []
    with Wire(f"unix:{device.place}", tmp_path / "tty", tap=lambda at, way, data: told.append((way, data))) as wire:
        device.power_on()
        with opened(wire) as port:
            port.write(b"hello")
            device.hear(5)
    assert (Way.TO_DEVICE, b"hello") in told


def test_a_tty_can_be_the_device(tmp_path: Path) -> None:
    master, slave = os.openpty()
    try:
        with Wire(os.ttyname(slave), tmp_path / "tty") as wire:
            until(lambda: wire.device_up)
            with opened(wire) as port:
                port.write(b"AT\r")
                assert os.read(master, 16) == b"AT\r"
                os.write(master, b"OK\r\n")
                assert port.read(4) == b"OK\r\n"
    finally:
        os.close(master)
        os.close(slave)


def test_a_second_wire_to_a_tty_is_told_that_another_program_has_it(tmp_path: Path) -> None:
    master, slave = os.openpty()
    name = os.ttyname(slave)
    with Wire(name, tmp_path / "one") as one:
        until(lambda: one.device_up)
        assert one.trouble == ""
        with Wire(name, tmp_path / "two") as two:
            until(lambda: two.trouble != "")
            assert two.trouble == f"{name}: Resource temporarily unavailable; another program has it open"
            assert not two.device_up
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize(
    ("far", "told"),
    [
        ("/dev/ttyNOPE", "/dev/ttyNOPE: no such device; is it plugged in, and is the port's name right?"),
        ("tcp:127.0.0.1:9", "tcp:127.0.0.1:9: connection refused"),
        ("unix:/nowhere", "unix:/nowhere: no such file or directory"),
    ],
)
def test_a_device_that_is_not_there_is_named(tmp_path: Path, far: str, told: str) -> None:
    with Wire(far, tmp_path / "tty") as wire:
        until(lambda: wire.trouble != "")
        assert wire.trouble == told


def test_what_can_never_be_a_device_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WireError, match="a device, but not a serial port"):
        Wire("/dev/null", tmp_path / "tty").start()
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_is_taken_is_refused_and_what_is_there_stays(tmp_path: Path) -> None:
    taken = tmp_path / "bench.toml"
    taken.write_text("mine")
    before = set(Path("/proc/self/fd").iterdir())
    wire = Wire("tcp:127.0.0.1:9", taken)
    with pytest.raises(BenchError, match="there is a file"):
        wire.start()
    wire.stop()
    assert taken.read_text() == "mine"
    assert set(Path("/proc/self/fd").iterdir()) == before


def test_the_link_of_a_running_wire_is_not_taken_over(tmp_path: Path, wire: Wire) -> None:
    leads_to = wire.path.readlink()
    with pytest.raises(BenchError, match="in use"):
        Wire("tcp:127.0.0.1:9", wire.path).start()
    assert wire.path.readlink() == leads_to


def test_a_path_taken_while_unplugged_is_told_when_it_is_plugged(tmp_path: Path, wire: Wire) -> None:
    wire.unplug()
    wire.path.write_text("mine")
    with pytest.raises(BenchError, match="there is a file"):
        wire.plug()
    assert wire.path.read_text() == "mine"


def test_stopping_leaves_nothing(tmp_path: Path) -> None:
    before = set(Path("/proc/self/fd").iterdir())
    wire = Wire("tcp:127.0.0.1:9", tmp_path / "tty")
    wire.start()
    wire.stop()
    wire.stop()
    assert list(tmp_path.iterdir()) == []
    assert set(Path("/proc/self/fd").iterdir()) == before


@pytest.mark.parametrize("text", ["qemu", "tcp:9", "tcp:host:port", ""])
def test_an_address_that_is_none_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(WireError, match="write"):
        FarAddress.parse(text)


def test_a_link_in_a_directory_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WireError, match="does not exist"):
        Wire("unix:/x", tmp_path / "none" / "tty")
