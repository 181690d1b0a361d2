from io import StringIO
from typing import Any

import pytest
from gsm0338 import Codec
from hypothesis import given
from hypothesis import strategies as st
from smspdudecoder.fields import SMSSubmit

from bench.hil.emulated.texts import read_submit
from hw.modem.pdu import MAX_PARTS, Fate, SmsError, StatusReport, pack_septets, status_report, submit

NUMBER = "+12125550101"
GSM_CHARACTERS = [character for code in range(128) if code != 27 for character in Codec().decode(bytes([code]))[0]]
texts = st.text(st.sampled_from([*GSM_CHARACTERS, *"^{}[]~|\\€"]), min_size=1, max_size=400) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200
)


class TestSubmit:
    def test_the_example_of_the_standard(self) -> None:
        assert pack_septets(b"hellohello").hex().upper() == "E8329BFD4697D9EC37"

    @pytest.mark.parametrize("text", ["hello", "x" * 160, "x" * 161, "ж" * 70, "ж" * 71, "€" * 80, "x€" * 60])
    def test_another_library_reads_the_same(self, text: str) -> None:
        """smspdudecoder is not ours. It takes seven spare bits for an @, so there are no texts here that leave them."""
        parts = [SMSSubmit.decode(StringIO(part.hex)) for part in submit(NUMBER, text, 7)]
        assert "".join(part["user_data"]["data"] for part in parts) == text
        assert {part["recipient"]["number"] for part in parts} == {NUMBER[1:]}
        if len(parts) > 1:
            elements: list[dict[str, Any]] = [part["user_data"]["header"]["elements"][0]["data"] for part in parts]
            assert [element["part_number"] for element in elements] == list(range(1, len(parts) + 1))
            assert {element["parts_count"] for element in elements} == {len(parts)}

    @pytest.mark.parametrize(("text", "count"), [("x" * 160, 1), ("x" * 161, 2), ("ж" * 70, 1), ("ж" * 71, 2)])
    def test_a_message_takes_no_more_parts_than_it_must(self, text: str, count: int) -> None:
        assert len(submit(NUMBER, text, 0)) == count

    @given(texts, st.integers(0, 255))
    def test_every_text_is_read_back(self, text: str, reference: int) -> None:
        parts = [read_submit(bytes.fromhex(part.hex)[1:]) for part in submit(NUMBER, text, reference)]
        assert "".join(part.text for part in parts) == text
        assert all(part.wants_report for part in parts)
        assert all(len(part.hex) // 2 - 1 == part.length <= 176 for part in submit(NUMBER, text, reference))

    def test_national_and_odd_numbers(self) -> None:
        for number in ("2125550101", "+1212555010", "5550101"):
            (part,) = submit(number, "x", 0)
            assert read_submit(bytes.fromhex(part.hex)[1:]).number == number

    @pytest.mark.parametrize(("number", "text"), [("", "x"), ("+", "x"), ("12a", "x"), ("1" * 21, "x"), (NUMBER, "")])
    def test_what_cannot_be_sent(self, number: str, text: str) -> None:
        with pytest.raises(SmsError):
            submit(number, text, 0)

    def test_a_message_that_is_too_long(self) -> None:
        with pytest.raises(SmsError, match=f"at most {MAX_PARTS}"):
            submit(NUMBER, "x" * (153 * MAX_PARTS + 1), 0)


class TestStatusReport:
    PDU = "0006" + "2A" + "0B91" + "2121550501F1" + "62112290000000" * 2 + "{}"

    @pytest.mark.parametrize(
        ("status", "fate"), [("00", Fate.DELIVERED), ("30", Fate.TRYING), ("41", Fate.FAILED), ("63", Fate.FAILED)]
    )
    def test_a_report_is_read(self, status: str, fate: Fate) -> None:
        report = status_report(self.PDU.format(status))
        assert report == StatusReport(0x2A, NUMBER, int(status, 16))
        assert report.fate is fate

    def test_a_service_centre_address_before_it_is_skipped(self) -> None:
        report = status_report("07912121550501F9" + self.PDU.format("00")[2:])
        assert report is not None
        assert report.number == NUMBER

    @given(st.text("0123456789ABCDEFx", max_size=80))
    def test_what_is_no_report_is_none_or_read(self, text: str) -> None:
        assert isinstance(status_report(text), StatusReport | None)

    def test_an_incoming_message_is_no_report(self) -> None:
        assert status_report("00" + "04" + self.PDU.format("00")[4:]) is None
