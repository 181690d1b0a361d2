"""What the SIP driver refuses to be told."""

import pytest

from hw.contract.driver import DriverError
from hw.sip.config import RTP_PORTS_PER_CARD, SipSettings, SipTrunk

TARGET = "sip:{number}@127.0.0.1:5070"


@pytest.mark.parametrize(
    "target",
    [
        TARGET + ";transport=tls",
        "",
        "127.0.0.1:5070",
        "sip:123@127.0.0.1",
        "sip:{number}",
        "sip:{number}@",
        "tel:{number}",
        TARGET + "\r\nX: y",
    ],
)
def test_a_target_of_another_shape_is_refused_with_the_trunk_named(target: str) -> None:
    with pytest.raises(DriverError, match="trunk 'north': target"):
        SipTrunk("north", target, 10)


@pytest.mark.parametrize(
    ("target", "host"),
    [
        (TARGET, "127.0.0.1"),
        ("sip:{number}@sip.example.com", "sip.example.com"),
        ("sip:{number}@[::1]:5060;transport=udp", "[::1]"),
    ],
)
def test_the_host_of_a_target(target: str, host: str) -> None:
    assert SipTrunk("north", target, 10).host == host


def test_a_password_is_never_shown() -> None:
    trunk = SipTrunk("north", TARGET, 10, "user", "s3cret")
    assert "s3cret" not in repr(trunk)
    assert "s3cret" not in repr(SipSettings(trunks=(trunk,)))


def test_settings_that_cannot_work_are_refused() -> None:
    trunk = SipTrunk("north", TARGET, 10)
    with pytest.raises(DriverError, match="max_lines"):
        SipTrunk("north", TARGET, 0)
    with pytest.raises(DriverError, match="two trunks are called 'north'"):
        SipSettings(trunks=(trunk, trunk))
    with pytest.raises(DriverError, match="max_calls"):
        SipSettings(max_calls=0)
    with pytest.raises(DriverError, match="codecs"):
        SipSettings(codecs=())
    with pytest.raises(DriverError, match="at most 6 trunks"):
        SipSettings(trunks=tuple(SipTrunk(f"t{n}", TARGET, 1, "u", "p") for n in range(7)))


def test_each_card_has_ports_of_its_own() -> None:
    settings = SipSettings(bind_port=5060, rtp_port_base=20000)
    assert [settings.sip_port(card) for card in range(3)] == [5060, 5061, 5062]
    assert settings.rtp_port(2) == 20000 + 2 * RTP_PORTS_PER_CARD
    assert SipSettings(bind_port=0).sip_port(5) == 0
