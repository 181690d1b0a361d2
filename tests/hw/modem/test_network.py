import pytest

from hw.modem.network import Network, Registration, operator_of, registration_of, signal_dbm_of


@pytest.mark.parametrize(
    ("circuit", "packet", "allow_roaming", "trouble"),
    [
        (1, 0, False, ""),
        (0, 1, False, ""),
        (9, 0, False, ""),
        (5, 5, False, "roaming on Other; set allow_roaming"),
        (5, 5, True, ""),
        (3, 0, True, "the network refuses this SIM"),
        (2, 0, True, "searching"),
        (0, 3, True, "the network refuses this SIM"),
        (0, 0, True, "is the antenna connected?"),
        (8, 0, True, "only emergency calls"),
        (7, 0, True, "SMS only"),
    ],
)
def test_what_stands_against_calls(circuit: int, packet: int, allow_roaming: bool, trouble: str) -> None:
    network = Network(Registration(circuit), Registration(packet), operator="Other")
    said = network.trouble(allow_roaming=allow_roaming)
    assert trouble in said
    assert bool(trouble) == bool(said)


def test_registration_asked_for_and_told() -> None:
    assert registration_of('+CREG: 2,5,"00C3","0001A2B3",7', asked=True) is Registration.ROAMING
    assert registration_of("+CREG: 1", asked=False) is Registration.HOME
    assert registration_of("+CREG: 77", asked=False) is None
    assert registration_of("+CREG:", asked=True) is None


def test_signal_and_operator() -> None:
    assert [signal_dbm_of(f"+CSQ: {rssi},99") for rssi in (0, 19, 31, 99)] == [-113, -75, -51, None]
    assert operator_of('+COPS: 0,0,"Bench Mobile",7') == "Bench Mobile"
    assert operator_of("+COPS: 0") == ""
