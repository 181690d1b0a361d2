"""Frames on the wire: 00 | COBS(header, payload, CRC) | 00, and a reader of any bytes that keeps little.

COBS: Cheshire and Baker, "Consistent Overhead Byte Stuffing" (IEEE/ACM Transactions on Networking 7/2, 1999).
CRC: CRC-16/IBM-3740, also called CCITT-FALSE.
"""

import struct
from dataclasses import dataclass

from cobs import cobs
from fastcrc.crc16 import ibm_3740

from firmware_bridge.codec import MessageError
from firmware_bridge.messages import MAX_PAYLOAD, FrameKind, Header

DELIMITER = b"\0"
HEADER_SIZE = 6
CRC_SIZE = 2
MAX_STUFFED = HEADER_SIZE + MAX_PAYLOAD + CRC_SIZE + 1
_CRC = struct.Struct("<H")


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame: its header's fields, then its payload of 0 to 240 bytes."""

    kind: FrameKind
    session: int
    seq: int = 0
    ack: int = 0
    sack: int = 0
    payload: bytes = b""

    def encode(self) -> bytes:
        """Its bytes on the wire, a delimiter on either side. Raises `MessageError` when a value does not fit."""
        if len(self.payload) > MAX_PAYLOAD:
            raise MessageError(f"a payload of {len(self.payload)} bytes; {MAX_PAYLOAD} fit")
        body = Header(self.kind, self.session, self.seq, self.ack, self.sack).encode() + self.payload
        stuffed: bytes = cobs.encode(body + _CRC.pack(ibm_3740(body)))
        return DELIMITER + stuffed + DELIMITER

    def check_size(self) -> None:
        """Raise `MessageError` for DATA without a message, and for ACK and BYE with a payload."""
        if (self.kind is FrameKind.DATA) is not bool(self.payload) and self.kind in _SIZES_OF_THEIR_OWN:
            raise MessageError(f"{self.kind.name} with a payload of {len(self.payload)} bytes")


_SIZES_OF_THEIR_OWN = frozenset({FrameKind.DATA, FrameKind.ACK, FrameKind.BYE})


@dataclass(slots=True)
class FrameCounts:
    """What a reader saw: good frames, bad ones, and bytes in all."""

    good: int = 0
    bad: int = 0
    bytes: int = 0

    def was_bad(self) -> None:
        """A frame that came whole turned out to be wrong."""
        self.good -= 1
        self.bad += 1


class FrameReader:
    """Takes bytes as they come and gives the frames that are exactly right; it holds at most one frame's bytes."""

    def __init__(self) -> None:
        self.counts = FrameCounts()
        self._partial = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that end in `data`. What is damaged or too long is dropped and counted."""
        self.counts.bytes += len(data)
        *ended, rest = data.split(DELIMITER)
        found = []
        for piece in ended:
            self._keep(piece)
            frame = self._take()
            if frame is not None:
                found.append(frame)
        self._keep(rest)
        return found

    def reset(self) -> None:
        """Forget a frame that has begun; the counts stay."""
        self._partial.clear()
        self._skipping = False

    def _keep(self, piece: bytes) -> None:
        if self._skipping:
            return
        if len(self._partial) + len(piece) > MAX_STUFFED:
            self._partial.clear()
            self._skipping = True
        else:
            self._partial += piece

    def _take(self) -> Frame | None:
        skipped, self._skipping = self._skipping, False
        if not self._partial and not skipped:
            return None
        frame = None if skipped else _decode(bytes(self._partial))
        self._partial.clear()
        if frame is None:
            self.counts.bad += 1
        else:
            self.counts.good += 1
        return frame


def _decode(stuffed: bytes) -> Frame | None:
    try:
        body = cobs.decode(stuffed)
        if len(body) < HEADER_SIZE + CRC_SIZE or ibm_3740(body[:-CRC_SIZE]) != _CRC.unpack(body[-CRC_SIZE:])[0]:
            return None
        header = Header.decode(body[:HEADER_SIZE])
    except (cobs.DecodeError, MessageError):
        return None
    payload = body[HEADER_SIZE:-CRC_SIZE]
    return Frame(header.kind, header.session, header.seq, header.ack, header.sack, payload)
