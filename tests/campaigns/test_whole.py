"""Rules that hold whatever is done to a campaign, in whatever order."""

from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from campaigns.model import Candidate, Outcome
from campaigns.store import Store
from tests.campaigns.desk import Desk

NUMBERS = [f"+1{code}555010{last}" for code in ("212", "312", "213") for last in range(4)]
OUTCOMES = [outcome for outcome in Outcome if outcome not in (Outcome.HANDLED, Outcome.LOST, Outcome.CALLBACK)]


class Campaign(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.store = Store.open(":memory:", fast=True)
        self.desk = Desk(self.store)
        self.now = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
        self.open: dict[int, Candidate] = {}
        self.barred: set[str] = set()
        self.closed: list[tuple[int, str]] = []

    def teardown(self) -> None:
        self.store.close()

    @rule(numbers=st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=2, unique=True))
    def load(self, numbers: list[str]) -> None:
        self.desk.load("phone,alt_phone\n" + ",".join(numbers) + "\n")

    @rule(hours=st.floats(0.01, 13))
    def wait(self, hours: float) -> None:
        self.now += timedelta(hours=hours)

    @rule(number=st.sampled_from(NUMBERS))
    def bar(self, number: str) -> None:
        self.store.add_dnc(number, "test", self.now)
        self.barred.add(number)

    @rule(pick=st.integers(0, 5))
    def dial(self, pick: int) -> None:
        leads = self.desk.refill(self.now)
        if leads:
            lead = leads[pick % len(leads)]
            self.open[self.desk.reserve(lead, self.now)] = lead

    @rule(pick=st.integers(0, 5), outcome=st.sampled_from(OUTCOMES))
    def close(self, pick: int, outcome: Outcome) -> None:
        if self.open:
            attempt = sorted(self.open)[pick % len(self.open)]
            lead = self.open.pop(attempt)
            self.desk.close(attempt, lead, outcome, self.now)
            self.closed.append((lead.lead_id, lead.phone.e164))
            if outcome is Outcome.UNWANTED:
                self.barred.add(lead.phone.e164)

    @rule(pick=st.integers(0, 5), status=st.sampled_from(["NI", "DNC", "DC"]))
    def dispose(self, pick: int, status: str) -> None:
        if self.open:
            attempt = sorted(self.open)[pick % len(self.open)]
            lead = self.open.pop(attempt)
            self.desk.close(attempt, lead, Outcome.HANDLED, self.now, status)
            self.closed.append((lead.lead_id, lead.phone.e164))
            if status == "DNC":
                self.barred |= {each["e164"] for each in self.store.lead("spring", lead.lead_id)["phones"]}

    @rule()
    def crash(self) -> None:
        lost = self.store.close_lost_attempts(self.now)
        assert [each["attempt_id"] for each in lost] == sorted(self.open)
        self.closed += [(lead.lead_id, lead.phone.e164) for lead in self.open.values()]
        self.open.clear()

    @invariant()
    def what_is_offered_may_be_called_and_only_that(self) -> None:
        offered = {lead.lead_id: lead for lead in self.desk.refill(self.now)}
        assert not self.barred & {phone.e164 for lead in offered.values() for phone in lead.phones}
        assert not set(offered) & {lead.lead_id for lead in self.open.values()}
        for lead in self.store.leads("spring"):
            answer = self.store.why("spring", lead["id"], self.now)
            assert answer["callable"] == (lead["id"] in offered), answer

    @invariant()
    def the_books_balance(self) -> None:
        leads = self.store.leads("spring")
        assert sum(lead["attempts"] for lead in leads) == len(self.closed)
        assert sum(phone["attempts"] for lead in leads for phone in lead["phones"]) == len(self.closed)
        assert all(lead["attempts"] <= 6 for lead in leads)
        report = self.store.report_campaign("spring")
        assert report["open_attempts"] == len(self.open)
        assert sum(report["by_outcome"].values()) == len(self.closed)
        numbers = [phone["e164"] for lead in leads for phone in lead["phones"]]
        assert len(numbers) == len(set(numbers))

    @invariant()
    def when_nothing_is_callable_the_next_time_is_right(self) -> None:
        campaign = self.desk.campaign.campaign_id
        refill = self.store.refill(campaign, 1, self.now)
        if not refill.leads and refill.next_at is not None:
            assert refill.next_at > self.now
            assert self.desk.refill(refill.next_at - timedelta(seconds=1)) == []


TestCampaign = Campaign.TestCase
TestCampaign.settings = settings(max_examples=60, stateful_step_count=25, deadline=None, derandomize=True)
