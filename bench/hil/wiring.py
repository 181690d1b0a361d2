"""bench.toml: what is plugged where."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from bench.hil.files import BenchError, FileError, Table, check, nearest, read
from bench.hil.scenario import BEHAVIOURS, FaultTable, Kind, Scenario, behaviours_needed, check_number, find_scenarios
from bench.hil.wire import FarAddress, WireError
from firmware_bridge.messages import KEEPALIVE_MAX_MS, KEEPALIVE_MIN_MS, KEEPALIVE_MS
from hw.contract.driver import DriverError
from hw.gateway.settings import GatewaySettings
from hw.sip.config import SipTrunk

BENCHES = Path(__file__).parent / "benches"
SCENARIOS = BENCHES / "scenarios"
# Behaviours of which a number has one at most. Who answers may press keys and take texts as well.
_TEXTS = frozenset({"takes_texts", "loses_texts"})
_EXCLUSIVE = (frozenset(BEHAVIOURS) - _TEXTS - {"presses_keys"}, _TEXTS)


def _port(port: str) -> str:
    try:
        if port:
            FarAddress.parse(port)
    except WireError as error:
        raise ValueError(str(error)) from error
    return port


def _device_name(name: str) -> str:
    if "/" in name or name in (".", "..") or not name.isprintable():
        raise ValueError(f"{name!r} is no name: it stands in the path of a link, so write it without /")
    return name


def _target(target: str) -> str:
    try:
        if target:
            SipTrunk("", target, 1)
    except DriverError as error:
        raise ValueError(str(error).partition(": ")[2]) from error
    return target


def _numbers(numbers: Mapping[str, str]) -> Mapping[str, str]:
    for behaves, number in numbers.items():
        try:
            check_number(number)
        except ValueError as error:
            raise ValueError(f"{behaves}: {error}") from error
    for group in _EXCLUSIVE:
        taken: dict[str, str] = {}
        for behaves in group & numbers.keys():
            other = taken.setdefault(numbers[behaves], behaves)
            if other != behaves:
                both = " and ".join(sorted((other, behaves)))
                raise ValueError(f"{numbers[behaves]} cannot behave as {both} both; give each a number of its own")
    return numbers


class DeviceTable(Table):
    """One device: a real one at `port` (or a trunk at `target`), or an emulated one."""

    name: Annotated[str, Field(min_length=1), AfterValidator(_device_name)]
    kind: Kind
    port: Annotated[str, AfterValidator(_port)] = ""
    target: Annotated[str, AfterValidator(_target)] = ""
    emulated: Literal["", "qemu", "sipp", "fake", "quectel", "simcom", "huawei", "plain", "handsfree"] = ""
    profile: Literal["", "quectel", "simcom", "huawei", "plain"] = ""
    baud: Annotated[int, Field(gt=0)] = 115200
    lines: Annotated[int, Field(gt=0, le=64)] = 4
    caller_id: str = ""
    username: str = ""
    password_file: Path | None = None
    keepalive_ms: Annotated[int, Field(ge=KEEPALIVE_MIN_MS, le=KEEPALIVE_MAX_MS)] = KEEPALIVE_MS
    image: Path | None = None
    dial_plan: Mapping[str, str] = Field(default_factory=dict)
    skip: Mapping[str, str] = Field(default_factory=dict)
    numbers: Annotated[Mapping[str, str], AfterValidator(_numbers)] = Field(default_factory=dict)
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
        if self.kind == "gateway":
            try:
                GatewaySettings(self.name, "/dev/any", dial_plan=self.dial_plan)
            except DriverError as error:
                raise ValueError(str(error)) from error
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
        """Its scenarios, or those that ship for its kinds of device.

        Raises BenchError, also when a device skips a scenario or has a number for a behaviour that none of them knows.
        """
        if self.scenarios:
            found = find_scenarios(self.scenarios, self.path.parent)
        else:
            kinds = {device.kind for device in self.devices}
            found = [s for s in find_scenarios(("*/*.toml",), SCENARIOS) if kinds & set(s.kinds)]
        names = [scenario.name for scenario in found]
        behaviours = {*BEHAVIOURS, *(behaviour for scenario in found for behaviour in behaviours_needed(scenario))}
        for number, device in enumerate(self.devices, 1):
            self._know(f"device {number} ({device.name}), skip: there is no scenario", device.skip, names)
            self._know(f"device {number} ({device.name}), numbers: no number behaves", device.numbers, behaviours)
        return found

    def _know(self, told: str, given: Iterable[str], known: Iterable[str]) -> None:
        for name in given:
            if name not in known:
                raise FileError(f"{self.path}: {told} {name!r}{nearest(name, known)}")


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
    if path.is_dir():
        raise BenchError(f"{name}: this is a folder; name the file in it, as in {path / 'bench.toml'}")
    shipped = shipped_benches()
    for bench in shipped:
        if bench.name == name:
            return bench
    raise BenchError(f"{name}: no such file, and none of the benches that ship: {', '.join(b.name for b in shipped)}")
