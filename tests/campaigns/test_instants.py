from datetime import UTC, datetime

import pytest

from campaigns.instants import instant_of

NEW_YORK, CHICAGO = "America/New_York", "America/Chicago"


def test_a_time_without_an_offset_is_the_persons_own() -> None:
    at, zone = instant_of("2026-11-24 15:00", [NEW_YORK])
    assert (at.astimezone(UTC), zone) == (datetime(2026, 11, 24, 20, 0, tzinfo=UTC), NEW_YORK)
    at, zone = instant_of("2026-11-24T15:00", [NEW_YORK, CHICAGO], CHICAGO)
    assert (at.astimezone(UTC), zone) == (datetime(2026, 11, 24, 21, 0, tzinfo=UTC), CHICAGO)


def test_an_offset_needs_no_zone() -> None:
    at, zone = instant_of("2026-11-24T15:00+01:00", [])
    assert (at.astimezone(UTC), zone) == (datetime(2026, 11, 24, 14, 0, tzinfo=UTC), "")


@pytest.mark.parametrize(
    ("text", "zones", "chosen", "says"),
    [
        ("tomorrow", [NEW_YORK], "", "no date and time such as"),
        ("2026-11-24T15:00", [NEW_YORK, CHICAGO], "", "America/Chicago or America/New_York"),
        ("2026-11-24T15:00", [], "", "time zone is unknown"),
        ("2026-11-24T15:00", [], "Chicago", "no IANA time zone"),
        ("2026-03-08T02:30", [NEW_YORK], "", "do not strike 02:30"),
        ("2026-11-01T01:30", [NEW_YORK], "", r"strike twice 01:30.*2026-11-01T01:30-04:00"),
    ],
)
def test_what_is_no_instant_is_refused_with_how_to_write_it(
    text: str, zones: list[str], chosen: str, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        instant_of(text, zones, chosen)
