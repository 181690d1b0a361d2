"""Where the people of a store's leads are, derived anew: for stores from before places had regions."""

from campaigns.database import Database
from campaigns.model import Profile
from campaigns.places import whereabouts
from campaigns.profiles import Profiles

_CHUNK = 5000


def relocate(database: Database, profiles: Profiles) -> int:
    """Give every number the profile of its place as the tables of today know it, the ground kept; how many changed."""
    changed, last = 0, 0
    while True:
        rows = database.rows(
            "SELECT p.id, p.e164, p.profile_id, l.postal_code, l.country, l.state, l.timezone, l.stated_timezone,"
            " l.stated_region FROM lead_phones p JOIN leads l ON l.id = p.lead_id WHERE p.id > ? ORDER BY p.id LIMIT ?",
            (last, _CHUNK),
        )
        if not rows:
            break
        last = rows[-1][0]
        moved = []
        for phone_id, e164, profile_id, postcode, country, state, listed, said_zone, said_region in rows:
            place = whereabouts(
                e164,
                postcode=postcode,
                country=country,
                state=state,
                listed_zone=listed,
                stated_zone=said_zone,
                stated_region=said_region,
            )
            row_id = profiles.id_of(Profile(place.zones, place.regions, profiles.get(profile_id).basis))
            if row_id != profile_id:
                moved.append((row_id, phone_id))
        database.many("UPDATE lead_phones SET profile_id = ? WHERE id = ?", moved)
        changed += len(moved)
    database.execute(
        "UPDATE leads SET profile_id = (SELECT profile_id FROM lead_phones WHERE id = leads.next_phone_id)"
    )
    return changed
