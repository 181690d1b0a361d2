"""Text messages from a running dialer: on disk first, then to a modem, a few at a time; what comes of them is kept."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from campaigns.model import Blocked, CampaignSettings
from campaigns.store import Store
from campaigns.texts import SEND_WITHIN_S, Delivery, TextAsked, TextKind
from dialer.runner import CommandRefused, Runner
from hw.contract.driver import DriverError
from hw.lines import Lines
from hw.modem.pdu import SmsError
from hw.modem.sms import SmsFailed, SmsPartSent, SmsReported, SmsSent, SmsTold

log = logging.getLogger("dialer.texting")

# Operators take bursts for spam; people who remind by hand are no faster than this either.
GAP_S = 1.0
MAX_WAITING = 20
MAX_OPEN = 100
MAX_CHARACTERS = 1530


class Texting:
    """Hands texts to the modems of `lines`, one every `gap_s` seconds, and writes down what the network says."""

    def __init__(self, runner: Runner, lines: Lines, *, gap_s: float = GAP_S) -> None:
        self._runner = runner
        self._lines = lines
        self._gap_s = gap_s
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._open: set[str] = set()
        self._next_at = 0.0
        lines.sms_reports.listener = self._on_told

    async def send(self, campaign: CampaignSettings, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send the text that `body` (lead_id, text, trunk, kind, about) asks for: {"text_id", "refused"}.

        `refused` says what the law, the do-not-call lists or an earlier reminder have against it. Raises ValueError,
        UnknownLead, and CommandRefused when no modem can take it: nothing counts as sent then.
        """
        asked = _asked(campaign, body, self._trunk(campaign, body.get("trunk")))
        if self._waiting >= MAX_WAITING or len(self._open) >= MAX_OPEN:
            raise CommandRefused("too many texts are waiting for the modems; try again in a minute")
        self._waiting += 1
        try:
            async with self._turn:
                await asyncio.sleep(self._next_at - asyncio.get_running_loop().time())
                return await self._send(asked)
        finally:
            self._waiting -= 1

    async def _send(self, asked: TextAsked) -> dict[str, Any]:
        if self._runner.engine.draining or self._runner.engine.stopping:
            raise CommandRefused("the dialer is about to end; no text is sent any more")
        kept = await self._runner.in_store(lambda store: store.texts.ask(asked, datetime.now(UTC)))
        if isinstance(kept, Blocked):
            until = None if kept.until is None else kept.until.isoformat(timespec="seconds")
            return {"text_id": None, "refused": {"reason": kept.reason, "detail": kept.detail, "until": until}}
        self._next_at = asyncio.get_running_loop().time() + self._gap_s
        sms_id = str(kept.text_id)
        self._open.add(sms_id)
        try:
            self._lines.send_sms(sms_id, asked.trunk, kept.phone, kept.text, SEND_WITHIN_S)
        except (SmsError, DriverError) as error:
            self._open.discard(sms_id)
            because = str(error)
            log.warning("text %d is not sent: %s", kept.text_id, because)
            await self._runner.in_store(lambda store: store.texts.not_taken(kept.text_id, because, datetime.now(UTC)))
            raise CommandRefused(because) from None
        return {"text_id": kept.text_id, "refused": None}

    def _trunk(self, campaign: CampaignSettings, wanted: object) -> str:
        """The trunk to send over: the one that is wanted, else the campaign's first that can."""
        able = sorted(self._lines.sms_trunks)
        if not able:
            raise CommandRefused(
                'no trunk of this site sends text messages: add a [[trunk]] with kind = "modem" to dialer.toml '
                "(docs/modems.md)"
            )
        if wanted is not None:
            if wanted not in able:
                raise CommandRefused(f"trunk {wanted!r} sends no text messages; those that do: {', '.join(able)}")
            return str(wanted)
        mine = [trunk for trunk in able if not campaign.trunks or trunk in campaign.trunks]
        if not mine:
            raise CommandRefused(
                f"none of the trunks of campaign {campaign.name} sends text messages; name one that does: "
                f"{', '.join(able)}"
            )
        return mine[0]

    def _on_told(self, told: SmsTold) -> None:
        """A modem tells what became of a text."""
        at = datetime.now(UTC)
        if isinstance(told, SmsReported):
            self._runner.leave_in_store("a delivery report", lambda store: _match(store, told, at))
            return
        text_id = int(told.sms_id)
        if not isinstance(told, SmsPartSent):
            self._open.discard(told.sms_id)
        if isinstance(told, SmsFailed):
            log.warning("text %d failed: %s", text_id, told.because)
        self._runner.leave_in_store(f"what became of text {text_id}", lambda store: _write(store, told, text_id, at))


def _match(store: Store, told: SmsReported, at: datetime) -> None:
    text_id = store.texts.reported(Delivery(told.sim, told.reference, told.number, told.failure), at)
    if text_id is None:
        log.info("a delivery report (SIM %s, reference %d) is about no text of ours", told.sim, told.reference)
    elif told.failure:
        log.warning("text %d failed: %s", text_id, told.failure)


def _write(store: Store, told: SmsPartSent | SmsSent | SmsFailed, text_id: int, at: datetime) -> None:
    match told:
        case SmsPartSent():
            store.texts.part_sent(text_id, told.sim, told.reference, at)
        case SmsSent():
            store.texts.sent(text_id, at)
        case SmsFailed(begun=True):
            store.texts.failed(text_id, told.because, at)
        case SmsFailed():
            store.texts.not_taken(text_id, told.because, at)


def _asked(campaign: CampaignSettings, body: Mapping[str, Any], trunk: str) -> TextAsked:
    lead_id, text, about = body.get("lead_id"), body.get("text"), body.get("about")
    if not isinstance(lead_id, int):
        raise ValueError("'lead_id' must be the number of a lead")  # noqa: TRY004
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_CHARACTERS:
        raise ValueError(f"'text' must be 1 to {MAX_CHARACTERS} characters")
    try:
        kind = TextKind(body.get("kind", TextKind.FREE))
    except ValueError:
        raise ValueError(f"'kind' must be one of {', '.join(TextKind)}") from None
    if (about is None) != (kind is TextKind.FREE) or not isinstance(about, int | None):
        raise ValueError("'about' is the id of the promise or callback that a reminder is about, and of no other text")
    return TextAsked(campaign, lead_id, text, trunk, kind, about)
