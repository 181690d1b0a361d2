"""Fills dataclasses from TOML tables and says exactly what is wrong with a profile that cannot be used."""

import inspect
import json
import math
import tomllib
from dataclasses import fields, is_dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

T = TypeVar("T")


class ProfileError(ValueError):
    """A profile cannot be used; the text names file, section and key, and says how to mend it."""


def read(name: str, built_in: list[str]) -> dict[str, Any]:
    """The TOML document in the file `name`. Raises ProfileError, naming the built-in profiles when there is no file."""
    try:
        return tomllib.loads(Path(name).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ProfileError(f"{name}: no such file and no such profile; built in are {', '.join(built_in)}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProfileError(f"{name}: {error}") from error


def table(value: Any, where: str) -> dict[str, Any]:
    """`value` if it is a table. Raises ProfileError."""
    if not isinstance(value, dict):
        raise ProfileError(f"{where}: must be a table")
    return value


def base(document: dict[str, Any], built_in: list[str], source: str) -> str:
    """Take the key `base` (default "demo") out of the document: the built-in profile to start from."""
    name = document.pop("base", "demo")
    if name not in built_in:
        raise ProfileError(f"{source}: base: no profile {name!r}; built in are {', '.join(built_in)}")
    return str(name)


def fill(start: T, values: dict[str, Any], where: str, *, only: tuple[str, ...] | None = None) -> T:
    """`start` with the table's values, each checked against the field's type. Raises ProfileError."""
    hints = get_type_hints(type(start))
    known = only or tuple(f.name for f in fields(start))  # type: ignore[arg-type]
    changes = {}
    for key, value in values.items():
        if key not in known:
            raise ProfileError(f"{where}: unknown key {key!r}; known keys: {', '.join(known)}")
        changes[key] = _value(value, hints[key], f"{where}: {key}")
    return replace(start, **changes)  # type: ignore[type-var]


def _value(value: Any, hint: Any, where: str) -> Any:
    wanted = next(part for part in getattr(hint, "__args__", (hint,)) if part is not type(None))
    if issubclass(wanted, StrEnum):
        if value not in set(wanted):
            raise ProfileError(f"{where}: {value!r} is none of {', '.join(wanted)}")
        return wanted(value)
    if wanted is float and type(value) is int:
        value = float(value)
    if type(value) is not wanted:
        raise ProfileError(f"{where}: must be {wanted.__name__}, got {value!r}")
    if wanted is not bool and wanted is not str and not (math.isfinite(value) and value >= 0):
        raise ProfileError(f"{where}: must be finite and not negative, got {value!r}")
    return value


def ordered(values: Any, where: str, *pairs: tuple[str, str]) -> None:
    """Check that of each pair of fields the first is not above the second. Raises ProfileError."""
    for low, high in pairs:
        if getattr(values, low) > getattr(values, high):
            raise ProfileError(f"{where}: {low} ({getattr(values, low)}) is above {high} ({getattr(values, high)})")


def audible(hz: int, where: str) -> None:
    """Check a tone in hertz; 0 stands for one chosen per call. Raises ProfileError."""
    if hz != 0 and not 100 <= hz <= 3400:
        raise ProfileError(f"{where}: a tone of {hz} Hz does not pass a telephone line; use 100 to 3400")


def share(value: float, where: str) -> None:
    """Check a probability. Raises ProfileError."""
    if value > 1:
        raise ProfileError(f"{where}: a share is at most 1, got {value}")


def to_toml(profile: Any) -> str:
    """A profile as a TOML document with every key, each section under its description."""
    plain = {f.name: getattr(profile, f.name) for f in fields(profile)}
    lines = [f"{name} = {json.dumps(value)}" for name, value in plain.items() if isinstance(value, str | float)]
    for name, section in plain.items():
        if is_dataclass(section):
            lines += ["", *_comment(section), f"[{name}]"]
            lines += [f"{f.name} = {json.dumps(getattr(section, f.name))}" for f in fields(section)]
        elif name == "statuses":
            lines += ["", "# Weights of the codes that calls are disposed with.", "[statuses]"]
            lines += [f"{code} = {json.dumps(weight)}" for code, weight in section]
    return "\n".join(lines) + "\n"


def _comment(documented: Any) -> list[str]:
    return [f"# {line}".rstrip() for line in (inspect.getdoc(documented) or "").splitlines()]


def keys_of(section: Any) -> str:
    """The keys of a repeated table, as comment lines under its description."""
    return "\n".join([*_comment(section), f"# keys: {', '.join(f.name for f in fields(section))}"]) + "\n"
