import pytest

from campaigns.dnc.registries import registry_of, require_areas


@pytest.mark.parametrize(
    ("registry_id", "prefix", "days"),
    [
        ("us-national", "+1", 31),
        ("ca-dncl", "+1", 31),
        ("gb-ctps", "+44", 28),
        ("it-rpo", "+39", 15),
        ("in-ncpr", "+91", 31),
    ],
)
def test_the_country_comes_first(registry_id: str, prefix: str, days: int) -> None:
    registry = registry_of(registry_id)
    assert (registry.prefix, registry.max_age_days) == (prefix, days)


@pytest.mark.parametrize("registry_id", ["", "us", "us-", "US-National", "xx-list", "tps", "gb tps"])
def test_other_ids_are_refused(registry_id: str) -> None:
    with pytest.raises(ValueError, match="begins with its country, such as us-national"):
        registry_of(registry_id)


def test_area_codes_are_for_north_america() -> None:
    require_areas(registry_of("us-national"), ("212", "646"))
    require_areas(registry_of("gb-tps"), ())
    with pytest.raises(ValueError, match="for the whole country"):
        require_areas(registry_of("gb-tps"), ("020",))
    with pytest.raises(ValueError, match="12, 112: an area code is three digits"):
        require_areas(registry_of("us-national"), ("12", "212", "112"))
