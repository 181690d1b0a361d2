"""What every measurement shares: the machine it ran on, CPU and memory of processes, and how figures are shown."""

import json
import os
import platform
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a figure was measured."""

    cpu: str
    cores: int
    memory_gb: float
    virtual: bool
    kernel: str
    python: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value; `limit` is what it is held against, `note` how it came about."""

    name: str
    value: float | str
    unit: str = ""
    limit: str = ""
    note: str = ""

    @property
    def text(self) -> str:
        """The value for people."""
        if isinstance(self.value, str):
            return self.value
        digits = 0 if abs(self.value) >= 100 or self.value == int(self.value) else 2 if abs(self.value) >= 1 else 3
        return f"{self.value:,.{digits}f}"


def machine() -> Machine:
    """This machine, as Linux describes it."""
    cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    model = next((line.partition(":")[2].strip() for line in cpu.splitlines() if line.startswith("model name")), "?")
    return Machine(
        cpu=model,
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(memory_bytes / 2**30, 1),
        virtual=" hypervisor " in cpu,
        kernel=platform.release(),
        python=platform.python_version(),
    )


def print_machine() -> None:
    """One line about the machine and how busy it is now."""
    here, load = machine(), os.getloadavg()
    kind = "virtual machine" if here.virtual else "bare machine"
    print(
        f"{here.cpu}, {here.cores} cores, {here.memory_gb} GB, {kind}, Linux {here.kernel}, Python {here.python}; "
        f"load {load[0]:.2f} {load[1]:.2f} {load[2]:.2f}",
        flush=True,
    )


def print_figures(bench: str, figures: Sequence[Figure], load_at_start: float) -> None:
    """A table, and then the same as one line of JSON."""
    wide = max(len(figure.name) for figure in figures)
    for figure in figures:
        held = f"  [{figure.limit}]" if figure.limit else ""
        note = f"  ({figure.note})" if figure.note else ""
        print(f"{figure.name:{wide}s}  {figure.text:>10s} {figure.unit:9s}{held}{note}")
    print_json(bench, [asdict(figure) for figure in figures], load_at_start)


def print_json(bench: str, figures: object, load_at_start: float) -> None:
    """One line of JSON: what was measured, where and under which load (1 minute, before and after)."""
    load = [round(load_at_start, 2), round(os.getloadavg()[0], 2)]
    print(json.dumps({"bench": bench, "machine": asdict(machine()), "load": load, "figures": figures}), flush=True)


def cpu_s(pids: Iterable[int]) -> float:
    """CPU seconds that these processes have used."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS_PER_S


def pss_mb(pids: Iterable[int]) -> float:
    """Proportional set size of these processes, MB."""
    total_kb = 0
    for pid in pids:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
        total_kb += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total_kb / 1024


def written_bytes(pid: int) -> int:
    """Bytes that this process has caused to be written to disk."""
    lines = Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie. Raises ValueError when there are none."""
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    """The middle value. Raises statistics.StatisticsError when there are none."""
    return statistics.median(values)


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU of named groups of processes over a while, % of one core."""

    percent: dict[str, float]

    @staticmethod
    def over(groups: dict[str, list[int]], seconds: float) -> "Usage":
        """Watch for `seconds`."""
        before, began = {name: cpu_s(pids) for name, pids in groups.items()}, time.monotonic()
        time.sleep(seconds)
        took_s = time.monotonic() - began
        return Usage({name: 100 * (cpu_s(pids) - before[name]) / took_s for name, pids in groups.items()})
