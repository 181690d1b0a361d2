import pytest

from hw.contract.driver import DriverError
from hw.modem.settings import BankSettings, ModemSettings


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"port": "ttyUSB2"}, "must be a device path"),
        ({"port": "imei:12"}, "must be a device path"),
        ({"profile": "nokia"}, "use one of plain, quectel, simcom, huawei"),
        ({"caller_id": "+12125550100"}, "must be one of subscription, hide, show"),
        ({"audio": "loud"}, "must be one of serial, usb, none"),
        ({"calls_per_day": 0}, "calls_per_day is 0"),
        ({"minutes_per_day": -1}, "minutes_per_day is -1"),
        ({"texts_per_day": 0}, "texts_per_day is 0"),
    ],
)
def test_bad_settings_are_named(options: dict[str, object], reason: str) -> None:
    with pytest.raises(DriverError, match=reason) as problem:
        ModemSettings("m1", "gsm", **{"port": "/dev/ttyUSB2", **options})  # type: ignore[arg-type]
    assert "'m1'" in str(problem.value)


def test_an_imei_may_stand_for_the_port() -> None:
    assert ModemSettings("m1", "gsm", "imei:490154203237518").imei == "490154203237518"
    assert ModemSettings("m1", "gsm", "/dev/ttyUSB2").imei == ""


def test_names_and_ports_are_unique() -> None:
    one = ModemSettings("m1", "gsm", "/dev/ttyUSB2")
    with pytest.raises(DriverError, match="two modems have the name 'm1'"):
        BankSettings((one, ModemSettings("m1", "gsm", "/dev/ttyUSB3")))
    with pytest.raises(DriverError, match="two modems have the port '/dev/ttyUSB2'"):
        BankSettings((one, ModemSettings("m2", "gsm", "/dev/ttyUSB2")))
    with pytest.raises(DriverError, match="there is no modem"):
        BankSettings(())
