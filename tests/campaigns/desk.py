"""Short words for what store tests do again and again: load leads, place calls, close them."""

import io
from datetime import datetime, timedelta

from campaigns import retry
from campaigns.importing import ImportReport, import_leads
from campaigns.model import CampaignSettings, CampaignState, Candidate, Outcome, RetryDecision
from campaigns.statuses import MACHINE_STATUS
from campaigns.store import Store


class Desk:
    """An active campaign `spring` and the calls made for it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        store.create_campaign("spring", "telesales", "predictive")
        self.campaign: CampaignSettings = store.set_campaign_state("spring", CampaignState.ACTIVE)
        self._last = 0

    def load(self, text: str, **options: object) -> ImportReport:
        return import_leads(self.store, "spring", io.StringIO(text), **options)  # type: ignore[arg-type]

    def refill(self, now: datetime, n: int = 100, exclude: tuple[int, ...] = ()) -> list[Candidate]:
        return list(self.store.refill(self.campaign.campaign_id, n, now, exclude).leads)

    def one(self, now: datetime) -> Candidate:
        (candidate,) = self.refill(now)
        return candidate

    def try_reserve(self, candidate: Candidate, now: datetime) -> str | None:
        phone = candidate.phone
        with self.store.transaction():
            return self.store.reserve_attempt(
                self._last + 1, self.campaign.campaign_id, candidate.lead_id, phone.phone_id, phone.e164, "t1", "", now
            )

    def reserve(self, candidate: Candidate, now: datetime) -> int:
        assert self.try_reserve(candidate, now) is None
        self._last += 1
        return self._last

    def close(
        self,
        attempt_id: int,
        candidate: Candidate,
        outcome: Outcome,
        now: datetime,
        status: str | None = None,
        decision: RetryDecision | None = None,
    ) -> RetryDecision:
        made = decision or retry.decide(self.campaign.retry, outcome, candidate, now)
        with self.store.transaction():
            self.store.close_attempt(
                attempt_id,
                at=now,
                outcome=outcome,
                status=status or MACHINE_STATUS[outcome],
                ringing_at=now - timedelta(seconds=1),
                cause="normal",
                sip_code=200,
                q850=16,
                detail="",
                ref="ref",
                agent=None,
                retry=made,
            )
        return made

    def call(self, candidate: Candidate, outcome: Outcome, now: datetime, status: str | None = None) -> RetryDecision:
        return self.close(self.reserve(candidate, now), candidate, outcome, now, status)
