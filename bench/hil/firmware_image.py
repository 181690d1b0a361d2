"""Whether a file is a firmware image for upload (docs/firmware.md, Boot and update), told before a board sees it."""

import string
import struct

# As in the reference firmware's memory.h: the largest image, and the number in an image's eighth vector.
MAX_BYTES = 16_320
MAGIC = 0x52504731
MAGIC_AT = 28
_WANTED = "upload the app.bin that the build makes"
_TEXT = frozenset(string.printable.encode())


def why_no_image(image: bytes, *, reference: bool) -> str:
    """What is wrong with an image; empty when it can be one.

    With `reference` it must fit the reference board. Others have formats of their own (docs/firmware.md, Porting),
    so there only what can be none for any is refused; an image that says RPG1 must still fit.
    """
    if not image:
        return f"is empty; {_WANTED}"
    if image.startswith(b"\x7fELF"):
        return f"is an ELF file, not a binary image; {_WANTED}"
    if _TEXT.issuperset(image):
        return f"is a text file, not a firmware image; {_WANTED}"
    marked = image[MAGIC_AT : MAGIC_AT + 4] == struct.pack("<I", MAGIC)
    if reference and not marked:
        return f'is no firmware image for this board: its eighth vector (byte {MAGIC_AT}) is not "RPG1"; {_WANTED}'
    if marked and len(image) > MAX_BYTES:
        return f"has {len(image)} bytes; the board has room for {MAX_BYTES}"
    return ""
