"""Where a person is, as IANA zones and ISO 3166 regions. Pure: it reads nothing but data that comes with packages."""

from campaigns.places.clocks import MAX_ZONES, canonical_zone
from campaigns.places.numbering import regions_of
from campaigns.places.postcodes import region_of_postcode, zones_of_postcode
from campaigns.places.regions import address_region, country_of, region_of_code, zones_of_region
from campaigns.places.whereabouts import Whereabouts, is_state, whereabouts

__all__ = [
    "MAX_ZONES",
    "Whereabouts",
    "address_region",
    "canonical_zone",
    "country_of",
    "is_state",
    "region_of_code",
    "region_of_postcode",
    "regions_of",
    "whereabouts",
    "zones_of_postcode",
    "zones_of_region",
]
