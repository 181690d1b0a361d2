import pytest

from campaigns.dnc.registries import registry_of, require_areas, require_known


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


def test_a_registry_that_no_rule_asks_for_is_refused_with_the_nearest() -> None:
    require_known("us-national", ())
    require_known("de-own", {"de-own"})
    with pytest.raises(ValueError, match=r"'us-nationl'.*did you mean us-national\?"):
        require_known("us-nationl", ())
    with pytest.raises(ValueError, match=r"known: au-dncr, .*de-own"):
        require_known("br-xyzzy", {"de-own"})
