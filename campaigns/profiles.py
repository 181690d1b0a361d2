"""Calling profiles as the database has them: interned, since one serves all the numbers of the same places."""

from collections.abc import ItemsView

from campaigns.database import Database
from campaigns.model import Profile


class Profiles:
    """Profiles by row id, learned as they are asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._profiles: dict[int, Profile] = {}
        self._ids: dict[Profile, int] = {}
        self._rollbacks = 0

    def refresh(self) -> None:
        """Learn the profiles that other processes added, and forget those that a rollback took back."""
        if self._rollbacks != self._database.rollbacks:
            self._rollbacks = self._database.rollbacks
            self._profiles.clear()
            self._ids.clear()
        newest = max(self._profiles, default=0)
        for row_id, key in self._database.rows("SELECT id, key FROM profiles WHERE id > ? ORDER BY id", (newest,)):
            self._learn(row_id, _profile_of(key))

    def items(self) -> ItemsView[int, Profile]:
        """All profiles known since the last refresh."""
        return self._profiles.items()

    def get(self, row_id: int) -> Profile:
        """The profile of a row."""
        if row_id not in self._profiles or self._rollbacks != self._database.rollbacks:
            self.refresh()
        return self._profiles[row_id]

    def id_of(self, profile: Profile) -> int:
        """The id of a profile, added when new: call it inside the transaction that uses the id."""
        wanted = Profile(tuple(sorted(profile.zones)), tuple(sorted(profile.regions)), profile.basis)
        if wanted not in self._ids or self._rollbacks != self._database.rollbacks:
            self.refresh()
        if wanted not in self._ids:
            row_id = 1 + max(self._profiles, default=0)
            self._database.execute("INSERT INTO profiles (id, key) VALUES (?, ?)", (row_id, _key_of(wanted)))
            return row_id
        return self._ids[wanted]

    def _learn(self, row_id: int, profile: Profile) -> None:
        self._profiles[row_id] = profile
        self._ids[profile] = row_id


def _key_of(profile: Profile) -> str:
    return "|".join((" ".join(profile.zones), " ".join(profile.regions), profile.basis))


def _profile_of(key: str) -> Profile:
    zones, regions, basis = key.split("|")
    return Profile(tuple(zones.split()), tuple(regions.split()), basis)
