"""The tables of docs/rules.md, made from the packs. `python -m tests.campaigns.rules.rules_page` writes them anew."""

from collections.abc import Iterator
from pathlib import Path

from campaigns.rules import Effect, Rulebook, load_builtin
from campaigns.rules.model import Rule
from campaigns.rules.wording import exemption_in_short, in_short

PAGE = Path(__file__).parents[3] / "docs" / "rules.md"
START = "<!-- rules: generated, see tests/campaigns/rules/rules_page.py -->"
END = "<!-- end of rules -->"
_TERRITORIES = frozenset({"PR", "VI", "GU", "AS", "MP", "GP", "MQ", "GF", "RE", "YT"})


def tables() -> str:
    """Every rule of the packs that come with the program, one table a pack."""
    return "\n".join(_lines()) + "\n"


def written(page: str) -> str:
    """The page with the tables of today between its two marks."""
    head, _, rest = page.partition(START)
    _, _, tail = rest.partition(END)
    return f"{head}{START}\n\n{tables()}\n{END}{tail}"


def _lines() -> Iterator[str]:
    book = Rulebook(load_builtin())
    for number, pack in enumerate(book.packs):
        if number:
            yield ""
        yield f"### {pack.title} (`{pack.id}`, {pack.version})"
        yield ""
        yield "| rule | for | what | binds | confidence | source |"
        yield "|---|---|---|---|---|---|"
        for rule in pack.rules:
            yield _row(rule, book.standing(rule))


def _row(rule: Rule, binds: Effect) -> str:
    standing = (
        rule.confidence.value if rule.status.value == "in_force" else f"{rule.confidence.value}, {rule.status.value}"
    )
    source = f"[{rule.source.cite}]({rule.source.url})"
    return f"| `{rule.id}` | {_scope(rule)} | {_what(rule)} | {binds.value} | {standing} | {source} |"


def _scope(rule: Rule) -> str:
    parts = [", ".join(sorted(place for place in rule.where if place not in _TERRITORIES))]
    if rule.where & _TERRITORIES:
        parts[0] += " and territories"
    for values in (rule.parties, rule.lines, rule.places, rule.modes):
        if values:
            parts.append(", ".join(sorted(map(str, values))))
    return "; ".join(parts)


def _what(rule: Rule) -> str:
    told = in_short(rule.params)
    if rule.zone:
        told += f" in {rule.zone}"
    if rule.required_modes:
        told += f"; then only {' or '.join(sorted(rule.required_modes))}"
    if rule.unless:
        told += f"; unless {'; or '.join(map(exemption_in_short, rule.unless))}"
    if rule.effective_from:
        told += f"; from {rule.effective_from}"
    if rule.effective_to:
        told += f"; until {rule.effective_to}"
    return told


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
