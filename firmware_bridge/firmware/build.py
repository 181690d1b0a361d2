"""Builds the firmware from source: the image for QEMU's lm3s6965evb, and its logic as a library of this machine."""

import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).parent
LIMIT_S = 120.0
# What has to be there, and the Debian package that brings it.
_COMPILER = {"make": "make", "arm-none-eabi-gcc": "gcc-arm-none-eabi"}
_HOST_COMPILER = {"make": "make", "cc": "gcc"}


class BuildError(Exception):
    """The firmware cannot be built; the text says why and how to mend it."""


def build(out_dir: Path) -> Path:
    """The firmware for QEMU (boot stage and factory image, an ELF file). Raises `BuildError`.

    Beside it stands `app.bin`: the image that an update uploads.
    """
    _need(_COMPILER)
    _make(out_dir, "all")
    return out_dir / "lm3s6965" / "firmware.elf"


def build_host(out_dir: Path, *, sanitize: bool = False) -> Path:
    """The firmware's logic as a shared library, its surroundings in the caller's hands. Raises `BuildError`."""
    _need(_HOST_COMPILER)
    _make(out_dir, "host", *_sanitizers(sanitize))
    return out_dir / "host" / "libfirmware.so"


def build_fuzz(out_dir: Path) -> Path:
    """A program that feeds the logic with nonsense under AddressSanitizer and UBSan. Raises `BuildError`."""
    _need(_HOST_COMPILER)
    _make(out_dir, "fuzz", *_sanitizers(True))
    return out_dir / "host" / "fuzz"


def _sanitizers(wanted: bool) -> list[str]:
    return ["SANITIZE=-fsanitize=address,undefined -fno-sanitize-recover=all"] if wanted else []


def _need(programs: dict[str, str]) -> None:
    missing = [package for program, package in programs.items() if shutil.which(program) is None]
    if missing:
        raise BuildError(f"the firmware needs a compiler; install it with: apt-get install {' '.join(missing)}")


def _make(out_dir: Path, target: str, *settings: str) -> None:
    command = ["make", "-s", "-C", str(SOURCE), target, f"BUILD={out_dir.resolve()}", *settings]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    if done.returncode == 0:
        return
    said = done.stderr.strip()
    if "nano.specs" in said:
        raise BuildError("the small C library is missing; install it with: apt-get install libnewlib-arm-none-eabi")
    raise BuildError(f"{' '.join(command[:5])} failed: {said[-1500:]}")
