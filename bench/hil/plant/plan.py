"""What a plant has, under which paths, and the pitch that each voice in it has."""

from dataclasses import dataclass, field
from pathlib import Path

from bench.hil.plant.people import People

MAX_MODEMS = 16
MODEM_HZ, LINE_HZ, BOARD_HEADSET_HZ, HEADSET_HZ = 1500, 1600, 1700, 1800
_APART_HZ = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is. `modems` are dialects, one for each modem; modems and ties count from 1."""

    folder: Path
    modems: tuple[str, ...] = ()
    board: bool = False
    headset: bool = False
    people: People = field(default_factory=People)

    def modem_port(self, number: int) -> Path:
        """Where a modem takes commands."""
        return self.folder / f"modem-{number}"

    def modem_voice(self, number: int) -> Path:
        """Where a modem's calls are heard."""
        return self.folder / f"modem-{number}-voice"

    @property
    def board_port(self) -> Path:
        """The board's link."""
        return self.folder / "board"

    def tie(self, number: int) -> Path:
        """This end of one of the board's ties."""
        return self.folder / f"tie-{number}"

    @property
    def headset_port(self) -> Path:
        """The control link of the hands-free headset."""
        return self.folder / "headset"

    @property
    def headset_voice(self) -> Path:
        """Where the hands-free headset is heard."""
        return self.folder / "headset-voice"


def modem_hz(number: int) -> int:
    """What the person on a modem's call says (modems count from 1)."""
    return MODEM_HZ + _APART_HZ * number


def board_hz(port: str) -> int:
    """What is said at a port of the board's crosspoint: "line 0", "headset 1"."""
    kind, _, number = port.partition(" ")
    return (LINE_HZ if kind == "line" else BOARD_HEADSET_HZ) + _APART_HZ * int(number)
