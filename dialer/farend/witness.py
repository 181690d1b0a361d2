"""Writes down what befalls a call: the same lines for a customer, a phone and a caller."""

import time
from typing import Any

from dialer.farend.calls import Call
from dialer.farend.ears import Heard
from dialer.farend.eventlog import EventLog


class Witness:
    """Hooks itself to a call and logs ack, heard, digit, cancel, bye and ended; the owner notes the rest."""

    def __init__(self, call: Call, log: EventLog, **names: str) -> None:
        self._call = call
        self._log = log
        self._names = {"call_id": call.call_id, "number": call.number, "caller_id": call.caller_id, **names}
        call.on_acknowledged = lambda: self.note("ack")
        call.on_heard = self._heard
        call.on_digit = lambda digit: self.note("digit", digit=digit)
        call.on_ended = self._ended

    def note(self, event: str, **fields: Any) -> None:
        """One line about this call."""
        self._log.write(event, **self._names, **fields)

    def _heard(self, at: float) -> None:
        if self._call.answered_at is not None:
            self.note("heard", heard_mono=round(at, 4), after_answer_s=round(at - self._call.answered_at, 4))

    def _ended(self) -> None:
        call = self._call
        assert call.ending is not None
        if call.ending.bye:
            self.note("bye", by=call.ending.by.value)
        self.note(
            "ended",
            by=call.ending.by.value,
            why=call.ending.why,
            sip_code=call.ending.sip_code,
            since_invite_s=round(time.monotonic() - call.started_at, 3),
            **_up(call),
        )


def _up(call: Call) -> dict[str, Any]:
    if call.answered_at is None:
        return {}
    fields: dict[str, Any] = {"up_s": round(time.monotonic() - call.answered_at, 3)}
    if call.media is not None:
        fields |= heard_fields(call.media.ears.heard())
        if call.media.ears.first_at is not None:
            fields["heard_after_s"] = round(call.media.ears.first_at - call.answered_at, 4)
    return fields


def heard_fields(heard: Heard) -> dict[str, Any]:
    """The figures of what was heard, under their log names."""
    return {
        "received_s": heard.received_s,
        "sound_s": heard.sound_s,
        "level_db": heard.level_db,
        "tone_hz": heard.tone_hz,
        "tone_share": heard.tone_share,
    }
