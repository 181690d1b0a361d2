import pytest

from hw.modem.modem import NoticeTold
from hw.modem.pdu import SmsError
from hw.modem.sms import MAX_REPORTS, MAX_WAITING, Sms, SmsFailed, SmsPartSent, SmsReported, SmsSent
from tests.hw.modem.test_modem import ANSWERS, NUMBER, Bench

WITHIN_S = 60.0
SIM = ANSWERS["AT+CIMI"]
REPORT = "0006{:02X}0B912121550501F1" + "62112290000000" * 2 + "{:02X}"


class Desk:
    """The SMS of a modem core that is up."""

    def __init__(self) -> None:
        self.bench = Bench().up()
        self.sms = Sms(self.bench.modem)

    def send(self, sms_id: str, text: str = "See you at 9") -> None:
        self.sms.send(sms_id, NUMBER, text, self.bench.now + WITHIN_S)
        self.sms.turn(self.bench.now)

    def prompt(self, reference: int) -> None:
        """The modem takes a part: prompt, then its reference."""
        self.bench.modem.received(b"\r\n> ", self.bench.now)
        assert self.bench.modem.output().endswith(b"\x1a")
        self.bench.modem.received(b"\r\n+CMGS: %d\r\n\r\nOK\r\n" % reference, self.bench.now)
        self.sms.turn(self.bench.now)

    def report(self, reference: int, status: int = 0) -> None:
        line = f"+CDS: 25\n{REPORT.format(reference, status)}"
        assert self.sms.hear(line, self.bench.now)


def wait_for_prompts(desk: Desk) -> None:
    desk.bench.modem.output()


class TestSms:
    def test_sent_then_reported(self) -> None:
        desk = Desk()
        desk.send("s")
        wait_for_prompts(desk)
        desk.prompt(7)
        assert desk.sms.told == [SmsPartSent("s", SIM, 7), SmsSent("s", 1)]
        desk.report(7)
        assert desk.sms.told[2:] == [SmsReported(SIM, 7, NUMBER)]

    def test_each_part_of_a_long_text_has_its_reference(self) -> None:
        desk = Desk()
        desk.send("s", "x" * 400)
        for reference in (254, 255, 0):
            wait_for_prompts(desk)
            desk.prompt(reference)
        assert desk.sms.told == [*(SmsPartSent("s", SIM, each) for each in (254, 255, 0)), SmsSent("s", 3)]

    def test_a_modem_that_tells_no_reference(self) -> None:
        desk = Desk()
        desk.send("s")
        wait_for_prompts(desk)
        desk.bench.modem.received(b"\r\n> ", desk.bench.now)
        desk.bench.modem.received(b"\r\nOK\r\n", desk.bench.now)
        assert desk.sms.told == [SmsPartSent("s", SIM, None), SmsSent("s", 1)]

    def test_what_the_network_gave_up_and_what_it_still_tries(self) -> None:
        desk = Desk()
        desk.report(1, 0x30)
        assert desk.sms.told == []
        desk.report(1, 0x41)
        assert desk.sms.told == [SmsReported(SIM, 1, NUMBER, "the network gave it up (status 65)")]

    def test_what_is_no_report_is_ignored(self) -> None:
        desk = Desk()
        assert desk.sms.hear("+CDS: 3\nnonsense", 0.0)
        desk.sms.turn(0.0)
        assert desk.sms.told == []
        assert not desk.sms.hear("+CREG: 1", 0.0)

    def test_a_report_in_store_is_fetched_and_cleared(self) -> None:
        desk = Desk()
        desk.bench.answers["AT+CMGR=3"] = f"+CMGR: 0,,25\r\n{REPORT.format(7, 0)}"
        desk.sms.hear('+CDSI: "SR",3', desk.bench.now)
        desk.bench.run(0.0)
        assert desk.sms.told == [SmsReported(SIM, 7, NUMBER)]
        assert desk.bench.asked[-2:] == ["AT+CMGR=3", "AT+CMGD=3"]

    def test_reports_of_an_earlier_run_wait_until_the_sim_is_known(self) -> None:
        bench = Bench()
        sms = Sms(bench.modem)
        bench.modem.opened(bench.now)
        sms.hear(f"+CDS: 25\n{REPORT.format(7, 0)}", bench.now)
        sms.turn(bench.now)
        assert sms.told == []
        bench.run(1.0)
        sms.turn(bench.now)
        assert sms.told == [SmsReported(SIM, 7, NUMBER)]

    def test_reports_of_a_sim_that_is_never_known_are_told_without_it(self) -> None:
        bench = Bench()
        sms = Sms(bench.modem)
        bench.modem.opened(bench.now)
        for reference in range(MAX_REPORTS + 1):
            sms.hear(f"+CDS: 25\n{REPORT.format(reference % 256, 0)}", bench.now)
        bench.modem.closed("unplugged", bench.now)
        sms.drop("unplugged")
        assert sms.told == [SmsReported("", each, NUMBER) for each in range(1, MAX_REPORTS + 1)]

    def test_nothing_is_sent_while_a_call_is_up(self) -> None:
        desk = Desk()
        desk.bench.modem.dial(NUMBER, desk.bench.now)
        desk.bench.run(0.0)
        desk.send("s")
        assert desk.bench.modem.output() == b""
        assert desk.sms.waiting == 1

    def test_what_waited_too_long_for_a_call_to_end_is_not_sent_any_more(self) -> None:
        desk = Desk()
        desk.send("s")
        wait_for_prompts(desk)
        desk.send("late")
        desk.bench.now += WITHIN_S + 1
        desk.send("t")
        because = "the modem had calls until it was too late for the text"
        assert desk.sms.told == [SmsFailed("late", because, begun=False)]
        desk.prompt(7)
        assert desk.sms.told[1:] == [SmsPartSent("s", SIM, 7), SmsSent("s", 1)]
        assert desk.sms.waiting == 1

    def test_what_waits_when_the_modem_goes_has_failed(self) -> None:
        desk = Desk()
        desk.send("s")
        desk.send("t")
        desk.bench.modem.closed("unplugged", desk.bench.now)
        desk.sms.drop("unplugged")
        assert [(told.sms_id, told.begun) for told in desk.sms.told if isinstance(told, SmsFailed)] == [
            ("s", True),
            ("t", False),
        ]
        assert desk.sms.waiting == 0

    def test_a_modem_that_is_set_up_again_goes_on_with_the_next(self) -> None:
        desk = Desk()
        desk.send("s")
        desk.send("t")
        wait_for_prompts(desk)
        desk.bench.modem.opened(desk.bench.now)
        assert desk.sms.told == [SmsFailed("s", "the modem went away")]
        desk.bench.run(1.0)
        desk.sms.turn(desk.bench.now)
        assert desk.bench.modem.output().startswith(b"AT+CMGS=")

    def test_the_queue_is_bounded(self) -> None:
        desk = Desk()
        for number in range(MAX_WAITING + 1):
            desk.sms.send(f"s{number}", NUMBER, "x", desk.bench.now)
        assert desk.sms.told == [
            SmsFailed(f"s{MAX_WAITING}", f"{MAX_WAITING} messages are waiting already", begun=False)
        ]

    def test_what_can_never_be_sent_raises(self) -> None:
        with pytest.raises(SmsError):
            Desk().sms.send("s", "nobody", "x", 0.0)

    def test_the_core_passes_reports_on(self) -> None:
        desk = Desk()
        desk.bench.modem.received(f"\r\n+CDS: 25\r\n{REPORT.format(7, 0)}\r\n".encode(), 0.0)
        assert desk.bench.modem.told() == [NoticeTold(f"+CDS: 25\n{REPORT.format(7, 0)}")]
