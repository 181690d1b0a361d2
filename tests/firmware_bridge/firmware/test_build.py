import shutil
from pathlib import Path

import pytest

from firmware_bridge.firmware.build import BuildError, build

SLOT = 16 * 1024 - 64


@pytest.mark.usefixtures("firmware")
def test_a_build_is_the_same_bytes_anywhere(firmware: Path, tmp_path: Path) -> None:
    again = build(tmp_path / "some" / "other" / "place")
    assert again.read_bytes() == firmware.read_bytes()
    assert again.with_name("app.bin").read_bytes() == firmware.with_name("app.bin").read_bytes()


def test_the_image_fits_a_slot(firmware: Path) -> None:
    assert 4096 < firmware.with_name("app.bin").stat().st_size <= SLOT


def test_a_missing_compiler_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None if "arm" in program else f"/usr/bin/{program}")
    with pytest.raises(BuildError, match="apt-get install gcc-arm-none-eabi"):
        build(tmp_path)
