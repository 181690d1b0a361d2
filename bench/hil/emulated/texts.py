"""The SMS side of an emulated modem (3GPP TS 27.005): takes PDUs, hands texts to the exchange, reports delivery."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from gsm0338 import Codec  # type: ignore[import-untyped]

from bench.hil.emulated.exchange import Exchange

REPORT_S = 0.05
MAX_STORED = 20
_DELIVERED = 0x00
_UNKNOWN_SUBSCRIBER = 0x41
_GSM = Codec()


class AtError(Exception):
    """The command fails; `code` is for +CME ERROR, None for a plain ERROR."""

    def __init__(self, code: int | None = None) -> None:
        super().__init__(code)
        self.code = code


class Texts:
    """What the modem keeps of SMS. `say` is called with lines that come unasked."""

    def __init__(self, exchange: Exchange, imsi: str, say: Callable[[str], None]) -> None:
        self._exchange = exchange
        self._imsi = imsi
        self._say = say
        self._reports = 0
        self._reference = 0
        self._stored: dict[int, str] = {}
        self._halves: dict[tuple[str, int], dict[int, str]] = {}

    def run(self, name: str, kind: str, value: str) -> list[str]:
        """A command about SMS. Raises `AtError` for one that is not known."""
        if name == "+CNMI" and kind == "=":
            values = value.split(",")
            self._reports = int(values[3]) if len(values) > 3 and values[3].isdigit() else 0
            return []
        if name == "+CMGR" and kind == "=" and value.isdigit() and int(value) in self._stored:
            pdu = self._stored[int(value)]
            return [f"+CMGR: 0,,{len(pdu) // 2 - 1}", pdu]
        if name == "+CMGD" and kind == "=":
            self._stored.pop(int(value.split(",")[0]), None)
            return []
        answers = _ANSWERS.get(name)
        if answers is None:
            raise AtError(4)
        return answers.get(kind, [])

    def submit(self, text: str, length: int) -> list[str]:
        """Take the PDU after the prompt; returns the answer, final result and all."""
        try:
            data = bytes.fromhex(text)
            sms = read_submit(data[1 + data[0] :])
        except (ValueError, IndexError):
            return ["+CMS ERROR: 304"]
        if len(data) - 1 - data[0] != length:
            return ["+CMS ERROR: 304"]
        self._reference = self._reference % 255 + 1
        self._hand_over(sms)
        if sms.wants_report and self._reports:
            fate = _DELIVERED if self._exchange.far_end(sms.number).delivers else _UNKNOWN_SUBSCRIBER
            pdu = _report(self._reference, sms.number, fate)
            asyncio.get_running_loop().call_later(REPORT_S, self._tell_report, pdu)
        return [f"+CMGS: {self._reference}", "OK"]

    def report_delivery(self, reference: int, number: str) -> None:
        """Tell that a part has reached its phone, if the host wants to know."""
        if self._reports:
            self._tell_report(_report(reference, number, _DELIVERED))

    def _hand_over(self, sms: "Submitted") -> None:
        if sms.part is None:
            self._exchange.texts.append((sms.number, sms.text))
            return
        reference, count, place = sms.part
        halves = self._halves.setdefault((sms.number, reference), {})
        halves[place] = sms.text
        if len(halves) == count:
            del self._halves[sms.number, reference]
            self._exchange.texts.append((sms.number, "".join(halves[place] for place in sorted(halves))))

    def _tell_report(self, pdu: str) -> None:
        if self._reports == 1:
            self._say(f"+CDS: {len(pdu) // 2 - 1}\r\n{pdu}")
        elif len(self._stored) < MAX_STORED:
            place = next(place for place in range(1, MAX_STORED + 1) if place not in self._stored)
            self._stored[place] = pdu
            self._say(f'+CDSI: "SR",{place}')


@dataclass(frozen=True, slots=True)
class Submitted:
    """An SMS-SUBMIT as the network reads it. `part` is (reference, count, place) of a long message."""

    number: str
    text: str
    wants_report: bool
    part: tuple[int, int, int] | None


def read_submit(tpdu: bytes) -> Submitted:
    """Read an SMS-SUBMIT (TS 23.040 9.2.2.2). Raises ValueError or IndexError for what is none."""
    first, digits, kind = tpdu[0], tpdu[2], tpdu[3]
    if first & 0x03 != 0x01:
        raise ValueError("no SMS-SUBMIT")
    after = 4 + (digits + 1) // 2
    number = ("+" if kind & 0x70 == 0x10 else "") + tpdu[4:after].hex()
    number = re.sub(r"([0-9a-f])([0-9a-f])", r"\2\1", number).rstrip("f")
    alphabet = tpdu[after + 1] & 0x0C
    at = after + 2 + {0x00: 0, 0x10: 1, 0x08: 7, 0x18: 7}[first & 0x18]
    length, data = tpdu[at], tpdu[at + 1 :]
    header = data[: 1 + data[0]] if first & 0x40 else b""
    if alphabet == 0x08:
        if len(data) != length:
            raise ValueError("the length is wrong")
        text = data[len(header) :].decode("utf-16-be")
    else:
        if len(data) != (length * 7 + 7) // 8:
            raise ValueError("the length is wrong")
        septets = _septets(data, length)[(len(header) * 8 + 6) // 7 :]
        text = _GSM.decode(septets)[0]
    return Submitted(number, text, bool(first & 0x20), _part(header))


def _septets(data: bytes, count: int) -> bytes:
    bits = int.from_bytes(data, "little")
    return bytes(bits >> 7 * place & 0x7F for place in range(count))


def _part(header: bytes) -> tuple[int, int, int] | None:
    """The concatenation element of a user data header (TS 23.040 9.2.3.24.1, 9.2.3.24.8)."""
    at = 1
    while at < len(header):
        name, size = header[at], header[at + 1]
        if name == 0x00:
            return header[at + 2], header[at + 3], header[at + 4]
        if name == 0x08:
            return header[at + 2] << 8 | header[at + 3], header[at + 4], header[at + 5]
        at += 2 + size
    return None


def _report(reference: int, number: str, status: int) -> str:
    """An SMS-STATUS-REPORT (TS 23.040 9.2.2.3) with an empty SMSC address."""
    digits = number.lstrip("+")
    filled = digits + "F" * (len(digits) % 2)
    swapped = re.sub(r"(.)(.)", r"\2\1", filled)
    kind = "91" if number.startswith("+") else "81"
    at = re.sub(r"(.)(.)", r"\2\1", datetime.now(UTC).strftime("%y%m%d%H%M%S")) + "00"
    return f"0002{reference:02X}{len(digits):02X}{kind}{swapped}{at}{at}{status:02X}"


_ANSWERS: dict[str, dict[str, list[str]]] = {
    "+CMGF": {"?": ["+CMGF: 0"], "=?": ["+CMGF: (0,1)"]},
    "+CSMS": {"?": ["+CSMS: 0,1,1,1"], "=?": ["+CSMS: (0,1)"], "=": ["+CSMS: 1,1,1"]},
    "+CPMS": {
        "?": ['+CPMS: "ME",0,20,"ME",0,20,"ME",0,20'],
        "=?": ['+CPMS: ("ME","SM"),("ME","SM"),("ME","SM")'],
        "=": ["+CPMS: 0,20,0,20,0,20"],
    },
    "+CNMI": {"=?": ["+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)"], "?": ["+CNMI: 2,1,0,1,0"]},
    "+CMGL": {},
    "+CNMA": {},
    "+CSCA": {"?": ['+CSCA: "+12125550199",145']},
    "+CGSMS": {"?": ["+CGSMS: 1"], "=?": ["+CGSMS: (0-3)"]},
}
