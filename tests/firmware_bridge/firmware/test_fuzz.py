"""Nonsense for the frame reader and the message handler, under AddressSanitizer and UBSan (ports/host/fuzz.c)."""

import shutil
import subprocess
from pathlib import Path

import pytest

from firmware_bridge.firmware.build import build_fuzz


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("cc") is None or shutil.which("make") is None:
        pytest.skip("apt-get install gcc make")
    return build_fuzz(tmp_path_factory.mktemp("fuzz"))


def run(fuzz: Path, seed: int, rounds: int) -> None:
    done = subprocess.run(
        [str(fuzz), str(seed), str(rounds)], capture_output=True, text=True, check=False, timeout=1200
    )
    assert done.returncode == 0, f"seed {seed}: {done.stderr[-3000:]}"
    assert int(done.stdout.split()[2]) > rounds / 2, "the board was hardly talked with"


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_nothing_breaks(fuzz: Path, seed: int) -> None:
    run(fuzz, seed, 300_000)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 110))
def test_nothing_breaks_for_long(fuzz: Path, seed: int) -> None:
    run(fuzz, seed, 20_000_000)
