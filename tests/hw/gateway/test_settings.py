import pytest

from firmware_bridge.messages import ClearCause, DialMode, Status
from hw.contract import Cause
from hw.contract.driver import DriverError
from hw.gateway.causes import cause_of_clear, cause_of_refusal
from hw.gateway.settings import GatewaySettings


class TestSettings:
    @pytest.mark.parametrize(
        ("plan", "number", "dialed"),
        [
            ({"+1": "1", "+": "011"}, "+12125550100", "12125550100"),
            ({"+1": "1", "+": "011"}, "+442079460100", "011442079460100"),
            ({"+44": "0", "+": "00"}, "+442079460100", "02079460100"),
            ({"+": "00"}, "100", "100"),
            ({}, "+12125550100", ""),
            ({"+": ""}, "+" + "1" * 33, ""),
        ],
    )
    def test_numbers_are_dialed_as_the_line_wants_them(self, plan: dict[str, str], number: str, dialed: str) -> None:
        assert GatewaySettings("desk", "/dev/ttyX", dial_plan=plan).digits(number) == dialed

    def test_an_outside_line_comes_first(self) -> None:
        settings = GatewaySettings("desk", "/dev/ttyX", before="9,", dial_plan={"+1": "1"})
        assert settings.digits("+12125550100") == "9,12125550100"

    @pytest.mark.parametrize(
        ("address", "headset"),
        [
            ("gateway:desk/1", 0),
            ("gateway:desk/12", 11),
            ("gateway:desk/0", -1),
            ("gateway:other/1", None),
            ("gateway:desk/", None),
            ("gateway:desk/x", None),
            ("gateway:desk/²", None),
            ("hfp:desk", None),
        ],
    )
    def test_headsets_are_counted_from_1(self, address: str, headset: int | None) -> None:
        settings = GatewaySettings("desk", "/dev/ttyX")
        assert settings.headset(address) == headset
        if headset is not None:
            assert settings.address(headset) == address

    def test_pulses_are_for_old_exchanges(self) -> None:
        assert GatewaySettings("desk", "/dev/ttyX", pulse=True).mode is DialMode.PULSE
        assert GatewaySettings("desk", "/dev/ttyX").mode is DialMode.DTMF

    @pytest.mark.parametrize(
        ("wrong", "complaint"),
        [
            ({"port": "COM1"}, "port 'COM1' must be a device path"),
            ({"keepalive_ms": 299}, "keepalive_ms is 299; it must be 300 to 10000"),
            ({"lines": (1, 0)}, "lines are counted from 1"),
            ({"before": "9w"}, "before '9w' may have 0-9"),
            ({"dial_plan": {"+": "x"}}, "dial_plan 'x' may have 0-9"),
        ],
    )
    def test_what_is_wrong_is_named(self, wrong: dict[str, object], complaint: str) -> None:
        with pytest.raises(DriverError, match=f"^gateway 'desk': .*{complaint}|^gateway 'desk': {complaint}"):
            GatewaySettings(**{"name": "desk", "port": "/dev/ttyX"} | wrong)  # type: ignore[arg-type]


class TestCauses:
    @pytest.mark.parametrize(
        ("clear", "answered", "cause"),
        [
            (ClearCause.RELEASED, False, Cause.CANCELLED),
            (ClearCause.RELEASED, True, Cause.NORMAL),
            (ClearCause.FAR_END, True, Cause.NORMAL),
            (ClearCause.FAR_END, False, Cause.FAILED),
            (ClearCause.BUSY, False, Cause.BUSY),
            (ClearCause.BUSY, True, Cause.NORMAL),
            (ClearCause.NO_DIAL_TONE, False, Cause.CONGESTION),
            (ClearCause.LINE_FAULT, True, Cause.LINE_LOST),
            (ClearCause.HOST_LOST, False, Cause.LINE_LOST),
            (ClearCause.NONE, False, Cause.FAILED),
        ],
    )
    def test_a_cleared_call(self, clear: ClearCause, answered: bool, cause: Cause) -> None:
        assert cause_of_clear(clear, answered=answered) is cause

    def test_a_call_that_was_not_placed(self) -> None:
        assert cause_of_refusal(Status.LINE_IN_USE) is Cause.NO_LINE
        assert cause_of_refusal(Status.LINE_DEAD) is Cause.LINE_LOST
        assert cause_of_refusal(Status.BAD_DIGITS) is Cause.INVALID_NUMBER
        assert cause_of_refusal(Status.UNSUPPORTED) is Cause.FAILED
