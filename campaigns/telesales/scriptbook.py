"""Scripts as the database keeps them, every version of each; and the answers that agents took down by them."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from campaigns.audit.kinds import AuditKind
from campaigns.audit.trail import NO_TRAIL, Trail
from campaigns.database import Database, StoreError
from campaigns.instants import iso_of, seconds_of
from campaigns.telesales.parsing import parsed
from campaigns.telesales.scripts import Script, near

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class UnknownScript(StoreError):
    """No script has this name or version; the text lists those there are."""


class Scriptbook:
    """The scripts of a site. A version never changes, so a call that has begun with one ends with it."""

    def __init__(self, database: Database, trail: Trail = NO_TRAIL) -> None:
        self._database = database
        self._trail = trail
        self._read: dict[tuple[str, int], Script] = {}

    def add(self, name: str, text: str, at: datetime, *, file: str = "") -> Script:
        """Check a script and keep it as the next version of its name; the same text as before stays the same version.

        Raises ScriptError with all that is wrong, StoreError for a name that is none.
        """
        if not _NAME.fullmatch(name):
            raise StoreError(f"a script's name is 1 to 64 letters, digits, - and _, not {name!r}")
        with self._database.transaction():
            last = self._last(name)
            version = 1 if last is None else last + 1
            script = parsed(text, file=file or name, name=name, version=version)
            if last is not None and self.text(name, last) == text:
                return self.get(name, last)
            self._database.execute(
                "INSERT INTO scripts (name, version, body, updated_at) VALUES (?, ?, ?, ?)",
                (name, version, text, seconds_of(at)),
            )
            self._trail.note(AuditKind.SETTINGS, {"script": name, "version": version, "text": text}, at=at)
        return script

    def get(self, name: str, version: int | None = None) -> Script:
        """A script, its latest version unless another is asked for. Raises UnknownScript listing those there are."""
        known = self._known(name, version)
        script = self._read.get((name, known))
        if script is None:
            script = parsed(self.text(name, known), file=f"script {name} {known}", name=name, version=known)
            self._read[name, known] = script
        return script

    def text(self, name: str, version: int | None = None) -> str:
        """A script as it was imported. Raises UnknownScript."""
        known = self._known(name, version)
        return str(
            self._database.value("SELECT body FROM scripts WHERE name = ? AND version = ?", (name, known)),
        )

    def listing(self) -> list[dict[str, Any]]:
        """All scripts by name, each with its latest version and the steps and fields of that."""
        rows = self._database.rows(
            "SELECT name, MAX(version), MAX(updated_at) FROM scripts GROUP BY name ORDER BY name"
        )
        return [
            {
                "name": name,
                "version": version,
                "title": script.title,
                "steps": len(script.steps),
                "fields": len(script.fields),
                "updated_at": iso_of(updated_at),
            }
            for name, version, updated_at in rows
            for script in (self.get(name, version),)
        ]

    def _last(self, name: str) -> int | None:
        last: int | None = self._database.value("SELECT MAX(version) FROM scripts WHERE name = ?", (name,))
        return last

    def _known(self, name: str, version: int | None) -> int:
        last = self._last(name)
        if last is None:
            names = [each for (each,) in self._database.rows("SELECT DISTINCT name FROM scripts ORDER BY name")]
            hint = near(name, names) if names else "there is none yet; `dialer script import FILE` makes one"
            raise UnknownScript(f"no script {name!r}; {hint}")
        if version is None:
            return last
        if not self._database.value("SELECT 1 FROM scripts WHERE name = ? AND version = ?", (name, version)):
            raise UnknownScript(f"script {name!r} has no version {version}; its latest is {last}")
        return version


class Answers:
    """What agents took down on calls, by attempt."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, attempt_id: int, answers: Mapping[str, str], at: datetime) -> None:
        """Let these be all the answers of an attempt; those that were the same before keep their time.

        Raises StoreError when there is no such attempt.
        """
        with self._database.transaction():
            lead_id = self._database.value("SELECT lead_id FROM attempts WHERE id = ?", (attempt_id,))
            if lead_id is None:
                raise StoreError(f"there is no attempt {attempt_id}")
            before = self.of(attempt_id)
            self._database.many(
                "DELETE FROM answers WHERE attempt_id = ? AND field = ?",
                [(attempt_id, field) for field, value in before.items() if answers.get(field) != value],
            )
            self._database.many(
                "INSERT INTO answers (attempt_id, lead_id, field, value, at) VALUES (?, ?, ?, ?, ?)",
                [
                    (attempt_id, lead_id, field, value, seconds_of(at))
                    for field, value in answers.items()
                    if before.get(field) != value
                ],
            )

    def of(self, attempt_id: int) -> dict[str, str]:
        """An attempt's answers by field."""
        return dict(
            self._database.rows("SELECT field, value FROM answers WHERE attempt_id = ? ORDER BY field", (attempt_id,))
        )
