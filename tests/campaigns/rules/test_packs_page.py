"""docs/rules.md tells what the packs hold."""

from datetime import date
from pathlib import Path

import pytest

from campaigns.rules import Rulebook, load_builtin, load_directory
from campaigns.rules.lint import lint
from tests.campaigns.rules.rules_page import END, PAGE, START, written


def test_the_page_lists_the_rules_of_today() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.count(START) == page.count(END) == 1
    assert page == written(page), "write the tables anew: python -m tests.campaigns.rules.rules_page"


def test_the_pack_that_the_page_shows_loads_beside_the_others(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    [example] = [part.split("```")[0] for part in page.split("```toml\n")[1:] if part.startswith("[pack]")]
    (tmp_path / "ours.toml").write_text(example, encoding="utf-8")
    [pack] = load_directory(tmp_path)
    book = Rulebook((*load_builtin(), pack))
    assert {rule.id for rule in pack.rules} <= {rule.id for rule in book.rules}
    assert lint((*load_builtin(), pack), date(2026, 11, 22)) == []


@pytest.mark.parametrize("name", ["enforce", "off", "require_registries"])
def test_the_page_names_the_switches_of_a_site(name: str) -> None:
    assert f"`{name}`" in PAGE.read_text(encoding="utf-8")
