"""Every message between pool and cards survives the wire."""

import pytest

from hw.contract import events
from hw.contract.causes import Cause
from hw.sip import wire

MESSAGES = [
    wire.CardSpec(1, "127.0.0.1", 0, 30000, ("PCMU", "PCMA"), (("t", "h", "u", "p"),)),
    wire.Dial("a", 1, "sip:x@127.0.0.1", "", "sip:+12125550100@127.0.0.1"),
    wire.HangUp("a"),
    wire.Play("a", "/tmp/é.wav"),
    wire.SendDigits("a", "1#"),
    wire.JoinHere("a", "b", True),
    wire.JoinRing("a", "b", 17, False),
    wire.Part("a", "b"),
    wire.Quit(),
    wire.Hello(1, 4, 5060),
    wire.Failed("why"),
    wire.Beat(2),
    wire.Linked("a", "b", ""),
    wire.Note(30, "text"),
    events.Dialed("a", "ref"),
    events.Ringing("a", True),
    events.Answered("a"),
    events.Joined("a", "b"),
    events.JoinFailed("a", "b", "why"),
    events.JoinFailed("a", "b", "why", no_path=True),
    events.MessagePlayed("a"),
    events.DigitReceived("a", "#"),
    events.Ended("a", Cause.BUSY, 486, 17, "Busy Here"),
    events.Ended("a", Cause.LINE_LOST),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_comes_out_as_it_went_in(message: object) -> None:
    back = wire.decode(wire.encode(message))
    assert back == message
    assert type(back) is type(message)


def test_the_cause_comes_out_as_a_cause() -> None:
    assert isinstance(wire.decode(wire.encode(events.Ended("a", Cause.BUSY))).cause, Cause)


@pytest.mark.parametrize("packet", [b"[]", b"{}", b'["Nothing"]', b'["HangUp"]', b'["HangUp", "a", "b"]', b"no json"])
def test_a_packet_of_no_known_kind_is_refused(packet: bytes) -> None:
    with pytest.raises(ValueError):
        wire.decode(packet)


def test_a_value_of_no_known_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="not a message"):
        wire.encode("text")
