import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.farend import sdp
from dialer.farend.g711 import Codec
from dialer.farend.sdp import Direction


def _body(*lines: str) -> bytes:
    return "\r\n".join(["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.9", "t=0 0", *lines, ""]).encode()


def test_an_offer_is_read() -> None:
    offer = sdp.parse(_body("m=audio 4000 RTP/AVP 8 0 96", "a=rtpmap:96 telephone-event/8000", "a=sendonly"))
    assert offer == sdp.Description(
        "127.0.0.9", 4000, (Codec.PCMA, Codec.PCMU), dtmf=96, direction=Direction.SENDONLY, media=("audio",)
    )
    assert offer.held


def test_the_answer_takes_the_first_law_and_mirrors_direction_and_streams() -> None:
    offer = sdp.parse(
        _body(
            "m=video 5000 RTP/AVP 97", "m=audio 4000 RTP/AVP 8 0 96", "a=rtpmap:96 telephone-event/8000", "a=sendonly"
        )
    )
    answer = sdp.build(sdp.answer_to(offer, "127.0.0.1", 6000), session_id=5, version=2).decode()
    assert "m=video 0 " in answer
    assert "m=audio 6000 RTP/AVP 8 96" in answer
    assert "a=recvonly" in answer
    assert answer.index("m=video") < answer.index("m=audio")
    assert "o=- 5 2 IN IP4 127.0.0.1" in answer


def test_a_media_address_overrides_the_session_address() -> None:
    assert sdp.parse(_body("m=audio 4000 RTP/AVP 0", "c=IN IP4 127.0.0.10")).host == "127.0.0.10"


def test_our_own_offer_is_readable() -> None:
    offer = sdp.local("127.0.0.1", 5000)
    assert sdp.parse(sdp.build(offer, session_id=1, version=1)) == offer


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ((), "no RTP/AVP audio"),
        (("m=audio 4000 RTP/SAVP 0",), "no RTP/AVP audio"),
        (("m=audio 4000 RTP/AVP 9",), "neither PCMU nor PCMA"),
        (("m=audio 0 RTP/AVP 0",), "out of range"),
        (("m=audio 4000 RTP/AVP 0", "c=IN IP6 ::1"), "no IPv4 address"),
    ],
)
def test_what_cannot_be_used_says_why(lines: tuple[str, ...], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        sdp.parse(_body(*lines))


_LINES = """\
m=audio
m=
c=IN IP4 1.2.3.4
c=
a=rtpmap:
a=rtpmap:x telephone-event/8000
m=audio 1 RTP/AVP 0
m=audio -1 RTP/AVP 8
m=audio x RTP/AVP 8
a=sendrecv
""".splitlines()


@given(st.lists(st.sampled_from(_LINES)))
def test_any_lines_are_read_or_refused_with_value_error(lines: list[str]) -> None:
    try:
        found = sdp.parse("\r\n".join(lines).encode())
    except ValueError:
        return
    assert 0 < found.port < 65536
