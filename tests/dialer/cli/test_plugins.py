"""Commands that other packages add by an entry point."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from dialer.cli import main
from dialer.cli.plugins import GROUP, Plugged

MODULE = """
import click

@click.group()
def tool():
    "A tool that was plugged in."

@tool.command()
def greet():
    click.echo("hello")

number = 7
"""


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[click.Group]:
    """A group with the command `own`, and a package installed that plugs in four entry points."""
    (tmp_path / "plugged_in_tool.py").write_text(MODULE)
    facts = tmp_path / "plugged_in_tool-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged-in-tool\nVersion: 1.0\n")
    points = ("tool = plugged_in_tool:tool", "number = plugged_in_tool:number", "gone = plugged_in_nowhere:tool")
    (facts / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *points, "own = plugged_in_tool:tool"]))
    monkeypatch.syspath_prepend(str(tmp_path))
    group = Plugged("app")
    group.add_command(click.Command("own", callback=lambda: click.echo("my own")))
    yield group
    sys.modules.pop("plugged_in_tool", None)


def run(group: click.Group, *arguments: str) -> Result:
    return CliRunner().invoke(group, list(arguments))


def test_a_plugged_in_command_is_run(group: click.Group) -> None:
    assert run(group, "tool", "greet").output == "hello\n"


def test_help_lists_it_with_the_others(group: click.Group) -> None:
    shown = run(group, "--help").output
    assert "A tool that was plugged in." in shown
    assert "own" in shown


def test_nothing_is_imported_before_it_is_asked_for(group: click.Group) -> None:
    assert run(group, "own").output == "my own\n"
    assert "plugged_in_tool" not in sys.modules


@pytest.mark.parametrize(
    ("name", "because"), [("gone", "No module named 'plugged_in_nowhere'"), ("number", "no click")]
)
def test_one_that_cannot_be_loaded_says_so_and_harms_no_other(group: click.Group, name: str, because: str) -> None:
    result = run(group, name, "greet", "--loud")
    assert result.exit_code == 1
    assert f"{name!r}" in result.output
    assert because in result.output
    assert run(group, "own").exit_code == 0
    assert run(group, "--help").exit_code == 0


def test_the_dialer_takes_plugged_in_commands() -> None:
    assert isinstance(main, Plugged)
