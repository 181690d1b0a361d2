"""Saved ways of reading a client's files: kept in the site's store, so that every import of theirs is read alike."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from campaigns.database import Database, StoreError
from campaigns.importing.layout import Format

_KEY = "import template:"


@dataclass(frozen=True, slots=True)
class Template:
    """What an import is told of its file; '' where it is not told."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    file_format: Format = Format.HEADER
    encoding: str = ""
    region: str = ""
    currency: str = ""


class Templates:
    """Templates by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, name: str, template: Template) -> None:
        """Keep a template, in the place of one of the same name. Raises StoreError for a name that is none."""
        if not name.strip() or not name.isprintable():
            raise StoreError(f"a template's name must be printable text, not {name!r}")
        with self._database.transaction():
            self._database.execute("DELETE FROM meta WHERE name = ?", (_KEY + name,))
            self._database.execute(
                "INSERT INTO meta (name, value) VALUES (?, ?)",
                (_KEY + name, json.dumps(asdict(template), ensure_ascii=False)),
            )

    def get(self, name: str) -> Template:
        """Raises StoreError listing those there are."""
        found = self.all()
        if name not in found:
            there = f"there are: {', '.join(found)}" if found else "there is none yet; --save-template NAME makes one"
            raise StoreError(f"no template {name!r}; {there}")
        return found[name]

    def all(self) -> dict[str, Template]:
        """All templates by name."""
        rows = self._database.rows("SELECT name, value FROM meta WHERE name LIKE ? ORDER BY name", (f"{_KEY}%",))
        return {name.removeprefix(_KEY): _template(json.loads(value)) for name, value in rows}

    def remove(self, name: str) -> None:
        """Forget a template. Raises StoreError listing those there are."""
        self.get(name)
        with self._database.transaction():
            self._database.execute("DELETE FROM meta WHERE name = ?", (_KEY + name,))


def _template(document: dict[str, Any]) -> Template:
    return Template(**{**document, "file_format": Format(document["file_format"])})
