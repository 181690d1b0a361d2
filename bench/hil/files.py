"""TOML files of the bench, read strictly: every error names the file, the place and how to mend it."""

import tomllib
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
        raise FileError("\n".join(f"{source}: {_told(problem, data)}" for problem in problems)) from error


def _told(problem: Any, data: dict[str, Any]) -> str:
    place = list(problem["loc"])
    if place[:1] == ["step"]:  # pydantic puts the kind of step behind its number; it is no key of the file.
        del place[2:3]
    message = str(problem["msg"]).removeprefix("Value error, ")
    where = "" if message.startswith("step ") else _where(place, data)
    if problem["type"] == "extra_forbidden":
        message = "there is no such key; see docs/bench.md for those there are"
    elif problem["type"] == "missing":
        message = "is missing"
    elif problem["type"] == "union_tag_invalid":
        message = f"{problem['ctx']['tag']!r} is unknown; known: {problem['ctx']['expected_tags'].replace(chr(39), '')}"
    elif problem["type"] == "union_tag_not_found":
        message = "needs one of the keys do, expect, never, check"
    elif problem["type"] != "value_error" and "input" in problem and not isinstance(problem["input"], dict | list):
        message = f"{message}, not {problem['input']!r}"
    return f"{where}: {message}" if where else message


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
