from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import messages as m
from firmware_bridge.codec import MessageError
from tests.firmware_bridge.strategies import messages, records


class TestMessages:
    @given(records)
    def test_what_is_written_is_read(self, value: Any) -> None:
        assert type(value).decode(value.encode()) == value

    @given(messages)
    def test_a_message_is_known_by_its_id(self, message: m.Message) -> None:
        assert m.decode(message.encode()) == message

    @given(messages, st.data())
    def test_a_message_of_another_length_is_refused(self, message: m.Message, data: st.DataObject) -> None:
        whole = message.encode()
        cut = data.draw(st.integers(0, len(whole) - 1))
        with pytest.raises(MessageError):
            m.decode(whole[:cut])
        with pytest.raises(MessageError):
            m.decode(whole + b"\0")

    @given(st.binary(max_size=300))
    def test_any_bytes_are_read_or_refused(self, payload: bytes) -> None:
        try:
            message = m.decode(payload)
        except MessageError:
            return
        assert message.encode() == payload

    @pytest.mark.parametrize(
        ("message", "complaint"),
        [
            (m.Result(0x10000, m.Status.OK), "Result"),
            (m.Call(1, 0, 1, m.DialMode.DTMF, "1" * 33), "Call.digits: 33 bytes, at most 32 fit"),
            (m.Call(1, 0, 1, m.DialMode.DTMF, "é"), "Call.digits: 'é' is not ASCII"),
            (m.UpdateBegin(1, 1, b"short"), "UpdateBegin.sha256: 5 bytes instead of 32"),
            (m.Digits(-1, 0, 1, "1"), "Digits"),
        ],
    )
    def test_a_value_that_does_not_fit_is_named(self, message: m.Message, complaint: str) -> None:
        with pytest.raises(MessageError, match=complaint):
            message.encode()

    def test_an_unknown_value_of_an_enum_is_named(self) -> None:
        payload = bytearray(m.Result(1, m.Status.OK).encode())
        payload[-1] = 200
        with pytest.raises(MessageError, match=r"Result\.status: 200"):
            m.decode(bytes(payload))

    def test_a_bool_is_0_or_1(self) -> None:
        payload = bytearray(m.HeadsetSet(1, 0, m.Lamp.OFF, True, False).encode())
        payload[-1] = 2
        with pytest.raises(MessageError, match=r"HeadsetSet\.muted: 2 is neither 0 nor 1"):
            m.decode(bytes(payload))

    def test_unknown_bits_of_flags_are_kept(self) -> None:
        assert m.Capabilities(1 << 31 | 1) & m.Capabilities.REVERSAL
