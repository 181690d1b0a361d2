"""The reference board's pin map, and a model of what hangs on its outputs: relays, crosspoint, latches, tones."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PINS_PATH = Path(__file__).parent / "ports" / "lm3s6965" / "pins.toml"
_LATCHES = ("lamp", "ringer", "mute")


class PinMapError(ValueError):
    """The pin map cannot be used; the message names the file and the key."""


@dataclass(frozen=True, slots=True)
class GpioPort:
    """A port of eight pins: its letter, its object in QEMU, its registers."""

    name: str
    qom: str
    base: int


@dataclass(frozen=True, slots=True)
class PinGroup:
    """Neighbouring pins of one meaning; the pin of index i is bit `first + i`."""

    name: str
    port: str
    first: int
    count: int
    doc: str

    def bit(self, index: int) -> int:
        """The bit of the pin of this index. Raises `IndexError`."""
        if not 0 <= index < self.count:
            raise IndexError(f"{self.name} has {self.count} pins: there is no pin {index}")
        return self.first + index


@dataclass(frozen=True, slots=True)
class PinMap:
    """Where each signal of the board is."""

    machine: str
    lines: int
    headsets: int
    ties: int
    ports: Mapping[str, GpioPort]
    inputs: Mapping[str, PinGroup]
    outputs: Mapping[str, PinGroup]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    tones: str

    def output_at(self, port: str, bit: int) -> tuple[str, int] | None:
        """Name and index of the output at this pin."""
        for group in self.outputs.values():
            if group.port == port and group.first <= bit < group.first + group.count:
                return group.name, bit - group.first
        return None


def load_pins(path: Path = PINS_PATH) -> PinMap:
    """Read a pin map. Raises `PinMapError`."""
    try:
        data = tomllib.loads(path.read_text())
        ports = {name: GpioPort(name, entry["qom"], entry["base"]) for name, entry in data["ports"].items()}
        pins = PinMap(
            machine=data["board"]["machine"],
            lines=data["board"]["lines"],
            headsets=data["board"]["headsets"],
            ties=data["board"]["ties"],
            ports=ports,
            inputs=dict(_groups(data["inputs"])),
            outputs=dict(_groups(data["outputs"])),
            rows=tuple(data["crosspoint"]["x"]),
            columns=tuple(data["crosspoint"]["y"]),
            tones=data["tones"]["order"],
        )
    except tomllib.TOMLDecodeError as wrong:
        raise PinMapError(f"{path}: {wrong}") from wrong
    except KeyError as missing:
        raise PinMapError(f"{path}: {missing} is missing") from missing
    _check(path, pins)
    return pins


def _groups(table: Mapping[str, Mapping[str, str | int]]) -> Iterator[tuple[str, PinGroup]]:
    for name, entry in table.items():
        first, count = int(entry["first"]), int(entry["count"])
        yield name, PinGroup(name, str(entry["port"]), first, count, str(entry["doc"]))


def _check(path: Path, pins: PinMap) -> None:
    taken: dict[tuple[str, int], str] = {}
    for group in (*pins.inputs.values(), *pins.outputs.values()):
        if group.port not in pins.ports:
            raise PinMapError(f"{path}: {group.name} is on port {group.port}, which [ports] does not list")
        for index in range(group.count):
            bit = group.bit(index)
            other = taken.setdefault((group.port, bit), group.name)
            if bit > 7 or other != group.name:
                raise PinMapError(f"{path}: {group.name} wants pin {group.port}{bit}, taken by {other} or not there")


@dataclass(frozen=True, slots=True)
class Seen:
    """Something changed outside the board.

    `what` is hook, join, lamp, ringer, mute, tone or enable; `where` names the thing (line 0, headset 2,
    "headset 0 - line 1"); `value` is a tone's digit, or on and off.
    """

    what: str
    where: str
    value: bool | str


class Outside:
    """What the levels of the board's outputs do to the electronics behind them. Feed it every change, in order."""

    def __init__(self, pins: PinMap) -> None:
        self.pins = pins
        self._levels = {
            (group.port, group.bit(i)): False for group in pins.outputs.values() for i in range(group.count)
        }
        self._closed: set[tuple[int, int]] = set()
        self.off_hook = [False] * pins.lines
        self.lamp = [False] * pins.headsets
        self.ringer = [False] * pins.headsets
        self.mute = [False] * pins.headsets
        self.tone: list[str] = [""] * pins.lines

    @property
    def joined(self) -> frozenset[frozenset[str]]:
        """Sets of ports ("line 0", "headset 1", "tie 0") that hear each other now."""
        return frozenset(names for names in self._islands() if len(names) > 1)

    def change(self, port: str, bit: int, level: bool) -> list[Seen]:
        """An output changed its level; tells what that did."""
        if self._levels.get((port, bit)) in (None, level):
            return []
        self._levels[port, bit] = level
        at = self.pins.output_at(port, bit)
        assert at is not None
        name, index = at
        if name == "line_hook":
            self.off_hook[index] = level
            return [Seen("hook", f"line {index}", level)]
        if name == "enable":
            return [Seen("enable", "board", level), *([] if level else self._clear())]
        if level or not self._level("enable"):
            return []
        if name == "crosspoint_strobe":
            return self._strobe_crosspoint()
        if name == "latch_strobe":
            return self._strobe_latch()
        return self._strobe_tone() if name == "tone_strobe" else []

    def release(self, port: str) -> list[Seen]:
        """The board was reset and let go of this port's pins: they fall to 0."""
        return [seen for at in list(self._levels) if at[0] == port for seen in self.change(port, at[1], False)]

    def _level(self, name: str, index: int = 0) -> bool:
        group = self.pins.outputs[name]
        return self._levels[group.port, group.bit(index)]

    def _address(self) -> int:
        return sum(self._level("bus_address", i) << i for i in range(6))

    def _strobe_crosspoint(self) -> list[Seen]:
        address = self._address()
        before = self.joined
        point = (address & 7, address >> 3)
        if self._level("bus_data"):
            self._closed.add(point)
        else:
            self._closed.discard(point)
        return self._joins_since(before)

    def _strobe_latch(self) -> list[Seen]:
        address, on = self._address(), self._level("bus_data")
        headset, function = address & 3, address >> 2
        if function >= len(_LATCHES) or headset >= self.pins.headsets:
            return []
        latch = {"lamp": self.lamp, "ringer": self.ringer, "mute": self.mute}[_LATCHES[function]]
        if latch[headset] == on:
            return []
        latch[headset] = on
        return [Seen(_LATCHES[function], f"headset {headset}", on)]

    def _strobe_tone(self) -> list[Seen]:
        address = self._address()
        line = address >> 4
        digit = self.pins.tones[address & 15] if self._level("bus_data") else ""
        if line >= self.pins.lines or self.tone[line] == digit:
            return []
        self.tone[line] = digit
        return [Seen("tone", f"line {line}", digit)]

    def _clear(self) -> list[Seen]:
        before = self.joined
        self._closed.clear()
        seen = self._joins_since(before)
        for what, latch in (("lamp", self.lamp), ("ringer", self.ringer), ("mute", self.mute)):
            for i, on in enumerate(latch):
                latch[i] = False
                seen += [Seen(what, f"headset {i}", False)] if on else []
        for i, digit in enumerate(self.tone):
            self.tone[i] = ""
            seen += [Seen("tone", f"line {i}", "")] if digit else []
        return seen

    def _joins_since(self, before: frozenset[frozenset[str]]) -> list[Seen]:
        now = self.joined
        gone = [Seen("join", " - ".join(sorted(names)), False) for names in sorted(before - now, key=sorted)]
        return gone + [Seen("join", " - ".join(sorted(names)), True) for names in sorted(now - before, key=sorted)]

    def _islands(self) -> Iterator[frozenset[str]]:
        left = set(self._closed)
        while left:
            island = {left.pop()}
            while more := {p for p in left if any(p[0] == q[0] or p[1] == q[1] for q in island)}:
                island |= more
                left -= more
            names = {self.pins.rows[x] for x, _ in island} | {self.pins.columns[y] for _, y in island}
            yield frozenset(names - {"spare"})
