"""Writes docs/states.md from the transition tables: `python -m dialer.core.diagrams > docs/states.md`."""

from collections.abc import Iterator, Mapping
from typing import Any

from dialer.core.states import AGENT, ATTEMPT, JOINT_RULES, LINE


def document() -> str:
    """The page, as Markdown with Mermaid diagrams."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield "# States"
    yield ""
    yield "Generated from `dialer/core/states.py` by `python -m dialer.core.diagrams`; a test holds the two together."
    for title, table, start in (
        ("Attempt", ATTEMPT, "RESERVED"),
        ("Agent", AGENT, "LOGGED_OUT"),
        ("Line", LINE, "DIALING"),
    ):
        yield from ("", f"## {title}", "", "```mermaid", "stateDiagram-v2", f"    [*] --> {start}")
        yield from _arrows(table)
        yield "```"
    yield from ("", "## Joint rules", "", "| when | and | then |", "|---|---|---|")
    for when, also, then in JOINT_RULES:
        yield f"| {when} | {also} | {then} |"


def _arrows(table: Mapping[Any, Mapping[Any, Any]]) -> Iterator[str]:
    for state, row in table.items():
        merged: dict[str, list[str]] = {}
        for trigger, target in row.items():
            merged.setdefault(target.value, []).append(trigger.value)
        for target_name, triggers in merged.items():
            yield f"    {state.value} --> {target_name}: {', '.join(triggers)}"
        if not row:
            yield f"    {state.value} --> [*]"


if __name__ == "__main__":
    print(document(), end="")
