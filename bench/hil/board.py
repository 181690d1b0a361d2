"""The reference board in QEMU: power, freeze, reset, its pins by name, and what they do to the electronics outside."""

import contextlib
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.hil.qemu import BoardError, Qemu
from firmware_bridge.firmware.build import BuildError, build
from firmware_bridge.firmware.outside import PINS_PATH, Outside, Seen, load_pins

FIRMWARE_DIR = PINS_PATH.parents[2]
FIRMWARE = FIRMWARE_DIR / "build" / "lm3s6965" / "firmware.elf"
# What an update uploads; made together with the firmware.
UPDATE_IMAGE = FIRMWARE.with_name("app.bin")
# What is plugged in when nobody says otherwise: lines with voltage, headsets.
PLUGGED_IN = ("line_normal", "headset_present")

OnSeen = Callable[[float, Seen], None]
"""Told, from a thread, of what changed outside the board: monotonic seconds, and what."""


def build_firmware() -> Path:
    """The reference firmware for QEMU, built from source when it is not up to date. Raises BoardError."""
    if shutil.which("arm-none-eabi-gcc") is None and FIRMWARE.is_file():
        return FIRMWARE
    try:
        return build(FIRMWARE_DIR / "build")
    except (BuildError, subprocess.TimeoutExpired) as error:
        raise BoardError(str(error)) from error


class EmulatedBoard:
    """The firmware in QEMU with its surroundings. Commands block for milliseconds at most; `power_on` about 80 ms.

    `firmware` defaults to the reference firmware, built when needed. `on_seen` is told of hooks, joins, lamps, ringers,
    mutes and tones. Inputs keep what they were driven to over resets and power cycles, as plugs and wires do.
    Raises BoardError when QEMU or the compiler is missing.
    """

    def __init__(self, firmware: Path | None = None, *, on_seen: OnSeen | None = None) -> None:
        self.pins = load_pins()
        image = firmware or build_firmware()
        self._directory = Path(tempfile.mkdtemp(prefix="board-", dir="/tmp"))
        try:
            self._qemu = Qemu(image, self._directory, self)
        except BoardError:
            self._directory.rmdir()
            raise
        self._on_seen = on_seen
        self._outside = Outside(self.pins)
        self._lock = threading.Lock()
        self._inputs = threading.Lock()
        self._driven = {
            (name, index): name in PLUGGED_IN
            for name, group in self.pins.inputs.items()
            for index in range(group.count)
        }
        self.frozen = False

    def __enter__(self) -> Self:
        self.power_on()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def serial(self) -> str:
        """The address of the link's UART, for `Wire`."""
        return self._qemu.serial

    @property
    def is_on(self) -> bool:
        """Whether the power is on."""
        return self._qemu.is_on

    @property
    def pid(self) -> int | None:
        """QEMU's process, or None when off."""
        return self._qemu.pid

    @property
    def resets(self) -> int:
        """How often the board was reset since it was made, by whomever."""
        if self.is_on:
            self._qemu.poll_events()
        return self._qemu.resets

    def power_on(self) -> None:
        """Switch on. Nothing happens when it is on."""
        if not self.is_on:
            self._qemu.power_on()
            self._drive_all()
            self._qemu.run()
            self.frozen = False

    def power_off(self) -> None:
        """Cut the power: relays drop, switches open."""
        self._qemu.power_off()
        at = time.monotonic()
        for port in self.pins.ports:
            self._released(at, port)

    def reset(self) -> None:
        """Pull the reset pin."""
        self._qemu.freeze()
        self._qemu.reset()
        self._drive_all()
        self._qemu.run()
        self.frozen = False

    def freeze(self) -> None:
        """Halt the processor, as a hang of everything would; pins stay as they are."""
        self._qemu.freeze()
        self.frozen = True

    def thaw(self) -> None:
        """Go on after `freeze`."""
        self._qemu.run()
        self.frozen = False

    def close(self) -> None:
        """Switch off and leave nothing behind."""
        self.power_off()
        shutil.rmtree(self._directory, ignore_errors=True)

    def drive(self, name: str, index: int, level: bool) -> None:
        """Put a level on the input `name` number `index` (from 0), now and after every reset.

        Raises BoardError when there is no such input.
        """
        if (name, index) not in self._driven:
            known = ", ".join(f"{group.name} 0-{group.count - 1}" for group in self.pins.inputs.values())
            raise BoardError(f"the board has no input {name} {index}; it has {known}")
        with self._inputs:
            self._driven[name, index] = level
            if self._qemu.can_be_driven:
                self._drive(name, index)

    def feed(self, line: int, *, reverse: bool = False) -> None:
        """Put battery on a line (from 0), of this polarity, without a gap that the firmware could take for its end."""
        on, off = ("line_reversed", "line_normal") if reverse else ("line_normal", "line_reversed")
        self.drive(on, line, True)
        self.drive(off, line, False)

    def driven(self, name: str, index: int) -> bool:
        """What an input is driven to."""
        return self._driven[name, index]

    def off_hook(self, line: int) -> bool:
        """Whether a line's relay is pulled (from 0)."""
        with self._lock:
            return self._outside.off_hook[line]

    def joined(self) -> frozenset[frozenset[str]]:
        """Sets of ports ("line 0", "headset 1", "tie 0") that hear each other."""
        with self._lock:
            return self._outside.joined

    def lamp(self, headset: int) -> bool:
        """Whether a headset's lamp is lit at this moment (from 0)."""
        with self._lock:
            return self._outside.lamp[headset]

    def muted(self, headset: int) -> bool:
        """Whether a headset's microphone is switched off (from 0)."""
        with self._lock:
            return self._outside.mute[headset]

    def ringing(self, headset: int) -> bool:
        """Whether a headset's ringer sounds (from 0)."""
        with self._lock:
            return self._outside.ringer[headset]

    def safe(self) -> bool:
        """Whether all lines are on hook and all crosspoints open."""
        with self._lock:
            return not any(self._outside.off_hook) and not self._outside.joined

    def output(self, at: float, port: str, pin: int, level: bool) -> None:
        """For QEMU: an output got a level."""
        with self._lock:
            seen = self._outside.change(port, pin, level)
        self._tell(at, seen)

    def port_reset(self, at: float, port: str) -> None:
        """For QEMU: a port was reset, and has forgotten its inputs."""
        self._released(at, port)
        with contextlib.suppress(BoardError):  # Switched off meanwhile.
            self._drive_all(port)

    def _released(self, at: float, port: str) -> None:
        with self._lock:
            seen = self._outside.release(port)
        self._tell(at, seen)

    def _tell(self, at: float, seen: list[Seen]) -> None:
        if self._on_seen is not None:
            for change in seen:
                self._on_seen(at, change)

    def _drive_all(self, port: str | None = None) -> None:
        """All inputs of one port, or of all, one after the other: another thread's later level must come out last."""
        for name, index in self._driven:
            if port in (None, self.pins.inputs[name].port):
                with self._inputs:
                    self._drive(name, index)

    def _drive(self, name: str, index: int) -> None:
        group = self.pins.inputs[name]
        self._qemu.drive(group.port, group.bit(index), self._driven[name, index])
