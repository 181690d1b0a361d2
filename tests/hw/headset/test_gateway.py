"""The audio gateway's side of the Hands-Free Profile, line by line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.headset.gateway import (
    RING_EVERY_S,
    RING_LIMIT_S,
    SET_UP_GRACE_S,
    SET_UP_LIMIT_S,
    AudioGateway,
    CallState,
    HeadsetFeature,
)
from hw.headset.notices import (
    AnswerPressed,
    BatteryTold,
    Connected,
    EndAsked,
    EndPressed,
    KeyPressed,
    MutePressed,
    Notice,
    RangOut,
    Reconnected,
    Stalled,
)

ALL = HeadsetFeature.THREE_WAY_CALLING | HeadsetFeature.REMOTE_VOLUME | HeadsetFeature.HF_INDICATORS
SET_UP = ("AT+CIND=?", "AT+CIND?", "AT+CMER=3,0,0,1", "AT+CHLD=?", "AT+BIND=1,2", "AT+BIND=?", "AT+BIND?")


class Headset:
    """Types commands at a gateway and keeps what comes of them."""

    def __init__(self) -> None:
        self.gateway = AudioGateway()
        self.now = 100.0
        self.notices: list[Notice] = []

    def type(self, *commands: str) -> list[str]:
        """The lines that answer these commands."""
        for command in commands:
            self.notices += self.gateway.receive(f"{command}\r".encode(), self.now)
        return self.hear()

    def hear(self) -> list[str]:
        """The lines that have come since."""
        return self.gateway.take_output().decode().replace("\r\n", "\n").split("\n")[1::2]

    def wait(self, seconds: float) -> list[str]:
        """Let time pass as the gateway asks for it; the lines that come."""
        until, turns = self.now + seconds, 0
        while (due := self.gateway.deadline()) is not None and due <= until:
            self.now = max(due, self.now)
            self.notices += self.gateway.handle_timer(self.now)
            turns += 1
            assert turns < 1000
        self.now = until
        return self.hear()

    def connect(self, features: HeadsetFeature = ALL) -> "Headset":
        """Through the service level connection."""
        self.type(f"AT+BRSF={int(features)}", *SET_UP)
        assert self.notices == [Connected()]
        self.notices.clear()
        return self

    def answered(self) -> "Headset":
        """A call that is up."""
        self.gateway.ring(self.now)
        self.type("ATA")
        self.notices.clear()
        return self


@pytest.fixture
def headset() -> Headset:
    return Headset().connect()


class TestServiceLevelConnection:
    def test_each_step_is_answered_as_the_profile_says(self) -> None:
        headset = Headset()
        assert headset.type(f"AT+BRSF={int(ALL)}") == ["+BRSF: 1377", "OK"]
        indicators = headset.type("AT+CIND=?")
        assert indicators[0].startswith('+CIND: ("service",(0,1)),("call",(0,1)),("callsetup",(0-3))')
        assert headset.type("AT+CIND?") == ["+CIND: 1,0,0,0,5,0,5", "OK"]
        assert headset.type("AT+CMER=3,0,0,1") == ["OK"]
        assert headset.type("AT+CHLD=?") == ["+CHLD: (0,1)", "OK"]
        assert headset.type("AT+BIND=1,2") == ["OK"]
        assert headset.type("AT+BIND=?") == ["+BIND: (2)", "OK"]
        assert headset.notices == []
        assert headset.type("AT+BIND?") == ["+BIND: 2,1", "OK"]
        assert headset.notices == [Connected()]

    def test_a_simple_headset_is_connected_when_it_has_asked_for_reports(self) -> None:
        headset = Headset()
        headset.type("AT+BRSF=0", "AT+CIND=?", "AT+CIND?")
        assert headset.notices == []
        headset.type("AT+CMER=3,0,0,1")
        assert headset.notices == [Connected()]

    def test_a_headset_that_leaves_out_the_end_is_connected_after_the_grace(self) -> None:
        headset = Headset()
        headset.type(f"AT+BRSF={int(ALL)}", "AT+CIND=?", "AT+CIND?", "AT+CMER=3,0,0,1")
        headset.wait(SET_UP_GRACE_S - 0.1)
        assert headset.notices == []
        headset.wait(0.2)
        assert headset.notices == [Connected()]
        headset.wait(100)
        assert headset.notices == [Connected()]

    def test_a_headset_that_stops_in_the_middle_has_stalled(self) -> None:
        headset = Headset()
        headset.type(f"AT+BRSF={int(ALL)}", "AT+CIND=?")
        headset.wait(SET_UP_LIMIT_S)
        assert [type(notice) for notice in headset.notices] == [Stalled]
        assert headset.gateway.deadline() is None

    def test_codecs_that_a_headset_offers_are_granted(self) -> None:
        assert Headset().type("AT+BRSF=191", "AT+BAC=1,2")[-1] == "OK"

    def test_a_headset_that_begins_anew_has_lost_its_call(self, headset: Headset) -> None:
        headset.answered()
        headset.type(f"AT+BRSF={int(ALL)}", *SET_UP)
        assert headset.notices == [Reconnected(), Connected()]
        assert headset.gateway.call is CallState.NONE


class TestCall:
    def test_it_rings_until_answered(self, headset: Headset) -> None:
        headset.type("AT+CLIP=1")
        headset.gateway.ring(headset.now)
        assert headset.hear() == ["+CIEV: 3,1", "RING", '+CLIP: "",128']
        assert headset.wait(2 * RING_EVERY_S) == 2 * ["RING", '+CLIP: "",128']
        assert headset.type("AT+CIND?") == ["+CIND: 1,0,1,0,5,0,5", "OK"]
        assert headset.type("AT+CLCC") == ['+CLCC: 1,1,4,0,0,"",128', "OK"]
        assert headset.type("ATA") == ["OK", "+CIEV: 2,1", "+CIEV: 3,0"]
        assert headset.notices == [AnswerPressed()]
        assert headset.wait(100) == []
        assert headset.type("AT+CLCC") == ['+CLCC: 1,1,0,0,0,"",128', "OK"]

    def test_nobody_answers(self, headset: Headset) -> None:
        headset.gateway.ring(headset.now)
        rung = headset.wait(RING_LIMIT_S)
        assert rung.count("RING") == RING_LIMIT_S / RING_EVERY_S
        assert rung[-1] == "+CIEV: 3,0"
        assert headset.notices == [RangOut()]
        assert headset.wait(100) == []

    def test_the_end_button_while_it_rings_rejects(self, headset: Headset) -> None:
        for button in ("AT+CHUP", "AT+CHLD=0"):
            headset.gateway.ring(headset.now)
            headset.hear()
            assert headset.type(button) == ["OK", "+CIEV: 3,0"]
            assert headset.notices.pop() == EndPressed(rejected=True)
            assert headset.wait(100) == []

    def test_the_end_button_ends_the_call(self, headset: Headset) -> None:
        for button in ("AT+CHUP", "AT+CHLD=1"):
            headset.answered()
            assert headset.type(button) == ["OK", "+CIEV: 2,0"]
            assert headset.notices == [EndPressed(rejected=False)]
            assert headset.type("AT+CLCC") == ["OK"]

    def test_the_end_button_ends_no_call_that_is_kept(self, headset: Headset) -> None:
        headset.answered()
        headset.gateway.keeps_call = True
        for button in ("AT+CHUP", "AT+CHLD=1"):
            assert headset.type(button) == ["OK"]
            assert headset.notices == [EndAsked()]
            headset.notices.clear()
            assert headset.type("AT+CLCC") == ['+CLCC: 1,1,0,0,0,"",128', "OK"]
        headset.gateway.keeps_call = False
        assert headset.type("AT+CHUP") == ["OK", "+CIEV: 2,0"]

    def test_we_end_the_call(self, headset: Headset) -> None:
        headset.gateway.ring(headset.now)
        headset.hear()
        headset.gateway.hang_up()
        assert headset.hear() == ["+CIEV: 3,0"]
        headset.answered()
        headset.gateway.hang_up()
        assert headset.hear() == ["+CIEV: 2,0"]
        headset.gateway.hang_up()
        assert headset.hear() == []
        assert headset.notices == []

    def test_buttons_without_a_call_are_refused(self, headset: Headset) -> None:
        for button in ("ATA", "AT+CHUP", "AT+CHLD=0", "AT+CHLD=1", "AT+CHLD=2", "AT+VTS=5"):
            assert headset.type(button) == ["ERROR"]
        headset.answered()
        assert headset.type("ATA") == ["ERROR"]
        assert headset.type("AT+CHLD=2") == ["ERROR"]
        assert headset.gateway.call is CallState.UP

    def test_a_headset_without_a_link_is_not_rung(self) -> None:
        headset = Headset()
        headset.gateway.ring(headset.now)
        assert headset.hear() == []
        assert headset.gateway.call is CallState.NONE

    def test_keys_are_told(self, headset: Headset) -> None:
        headset.answered()
        assert headset.type("AT+VTS=5", "AT+VTS=#") == ["OK", "OK"]
        assert headset.type("AT+VTS=12") == ["ERROR"]
        assert headset.notices == [KeyPressed("5"), KeyPressed("#")]

    def test_a_headset_that_wants_no_reports_gets_none(self, headset: Headset) -> None:
        headset.type("AT+CMER=3,0,0,0")
        headset.gateway.ring(headset.now)
        assert headset.hear() == ["RING"]
        assert headset.type("ATA") == ["OK"]


class TestMute:
    def test_gain_zero_at_the_headset_is_mute(self, headset: Headset) -> None:
        headset.type("AT+VGM=9", "AT+VGM=0", "AT+VGM=0", "AT+VGM=7")
        assert headset.notices == [MutePressed(True), MutePressed(False)]

    def test_the_dialer_closes_and_restores_the_gain(self, headset: Headset) -> None:
        headset.type("AT+VGM=9")
        assert headset.gateway.mute(True)
        assert headset.hear() == ["+VGM: 0"]
        assert headset.gateway.mute(True)
        assert headset.hear() == []
        assert headset.gateway.mute(False)
        assert headset.hear() == ["+VGM: 9"]
        assert headset.notices == []

    def test_a_mute_at_the_headset_is_opened_by_the_dialer_and_the_other_way_round(self, headset: Headset) -> None:
        headset.type("AT+VGM=6", "AT+VGM=0")
        headset.gateway.mute(False)
        assert headset.hear()[-1] == "+VGM: 6"
        headset.gateway.mute(True)
        headset.type("AT+VGM=6")
        assert headset.notices == [MutePressed(True), MutePressed(False)]

    def test_a_headset_without_remote_volume_cannot_be_muted(self) -> None:
        headset = Headset().connect(HeadsetFeature.HF_INDICATORS)
        assert not headset.gateway.mute(True)
        assert not headset.gateway.muted
        assert headset.hear() == []

    def test_the_volume_is_kept(self, headset: Headset) -> None:
        assert headset.gateway.speaker_gain is None
        assert headset.type("AT+VGS=11") == ["OK"]
        assert headset.gateway.speaker_gain == 11

    @pytest.mark.parametrize("gain", ["16", "-1", "", "x", "٣", "99999999999999999999"])
    def test_a_gain_out_of_range_is_refused(self, headset: Headset, gain: str) -> None:
        assert headset.type(f"AT+VGM={gain}", f"AT+VGS={gain}") == ["ERROR", "ERROR"]
        assert headset.notices == []


class TestBattery:
    def test_each_way_of_telling_it(self, headset: Headset) -> None:
        assert headset.type("AT+BIEV=2,83") == ["OK"]
        assert headset.type("AT+XAPL=05AC-1234-0100,2") == ["+XAPL=iPhone,2", "OK"]
        assert headset.type("AT+IPHONEACCEV=2,2,0,1,6") == ["OK"]
        assert headset.type("AT+XEVENT=BATTERY,3,5,120,0") == ["OK"]
        assert headset.notices == [BatteryTold(83), BatteryTold(70), BatteryTold(75)]
        assert headset.gateway.battery_percent == 75

    def test_only_changes_are_told(self, headset: Headset) -> None:
        headset.type("AT+BIEV=2,50", "AT+BIEV=2,50", "AT+IPHONEACCEV=1,1,4")
        assert headset.notices == [BatteryTold(50)]

    @pytest.mark.parametrize(
        "command",
        [
            "AT+BIEV=2,101",
            "AT+BIEV=2",
            "AT+BIEV=1,1",
            "AT+IPHONEACCEV=1,1,10",
            "AT+IPHONEACCEV=99,1,1",
            "AT+XEVENT=BATTERY,5,5",
            "AT+XEVENT=BATTERY,1,1",
        ],
    )
    def test_a_level_that_cannot_be_is_refused(self, headset: Headset, command: str) -> None:
        assert headset.type(command) == ["ERROR"]
        assert headset.notices == []


class TestTheRest:
    @pytest.mark.parametrize(
        ("command", "answer"),
        [
            ("AT", ["OK"]),
            ("AT+COPS=3,0", ["OK"]),
            ("AT+COPS?", ['+COPS: 0,0,"Ringpace"', "OK"]),
            ("AT+CNUM", ["OK"]),
            ("AT+CCWA=1", ["OK"]),
            ("AT+NREC=0", ["OK"]),
            ("AT+BIA=0,1,1,1,0,0,0", ["OK"]),
            ("AT+BTRH?", ["OK"]),
            ("AT+XEVENT=USER-AGENT,COM,1", ["OK"]),
            ("AT+NREC=1", ["ERROR"]),
            ("AT+BVRA=1", ["ERROR"]),
            ("AT+BLDN", ["ERROR"]),
            ("ATD12125550100;", ["ERROR"]),
            ("AT+CMER=1,0,0,1", ["ERROR"]),
            ("AT+NOSUCH=1", ["ERROR"]),
            ("AT+BTRH=1", ["ERROR"]),
            ("ATA1", ["ERROR"]),
            ("AT$", ["ERROR"]),
        ],
    )
    def test_commands_are_granted_or_refused(self, headset: Headset, command: str, answer: list[str]) -> None:
        assert headset.type(command) == answer

    def test_refusals_give_their_reason_when_asked_to(self, headset: Headset) -> None:
        assert headset.type("AT+CMEE=1") == ["OK"]
        assert headset.type("AT+NOSUCH") == ["+CME ERROR: 4"]
        assert headset.type("AT+CHUP") == ["+CME ERROR: 3"]

    def test_what_is_no_command_gets_no_answer(self, headset: Headset) -> None:
        assert headset.type("OK", "CONNECT 1C5CF226D774", "\x00\xff") == []

    def test_an_overlong_command_is_refused_once(self, headset: Headset) -> None:
        assert headset.type("AT+" + "X" * 5000) == ["ERROR"]
        assert headset.type("AT") == ["OK"]


WORDS = st.sampled_from(
    [
        "AT", "ATA", "AT+CHUP", "AT+BRSF=", "AT+CMER=3,0,0,1", "AT+CHLD=", "AT+VGM=", "AT+VGS=", "AT+BIEV=2,",
        "AT+IPHONEACCEV=", "AT+XEVENT=BATTERY,", "AT+CIND?", "AT+BIND?", "AT+BIND=", "AT+VTS=", "AT+CLCC", "AT+NREC=",
        "0", "1", "2", "15", "4294967296", ",", '"', "?", "=", " ", "\r", "\n", "\r\n", "\x00", "é",
    ]
)  # fmt: skip


@given(
    st.lists(st.one_of(st.lists(WORDS, max_size=12).map("".join).map(str.encode), st.binary(max_size=600)), max_size=25)
)
def test_whatever_comes_in_nothing_is_raised_and_little_comes_out(pieces: list[bytes]) -> None:
    gateway, now = AudioGateway(), 0.0
    for number, piece in enumerate(pieces):
        now += number % 4
        gateway.receive(piece + b"\r" * (number % 2), now)
        if number % 5 == 0:
            gateway.ring(now)
        if number % 7 == 0:
            gateway.mute(number % 2 == 0)
        gateway.handle_timer(now)
        assert len(gateway.take_output()) <= 200 * (len(piece) + 2)
        assert 0 <= (gateway.speaker_gain or 0) <= 15
        assert gateway.battery_percent is None or 0 <= gateway.battery_percent <= 100
