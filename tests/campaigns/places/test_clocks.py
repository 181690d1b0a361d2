from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.places.clocks import MAX_ZONES, canonical_zone, known_zones, same_clock, settled

ZONES = st.sampled_from(sorted(known_zones()))


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("America/New_York", "America/New_York"),
        ("US/Eastern", "America/New_York"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("America/Indianapolis", "America/Indiana/Indianapolis"),
        ("Australia/ACT", "Australia/Sydney"),
        (" Europe/London ", "Europe/London"),
        ("Europe/Jersey", "Europe/Jersey"),
        ("EST", ""),
        ("EST5EDT", ""),
        ("Etc/GMT+5", ""),
        ("UTC", ""),
        ("-05:00", ""),
        ("America/Narnia", ""),
        ("", ""),
    ],
)
def test_names_of_zones(name: str, zone: str) -> None:
    assert canonical_zone(name) == zone


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Australia/Sydney", "Australia/Melbourne", True),
        ("Australia/Sydney", "Australia/Hobart", True),
        ("Australia/Sydney", "Australia/Brisbane", False),
        ("Australia/Sydney", "Australia/Lord_Howe", False),
        ("Australia/Adelaide", "Australia/Broken_Hill", True),
        ("America/New_York", "America/Detroit", True),
        ("America/New_York", "America/Havana", False),
        ("America/Denver", "America/Phoenix", False),
        ("America/Chicago", "America/Indiana/Knox", True),
        ("Europe/London", "Europe/Lisbon", True),
        ("Europe/London", "Africa/Abidjan", False),
        ("America/Argentina/Salta", "America/Argentina/Ushuaia", True),
    ],
)
def test_same_clocks(one: str, other: str, same: bool) -> None:
    assert same_clock(one, other) is same


@given(ZONES, ZONES, st.datetimes(datetime(2026, 11, 1), datetime(2037, 12, 30)))
def test_same_clocks_agree_at_any_instant(one: str, other: str, at: datetime) -> None:
    instant = at.replace(tzinfo=UTC)
    if same_clock(one, other):
        assert instant.astimezone(ZoneInfo(one)).utcoffset() == instant.astimezone(ZoneInfo(other)).utcoffset()


@given(st.lists(ZONES, max_size=14))
def test_settled_zones_keep_every_clock_and_thin_only_more_than_six(zones: list[str]) -> None:
    kept = settled(zones)
    assert set(kept) <= set(zones) and list(kept) == sorted(set(kept)) and settled(kept) == kept
    assert all(any(same_clock(zone, one) for one in kept) for zone in zones)
    if len(set(zones)) <= MAX_ZONES:
        assert set(kept) == set(zones)
    else:
        assert len(kept) == len(
            {one for one in kept if not any(same_clock(one, other) for other in kept if other < one)}
        )


def test_eucla_is_always_between_perth_and_adelaide() -> None:
    """Why the zones of Australia as a whole leave Eucla's out: a day's window open at both ends is open there too."""
    at = datetime(2026, 11, 1, tzinfo=UTC)
    while at < datetime(2029, 1, 1, tzinfo=UTC):
        perth, eucla, darwin = (
            at.astimezone(ZoneInfo(f"Australia/{city}")).replace(tzinfo=None) for city in ("Perth", "Eucla", "Darwin")
        )
        assert perth < eucla < darwin
        at += timedelta(hours=12)
