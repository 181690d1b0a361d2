"""Erased content leaves the file. SQLite only: the words are its own."""

from campaigns.database import Database


def scrub(database: Database) -> bool:
    """Empty the write-ahead log, which holds pages as they were; False when another process kept it from that.

    Freed space in the file itself is overwritten as it is freed: `Database` switches `secure_delete` on.
    """
    row = database.one("PRAGMA wal_checkpoint(TRUNCATE)")
    return row is None or row[0] == 0
