from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.contract import Cause
from hw.modem.at import Command
from hw.modem.calls import Stage, Step
from hw.modem.modem import (
    DIAL_LIMIT_S,
    DIAL_WAIT_S,
    GUARD_S,
    HANG_UP_HURRY_S,
    HANG_UP_TRIES,
    LIST_FAILURES,
    MAX_RESETS,
    POLL_S,
    AudioTold,
    CallTold,
    Health,
    IncomingRefused,
    KeyPressed,
    Modem,
    NoticeTold,
    ResetWanted,
    StateTold,
    Told,
    VoiceRefused,
)
from tests.hw.modem.test_at import modem_like

NUMBER = "+12125550101"
ANSWERS = {
    "AT+CGMI": "Quectel",
    "AT+CGMM": "EC25",
    "AT+CGSN": "490154203237518",
    "AT+CPIN?": "+CPIN: READY",
    "AT+CIMI": "001010123456789",
    "AT+CREG?": "+CREG: 1,1",
    "AT+CSQ": "+CSQ: 19,99",
}
PLAIN = ANSWERS | {"AT+CGMI": "Acme", "AT+CGMM": "G1"}
LISTED = '+CLCC: 1,0,{},0,0,"+12125550101",145'


class NoPins:
    def take(self, imei: str) -> str | None:
        return None

    def accepted(self, imei: str) -> None:
        raise AssertionError("no PIN was given")


class Bench:
    """A modem core whose other end answers as a table says; what is not in it gets OK, None gets no answer."""

    def __init__(self, answers: Mapping[str, str | None] = ANSWERS, audio: str = "serial") -> None:
        self.modem = Modem("m", NoPins(), audio=audio)
        self.answers = dict(answers)
        self.asked: list[str] = []
        self.told: list[Told] = []
        self.now = 0.0

    def up(self) -> "Bench":
        self.modem.opened(self.now)
        self.run(1.0)
        assert self.modem.free, self.modem.trouble
        self.asked.clear()
        self.told.clear()
        return self

    def say(self, *lines: str) -> None:
        self.modem.received("".join(f"\r\n{line}\r\n" for line in lines).encode(), self.now)
        self._answer()

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        self._answer()
        while (deadline := self.modem.deadline) is not None and deadline <= until:
            self.now = max(deadline, self.now)
            self.modem.handle_timer(self.now)
            self._answer()
        self.now = until

    def steps(self) -> list[Step]:
        return [told.step for told in self.told if isinstance(told, CallTold)]

    @property
    def over(self) -> CallTold:
        (over,) = [told for told in self.told if isinstance(told, CallTold) and told.step is Step.OVER]
        return over

    def _answer(self) -> None:
        while data := self.modem.output():
            for text in filter(None, data.decode("latin-1").split("\r")):
                self.asked.append(text)
                answer = self.answers.get(text, "OK" if not text.startswith("ATD") else self.answers.get("ATD", "OK"))
                if answer is not None:
                    lines = [answer] if answer in FINALS or answer.startswith("+CME") else [answer, "OK"]
                    self.modem.received("".join(f"\r\n{line}\r\n" for line in lines if line).encode(), self.now)
        self.told += self.modem.told()


FINALS = {"OK", "ERROR", "BUSY", "NO CARRIER"}


def dialed(**answers: str | None) -> Bench:
    bench = Bench().up()
    bench.answers.update({name.replace("_", "+", 1): value for name, value in answers.items()})
    bench.modem.dial(NUMBER, bench.now)
    bench.run(0.0)
    return bench


class TestBringUp:
    def test_it_learns_who_it_is_and_where(self) -> None:
        bench = Bench()
        bench.modem.opened(0.0)
        bench.run(1.0)
        identity = bench.modem.identity
        assert (identity.imei, identity.imsi, identity.profile.name) == (
            "490154203237518",
            "001010123456789",
            "quectel",
        )
        assert bench.modem.network.signal_dbm == -75
        assert bench.told[-1] == StateTold(True, "")

    def test_something_that_is_no_modem_goes_out_of_service(self) -> None:
        bench = Bench({"AT": "ERROR"})
        bench.modem.opened(0.0)
        bench.run(60.0)
        assert bench.modem.health is Health.OUT
        assert "AT brings no OK" in bench.modem.trouble

    def test_silence_is_reset_a_few_times_and_then_given_up(self) -> None:
        bench = Bench({"AT": None})
        for _ in range(MAX_RESETS + 1):
            bench.modem.opened(bench.now)
            bench.run(60.0)
        assert sum(isinstance(told, ResetWanted) for told in bench.told) == MAX_RESETS
        assert bench.modem.health is Health.OUT
        assert "switch it off and on" in bench.modem.trouble

    def test_a_sim_that_needs_time_is_waited_for(self) -> None:
        bench = Bench({**ANSWERS, "AT+CPIN?": "+CME ERROR: 14"})
        bench.modem.opened(0.0)
        bench.run(3.0)
        assert bench.modem.health is Health.STARTING
        bench.answers["AT+CPIN?"] = "+CPIN: READY"
        bench.run(2.0)
        assert bench.modem.free

    @pytest.mark.parametrize("answer", ["+CME ERROR: 14", "ERROR", None])
    def test_a_sim_that_is_busy_for_once_costs_no_line(self, answer: str | None) -> None:
        bench = Bench().up()
        bench.answers["AT+CPIN?"] = answer
        bench.run(16.0)
        assert bench.modem.usable
        assert "ATZ" not in bench.asked

    def test_a_sim_that_is_pulled_out_is_noticed(self) -> None:
        bench = Bench().up()
        bench.answers["AT+CPIN?"] = "+CME ERROR: 10"
        bench.run(20.0)
        assert bench.modem.health is Health.OUT
        assert "no SIM" in bench.modem.trouble

    @pytest.mark.parametrize("greeting", ["RDY", "^SYSSTART"])
    def test_a_modem_that_restarts_is_set_up_again(self, greeting: str) -> None:
        bench = dialed()
        bench.asked.clear()
        bench.say(greeting)
        assert bench.over.cause is Cause.LINE_LOST
        bench.run(1.0)
        assert "ATE0" in bench.asked
        assert bench.modem.free

    def test_an_echo_that_comes_back_shows_a_restart(self) -> None:
        bench = Bench().up()
        bench.answers["AT+CSQ"] = "AT+CSQ\r\n+CSQ: 19,99"
        bench.run(20.0)
        bench.asked.clear()
        bench.run(20.0)
        assert "ATE0" in bench.asked
        bench.asked.clear()
        bench.run(40.0)
        assert bench.modem.free

    def test_calls_left_from_before_are_hung_up(self) -> None:
        bench = Bench()
        bench.modem.opened(0.0)
        bench.run(1.0)
        assert "AT+CHUP" in bench.asked


class TestDial:
    def test_ok_is_not_an_answer(self) -> None:
        bench = dialed()
        assert bench.asked == [f"ATD{NUMBER};"]
        assert bench.steps() == [Step.DIALED]

    def test_the_list_of_calls_tells_what_no_notification_did(self) -> None:
        bench = dialed()
        for stat, step in ((3, Step.RINGING), (0, Step.ANSWERED)):
            bench.answers["AT+CLCC"] = LISTED.format(stat)
            bench.run(POLL_S)
            assert bench.steps()[-1] is step
        bench.answers["AT+CLCC"] = "OK"
        bench.run(POLL_S)
        assert bench.over.cause is Cause.NORMAL
        assert bench.over.talked_s == pytest.approx(POLL_S)

    def test_no_answer_to_the_dial_command_is_cleared_up_by_the_list(self) -> None:
        bench = dialed(ATD=None, AT_CLCC="OK")
        bench.run(2 * DIAL_LIMIT_S)
        assert bench.over.cause is Cause.FAILED
        bench = dialed(ATD=None, AT_CLCC=LISTED.format(0))
        bench.run(2 * DIAL_LIMIT_S)
        assert bench.steps() == [Step.DIALED, Step.ANSWERED]

    def test_the_next_call_waits_for_late_results_of_the_last(self) -> None:
        bench = dialed(ATD="BUSY")
        assert bench.over.cause is Cause.BUSY
        bench.told.clear()
        bench.answers["ATD"] = "OK"
        bench.modem.dial(NUMBER, bench.now)
        bench.say("NO CARRIER", '+QIND: "ccinfo",1,0,-1,0,0,"+12125550101",145')
        assert bench.steps() == []
        bench.run(GUARD_S)
        assert bench.steps() == [Step.DIALED]

    def test_a_result_is_checked_against_the_list(self) -> None:
        bench = dialed(AT_CLCC=LISTED.format(0))
        bench.run(POLL_S)
        bench.say("NO CARRIER")
        assert bench.steps()[-1] is Step.ANSWERED
        bench.answers["AT+CLCC"] = "OK"
        bench.say("NO CARRIER")
        assert bench.over.cause is Cause.NORMAL

    def test_a_call_that_is_lost_has_talked_until_then(self) -> None:
        bench = dialed(AT_CLCC=LISTED.format(0))
        bench.run(POLL_S)
        bench.run(10.0)
        bench.modem.closed("unplugged", bench.now)
        bench.run(0.0)
        assert (bench.over.cause, bench.over.detail) == (Cause.LINE_LOST, "unplugged")
        assert bench.over.talked_s == pytest.approx(10.0)

    def test_a_call_that_had_ended_keeps_its_cause_when_the_modem_goes(self) -> None:
        bench = dialed(ATD="NO CARRIER", AT_CEER=None)
        bench.modem.closed("unplugged", bench.now)
        bench.run(0.0)
        assert (bench.over.cause, bench.over.detail) == (Cause.FAILED, "NO CARRIER")

    @pytest.mark.parametrize("result", ["NO CARRIER", "ERROR"])
    def test_a_result_that_may_be_of_another_call_ends_ours_at_the_modem_too(self, result: str) -> None:
        bench = dialed(ATD=None, AT_CHUP=None)
        bench.say(result)
        assert bench.asked[-1] == "AT+CHUP"
        assert bench.steps() == []
        bench.say("OK", "OK")
        bench.run(0.0)
        assert bench.over.cause is Cause.FAILED
        assert bench.modem.free

    def test_dialing_does_not_wait_for_what_is_only_looked_at(self) -> None:
        bench = Bench().up()
        bench.answers["AT+CPIN?"] = None
        bench.run(14.0)
        bench.modem.dial(NUMBER, bench.now)
        bench.say("+CPIN: READY", "OK")
        assert bench.asked[:2] == ["AT+CPIN?", f"ATD{NUMBER};"]

    @pytest.mark.parametrize(("busy_s", "placed"), [(DIAL_WAIT_S - 1, True), (DIAL_WAIT_S + 1, False)])
    def test_a_call_waits_a_little_for_what_is_asked_but_not_long(self, busy_s: float, placed: bool) -> None:
        bench = Bench().up()
        bench.answers["AT+CMGS=20"] = None
        bench.modem.ask(Command("AT+CMGS=20", limit_s=40.0), bench.now)
        bench.modem.dial(NUMBER, bench.now)
        bench.run(busy_s)
        bench.say("OK")
        bench.run(1.0)
        assert (f"ATD{NUMBER};" in bench.asked) is placed
        if not placed:
            assert (bench.over.cause, bench.over.detail) == (Cause.NO_LINE, "the modem had no time for the call in 6 s")
            assert bench.modem.free

    def test_the_reason_of_a_failure_is_asked_for(self) -> None:
        bench = dialed(ATD="NO CARRIER", AT_CEER="+CEER: Call rejected")
        assert (bench.over.cause, bench.over.q850) == (Cause.REJECTED, 21)

    @pytest.mark.parametrize(
        ("audio", "commands"),
        [("serial", ["AT+QPCMV=1,0", "AT+QPCMV=0"]), ("usb", ["AT+QPCMV=1,2", "AT+QPCMV=0"]), ("none", [])],
    )
    def test_audio_is_switched_with_the_call(self, audio: str, commands: list[str]) -> None:
        bench = Bench(audio=audio).up()
        bench.modem.dial(NUMBER, bench.now)
        bench.run(0.0)
        bench.say('+QIND: "ccinfo",1,0,0,0,0,"+12125550101",145')
        bench.say('+QIND: "ccinfo",1,0,-1,0,0,"+12125550101",145')
        assert [text for text in bench.asked if "QPCMV" in text] == commands
        assert [told.on for told in bench.told if isinstance(told, AudioTold)] == [True, False]


class TestLists:
    def test_no_damaged_bit_of_a_list_ends_a_call_that_is_up(self) -> None:
        up = LISTED.format(0)
        answer = f"\r\n{up}\r\n\r\nOK\r\n".encode()
        bench = dialed(AT_CLCC=up)
        bench.run(2 * POLL_S)
        for bit in range(8 * len(answer)):
            bench.answers["AT+CLCC"] = None
            while bench.asked[-1:] != ["AT+CLCC"]:
                bench.run(POLL_S / 5)
            damaged = bytearray(answer)
            damaged[bit // 8] ^= 1 << bit % 8
            bench.answers["AT+CLCC"] = up
            bench.asked.clear()
            bench.modem.received(bytes(damaged), bench.now)
            bench.run(10.0)
            bench.asked.clear()
        assert bench.steps() == [Step.DIALED, Step.ANSWERED]

    @pytest.mark.parametrize("damaged", [LISTED.format(8), "+CLCC: 1,0", "OK"])
    def test_one_list_that_is_damaged_or_empty_ends_no_call(self, damaged: str) -> None:
        bench = dialed(AT_CLCC=LISTED.format(0))
        bench.run(POLL_S)
        bench.answers["AT+CLCC"] = None
        bench.run(POLL_S)
        bench.answers["AT+CLCC"] = LISTED.format(0)
        bench.say(*dict.fromkeys((damaged, "OK")))
        bench.run(5.0)
        assert bench.steps()[-1] is Step.ANSWERED

    def test_a_call_that_vanishes_is_hung_up_before_the_modem_is_free(self) -> None:
        bench = dialed(AT_CLCC=LISTED.format(0))
        bench.run(POLL_S)
        bench.answers |= {"AT+CLCC": "OK", "AT+CHUP": None}
        bench.run(POLL_S)
        assert bench.asked[-1] == "AT+CHUP"
        assert not bench.modem.free
        bench.say("OK")
        bench.run(0.0)
        assert bench.over.cause is Cause.NORMAL
        assert bench.asked.count("AT+CHUP") == 1
        assert bench.modem.free

    def test_an_end_that_the_modem_tells_needs_no_hanging_up(self) -> None:
        bench = dialed()
        bench.say('+QIND: "ccinfo",1,0,0,0,0,"+12125550101",145', '+QIND: "ccinfo",1,0,-1,0,0,"+12125550101",145')
        assert bench.over.cause is Cause.NORMAL
        assert "AT+CHUP" not in bench.asked

    @pytest.mark.parametrize("stat", [0, 1])
    def test_a_call_of_before_is_not_taken_for_ours_and_is_hung_up(self, stat: int) -> None:
        old = LISTED.format(stat).replace("0101", "0199")
        bench = dialed(AT_CLCC=old + "\r\n\r\n" + LISTED.replace("1,0", "2,0", 1).format(2))
        bench.say('+QIND: "ccinfo",1,0,0,0,0,"+12125550199",145')
        bench.run(1.5 * POLL_S)
        assert bench.steps() == [Step.DIALED]
        assert bench.asked.count("AT+CHUP") == 1
        bench.answers["AT+CLCC"] = old
        bench.run(2 * POLL_S)
        assert bench.over.cause is Cause.FAILED
        assert not bench.modem.free
        bench.run(3.0)
        assert bench.asked.count("AT+CHUP") > 1
        bench.answers["AT+CLCC"] = "OK"
        bench.run(3.0)
        assert bench.modem.free

    def test_a_call_of_nobody_that_will_not_end_resets_the_modem(self) -> None:
        bench = Bench().up()
        bench.answers["AT+CLCC"] = LISTED.format(0)
        bench.say("RING")
        bench.run(60.0)
        assert bench.asked.count("AT+CHUP") == HANG_UP_TRIES
        assert any(isinstance(told, ResetWanted) for told in bench.told)


class TestWithoutLists:
    def test_lists_that_fail_for_a_while_hide_no_answer(self) -> None:
        bench = Bench(PLAIN).up()
        bench.answers["AT+CLCC"] = "+CME ERROR: 14"
        bench.modem.dial(NUMBER, bench.now)
        bench.run(LIST_FAILURES * POLL_S + 1.0)
        bench.answers["AT+CLCC"] = LISTED.format(0)
        bench.run(POLL_S)
        assert bench.steps() == [Step.DIALED, Step.ANSWERED]

    @pytest.mark.parametrize("fails", ["before", "after"])
    def test_a_lost_answer_to_hanging_up_leaves_no_call_without_an_end(self, fails: str) -> None:
        bench = Bench(PLAIN).up()
        bench.answers["AT+CLCC"] = "ERROR" if fails == "before" else LISTED.format(3)
        bench.modem.dial(NUMBER, bench.now)
        bench.run(3.0)
        bench.answers |= {"AT+CHUP": None, "AT+CLCC": "ERROR"}
        bench.modem.hang_up(bench.now)
        bench.run(0.1)
        bench.answers["AT+CHUP"] = "OK"
        bench.run(15.0)
        assert bench.over.cause is Cause.CANCELLED
        assert bench.modem.free

    def test_a_modem_that_takes_no_hanging_up_is_reset(self) -> None:
        bench = Bench(PLAIN).up()
        bench.answers |= {"AT+CLCC": "ERROR", "AT+CHUP": "ERROR", "ATH": "ERROR"}
        bench.modem.dial(NUMBER, bench.now)
        bench.run(3.0)
        bench.modem.hang_up(bench.now)
        bench.run(60.0)
        assert bench.asked.count("AT+CHUP") == HANG_UP_TRIES
        assert bench.over.cause is Cause.LINE_LOST
        assert any(isinstance(told, ResetWanted) for told in bench.told)

    def test_a_result_that_came_before_the_lists_failed_ends_the_call(self) -> None:
        bench = dialed(AT_CLCC="ERROR")
        bench.say("BUSY")
        bench.run(LIST_FAILURES * POLL_S)
        assert bench.over.cause is Cause.BUSY

    def test_a_result_that_a_list_denied_ends_nothing_when_lists_fail_later(self) -> None:
        bench = dialed(AT_CLCC=LISTED.format(0))
        bench.say("NO CARRIER")
        bench.answers["AT+CLCC"] = "ERROR"
        bench.run(10.0)
        assert bench.steps() == [Step.DIALED, Step.ANSWERED]


class TestVoice:
    @pytest.mark.parametrize("refusal", ["ERROR", "+CME ERROR: 3", None])
    def test_a_modem_that_twice_does_not_switch_its_voice_on_is_told(self, refusal: str | None) -> None:
        bench = Bench().up()
        bench.answers |= {"AT+CLCC": LISTED.format(0), "AT+QPCMV=1,0": refusal}
        bench.modem.dial(NUMBER, bench.now)
        bench.run(20.0)
        (refused,) = [told for told in bench.told if isinstance(told, VoiceRefused)]
        assert refused.because.startswith("it refuses AT+QPCMV=1,0 (")
        assert bench.modem.voice_refused == refused.because
        assert bench.asked.count("AT+QPCMV=1,0") == 2
        bench.modem.closed("unplugged", bench.now)
        bench.modem.opened(bench.now)
        assert bench.modem.voice_refused == ""

    def test_one_refusal_is_made_good(self) -> None:
        bench = Bench().up()
        bench.answers |= {"AT+CLCC": LISTED.format(0), "AT+QPCMV=1,0": None}
        bench.modem.dial(NUMBER, bench.now)
        bench.run(POLL_S)
        bench.answers["AT+QPCMV=1,0"] = "OK"
        bench.say("ERROR")
        bench.run(20.0)
        assert not any(isinstance(told, VoiceRefused) for told in bench.told)
        assert bench.steps()[-1] is Step.ANSWERED

    def test_the_end_of_a_call_is_no_refusal(self) -> None:
        bench = Bench().up()
        bench.answers["AT+QPCMV=1,0"] = None
        bench.modem.dial(NUMBER, bench.now)
        bench.run(0.0)
        bench.say('+QIND: "ccinfo",1,0,0,0,0,"+12125550101",145', '+QIND: "ccinfo",1,0,-1,0,0,"+12125550101",145')
        bench.say("ERROR")
        bench.run(5.0)
        assert bench.over.cause is Cause.NORMAL
        assert bench.modem.voice_refused == ""


class TestHangUp:
    def test_a_dial_command_that_was_not_sent_is_taken_back(self) -> None:
        bench = Bench().up()
        bench.modem.dial(NUMBER, bench.now)
        bench.modem.hang_up(bench.now)
        bench.answers["AT+CLCC"] = "OK"
        bench.run(5.0)
        assert bench.over.cause is Cause.CANCELLED

    def test_a_call_held_back_is_simply_dropped(self) -> None:
        bench = dialed(ATD="BUSY")
        bench.told.clear()
        bench.asked.clear()
        bench.modem.dial(NUMBER, bench.now)
        bench.modem.hang_up(bench.now)
        bench.run(5.0)
        assert bench.over.cause is Cause.CANCELLED
        assert not any(text.startswith("ATD") for text in bench.asked)

    def test_a_dial_command_that_gets_no_answer_is_not_waited_for(self) -> None:
        bench = dialed(ATD=None, AT_CLCC="OK")
        bench.modem.hang_up(bench.now)
        bench.run(HANG_UP_HURRY_S + 2 * POLL_S)
        assert bench.over.cause is Cause.CANCELLED

    def test_a_modem_without_chup_gets_ath(self) -> None:
        bench = dialed(AT_CHUP="ERROR", AT_CLCC=LISTED.format(3))
        bench.modem.hang_up(bench.now)
        bench.run(0.0)
        bench.answers["AT+CLCC"] = "OK"
        bench.run(POLL_S)
        assert "ATH" in bench.asked
        assert bench.over.cause is Cause.CANCELLED

    def test_a_call_that_will_not_end_resets_the_modem(self) -> None:
        bench = dialed(AT_CLCC=LISTED.format(0))
        bench.modem.hang_up(bench.now)
        bench.run(60.0)
        assert bench.asked.count("AT+CHUP") == HANG_UP_TRIES
        assert bench.over.cause is Cause.LINE_LOST
        assert any(isinstance(told, ResetWanted) for told in bench.told)


class TestNotifications:
    def test_keys_count_only_in_an_answered_call(self) -> None:
        bench = dialed()
        bench.say("+QTONEDET: 49")
        bench.say('+QIND: "ccinfo",1,0,0,0,0,"+12125550101",145')
        bench.say("+QTONEDET: 35")
        assert [told.key for told in bench.told if isinstance(told, KeyPressed)] == ["#"]

    def test_ringing_is_refused_once(self) -> None:
        bench = Bench().up()
        bench.answers["AT+CLCC"] = '+CLCC: 1,1,4,0,0,"+12125550177",145'
        bench.say("RING", '+CLIP: "+12125550177",145,,,,0', "RING")
        assert bench.asked.count("AT+CHUP") == 1
        assert [told for told in bench.told if isinstance(told, IncomingRefused)] == [IncomingRefused("+12125550177")]

    def test_ringing_is_refused_without_a_list_of_calls(self) -> None:
        bench = Bench().up()
        bench.answers["AT+CLCC"] = "ERROR"
        for _ in range(4):
            bench.say("RING")
        assert bench.asked[-1] == "AT+CHUP"
        assert IncomingRefused("") in bench.told

    def test_a_waiting_call_is_refused_without_touching_ours(self) -> None:
        bench = dialed()
        bench.say('+QIND: "ccinfo",2,1,5,0,0,"+12125550177",145')
        assert bench.asked[-1] == "AT+CHLD=0"
        assert bench.modem.call is not None

    def test_a_call_that_comes_while_we_dial_does_not_cost_ours(self) -> None:
        bench = dialed(ATD=None)
        bench.say('+CLIP: "+12125550177",145,,,,0', "OK")
        assert bench.asked[-1] == "AT+CHLD=0"

    def test_a_dial_does_not_overtake_the_refusal_of_a_call(self) -> None:
        bench = Bench().up()
        bench.answers |= {"AT+COPS?": None, "AT+CHUP": None}
        bench.run(14.5)
        bench.asked.clear()
        bench.say('+QIND: "ccinfo",1,1,4,0,0,"+12125550177",145')
        bench.modem.dial(NUMBER, bench.now)
        bench.say("OK")
        bench.run(1.0)
        assert [text for text in bench.asked if text.startswith(("AT+CHUP", "ATD"))] == ["AT+CHUP"]
        bench.say("OK", "NO CARRIER")
        bench.run(2 * GUARD_S)
        assert bench.asked[-1] == f"ATD{NUMBER};"
        assert bench.steps() == [Step.DIALED]

    def test_a_dial_that_is_held_back_does_not_overtake_the_refusal_of_a_call(self) -> None:
        bench = dialed(ATD="BUSY")
        bench.answers |= {"ATD": "OK", "AT+CHUP": None}
        bench.asked.clear()
        bench.modem.dial(NUMBER, bench.now)
        bench.say('+CLIP: "+12125550177",145,,,,0')
        bench.run(1.0)
        assert bench.asked == ["AT+CHUP"]
        bench.modem.hang_up(bench.now)
        bench.say("OK")
        bench.run(2 * GUARD_S)
        assert [told.cause for told in bench.told if isinstance(told, CallTold) and told.step is Step.OVER] == [
            Cause.BUSY,
            Cause.CANCELLED,
        ]
        assert not any(text.startswith("ATD") for text in bench.asked)

    def test_a_refusal_that_is_never_answered_holds_no_dial_for_ever(self) -> None:
        bench = Bench().up()
        bench.answers["AT+CHUP"] = None
        bench.say('+CLIP: "+12125550177",145,,,,0')
        bench.modem.dial(NUMBER, bench.now)
        bench.run(8.0)
        assert bench.steps() == [Step.DIALED]

    def test_registration_is_followed(self) -> None:
        bench = Bench().up()
        bench.say("+CREG: 3")
        assert not bench.modem.usable
        assert isinstance(bench.told[-1], StateTold)
        bench.say("+CREG: 1")
        assert bench.modem.usable

    def test_other_lines_are_passed_on(self) -> None:
        bench = Bench().up()
        bench.say('+CDSI: "SR",3')
        assert NoticeTold('+CDSI: "SR",3') in bench.told

    def test_without_a_call_nothing_about_calls_is_told(self) -> None:
        bench = Bench().up()
        bench.say('+QIND: "ccinfo",1,0,0,0,0,"+12125550101",145', "NO CARRIER", "BUSY")
        assert bench.steps() == []


DOES: dict[str, Callable[[Bench], None]] = {
    "dial": lambda bench: bench.modem.dial(NUMBER, bench.now) if bench.modem.free else None,
    "hang up": lambda bench: bench.modem.hang_up(bench.now),
    "digits": lambda bench: bench.modem.send_digits("12#", bench.now),
    "close": lambda bench: bench.modem.closed("unplugged", bench.now),
    "open": lambda bench: bench.modem.opened(bench.now),
    "nothing": lambda bench: None,
}


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(DOES)), modem_like, st.floats(0, 30), st.sampled_from([None, "OK", "ERROR"])),
        max_size=12,
    )
)
def test_whatever_a_modem_says_a_call_ends_once_and_nothing_raises(
    turns: list[tuple[str, bytes, float, str | None]],
) -> None:
    bench = Bench().up()
    dialed = 0
    for does, data, pause_s, answer in turns:
        dialed += does == "dial" and bench.modem.free
        DOES[does](bench)
        bench.answers["AT+CLCC"] = answer
        bench.modem.received(data, bench.now)
        bench.run(pause_s)
    bench.modem.closed("the end", bench.now)
    bench.run(0.0)
    assert bench.steps().count(Step.OVER) == dialed
    assert bench.modem.call is None or bench.modem.call.stage is Stage.OVER


def test_a_refused_dial_command_is_not_explained_by_the_call_before() -> None:
    bench = dialed(ATD="+CME ERROR: 27")
    bench.answers["AT+CEER"] = '+CEER: "CC setup error",17,"User busy"'
    bench.run(5.0)
    assert "AT+CEER" not in bench.asked
    assert (bench.over.cause, bench.over.q850) == (Cause.INVALID_NUMBER, None)
