import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_bridge.firmware.build import build, build_host
from tests.firmware_bridge.firmware.logic import Logic, Talker


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("cc") is None or shutil.which("make") is None:
        pytest.skip("apt-get install gcc make")
    return build_host(tmp_path_factory.mktemp("logic"))


@pytest.fixture(scope="session")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("arm-none-eabi-gcc") is None or shutil.which("qemu-system-arm") is None:
        pytest.skip("apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm make")
    return build(tmp_path_factory.mktemp("firmware"))


@pytest.fixture
def board(library: Path) -> Iterator[Logic]:
    yield Logic(library)


@pytest.fixture
def talker(board: Logic) -> Talker:
    """A host whose session is open, on a board that is past its first guard time."""
    board.run(1.0)
    talker = Talker(board)
    talker.open()
    return talker
