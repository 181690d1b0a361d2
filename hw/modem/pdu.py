"""SMS on the wire: SMS-SUBMIT and SMS-STATUS-REPORT (3GPP TS 23.040 section 9.2), texts in GSM 7 bit or UCS-2."""

from dataclasses import dataclass
from enum import Enum, auto

from gsm0338 import Codec  # type: ignore[import-untyped]

MAX_PARTS = 10
_GSM = Codec()
_SINGLE_SEPTETS = 160
_PART_SEPTETS = 153
_SINGLE_OCTETS = 140
_PART_OCTETS = 134
_VALIDITY_2_DAYS = 0xA8


class SmsError(Exception):
    """An SMS that cannot be sent; the text says why."""


@dataclass(frozen=True, slots=True)
class Submit:
    """One part of a message: hex digits for AT+CMGS, and the length that the command names (without the SMSC)."""

    hex: str
    length: int


class Fate(Enum):
    """What became of a part, by TP-Status (TS 23.040 9.2.3.15)."""

    DELIVERED = auto()
    TRYING = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What the network tells of a part sent before under `reference` (TP-MR)."""

    reference: int
    number: str
    status: int

    @property
    def fate(self) -> Fate:
        """Delivered, still being tried, or given up."""
        if self.status < 0x20:
            return Fate.DELIVERED
        return Fate.TRYING if self.status < 0x40 else Fate.FAILED


def submit(number: str, text: str, reference: int) -> list[Submit]:
    """The parts of a message to `number` (E.164), with a delivery report asked for each.

    `reference` (0 to 255) ties the parts of a long message together. Raises `SmsError`.
    """
    digits = number.removeprefix("+")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 20:
        raise SmsError(f"{number!r} is not a number that an SMS can go to")
    if not text:
        raise SmsError("the message is empty")
    alphabet, pieces = _split(text)
    if len(pieces) > MAX_PARTS:
        raise SmsError(f"the message takes {len(pieces)} parts; at most {MAX_PARTS} are sent")
    headers = [
        bytes((5, 0, 3, reference & 0xFF, len(pieces), place)) if len(pieces) > 1 else b""
        for place in range(1, len(pieces) + 1)
    ]
    return [_submit(number, alphabet, header, piece) for header, piece in zip(headers, pieces, strict=True)]


def _split(text: str) -> tuple[int, list[bytes]]:
    """TP-DCS and the pieces: septets one to a byte, or UCS-2 octets. No character is torn apart."""
    try:
        characters = [_GSM.encode(character)[0] for character in text]
        return 0x00, _pack_pieces(characters, _SINGLE_SEPTETS, _PART_SEPTETS)
    except UnicodeEncodeError:
        characters = [character.encode("utf-16-be") for character in text]
        return 0x08, _pack_pieces(characters, _SINGLE_OCTETS, _PART_OCTETS)


def _pack_pieces(characters: list[bytes], single: int, part: int) -> list[bytes]:
    room = single if sum(map(len, characters)) <= single else part
    pieces = [b""]
    for character in characters:
        if len(pieces[-1]) + len(character) > room:
            pieces.append(b"")
        pieces[-1] += character
    return pieces


def _submit(number: str, alphabet: int, header: bytes, piece: bytes) -> Submit:
    if alphabet == 0x00:
        padding = -len(header) * 8 % 7
        length = (len(header) * 8 + padding) // 7 + len(piece)
        data = header + pack_septets(piece, padding)
    else:
        length = len(header) + len(piece)
        data = header + piece
    first = 0x01 | 0x10 | 0x20 | (0x40 if header else 0)
    address = _address(number)
    tpdu = bytes((first, 0)) + address + bytes((0, alphabet, _VALIDITY_2_DAYS, length)) + data
    return Submit("00" + tpdu.hex().upper(), len(tpdu))


def _address(number: str) -> bytes:
    digits = number.removeprefix("+")
    kind = 0x91 if number.startswith("+") else 0x81
    return bytes((len(digits), kind)) + _semi_octets(digits)


def _semi_octets(digits: str) -> bytes:
    padded = digits + "F" * (len(digits) % 2)
    return bytes(int(padded[at + 1] + padded[at], 16) for at in range(0, len(padded), 2))


def pack_septets(septets: bytes, padding: int = 0) -> bytes:
    """Seven-bit characters in octets, least significant bit first, after `padding` fill bits (TS 23.038 6.1.2.1)."""
    bits, count = 0, padding
    for septet in septets:
        bits |= septet << count
        count += 7
    return bits.to_bytes((count + 7) // 8, "little")


def status_report(text: str) -> StatusReport | None:
    """The report in the hex digits that follow +CDS or +CMGR; None when they are no status report."""
    try:
        data = bytes.fromhex(text)
        tpdu = data[1 + data[0] :]
        digits, kind = tpdu[2], tpdu[3]
        after = 4 + (digits + 1) // 2
        number = "".join(f"{octet & 15:X}{octet >> 4:X}" for octet in tpdu[4:after])[:digits]
        status = tpdu[after + 14]
    except (ValueError, IndexError):
        return None
    if tpdu[0] & 0x03 != 0x02:
        return None
    return StatusReport(tpdu[1], ("+" if kind & 0x70 == 0x10 else "") + number, status)
