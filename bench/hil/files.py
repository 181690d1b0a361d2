"""TOML files of the bench, read strictly: every error names the file, the place and how to mend it."""

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

M = TypeVar("M", bound=BaseModel)


class BenchError(Exception):
    """The bench cannot do what was asked; the text says what is wrong and how to mend it."""


class FileError(BenchError):
    """A file, or an option that stands for one, says what cannot be: wrong usage."""


class Table(BaseModel):
    """A table of a file: keys that it does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def read(path: Path, model: type[M]) -> M:
    """The file as a value. Raises FileError."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: {error}") from error
    return check(data, model, str(path))


def check(data: dict[str, Any], model: type[M], source: str) -> M:
    """Tables as a value; `source` stands before what is wrong with them. Raises FileError."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = [problem for problem in error.errors() if problem["type"] != "too_short"] or error.errors()
        raise FileError("\n".join(f"{source}: {_told(problem, data, model)}" for problem in problems)) from error


_KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "string": "text"}


def _told(problem: Any, data: dict[str, Any], model: type[BaseModel]) -> str:
    place = list(problem["loc"])
    if place[:1] == ["step"]:  # pydantic puts the kind of step behind its number; it is no key of the file.
        del place[2:3]
    message = str(problem["msg"]).removeprefix("Value error, ")
    where = "" if message.startswith("step ") else _where(place, data)
    if problem["type"] == "extra_forbidden":
        keys = [field.alias or name for name, field in model.model_fields.items() if name != "path"]
        known = nearest(str(place[-1]), keys) if len(place) == 1 else "; see docs/bench.md for those there are"
        message = f"there is no such key{known}"
    elif problem["type"] == "missing":
        message = "is missing"
    elif problem["type"] == "union_tag_invalid":
        message = f"{problem['ctx']['tag']!r} is unknown; known: {problem['ctx']['expected_tags'].replace(chr(39), '')}"
    elif problem["type"] == "union_tag_not_found":
        message = "needs one of the keys do, expect, never, check"
    elif problem["type"] != "value_error" and "input" in problem and not isinstance(problem["input"], dict | list):
        kind = _KINDS.get(problem["type"].partition("_")[0])
        plain = problem["type"].endswith(("_parsing", "_type", "_from_float"))
        message = f"must be {kind}" if kind and plain else message.replace("Input should be", "must be")
        message = f"{message}, not {problem['input']!r}"
    return f"{where}: {message}" if where else message


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'Ended'?` for a name that comes near one that is known, and all that are known."""
    names = sorted(str(one) for one in known)
    lowered = {one.lower(): one for one in names}
    found = difflib.get_close_matches(name.lower(), lowered, 1)
    hint = f"did you mean {lowered[found[0]]!r}? " if found else ""
    return f"; {hint}known: {', '.join(names)}"


def _where(place: list[Any], data: Any) -> str:
    """`step 3 (dial), to` for ["step", 2, "to"]."""
    words: list[str] = []
    for part in place:
        data = data[part] if isinstance(data, list) or (isinstance(data, dict) and part in data) else None
        if isinstance(part, int):
            keys = ("do", "name", "expect", "never", "check")
            name = next((data[key] for key in keys if key in data), None) if isinstance(data, dict) else None
            words[-1] += f" {part + 1}" + (f" ({name})" if name else "")
        else:
            words.append(str(part))
    return ", ".join(words)
