"""Records to disk: the one place where what the engine says becomes rows of the campaign store."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from campaigns.collections.money import stored
from campaigns.store import Store
from dialer.core import records as rec

_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Veto:
    """A reservation that the store refused at the last moment; its call must not be placed."""

    attempt_id: int
    reason: str


class Journal:
    """Commits records in order, all of a batch in one transaction. No text in them can fail a batch."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writers: dict[type, Callable[..., str | None]] = {
            rec.AttemptReserved: self._reserved,
            rec.AttemptAnswered: lambda r: store.mark_answered(r.attempt_id, r.at),
            rec.AttemptConnected: lambda r: store.mark_connected(r.attempt_id, r.agent, r.at),
            rec.CallEnded: lambda r: store.mark_call_ended(
                r.attempt_id, r.at, r.cause.value, r.sip_code, r.q850, r.detail
            ),
            rec.AttemptClosed: self._closed,
            rec.CallbackMade: self._callback_made,
            rec.PromiseMade: self._promised,
            rec.SaleMade: lambda r: store.sales.make(r.attempt_id, r.sale, r.at),
            rec.AgentStateChanged: lambda r: store.log_agent(r.agent, r.campaign_id, r.state, r.code, r.at),
            rec.CampaignStateChanged: self._campaign_state,
            rec.NumberSuppressed: self._suppressed,
            rec.PacingSampled: lambda r: store.log_pacing(r.campaign_id, r.at, r.sample),
            rec.PacerLearned: lambda r: store.save_pacer_state(r.campaign_id, r.at, r.state),
        }

    def commit(self, records: Sequence[rec.Record]) -> list[Veto]:
        """Write `records` in one transaction and return the reservations that were refused."""
        if not records:
            return []
        vetoes: list[Veto] = []
        with self._store.transaction():
            for record in records:
                reason = self._writers[type(record)](_storable(record))
                if isinstance(record, rec.AttemptReserved) and reason is not None:
                    vetoes.append(Veto(record.attempt_id, reason))
        return vetoes

    def _reserved(self, r: rec.AttemptReserved) -> str | None:
        return self._store.reserve_attempt(
            r.attempt_id, r.campaign_id, r.lead_id, r.phone_id, r.phone, r.trunk, r.caller_id, r.at
        )

    def _closed(self, r: rec.AttemptClosed) -> None:
        self._store.close_attempt(
            r.attempt_id,
            at=r.at,
            outcome=r.outcome,
            status=r.status,
            ringing_at=r.ringing_at,
            cause=r.cause.value,
            sip_code=r.sip_code,
            q850=r.q850,
            detail=r.detail,
            ref=r.ref,
            agent=r.agent,
            retry=r.retry,
        )

    def _callback_made(self, r: rec.CallbackMade) -> None:
        self._store.callbacks.make(
            r.lead_id, r.callback, falls_at=r.falls_at, made_by=r.made_by, made_at=r.at, phone_id=r.phone_id
        )
        if r.callback.consented:
            self._store.consents.asked_for_call(r.lead_id, r.phone_id, r.callback, agent=r.made_by, at=r.at)

    def _promised(self, r: rec.PromiseMade) -> None:
        plan = [(stored(r.promise.amount, r.promise.currency), r.promise.due_on)]
        self._store.promises.keep(r.promise.debt_id, r.lead_id, plan, r.at, agent=r.agent, attempt_id=r.attempt_id)

    def _campaign_state(self, r: rec.CampaignStateChanged) -> None:
        self._store.set_campaign_state(r.campaign_id, r.state)

    def _suppressed(self, r: rec.NumberSuppressed) -> None:
        self._store.add_dnc(r.phone, r.source, r.at)


def _storable(value: Any) -> Any:
    """The same without lone surrogates, which no database takes, in any text of a record and of what it holds."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value) if _SURROGATE.search(value) else value
    if not is_dataclass(value) or isinstance(value, type):
        return value
    mended = {}
    for field in fields(value):
        before = getattr(value, field.name)
        after = _storable(before)
        if after is not before:
            mended[field.name] = after
    return replace(value, **mended) if mended else value
