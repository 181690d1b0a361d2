"""All measurements, or the named ones: `python -m bench.perf [lines|pacing|core|store|dnc|site|link ...]`.

Each runs in a process of its own and prints the machine, its load, a table, and one line of JSON.
"""

import json
import os
import subprocess
import sys
import time

import click

from bench.perf.machine import print_json, print_machine

BENCHES = ("lines", "pacing", "core", "store", "leads", "refill", "dnc", "site", "link")
_OPTIONS = {"pacing": ("--json", "--hours", "8", "--seeds", "2")}


class BenchFailed(click.ClickException):
    """A measurement ended with an error; what it printed says why."""


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(BENCHES))
def main(names: tuple[str, ...]) -> None:
    """Measure everything, or what is named.

    Example: python -m bench.perf core store
    """
    for name in names or BENCHES:
        began = time.monotonic()
        click.echo(f"== {name}")
        sys.stdout.flush()
        _RUNNERS.get(name, _run)(name)
        click.echo(f"== {name} took {time.monotonic() - began:.0f} s\n")


def _run(name: str) -> None:
    """A bench that prints everything itself."""
    _output_of(name, capture=False)


def _run_lines(name: str) -> None:
    """Sentences, one a line; the JSON holds pairs of what stands before the colon and after it."""
    load = os.getloadavg()[0]
    print_machine()
    lines = [line for line in _output_of(name).splitlines() if not line.startswith("machine:")]
    click.echo("\n".join(lines))
    print_json(name, [line.partition(": ")[::2] for line in lines], load)


def _run_pacing(name: str) -> None:
    """A document of JSON: rows of a table, and single figures."""
    load = os.getloadavg()[0]
    print_machine()
    document = json.loads(_output_of(name))
    rows = document["rows"]
    click.echo(" | ".join(rows[0]))
    for row in rows:
        click.echo(" | ".join(f"{value:.4g}" if isinstance(value, float) else str(value) for value in row.values()))
    for key in document.keys() - {"rows"}:
        click.echo(f"{key}: {json.dumps(document[key])}")
    print_json(name, document, load)


_RUNNERS = {"lines": _run_lines, "pacing": _run_pacing}


def _output_of(name: str, *, capture: bool = True) -> str:
    command = [sys.executable, "-m", f"bench.perf.{name}", *_OPTIONS.get(name, ())]
    done = subprocess.run(command, stdout=subprocess.PIPE if capture else None, text=True)
    if done.returncode:
        raise BenchFailed(f"{name} ended with exit code {done.returncode}")
    return done.stdout or ""


if __name__ == "__main__":
    main()
