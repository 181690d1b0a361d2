import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.model import CampaignSettings
from dialer.core.dialing import TRUNK_FAULTS, TRUNK_REST_S, StartLimiter, TrunkLines, TrunkSettings
from dialer.core.routing import caller_id_for, pick_trunk


@given(
    rate=st.floats(0.2, 40.0),
    gaps=st.lists(st.floats(0.0, 0.5), min_size=1, max_size=200),
)
def test_never_more_starts_in_a_second_than_allowed(rate: float, gaps: list[float]) -> None:
    limiter, now, starts = StartLimiter(rate), 0.0, []
    for gap in gaps:
        now += gap
        if limiter.next_start(now) <= now:
            limiter.started(now)
            starts.append(now)
    for first in starts:
        in_window = sum(first <= s < first + 1.0 - 1e-9 for s in starts)
        assert in_window <= math.ceil(rate)


def test_slow_trunks_space_their_starts() -> None:
    limiter = StartLimiter(0.25)
    limiter.started(10.0)
    assert limiter.next_start(10.5) == pytest.approx(14.0)


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="starts_per_s"):
        StartLimiter(0.0)


def trunk(name: str, lines: int = 2) -> TrunkLines:
    return TrunkLines(TrunkSettings(name, lines, 100.0, ("+12125550100", "+12125550101")))


def test_the_least_loaded_trunk_is_picked() -> None:
    small, large = trunk("small", 2), trunk("large", 10)
    small.take(0.0)
    large.take(0.0)
    picked, _ = pick_trunk([small, large], (), 1.0)
    assert picked is large


def test_only_the_campaigns_trunks_are_picked() -> None:
    picked, soonest = pick_trunk([trunk("a")], ("b",), 1.0)
    assert (picked, soonest) == (None, None)


def test_a_full_trunk_gives_no_time() -> None:
    full = trunk("full", 1)
    full.take(0.0)
    assert pick_trunk([full], (), 1.0) == (None, None)
    full.release()
    assert pick_trunk([full], (), 1.0)[0] is full


def test_a_failing_trunk_rests_and_is_tried_again() -> None:
    bad = trunk("bad")
    told = [bad.faulted(1.0) for _ in range(TRUNK_FAULTS)]
    assert told == [False] * (TRUNK_FAULTS - 1) + [True]
    assert pick_trunk([bad], (), 2.0) == (None, 1.0 + TRUNK_REST_S)
    assert pick_trunk([bad], (), 1.0 + TRUNK_REST_S)[0] is bad
    assert bad.faulted(1.0 + TRUNK_REST_S), "one more failure sends it to rest again"
    bad.worked()
    assert pick_trunk([bad], (), 2.0)[0] is bad


def test_a_busy_trunk_does_not_rest_for_a_few_numbers_that_fail_together() -> None:
    busy = trunk("busy", 200)
    for _ in range(120):
        busy.take(0.0)
    assert not any(busy.faulted(1.0) for _ in range(29))
    assert busy.faulted(1.0), "but it does when nothing gets through any more"


def test_a_lead_always_sees_the_same_caller_id() -> None:
    campaign = CampaignSettings(1, "c")
    one = trunk("one")
    assert caller_id_for(campaign, one, 4) == caller_id_for(campaign, one, 4)
    assert {caller_id_for(campaign, one, lead) for lead in range(4)} == {"+12125550100", "+12125550101"}
    assert caller_id_for(CampaignSettings(1, "c", caller_id="+12125550155"), one, 4) == "+12125550155"
