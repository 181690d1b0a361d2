from collections.abc import Mapping

import pytest

from hw.modem.at import Command, Final, Reply
from hw.modem.bringup import SIM_PAUSE_S, SIM_TRIES, Identity, OutOfService, Pause, bring_up

IMEI = "490154203237518"


class Pins:
    def __init__(self, pin: str | None = None) -> None:
        self.pin = pin
        self.right = False

    def take(self, imei: str) -> str | None:
        assert imei == IMEI
        return self.pin

    def accepted(self, imei: str) -> None:
        self.right = True


class Host:
    """Runs the procedure against a table of answers; a list is used up from its front, its last one stays."""

    def __init__(self, answers: Mapping[str, str | list[str]], pin: str | None = None) -> None:
        self.answers = {"AT+CGSN": IMEI, "AT+CPIN?": "+CPIN: READY", "AT+CPINR": "ERROR", **answers}
        self.pins = Pins(pin)
        self.identity = Identity()
        self.asked: list[str] = []
        self.waited_s = 0.0

    def run(self, *, profile: str = "", clir: int | None = None) -> "Host":
        procedure = bring_up(self.identity, self.pins, profile=profile, clir=clir)
        step = next(procedure)
        try:
            while True:
                if isinstance(step, Pause):
                    self.waited_s += step.seconds
                    step = next(procedure)
                else:
                    self.asked.append(step.text)
                    step = procedure.send(self._reply(step))
        except StopIteration:
            return self

    def _reply(self, command: Command) -> Reply:
        answer = self.answers.get(command.text, "")
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if answer == "ERROR":
            return Reply(command, Final.ERROR)
        if answer.startswith("+CME ERROR"):
            return Reply(command, Final.CME_ERROR, (), int(answer.split(":")[1]))
        return Reply(command, Final.OK, (answer,) if answer else ())


def refused(host: Host) -> str:
    with pytest.raises(OutOfService) as problem:
        host.run()
    return str(problem.value)


class TestIdentity:
    def test_the_profile_follows_the_maker_and_may_be_forced(self) -> None:
        assert Host({"AT+CGMI": "Quectel"}).run().identity.profile.name == "quectel"
        assert Host({"AT+CGMI": "Quectel"}).run(profile="plain").identity.profile.name == "plain"

    @pytest.mark.parametrize("said", [IMEI, f'"{IMEI}"', f"+CGSN: {IMEI}", f"IMEI {IMEI}"])
    def test_the_imei_is_found_in_what_makers_make_of_it(self, said: str) -> None:
        assert Host({"AT+CGSN": said}).run().identity.imei == IMEI

    def test_the_caller_id_is_set_when_asked_for(self) -> None:
        assert "AT+CLIR=1" in Host({}).run(clir=1).asked
        assert not any("CLIR" in text for text in Host({}).run().asked)

    def test_the_second_choice_is_for_modems_that_refuse_the_first(self) -> None:
        first = 'AT+QINDCFG="ccinfo",1,0'
        assert "AT^DSCI=1" not in Host({"AT+CGMI": "Quectel"}).run().asked
        assert "AT^DSCI=1" in Host({"AT+CGMI": "Quectel", first: "ERROR"}).run().asked


class TestList:
    @pytest.mark.parametrize("answer", ["ERROR", "+CME ERROR: 14"])
    def test_a_modem_that_neither_tells_nor_lists_calls_is_out_of_service(self, answer: str) -> None:
        assert "cannot tell an answer" in refused(Host({"AT+CLCC": answer}))
        assert "AT+CLCC" not in Host({"AT+CGMI": "Quectel", "AT+CLCC": answer}).run().asked

    def test_a_list_that_is_refused_for_a_moment_costs_nothing(self) -> None:
        assert Host({"AT+CLCC": ["+CME ERROR: 14", "ERROR", ""]}).run().asked.count("AT+CLCC") == 3


class TestSim:
    def test_a_right_pin_opens_it(self) -> None:
        host = Host({"AT+CPIN?": ["+CPIN: SIM PIN", "+CPIN: READY"]}, pin="1234").run()
        assert host.pins.right
        assert host.asked.count('AT+CPIN="1234"') == 1

    def test_a_wrong_pin_is_tried_once(self) -> None:
        host = Host({"AT+CPIN?": "+CPIN: SIM PIN", 'AT+CPIN="9999"': "+CME ERROR: 16"}, pin="9999")
        assert "the SIM refused the PIN" in refused(host)
        assert host.asked.count('AT+CPIN="9999"') == 1
        assert not host.pins.right

    def test_the_last_try_is_left_to_people(self) -> None:
        host = Host({"AT+CPIN?": "+CPIN: SIM PIN", "AT+CPINR": "+CPINR: SIM PIN,1,3"}, pin="1234")
        assert "so none is made" in refused(host)
        assert 'AT+CPIN="1234"' not in host.asked

    @pytest.mark.parametrize(
        ("state", "reason"),
        [
            ("+CPIN: SIM PUK", "wants its PUK"),
            ("+CPIN: PH-NET PIN", r"locked (PH-NET PIN)"),
            ("+CPIN: SIM PIN", "pin_file"),
            ("+CME ERROR: 10", "there is no SIM"),
            ("+CME ERROR: 13", "SIM failure"),
        ],
    )
    def test_what_only_people_can_mend(self, state: str, reason: str) -> None:
        assert reason in refused(Host({"AT+CPIN?": state}))

    def test_a_busy_sim_is_asked_again_but_not_for_ever(self) -> None:
        host = Host({"AT+CPIN?": "+CME ERROR: 14"})
        assert "still not ready" in refused(host)
        assert host.waited_s == SIM_TRIES * SIM_PAUSE_S
