"""What is read from raw SIP messages."""

import pytest

from hw.sip.message import has_sdp, q850_of, readable

BYE = "BYE sip:a@127.0.0.1 SIP/2.0\r\nCall-ID: x\r\n{headers}Content-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("headers", "cause"),
    [
        ("", None),
        ("Reason: Q.850;cause=17\r\n", 17),
        ('reason : Q.850 ;cause=34 ;text="No circuit, sorry"\r\n', 34),
        ('Reason: Q.850;text="x";cause=1\r\n', 1),
        ("Reason: SIP;cause=200\r\n", None),
        ('Reason: SIP;cause=487;text="x", Q.850;cause=16\r\n', 16),
        ("Reason: SIP;cause=480\r\nReason: Q.850;cause=20\r\n", 20),
        ("Reason: Q.850;\r\n cause=18\r\n", 18),
        ("X-Reason: Q.850;cause=17\r\n", None),
        ("Reason: Q.850;cause=abc\r\n", None),
    ],
)
def test_the_q850_cause_is_found(headers: str, cause: int | None) -> None:
    assert q850_of(BYE.format(headers=headers)) == cause


def test_the_body_is_not_searched() -> None:
    assert q850_of("SIP/2.0 480 X\r\nCall-ID: x\r\n\r\nReason: Q.850;cause=17\r\n") is None


def test_sdp_is_early_media_only_with_a_body() -> None:
    head = "SIP/2.0 183 Session Progress\r\nContent-Type: application/sdp\r\n\r\n"
    assert has_sdp(head + "v=0\r\n")
    assert not has_sdp(head)
    assert not has_sdp("SIP/2.0 180 Ringing\r\n\r\n")


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (b"Busy Here", "Busy Here"),
        (b"Occup\xe9", "Occup\ufffd"),
        ("Occupé, занято 📵".encode(), "Occupé, занято 📵"),
        (b"\xed\xa0\xbd", "\ufffd\ufffd\ufffd"),
        (b"Busy\x00\x1b[31m\tHere\xc2\x85", "Busy [31m Here "),
    ],
)
def test_what_others_say_is_made_readable_whatever_its_bytes(sent: bytes, text: str) -> None:
    assert readable(sent.decode("utf-8", "surrogateescape")) == text


def test_a_surrogate_that_stands_for_no_byte_is_replaced_as_well() -> None:
    assert readable("call \ud83d") == "call \ufffd"
