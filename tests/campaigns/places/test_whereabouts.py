import pytest

from campaigns.places import whereabouts


@pytest.mark.parametrize(
    ("phone", "clues", "zones", "regions"),
    [
        ("+12125550123", {}, {"America/New_York"}, {"US-NY"}),
        ("+16895550123", {}, {"America/New_York"}, {"US-FL"}),
        ("+442079460123", {}, {"Europe/London"}, {"GB"}),
        ("+12125550123", {"stated_region": "Florida"}, {"America/Chicago", "America/New_York"}, {"US-FL"}),
        ("+18005550123", {}, set(), set()),
    ],
)
def test_where_a_person_may_be(phone: str, clues: dict[str, str], zones: set[str], regions: set[str]) -> None:
    found = whereabouts(phone, **clues)
    assert (set(found.zones), set(found.regions)) == (zones, regions)
