"""What the generated messages share: fields to bytes and back, and the one error."""

import enum
import struct
from typing import Any, TypeVar

_Enum = TypeVar("_Enum", bound=enum.Enum)


class MessageError(ValueError):
    """A message cannot be written or read; the text names the message and the field."""


def pack(layout: struct.Struct, message: str, *values: int | bytes) -> bytes:
    """The fields of fixed size. Raises `MessageError` when one does not fit."""
    try:
        return layout.pack(*values)
    except struct.error as wrong:
        raise MessageError(f"{message}: {wrong}") from wrong


def unpack(layout: struct.Struct, message: str, head: bytes) -> tuple[Any, ...]:
    """The fields of fixed size. Raises `MessageError` when there are more or fewer bytes."""
    if len(head) != layout.size:
        raise MessageError(f"{message}: {len(head)} bytes instead of {layout.size}")
    return layout.unpack(head)


def put_blob(message: str, field: str, value: bytes, most: int) -> bytes:
    """Length byte and content. Raises `MessageError` when it is longer than `most` bytes."""
    if len(value) > most:
        raise MessageError(f"{message}.{field}: {len(value)} bytes, at most {most} fit")
    return bytes((len(value),)) + value


def put_text(message: str, field: str, value: str, most: int) -> bytes:
    """Length byte and ASCII. Raises `MessageError` when it is longer than `most` bytes or not ASCII."""
    if not value.isascii():
        raise MessageError(f"{message}.{field}: {value!r} is not ASCII")
    return put_blob(message, field, value.encode("ascii"), most)


def get_blob(message: str, field: str, payload: bytes, start: int, most: int) -> bytes:
    """The content from its length byte at `start` on. Raises `MessageError` when it does not end with `payload`."""
    if len(payload) <= start:
        raise MessageError(f"{message}: {len(payload)} bytes are too few")
    length = payload[start]
    if length > most or len(payload) != start + 1 + length:
        raise MessageError(f"{message}.{field}: length {length} in a message of {len(payload)} bytes")
    return payload[start + 1 :]


def get_text(message: str, field: str, payload: bytes, start: int, most: int) -> str:
    """As `get_blob`, for ASCII."""
    content = get_blob(message, field, payload, start, most)
    if not content.isascii():
        raise MessageError(f"{message}.{field}: not ASCII")
    return content.decode("ascii")


def put_bytes(message: str, field: str, value: bytes, size: int) -> bytes:
    """The value itself. Raises `MessageError` unless it has `size` bytes."""
    if len(value) != size:
        raise MessageError(f"{message}.{field}: {len(value)} bytes instead of {size}")
    return value


def get_bool(message: str, field: str, value: int) -> bool:
    """0 or 1 as a bool. Raises `MessageError` for anything else."""
    if value > 1:
        raise MessageError(f"{message}.{field}: {value} is neither 0 nor 1")
    return value == 1


def get_enum(kind: type[_Enum], message: str, field: str, value: int) -> _Enum:
    """The member with this value. Raises `MessageError` when there is none."""
    try:
        return kind(value)
    except ValueError as wrong:
        raise MessageError(f"{message}.{field}: {wrong}") from wrong
