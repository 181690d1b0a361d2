"""What reports share: which campaign, list and time they are about, and the forms in which they are given."""

import csv
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from campaigns.model import CampaignSettings
from campaigns.reports.selection import Selection, bound_of
from dialer.cli.context import Context, Failure
from dialer.cli.output import json_option, show_json, show_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

_FORMATS = (".png", ".svg")


def period_options(command: F) -> F:
    """--since and --until."""
    command = click.option(
        "--until", metavar="DATE", help="Up to this day, not including it: a date in the campaign's zone, or ISO 8601."
    )(command)
    return click.option(
        "--since", metavar="DATE", help="From this day on: a date in the campaign's time zone, or ISO 8601."
    )(command)


def list_option(command: F) -> F:
    """--list."""
    return click.option("--list", "list_name", metavar="NAME", help="Only this list of the campaign.")(command)


def form_options(*, draw: bool) -> Callable[[F], F]:
    """--json, --csv and, where a picture is drawn, --draw."""

    def add(command: F) -> F:
        if draw:
            command = click.option(
                "--draw",
                type=click.Path(path_type=Path, dir_okay=False),
                callback=_picture,
                metavar="FILE.png|.svg",
                help="Draw it to a file as well.",
            )(command)
        command = click.option(
            "--csv",
            "csv_file",
            type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
            metavar="FILE|-",
            help="Write the rows as CSV: to a file as well, or with - in place of the table.",
        )(command)
        return json_option(command)

    return add


def _picture(ctx: click.Context, param: click.Parameter, file: Path | None) -> Path | None:
    if file is not None and file.suffix.lower() not in _FORMATS:
        raise click.BadParameter(f"'{file}' must end with {' or '.join(_FORMATS)}", ctx, param)
    return file


def selection(
    ctx: Context, campaign: str, since: str | None = None, until: str | None = None, list_name: str | None = None
) -> Selection:
    """What the options ask about. Raises Failure for a campaign, a list or a time that there is not."""
    of = ctx.store.campaign(campaign)
    first, end = _bound("--since", since, of), _bound("--until", until, of)
    if first is not None and end is not None and first >= end:
        raise Failure(f"--until {until} is not after --since {since}: no time lies between them")
    if list_name is None:
        return Selection(of, first, end)
    found = ctx.store.lists.get(of.campaign_id, list_name)
    return Selection(of, first, end, found.list_id, found.name)


def _bound(option: str, text: str | None, campaign: CampaignSettings) -> Any:
    if text is None:
        return None
    try:
        return bound_of(text, campaign.timezone)
    except ValueError as error:
        raise Failure(f"{option}: {error}") from None


@dataclass(frozen=True, slots=True)
class Form:
    """How a report is to be given."""

    as_json: bool
    csv_file: Path | None = None
    draw: Path | None = None

    def __post_init__(self) -> None:
        if self.as_json and self.to_stdout:
            raise click.UsageError("--json and --csv - both write to standard output; choose one, or name a CSV file")

    @property
    def to_stdout(self) -> bool:
        """Whether CSV takes the place of the table."""
        return self.csv_file is not None and str(self.csv_file) == "-"

    def give(
        self,
        answer: Any,
        rows: Sequence[Mapping[str, Any]],
        table: Callable[[], None],
        picture: "Callable[[Figure], None] | None" = None,
    ) -> None:
        """The answer as JSON or as a table on stdout, its rows as CSV, its picture in a file."""
        if self.csv_file is not None:
            self._write_csv(self.csv_file, rows)
        if self.draw is not None and picture is not None:
            self._draw(self.draw, picture)
        if self.as_json:
            show_json(answer)
        elif not self.to_stdout:
            table()

    def _write_csv(self, file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
        flat = [flattened(row) for row in rows]
        columns = list(dict.fromkeys(name for row in flat for name in row))
        with writing(file) as out:
            writer = csv.DictWriter(out, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(flat)
        if not self.to_stdout:
            print(f"{len(flat)} rows in {file}", file=sys.stderr)

    def _draw(self, file: Path, picture: "Callable[[Figure], None]") -> None:
        from dialer.cli.report.pictures import draw

        try:
            draw(file, picture)
        except OSError as error:
            raise Failure(f"{file}: cannot be written: {error.strerror}") from None
        click.echo(f"drawn: {file}", err=True)


@contextmanager
def writing(file: Path) -> Iterator[IO[str]]:
    """A text file that is there whole or not at all, or standard output for -; a pipe or device is written as it is.

    Raises Failure when it cannot be written.
    """
    whole = str(file) != "-" and (file.is_file() or not file.exists())
    real = file.resolve()
    beside = real.with_name(f".{real.name}.{os.getpid()}.part")
    try:
        with click.open_file(str(beside if whole else file), "w", encoding="utf-8") as out:
            yield out
        if whole:
            beside.replace(real)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Failure(f"{file}: cannot be written: {error.strerror}") from None
    finally:
        if whole:
            beside.unlink(missing_ok=True)


def flattened(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A row without rows in it: a share becomes NAME, NAME_of, NAME_low and NAME_high; lists are left out."""
    flat: dict[str, Any] = {}
    for key, value in row.items():
        name = f"{prefix}{key}".replace(" ", "_").replace("-", "_")
        if _is_share(value):
            rate = name if name.endswith("_rate") else f"{name}_rate"
            flat |= {rate: value["rate"], **{f"{rate}_{each}": value[each] for each in ("of", "low", "high")}}
        elif isinstance(value, Mapping):
            flat |= flattened(value, "" if key == "rates" else f"{name}_")
        elif not isinstance(value, list):
            flat[name] = value
    return flat


def _is_share(value: Any) -> bool:
    return isinstance(value, Mapping) and {"part", "of", "rate", "low", "high"} == set(value)


def share_text(share: Mapping[str, Any], *, interval: bool = True) -> str:
    """A share for people: 25.0 % of 1,200 [22.6, 27.5]."""
    if share["rate"] is None:
        return ""
    text = f"{percent(share['rate'])} of {share['of']:,}"
    return f"{text} [{100 * share['low']:.1f}, {100 * share['high']:.1f}]" if interval else text


def percent(rate: float | None) -> str:
    """25.0 %, or nothing."""
    return "" if rate is None else f"{100.0 * rate:.1f} %"


def show_table(rows: Sequence[Mapping[str, Any]], *, title: str = "", empty: str) -> None:
    """A table of all columns, with its title when there are rows."""
    if rows and title:
        click.echo(title)
    show_rows(rows, tuple(rows[0]) if rows else (), as_json=False, empty=empty)
