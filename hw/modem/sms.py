"""SMS of one modem: what is sent when the line is quiet, and what the network reports of it. Sans-I/O."""

import re
from collections import deque
from dataclasses import dataclass, field
from functools import partial

from hw.modem.at import Command, Final, Reply, number_at, parameters
from hw.modem.modem import Health, Modem
from hw.modem.pdu import Fate, StatusReport, Submit, status_report, submit

MAX_WAITING = 200
SEND_LIMIT_S = 40.0
MAX_REPORTS = 200
_STORED = re.compile(r'\+CDSI: ?"?\w{0,4}"?,(\d{1,4})$')


@dataclass(frozen=True, slots=True)
class SmsPartSent:
    """The network has taken a part of the SMS `sms_id`. A report of it will name `sim` and `reference` (TP-MR).

    `reference` is None when the modem told none: nothing will be known of the part's delivery.
    """

    sms_id: str
    sim: str
    reference: int | None


@dataclass(frozen=True, slots=True)
class SmsSent:
    """The network has taken all parts of the SMS `sms_id`; that is no delivery."""

    sms_id: str
    parts: int


@dataclass(frozen=True, slots=True)
class SmsFailed:
    """The SMS `sms_id` was not sent; `because` says why. `begun`: the network may have some of it."""

    sms_id: str
    because: str
    begun: bool = True


@dataclass(frozen=True, slots=True)
class SmsReported:
    """What became of a part that `sim` sent to `number` under `reference`, in this run or an earlier one.

    `failure` says why the network gave it up; it is empty when the phone has it. `sim` is empty when the modem was
    gone before its SIM was known.
    """

    sim: str
    reference: int
    number: str
    failure: str = ""


SmsTold = SmsPartSent | SmsSent | SmsFailed | SmsReported


@dataclass(slots=True, eq=False)
class _Message:
    sms_id: str
    parts: list[Submit]
    begin_by: float
    sent: int = 0


@dataclass(slots=True)
class Sms:
    """The messages of one modem. `told` collects events; whoever drives the modem calls `turn` after each input.

    Parts wait until no call is up and nothing is being asked, so that no call is held up by the air interface.
    Reports wait until the SIM that they are for is known: modems tell those of an earlier run as soon as they can.
    """

    modem: Modem
    told: list[SmsTold] = field(default_factory=list)
    _waiting: deque[_Message] = field(default_factory=deque)
    _reports: list[StatusReport] = field(default_factory=list)
    _sending: bool = False
    _reference: int = 0

    @property
    def waiting(self) -> int:
        """How many messages are not sent yet."""
        return len(self._waiting)

    @property
    def parts_waiting(self) -> int:
        """How many parts of messages are not sent yet."""
        return sum(len(message.parts) - message.sent for message in self._waiting)

    def send(self, sms_id: str, number: str, text: str, begin_by: float) -> None:
        """Send `text` to `number` (E.164); an `SmsPartSent` for each part and `SmsSent`, or `SmsFailed`, follow.

        What the modem was not free to begin by `begin_by` has failed. Raises `SmsError` for what can never be sent.
        """
        self._reference = (self._reference + 1) & 0xFF
        message = _Message(sms_id, submit(number, text, self._reference), begin_by)
        if len(self._waiting) >= MAX_WAITING:
            self.told.append(SmsFailed(sms_id, f"{MAX_WAITING} messages are waiting already", begun=False))
        else:
            self._waiting.append(message)

    def turn(self, now: float) -> None:
        """Send the next part if the modem has nothing else to do."""
        self._tell_reports()
        self._drop_late(now)
        if self._waiting and not self._sending and self.modem.quiet:
            message = self._waiting[0]
            part = message.parts[message.sent]
            self._sending = True
            text, body = f"AT+CMGS={part.length}", part.hex.encode()
            then = partial(self._on_sent, message)
            self.modem.ask(Command(text, ("+CMGS:",), SEND_LIMIT_S, body=body, then=then), now)

    def _drop_late(self, now: float) -> None:
        for message in [each for each in self._waiting if now > each.begin_by and not self._begun(each)]:
            self._waiting.remove(message)
            because = "the modem had calls until it was too late for the text"
            self.told.append(SmsFailed(message.sms_id, because, begun=False))

    def _begun(self, message: _Message) -> bool:
        return message.sent > 0 or (self._sending and message is self._waiting[0])

    def drop(self, because: str) -> None:
        """The modem is gone: what waits has failed."""
        self._tell_reports_of("")
        for message in self._waiting:
            self.told.append(SmsFailed(message.sms_id, because, self._begun(message)))
        self._waiting.clear()
        self._sending = False

    def hear(self, line: str, now: float) -> bool:
        """A line that the modem said by itself; True when it was about SMS."""
        match = _STORED.match(line)
        if match is not None:
            then = partial(self._on_stored, match[1])
            self.modem.ask(Command(f"AT+CMGR={match[1]}", ("+CMGR:",), bare=True, then=then), now)
            return True
        if line.startswith("+CDS:"):
            self._report(line.rpartition("\n")[2])
            return True
        return False

    def _on_sent(self, message: _Message, reply: Reply, now: float) -> None:
        self._sending = False
        if not self._waiting or self._waiting[0] is not message:
            return
        if not reply.ok:
            self._waiting.popleft()
            gone = reply.final is Final.GONE
            self.told.append(SmsFailed(message.sms_id, "the modem went away" if gone else f"the modem: {reply.reason}"))
            return
        reference = number_at(parameters(reply.lines[-1]), 0) if reply.lines else None
        self.told.append(SmsPartSent(message.sms_id, self.modem.sim, reference))
        message.sent += 1
        if message.sent == len(message.parts):
            self._waiting.popleft()
            self.told.append(SmsSent(message.sms_id, message.sent))

    def _on_stored(self, place: str, reply: Reply, now: float) -> None:
        if reply.ok and reply.lines:
            self._report(reply.lines[-1])
            self.modem.ask(Command(f"AT+CMGD={place}"), now)

    def _report(self, pdu: str) -> None:
        report = status_report(pdu)
        if report is not None and report.fate is not Fate.TRYING:
            del self._reports[: 1 - MAX_REPORTS]
            self._reports.append(report)
            self._tell_reports()

    def _tell_reports(self) -> None:
        if self.modem.health is Health.READY:
            self._tell_reports_of(self.modem.sim)

    def _tell_reports_of(self, sim: str) -> None:
        for report in self._reports:
            failure = "" if report.fate is Fate.DELIVERED else f"the network gave it up (status {report.status})"
            self.told.append(SmsReported(sim, report.reference, report.number, failure))
        self._reports.clear()
