import pytest

from hw.modem.modem import NoticeTold
from hw.modem.pdu import SmsError
from hw.modem.sms import MAX_WAITING, Sms, SmsDelivered, SmsFailed, SmsSent
from tests.hw.modem.test_modem import NUMBER, Bench

WITHIN_S = 60.0
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
    def test_sent_then_delivered(self) -> None:
        desk = Desk()
        desk.send("s")
        wait_for_prompts(desk)
        desk.prompt(7)
        assert desk.sms.told == [SmsSent("s", 1)]
        desk.report(7)
        assert desk.sms.told[1:] == [SmsDelivered("s")]

    def test_a_long_text_is_delivered_when_all_parts_are(self) -> None:
        desk = Desk()
        desk.send("s", "x" * 400)
        for reference in (254, 255, 0):
            wait_for_prompts(desk)
            desk.prompt(reference)
        assert desk.sms.told == [SmsSent("s", 3)]
        for reference in (255, 0):
            desk.report(reference)
            assert SmsDelivered("s") not in desk.sms.told
        desk.report(254)
        assert desk.sms.told[-1] == SmsDelivered("s")

    def test_one_part_that_fails_is_told_once(self) -> None:
        desk = Desk()
        desk.send("s", "x" * 400)
        for reference in (1, 2, 3):
            wait_for_prompts(desk)
            desk.prompt(reference)
        desk.report(1, 0x30)
        desk.report(1, 0x41)
        desk.report(2, 0x41)
        desk.report(3)
        assert desk.sms.told[1:] == [SmsFailed("s", "the network gave it up (status 65)")]

    def test_reports_of_others_and_of_nobody_are_ignored(self) -> None:
        desk = Desk()
        desk.report(9)
        assert desk.sms.hear("+CDS: 3\nnonsense", 0.0)
        assert desk.sms.told == []
        assert not desk.sms.hear("+CREG: 1", 0.0)

    def test_a_report_in_store_is_fetched_and_cleared(self) -> None:
        desk = Desk()
        desk.send("s")
        wait_for_prompts(desk)
        desk.prompt(7)
        desk.bench.answers["AT+CMGR=3"] = f"+CMGR: 0,,25\r\n{REPORT.format(7, 0)}"
        desk.sms.hear('+CDSI: "SR",3', desk.bench.now)
        desk.bench.run(0.0)
        assert desk.sms.told[-1] == SmsDelivered("s")
        assert desk.bench.asked[-2:] == ["AT+CMGR=3", "AT+CMGD=3"]

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
        assert desk.sms.told[1:] == [SmsSent("s", 1)]
        assert desk.sms.waiting == 1

    def test_what_waits_when_the_modem_goes_has_failed(self) -> None:
        desk = Desk()
        desk.send("s")
        desk.send("t")
        desk.bench.modem.closed("unplugged", desk.bench.now)
        desk.sms.drop("unplugged")
        assert [(told.sms_id, type(told)) for told in desk.sms.told] == [("s", SmsFailed), ("t", SmsFailed)]
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
