"""The board in QEMU, with a few lines of C as firmware: hooks follow the headsets' switches, bytes come back."""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial

from bench.hil.board import EmulatedBoard
from bench.hil.qemu import BoardError
from bench.hil.wire import Wire
from firmware_bridge.firmware.outside import Seen

pytestmark = [
    pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="apt-get install qemu-system-arm"),
    pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="apt-get install gcc-arm-none-eabi"),
]
PATIENCE_S = 10.0
ROOT = Path(__file__).parents[3]
# Inputs line_normal are on C0-3, headset_hook on F4-7; outputs line_hook on D4-7. 'r' resets the board from inside.
PROGRAM = """
#include <stdint.h>
#define R(address) (*(volatile uint32_t *)(address))
void start(void);
__attribute__((section(".vectors"))) void *const vectors[] = {(void *)0x20010000, start};
void start(void) {
    R(0x400FE104) = 1; R(0x400FE108) = 0x7f;
    R(0x4000C02C) = 0x60; R(0x4000C030) = 0x301;
    R(0x40007400) = 0xf0; R(0x4000751C) = 0xff;
    R(0x4000651C) = 0xff; R(0x4002551C) = 0xff;
    for (;;) {
        R(0x400073C0) = R(0x400253C0) & (R(0x4000603C) << 4);
        if (!(R(0x4000C018) & 0x10)) {
            uint32_t byte = R(0x4000C000);
            if (byte == 'r') R(0xE000ED0C) = 0x05FA0004;
            R(0x4000C000) = byte;
        }
    }
}
"""
LAYOUT = """
MEMORY { F (rx) : ORIGIN = 0, LENGTH = 256K }
SECTIONS { .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) } >F }
"""


def until(condition: Callable[[], bool]) -> None:
    end_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end_at
        time.sleep(0.002)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("program")
    (folder / "program.c").write_text(PROGRAM)
    (folder / "layout.ld").write_text(LAYOUT)
    compiler = "arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb -ffreestanding -nostdlib -Os -T layout.ld -o program.elf"
    subprocess.run([*compiler.split(), "program.c"], cwd=folder, check=True)
    return folder / "program.elf"


@pytest.fixture
def seen() -> list[Seen]:
    return []


@pytest.fixture
def board(program: Path, seen: list[Seen]) -> Iterator[EmulatedBoard]:
    with EmulatedBoard(program, on_seen=lambda at, what: seen.append(what)) as board:
        yield board


def test_an_input_driven_reaches_the_program_and_its_output_is_seen(board: EmulatedBoard, seen: list[Seen]) -> None:
    board.drive("headset_hook", 2, True)
    until(lambda: board.off_hook(2))
    board.drive("headset_hook", 2, False)
    until(lambda: not board.off_hook(2))
    assert seen == [Seen("hook", "line 2", True), Seen("hook", "line 2", False)]


def test_lines_have_voltage_unless_somebody_pulls_the_plug(board: EmulatedBoard) -> None:
    board.drive("headset_hook", 0, True)
    until(lambda: board.off_hook(0))
    board.drive("line_normal", 0, False)
    until(lambda: not board.off_hook(0))


def test_cutting_the_power_drops_the_relays_and_inputs_outlive_it(board: EmulatedBoard) -> None:
    board.drive("headset_hook", 1, True)
    until(lambda: board.off_hook(1))
    board.power_off()
    assert not board.is_on
    assert board.safe()
    board.power_on()
    until(lambda: board.off_hook(1))


def test_a_reset_from_outside_drops_the_relays_for_a_moment(board: EmulatedBoard, seen: list[Seen]) -> None:
    board.drive("headset_hook", 3, True)
    until(lambda: board.off_hook(3))
    seen.clear()
    board.reset()
    until(lambda: seen[-2:] == [Seen("hook", "line 3", False), Seen("hook", "line 3", True)])
    assert board.resets == 1


def test_a_reset_from_inside_is_noticed_and_inputs_are_driven_again(board: EmulatedBoard, seen: list[Seen]) -> None:
    board.drive("headset_hook", 0, True)
    until(lambda: board.off_hook(0))
    seen.clear()
    with Wire(board.serial, board._directory / "tty") as wire, serial.Serial(str(wire.path), 115200) as port:
        until(lambda: wire.device_up)
        port.write(b"r")
        until(lambda: seen[-2:] == [Seen("hook", "line 0", False), Seen("hook", "line 0", True)])
    assert board.resets == 1


def test_a_level_driven_during_a_reset_is_what_stays(board: EmulatedBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    drive, hook, drivers = board._qemu.drive, board.pins.inputs["headset_hook"], []

    def slow(port: str, pin: int, level: bool) -> None:
        in_reset = threading.current_thread().name == "QEMU"
        if in_reset and not drivers and (port, pin) == (hook.port, hook.bit(0)):
            driver = threading.Thread(target=board.drive, args=("headset_hook", 0, True))
            driver.start()
            drivers.append(driver)
            driver.join(0.2)
        drive(port, pin, level)

    monkeypatch.setattr(board._qemu, "drive", slow)
    board.reset()
    until(lambda: bool(drivers))
    drivers[0].join()
    until(lambda: board.off_hook(0))


def test_a_battery_is_reversed_without_a_gap(board: EmulatedBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    drive, fed = board.drive, []

    def watched(name: str, index: int, level: bool) -> None:
        drive(name, index, level)
        fed.append(board.driven("line_normal", 1) or board.driven("line_reversed", 1))

    monkeypatch.setattr(board, "drive", watched)
    board.feed(1, reverse=True)
    assert (board.driven("line_normal", 1), board.driven("line_reversed", 1)) == (False, True)
    board.feed(1)
    assert (board.driven("line_normal", 1), board.driven("line_reversed", 1)) == (True, False)
    assert all(fed)


def test_a_frozen_board_does_nothing_until_it_goes_on(board: EmulatedBoard) -> None:
    board.freeze()
    board.drive("headset_hook", 0, True)
    time.sleep(0.1)
    assert not board.off_hook(0)
    board.thaw()
    until(lambda: board.off_hook(0))


def test_its_uart_speaks_through_a_wire_over_a_power_cycle(board: EmulatedBoard, tmp_path: Path) -> None:
    with Wire(board.serial, tmp_path / "tty") as wire, serial.Serial(str(wire.path), timeout=PATIENCE_S) as port:
        for _ in range(2):
            until(lambda: wire.device_up)
            port.write(b"hello")
            assert port.read(5) == b"hello"
            board.power_off()
            until(lambda: not wire.device_up)
            board.power_on()


def test_an_input_that_there_is_not_is_refused_with_those_there_are(board: EmulatedBoard) -> None:
    with pytest.raises(BoardError, match="no input line_hook 0; it has line_normal 0-3"):
        board.drive("line_hook", 0, True)


def test_a_command_to_a_board_that_is_off_is_refused(board: EmulatedBoard) -> None:
    board.power_off()
    with pytest.raises(BoardError, match="off"):
        board.freeze()


def test_a_firmware_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="no such firmware"):
        EmulatedBoard(tmp_path / "none.elf")


def test_a_program_that_is_killed_takes_its_board_along(program: Path) -> None:
    code = (
        "import pathlib, sys, time\n"
        "from bench.hil.board import EmulatedBoard\n"
        "board = EmulatedBoard(pathlib.Path(sys.argv[1])); board.power_on()\n"
        "print(board.pid, board._directory, flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(program)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    pid, directory = child.stdout.readline().split()
    child.kill()
    child.wait()
    until(lambda: not Path(f"/proc/{pid}/exe").exists())
    shutil.rmtree(directory)


def test_closing_leaves_nothing(program: Path) -> None:
    board = EmulatedBoard(program)
    board.power_on()
    board.close()
    assert not board._directory.exists()
    assert not board.is_on
