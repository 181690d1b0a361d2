"""bench.toml: what is plugged where."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from bench.hil.files import BenchError, Table, check, read
from bench.hil.scenario import FaultTable, Kind, Scenario, find_scenarios

BENCHES = Path(__file__).parent / "benches"
SCENARIOS = BENCHES / "scenarios"


class DeviceTable(Table):
    """One device: a real one at `port` (or a trunk at `target`), or an emulated one."""

    name: Annotated[str, Field(min_length=1)]
    kind: Kind
    port: str = ""
    target: str = ""
    emulated: Literal["", "qemu", "sipp", "fake", "quectel", "simcom", "huawei", "plain", "handsfree"] = ""
    profile: Literal["", "quectel", "simcom", "huawei", "plain"] = ""
    baud: int = 115200
    lines: Annotated[int, Field(gt=0, le=64)] = 4
    caller_id: str = ""
    username: str = ""
    password_file: Path | None = None
    keepalive_ms: int = 1500
    image: Path | None = None
    dial_plan: Mapping[str, str] = Field(default_factory=dict)
    skip: Mapping[str, str] = Field(default_factory=dict)
    numbers: Mapping[str, str] = Field(default_factory=dict)
    injector: bool = True
    to_device: FaultTable = FaultTable()
    to_host: FaultTable = FaultTable()
    power_on: str = ""
    power_off: str = ""
    by_hand: bool = False

    @model_validator(mode="after")
    def _one_place(self) -> "DeviceTable":
        places = [key for key in ("port", "target", "emulated") if getattr(self, key)]
        if len(places) != 1:
            wanted = "target or emulated" if self.kind == "trunk" else "port or emulated"
            raise ValueError(f"device {self.name!r} needs exactly one of {wanted}")
        if (self.kind == "trunk") != bool(self.target) and not self.emulated:
            raise ValueError(f"device {self.name!r}: target is for trunks, port for all others")
        allowed = _EMULATED[self.kind]
        if self.emulated and self.emulated not in allowed:
            raise ValueError(
                f"device {self.name!r}: a {self.kind} can be emulated as {', '.join(allowed)}, not {self.emulated!r}"
            )
        if bool(self.power_on) != bool(self.power_off):
            raise ValueError(f"device {self.name!r}: power_on and power_off go together")
        return self

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return self.port or self.target or f"emulated: {self.emulated}"


_EMULATED = {
    "gateway": ("qemu", "fake"),
    "modem": ("quectel", "simcom", "huawei", "plain", "fake"),
    "trunk": ("sipp", "fake"),
    "headset": ("handsfree",),
}


class Wiring(Table):
    """A bench: its devices and the scenarios that are run on them (patterns of files, from the bench's folder)."""

    title: str
    about: str = ""
    scenarios: tuple[str, ...] = ()
    devices: tuple[DeviceTable, ...] = Field(alias="device", min_length=1)
    path: Path = Path()

    @model_validator(mode="after")
    def _names(self) -> "Wiring":
        names = [device.name for device in self.devices]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two devices are called {name!r}; give each its own name")
        return self

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.name.removesuffix(".toml")

    def load_scenarios(self) -> list[Scenario]:
        """Its scenarios, or those that ship for its kinds of device. Raises BenchError."""
        if self.scenarios:
            return find_scenarios(self.scenarios, self.path.parent)
        kinds = {device.kind for device in self.devices}
        return [s for s in find_scenarios(("*/*.toml",), SCENARIOS) if kinds & set(s.kinds)]


def load_bench(path: Path) -> Wiring:
    """Raises BenchError."""
    return read(path, Wiring).model_copy(update={"path": path})


def shipped_benches() -> list[Wiring]:
    """The benches that need nothing but this machine."""
    return [load_bench(path) for path in sorted(BENCHES.glob("*.toml"))]


def own_bench(kind: str, settings: Mapping[str, Any]) -> Wiring:
    """A bench of one device: that of the settings, or the emulated one when they have no place. Raises BenchError."""
    table = {"name": kind, "kind": kind, **settings}
    if not table.get("port") and not table.get("target"):
        table["emulated"] = {"gateway": "qemu", "modem": "quectel", "trunk": "sipp", "headset": "handsfree"}[kind]
    made = check({"title": f"Certification of a {kind}", "device": [table]}, Wiring, "options")
    return made.model_copy(update={"path": Path(f"{kind}.toml")})


def find_bench(name: str) -> Wiring:
    """A bench by file, or by name among those that ship. Raises BenchError."""
    path = Path(name)
    if path.is_file():
        return load_bench(path)
    shipped = shipped_benches()
    for bench in shipped:
        if bench.name == name:
            return bench
    raise BenchError(f"{name}: no such file, and none of the benches that ship: {', '.join(b.name for b in shipped)}")
