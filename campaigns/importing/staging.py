"""All or nothing without a long lock: a file is loaded into a list that nobody calls, which is opened at the end.

A staged list is not active and has an entry in the table `meta`, so that the next import or start finds what a dead one
left. `loading`: everything is taken back. `opening`: the whole file was read, and the rest of the work is done.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from campaigns.database import Database
from campaigns.importing.admission import Addition
from campaigns.importing.writing import Extras, add_all, from_json, next_id, to_json
from campaigns.leads import stir
from campaigns.profiles import Profiles

STEP_ROWS = 2000

_CACHE_KIB = 64 * 1024

_JOURNAL = "import:"
_ADDITIONS = "import additions:"


@dataclass(frozen=True, slots=True)
class Staged:
    """A staged list: where its leads go (None: it becomes the list `name`), and the first id among them."""

    list_id: int
    campaign_id: int
    name: str
    target_id: int | None
    first_lead_id: int
    stage: str = "loading"

    @property
    def key(self) -> str:
        return f"{_JOURNAL}{self.list_id}"


@contextmanager
def exclusive(database: Database, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Held by one import of a store at a time; `waiting` is told when another has it."""
    if database.path == ":memory:":
        yield
        return
    folder = os.open(Path(database.path).resolve().parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting is not None:
                waiting()
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def recover(database: Database, profiles: Profiles) -> list[str]:
    """Take back or finish what dead imports left, one sentence each; nothing while an import is at work."""
    if database.path == ":memory:":
        return []
    folder = os.open(Path(database.path).resolve().parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return mend(database, profiles)
    except BlockingIOError:
        return []
    finally:
        os.close(folder)


def mend(database: Database, profiles: Profiles) -> list[str]:
    """Take back or finish what dead imports left, while no other import is at work; one sentence each."""
    rows = database.rows("SELECT value FROM meta WHERE name LIKE ?", (f"{_JOURNAL}%",))
    said = []
    for (value,) in rows:
        staged = Staged(**json.loads(value))
        if staged.stage == "opening":
            _open(database, profiles, staged)
            said.append(f"list {staged.name!r}: an import that was broken off at its end is finished now")
        else:
            count = take_back(database, staged)
            said.append(f"list {staged.name!r}: an import was broken off; its {count} leads are taken back")
    return said


def stage(database: Database, campaign_id: int, name: str, target_id: int | None, at: datetime) -> Staged:
    """Make the list that a file is loaded into; call it inside a transaction."""
    list_id = next_id(database, "lists")
    staged = Staged(list_id, campaign_id, name, target_id, next_id(database, "leads"))
    database.execute(
        "INSERT INTO lists (id, campaign_id, name, created_at, active) VALUES (?, ?, ?, ?, 0)",
        (list_id, campaign_id, f"{name} (import at work)", at.timestamp()),
    )
    _note(database, staged)
    return staged


def keep(database: Database, staged: Staged, chunk: int, additions: list[Addition]) -> None:
    """Put aside what a chunk adds to leads that are called already, until the file is opened."""
    if additions:
        name = f"{_ADDITIONS}{staged.list_id}:{chunk:08}"
        database.execute("INSERT INTO meta (name, value) VALUES (?, ?)", (name, to_json(additions)))


def publish(database: Database, profiles: Profiles, staged: Staged) -> int:
    """Let everything that was loaded be called; the list's id. A crash from here on is made good by `recover`."""
    opening = Staged(**{**asdict(staged), "stage": "opening"})
    with database.transaction():
        _note(database, opening)
        if staged.target_id is None:
            _rename(database, staged)
    return _open(database, profiles, opening)


def _rename(database: Database, staged: Staged) -> None:
    database.execute("UPDATE lists SET name = ?, active = 1 WHERE id = ?", (staged.name, staged.list_id))


def _open(database: Database, profiles: Profiles, staged: Staged) -> int:
    _add(database, profiles, staged)
    if staged.target_id is not None:
        _move(database, staged, staged.target_id)
    with unchecked(database), database.transaction():
        if staged.target_id is not None:
            database.execute("DELETE FROM lists WHERE id = ?", (staged.list_id,))
        database.execute("DELETE FROM meta WHERE name = ?", (staged.key,))
    return staged.list_id if staged.target_id is None else staged.target_id


def _add(database: Database, profiles: Profiles, staged: Staged) -> None:
    """Each chunk's additions go in together with the end of their entry, so that none is made twice."""
    pattern = f"{_ADDITIONS}{staged.list_id}:%"
    extras = Extras(database, profiles, staged.campaign_id, datetime.now(UTC))
    for (name,) in database.rows("SELECT name FROM meta WHERE name LIKE ? ORDER BY name", (pattern,)):
        with database.transaction():
            add_all(extras, from_json(database.value("SELECT value FROM meta WHERE name = ?", (name,))))
            database.execute("DELETE FROM meta WHERE name = ?", (name,))


def _move(database: Database, staged: Staged, target_id: int) -> None:
    for first in range(staged.first_lead_id, next_id(database, "leads"), STEP_ROWS):
        with database.transaction():
            database.execute(
                "UPDATE leads SET list_id = ? WHERE id >= ? AND id < ? AND list_id = ?",
                (target_id, first, first + STEP_ROWS, staged.list_id),
            )
            stir(database)


def take_back(database: Database, staged: Staged) -> int:
    """Remove all that was loaded, in short transactions; how many leads that were."""
    last = next_id(database, "leads")
    count = 0
    with unchecked(database):
        for first in reversed(range(staged.first_lead_id, last, STEP_ROWS)):
            with database.transaction():
                count += _remove(database, staged, first)
        with database.transaction():
            database.execute("DELETE FROM meta WHERE name LIKE ?", (f"{_ADDITIONS}{staged.list_id}:%",))
            database.execute("DELETE FROM lists WHERE id = ?", (staged.list_id,))
            database.execute("DELETE FROM meta WHERE name = ?", (staged.key,))
    return count


def _remove(database: Database, staged: Staged, first: int) -> int:
    params = (staged.list_id, first, first + STEP_ROWS)
    of_leads = "(SELECT id FROM leads WHERE +list_id = ? AND id >= ? AND id < ?)"
    for table in ("consents", "revocations", "debts", "lead_phones"):
        database.execute(f"DELETE FROM {table} WHERE lead_id IN {of_leads}", params)  # noqa: S608
    return database.execute("DELETE FROM leads WHERE +list_id = ? AND id >= ? AND id < ?", params)


@contextmanager
def bulk(database: Database) -> Iterator[None]:
    """For the time in which nothing that is written may be called: no fsync at each commit, and a larger cache.

    SQLite's write-ahead log stays consistent without it; a power cut loses the last of what would be taken back anyway.
    The index of numbers is written at random places: in a small cache its pages go to disk several times a commit.
    """
    before = database.value("PRAGMA synchronous"), database.value("PRAGMA cache_size")
    database.execute("PRAGMA synchronous = 1" if before[0] > 1 else f"PRAGMA synchronous = {before[0]:d}")
    database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    try:
        yield
    finally:
        database.execute(f"PRAGMA synchronous = {before[0]:d}")
        database.execute(f"PRAGMA cache_size = {before[1]:d}")


@contextmanager
def unchecked(database: Database) -> Iterator[None]:
    """Without SQLite's search through other tables for what refers to a deleted row.

    Some of them have no index for it, and nothing refers to leads that were never called.
    """
    database.execute("PRAGMA foreign_keys = 0")
    try:
        yield
    finally:
        database.execute("PRAGMA foreign_keys = 1")


def _note(database: Database, staged: Staged) -> None:
    database.execute("DELETE FROM meta WHERE name = ?", (staged.key,))
    database.execute("INSERT INTO meta (name, value) VALUES (?, ?)", (staged.key, json.dumps(asdict(staged))))
