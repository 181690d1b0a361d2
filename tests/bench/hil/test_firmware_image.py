"""What is refused before it is uploaded."""

import asyncio
from pathlib import Path

import pytest

from bench.hil.board import UPDATE_IMAGE
from bench.hil.devices.gateway import GatewayDevice
from bench.hil.files import BenchError
from bench.hil.firmware_image import MAGIC, MAX_BYTES, why_no_image
from bench.hil.person import Nobody
from bench.hil.scenario import Update
from bench.hil.timeline import Timeline
from bench.hil.wiring import DeviceTable
from firmware_bridge.firmware.outside import PINS_PATH

MARKED = bytes(28) + MAGIC.to_bytes(4, "little")


def test_an_image_of_the_reference_firmware_passes() -> None:
    assert why_no_image(MARKED.ljust(MAX_BYTES, b"\xff"), reference=True) == ""


@pytest.mark.skipif(not UPDATE_IMAGE.is_file(), reason="apt-get install gcc-arm-none-eabi")
def test_what_the_build_makes_passes() -> None:
    assert why_no_image(UPDATE_IMAGE.read_bytes(), reference=True) == ""


@pytest.mark.parametrize("reference", [True, False])
@pytest.mark.parametrize(
    ("image", "told"),
    [
        (b"", "is empty; upload the app.bin"),
        (b"\x7fELF" + MARKED, "is an ELF file, not a binary image"),
        (b"my firmware, some day\n", "is a text file, not a firmware image"),
        (MARKED.ljust(MAX_BYTES + 1, b"\xff"), "has 16321 bytes; the board has room for 16320"),
    ],
)
def test_what_is_no_image_is_told(image: bytes, told: str, reference: bool) -> None:
    assert why_no_image(image, reference=reference).startswith(told)


def test_other_boards_have_marks_of_their_own() -> None:
    assert 'its eighth vector (byte 28) is not "RPG1"' in why_no_image(bytes(200), reference=True)
    assert why_no_image(bytes(200), reference=False) == ""
    assert why_no_image(bytes(20), reference=True) != ""


def test_the_mark_is_that_of_the_firmware() -> None:
    memory = (PINS_PATH.parent / "memory.h").read_text()
    assert f"#define BOARD_MAGIC 0x{MAGIC:08X}u" in memory


def test_the_step_refuses_it_with_the_file_and_the_reason(tmp_path: Path) -> None:
    image = tmp_path / "new.bin"
    image.write_text("not yet\n")
    table = DeviceTable.model_validate({"name": "board", "kind": "gateway", "port": "/dev/ttyNOPE", "image": image})

    async def main() -> None:
        device = GatewayDevice(table, Timeline(asyncio.get_running_loop()), Nobody(), seed=0)
        with pytest.raises(BenchError, match=f"board: image {image} is a text file, not a firmware image"):
            await device.perform(Update(do="update"), "")

    asyncio.run(main())
