"""Writes docs/configuration.md from the configuration's own definition: `python -m dialer.config_reference`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from dialer.config import SECTIONS, Section

_INTRO = """\
# Configuration: `dialer.toml`

Generated from `dialer/config.py` by `python -m dialer.config_reference > docs/configuration.md`; a test holds the two
together. An unknown section or key is an error that names it, and so is a value out of its bounds.
Relative file names are inside the site. Passwords and tokens stand in files of their own that only the owner can read.

What belongs to a campaign (mode, limits, calling window, retries) is kept with the campaign: `dialer campaign show`,
`dialer campaign set`; see [operations.md](operations.md).
"""


def document() -> str:
    """The page, as Markdown."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield _INTRO.rstrip()
    for name, models in SECTIONS.items():
        for model in models:
            kind = f" with kind = {_type(model.model_fields['kind'].annotation)}" if len(models) > 1 else ""
            yield from ("", f"## `{name}`{kind}", "", _first_line(model), "")
            yield from ("| key | value | default | meaning |", "|---|---|---|---|")
            for key, info in model.model_fields.items():
                yield f"| `{key}` | {_values(info)} | {_default(info)} | {info.description} |"


def _first_line(model: type[Section]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


def _values(info: FieldInfo) -> str:
    return _type(info.annotation) + _bounds(info)


def _type(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Literal:
        return " or ".join(f'"{value}"' for value in get_args(annotation))
    if origin is tuple:
        return f"list of {_type(get_args(annotation)[0])}"
    if origin is dict:
        return "table of texts"
    options = [a for a in get_args(annotation) if a is not type(None)]
    if options:
        return " or ".join(_type(a) for a in options)
    return {str: "text", bool: "true or false", int: "whole number", float: "number", Path: "file name"}[annotation]


def _bounds(info: FieldInfo) -> str:
    said = []
    for constraint in info.metadata:
        for name, word in (("ge", "from"), ("gt", "above"), ("le", "to"), ("min_length", "at least")):
            value = getattr(constraint, name, None)
            if value is not None:
                said.append(f"{word} {value}")
    return f", {' '.join(said)}" if said else ""


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    default = info.default
    if default is None or default in ("", {}):
        return "none"
    if isinstance(default, tuple):
        return "`[" + ", ".join(f'"{item}"' for item in default) + "]`"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`" if isinstance(default, int | float) else f'`"{default}"`'


if __name__ == "__main__":
    print(document(), end="")
