from datetime import UTC, date, datetime

import pytest

from campaigns.model import CampaignSettings
from campaigns.reports.selection import Selection, bound_of


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-06-01", datetime(2026, 6, 1, 4, tzinfo=UTC)),
        ("2026-06-01T09:30", datetime(2026, 6, 1, 13, 30, tzinfo=UTC)),
        ("2026-06-01T09:30+02:00", datetime(2026, 6, 1, 7, 30, tzinfo=UTC)),
    ],
)
def test_bounds_are_meant_in_the_campaigns_zone(text: str, utc: datetime) -> None:
    assert bound_of(text, "America/New_York") == utc


def test_a_day_begins_where_clocks_skip_midnight() -> None:
    assert bound_of("2026-03-29", "Asia/Beirut") == datetime(2026, 3, 28, 22, tzinfo=UTC)


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2026-03-08T02:30", ""])
def test_what_is_no_bound_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"2026-"):
        bound_of(text, "America/New_York")


def test_days_are_those_that_begin_inside() -> None:
    campaign = CampaignSettings(1, "spring", timezone="America/New_York")
    midnight, noon = datetime(2026, 6, 1, 4, tzinfo=UTC), datetime(2026, 6, 1, 16, tzinfo=UTC)
    assert Selection(campaign, midnight, noon).days() == (date(2026, 6, 1), date(2026, 6, 2))
    assert Selection(campaign, noon, None).days() == (date(2026, 6, 2), None)
