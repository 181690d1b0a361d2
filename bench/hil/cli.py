"""`dialer bench`: list, show, run and certify. Imports little, as `dialer --help` loads it."""

import asyncio
import time
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.hil.plant.command import emulate

if TYPE_CHECKING:
    from bench.hil.certify import Certificate
    from bench.hil.faults import Faults
    from bench.hil.runner import Outcome
    from bench.hil.scenario import Scenario
    from bench.hil.session import BenchResult, Options
    from bench.hil.wire import Wire
    from bench.hil.wiring import Wiring

DEFAULT_REPORT = Path("bench-report")
WIRE_LOOK_S = 0.2
# As shells say it of a program that Ctrl-C ended.
CTRL_C_EXIT_CODE = 130
# What tells a report's files from others' at their beginning.
_LOG_BEGINS = "dialer bench begins"
_OURS = {
    "index.html": '<meta name="generator" content="dialer bench">',
    "junit.xml": '<testsuites name="dialer bench"',
    "log.txt": _LOG_BEGINS,
}
_BEGINNING = 1000


class Failure(click.ClickException):
    """Something went wrong; the text says what and how to mend it. Exit code 1."""

    def show(self, file: Any = None) -> None:
        click.echo(f"error: {self.message}", err=True)


class WrongFile(Failure):
    """A file or an option says what cannot be. Exit code 2, as for wrong usage."""

    exit_code = 2


class Failures(click.Group):
    """Turns the bench's errors into a sentence on stderr and exit code 1, or 2 where a file is wrong."""

    def invoke(self, ctx: click.Context) -> Any:
        from bench.hil.files import BenchError, FileError
        from bench.hil.signals import ended_like_ctrl_c

        try:
            with ended_like_ctrl_c():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            raise SystemExit(CTRL_C_EXIT_CODE) from None
        except FileError as error:
            raise WrongFile(str(error)) from None
        except BenchError as error:
            raise Failure(str(error)) from None
        except ModuleNotFoundError as error:
            raise Failure(f"the bench needs the Python package {error.name}: pip install 'ringpace[dev]'") from None


@click.group(cls=Failures)
def bench() -> None:
    """Try gateways, modems, trunks and headsets, real or emulated.

    \b
    Examples:
      dialer bench run                       everything that needs nothing but this machine
      dialer bench run gateway --only power  one bench, scenarios with "power" in their names
      dialer bench certify modem --port /dev/ttyUSB2 --number answers=+12125550100
      dialer bench emulate dev               modems, a board and a headset with people to call, for a site to try
    """


bench.add_command(emulate)


@bench.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_(as_json: bool) -> None:
    """The benches that ship, and their scenarios."""
    import json

    from bench.hil.wiring import shipped_benches

    benches = [(wiring, wiring.load_scenarios()) for wiring in shipped_benches()]
    if as_json:
        told = [
            {
                "name": w.name,
                "title": w.title,
                "devices": [d.name for d in w.devices],
                "scenarios": [s.name for s in found],
            }
            for w, found in benches
        ]
        click.echo(json.dumps(told, indent=2))
        return
    for wiring, found in benches:
        click.echo(click.style(f"{wiring.name:10}", bold=True) + f" {wiring.title}")
        for scenario in found:
            click.echo(f"    {scenario.name:32} {scenario.title}")


@bench.command()
@click.argument("name")
def show(name: str) -> None:
    """A bench's wiring, or a scenario's steps: NAME is a name that `list` shows, or a file."""
    from bench.hil.files import BenchError
    from bench.hil.scenario import load_scenario
    from bench.hil.wiring import SCENARIOS, find_bench

    path = SCENARIOS / f"{name}.toml"
    if path.is_file():
        _show_scenario(path)
        return
    try:
        wiring = find_bench(name)
    except BenchError:
        if not Path(name).is_file():
            raise
        load_scenario(Path(name))
        _show_scenario(Path(name))
        return
    click.echo(wiring.path.read_text(encoding="utf-8"))
    for scenario in wiring.load_scenarios():
        click.echo(f"# runs {scenario.name}: {scenario.title}")


def _show_scenario(path: Path) -> None:
    click.echo(f"# {path}")
    click.echo(path.read_text(encoding="utf-8"))


@bench.command()
@click.argument("benches", nargs=-1, metavar="[BENCH]...")
@click.option(
    "--only", multiple=True, metavar="TEXT", help="Only scenarios with TEXT in their names; * and ? are wildcards."
)
@click.option(
    "--repeat", type=click.IntRange(1, 10_000), help="Rounds of each scenario, instead of what its file says."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Decides the faults and waits that are drawn.")
@click.option(
    "--report", type=click.Path(path_type=Path, file_okay=False), default=DEFAULT_REPORT, show_default=True,
    help="Folder for the page (index.html) and JUnit XML (junit.xml).",
)  # fmt: skip
@click.option("--open", "open_page", is_flag=True, help="Open the page in a browser.")
@click.pass_context
def run(
    ctx: click.Context,
    benches: tuple[str, ...],
    only: tuple[str, ...],
    repeat: int | None,
    seed: int,
    report: Path,
    open_page: bool,
) -> None:
    """Run benches and write the report. Exit code 1 when a scenario failed or nothing could be tried.

    Ctrl-C ends it with exit code 130 and a report of what was done so far.

    BENCH is a bench.toml, or the name of a bench that ships; without any, all that ship are run.
    """
    from bench.hil.session import Options
    from bench.hil.wiring import find_bench, shipped_benches

    wirings = [find_bench(name) for name in benches] or shipped_benches()
    results = _run_all(wirings, Options(only, repeat, seed), report)
    page = write_report(results, report)
    click.echo(f"\nreport: {page}")
    if open_page:
        webbrowser.open(page.resolve().as_uri())
    _exit_unless(ctx, results, all(result.ok for result in results))


def _run_all(wirings: "list[Wiring]", options: "Options", report: Path, *, quiet: bool = False) -> "list[BenchResult]":
    """The benches one after the other, up to the one that is stopped; what is wrong in a file is told before."""
    plan = [(each, [s for s in each.load_scenarios() if options.wants(s)]) for each in wirings]
    plan = [(wiring, scenarios) for wiring, scenarios in plan if scenarios]
    if not plan:
        raise Failure(f"no scenario has {' or '.join(options.only)} in its name; see: dialer bench list")
    log_to(report)
    results: list[BenchResult] = []
    for wiring, scenarios in plan:
        results.append(_run_one(wiring, scenarios, options, quiet=quiet))
        if results[-1].stopped:
            click.echo(f"{wiring.name}: {results[-1].stopped}", err=True)
            break
    return results


def _run_one(wiring: "Wiring", scenarios: "list[Scenario]", options: "Options", *, quiet: bool) -> "BenchResult":
    from bench.hil.session import cut_short, run_bench

    if not quiet:
        click.secho(f"{wiring.name}: {wiring.title}", bold=True)
    outcomes: list[Outcome] = []
    started_at = time.monotonic()

    def take(outcome: "Outcome") -> None:
        outcomes.append(outcome)
        if not quiet:
            tell(outcome)

    try:
        return asyncio.run(run_bench(wiring, scenarios, options, take))
    except KeyboardInterrupt:
        lasted_s = time.monotonic() - started_at
        return cut_short(wiring, scenarios, options, outcomes, lasted_s, "stopped")


def _exit_unless(ctx: click.Context, results: "list[BenchResult]", good: bool) -> None:
    if any(result.stopped for result in results):
        raise KeyboardInterrupt  # It was put off until the report was written.
    if not good:
        ctx.exit(1)


def tell(outcome: "Outcome") -> None:
    """One line of an outcome, as it comes."""
    from bench.hil.runner import Verdict
    from bench.hil.units import time_text

    colour = {Verdict.PASSED: "green", Verdict.NOT_TRIED: "yellow"}.get(outcome.verdict, "red")
    took = time_text(outcome.lasted_s) if outcome.rounds else ""
    rounds = f" x {outcome.rounds}" if outcome.rounds > 1 else ""
    verdict = click.style(f"{outcome.verdict:9}", fg=colour)
    click.echo(f"  {verdict} {outcome.device:10} {outcome.scenario.name:30} {took}{rounds}")
    if outcome.reason:
        click.echo(f"            {outcome.reason}")


@bench.command()
@click.argument("kind", type=click.Choice(["gateway", "modem", "trunk", "headset"]))
@click.option("--port", metavar="TTY", help="Serial port of your gateway board, modem or headset.")
@click.option("--target", metavar="SIP", help="Your trunk: sip:{number}@HOST:PORT.")
@click.option("--username", default="", help="Name for the trunk's digest challenge.")
@click.option("--password-file", type=click.Path(path_type=Path), help="File with the password for it.")
@click.option("--caller-id", default="", metavar="NUMBER", help="Number that called people see.")
@click.option(
    "--lines", type=click.IntRange(1, 64), default=4, show_default=True, help="Lines of a trunk to use at once."
)
@click.option("--baud", type=int, default=115200, show_default=True, help="Speed of the serial port.")
@click.option("--profile", default="", metavar="MAKER", help="Maker of a modem, when it does not say itself.")
@click.option(
    "--number", "numbers", multiple=True, metavar="BEHAVES=NUMBER",
    help="A number that you may call and how it behaves: answers, answers_and_leaves, busy, rings, unobtainable, "
    "answers_late, declines, congested, presses_keys, takes_texts, loses_texts. Repeat for each.",
)  # fmt: skip
@click.option("--by-hand", is_flag=True, help="You are at the device, and do what the bench asks for.")
@click.option("--image", type=click.Path(path_type=Path), help="Firmware to upload to a gateway board.")
@click.option("--power-on", default="", metavar="COMMAND", help="Command that switches the device on.")
@click.option("--power-off", default="", metavar="COMMAND", help="Command that switches it off.")
@click.option("--only", multiple=True, metavar="TEXT", help="Only scenarios with TEXT in their names.")
@click.option(
    "--repeat", type=click.IntRange(1, 10_000), help="Rounds of each scenario, instead of what its file says."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Decides the faults and waits that are drawn.")
@click.option(
    "--report", type=click.Path(path_type=Path, file_okay=False), default=DEFAULT_REPORT, show_default=True,
    help="Folder for the page (index.html) and JUnit XML (junit.xml).",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def certify(
    kind: str,
    numbers: tuple[str, ...],
    only: tuple[str, ...],
    repeat: int | None,
    seed: int,
    report: Path,
    as_json: bool,
    **given: Any,
) -> None:
    """Find out what your own device can be trusted with.

    Runs every scenario for devices of this KIND, and says of each property: proven, failed, or could not be tried.
    Without --port or --target it looks at the emulated device. Calls are placed to the numbers given and to no others.

    \b
    Example:
      dialer bench certify gateway --port /dev/ttyACM0 --number answers=+12125550100 --by-hand
    """
    from bench.hil.certify import certificates
    from bench.hil.ports import why_no_port
    from bench.hil.session import Options

    wiring = _own_wiring(kind, numbers, given)
    port, switched = given["port"] or "", given["power_on"] or given["by_hand"]
    if port.startswith("/") and not switched and not as_json and (why := why_no_port(port)):
        click.secho(why, fg="yellow", err=True)
    results = _run_all([wiring], Options(only, repeat, seed), report, quiet=as_json)
    made = certificates(results[0], wiring.load_scenarios())
    page = write_report(results, report, made)
    _show_certificates(made, page, as_json=as_json)
    _exit_unless(click.get_current_context(), results, all(certificate.ok for certificate in made))


def _own_wiring(kind: str, numbers: tuple[str, ...], given: dict[str, Any]) -> "Wiring":
    """A bench of the one device that the options name, or the emulated one of this kind."""
    from bench.hil.files import nearest
    from bench.hil.ports import never_a_port
    from bench.hil.scenario import BEHAVIOURS, check_number
    from bench.hil.wiring import own_bench

    known = {}
    for entry in numbers:
        behaves, equals, number = entry.partition("=")
        if not equals:
            raise click.UsageError(f"--number {entry}: write BEHAVES=NUMBER, as in answers=+12125550100")
        if behaves in known:
            raise click.UsageError(f"--number {entry}: {behaves} is given twice; one number for each")
        if behaves not in BEHAVIOURS:
            raise click.UsageError(f"--number {entry}: no number behaves {behaves!r}{nearest(behaves, BEHAVIOURS)}")
        try:
            known[behaves] = check_number(number)
        except ValueError as error:
            raise click.UsageError(f"--number {entry}: {error}") from None
    place = "target" if kind == "trunk" else "port"
    for other in {"port", "target"} - {place}:
        if given[other]:
            raise click.UsageError(f"a {kind} has --{place}, not --{other}")
    settings = {key: value for key, value in given.items() if value}
    wiring = own_bench(kind, {**settings, "numbers": known})
    if given["port"] and (why := never_a_port(given["port"])):  # Told even if no scenario comes to open it.
        raise click.UsageError(f"--port {why}")
    return wiring


def _show_certificates(made: "list[Certificate]", page: Path, *, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    from bench.hil.certify import AREAS

    if as_json:
        told = [
            {**asdict(each), "left_out_areas": sorted(each.left_out_areas), "areas": each.areas}
            | {"partial": each.partial, "report": str(page)}
            for each in made
        ]
        click.echo(json.dumps(told, indent=2))
        return
    console = Console()
    for certificate in made:
        console.print(f"\n[bold]What {certificate.device} can be trusted with[/] ({certificate.place})")
        if certificate.emulated:
            console.print("No real device: this shows what the software does, and says nothing of a device of yours.")
        if certificate.blind_to:
            console.print(certificate.blind_to)
        if certificate.partial:
            console.print(certificate.partial)
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("property", "standing", "measured, or why not"):
            table.add_column(column)
        for each in certificate.properties:
            colour = {"proven": "green", "failed": "red"}.get(each.standing, "yellow")
            told_why = "\n".join((*([each.because] if each.because else []), *each.figures))
            table.add_row(each.text, f"[{colour}]{each.standing}[/]", told_why)
        console.print(table)
        for area, trust in certificate.areas.items():
            console.print(f"  [bold]{trust:16}[/] {AREAS[area]}")
    console.print(f"\nreport: {page}", soft_wrap=True)


@bench.command()
@click.argument("far")
@click.argument("link", type=click.Path(path_type=Path))
@click.option("--to-device", default="", metavar="FAULTS", help="As damage=0.05,loss=0.01,delay_s=0.02,baud=9600.")
@click.option("--to-host", default="", metavar="FAULTS", help="The same for the other way.")
@click.option("--baud", type=int, default=115200, show_default=True, help="Speed of FAR, if it is a tty.")
@click.option("--lines", is_flag=True, help="Faults are of lines of text; otherwise of frames between zero bytes.")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides which are hit.")
def wire(far: str, link: Path, to_device: str, to_host: str, baud: int, lines: bool, seed: int) -> None:
    """Put the fault injector between a device and whatever opens LINK, until Ctrl-C.

    FAR is a tty, unix:PATH or tcp:HOST:PORT; it may come, go and come again. LINK is a path where nothing is.
    Faults: damage, bit_errors, loss, cut, duplication, noise (shares from 0 to 1), delay_s, jitter_s,
    single_bytes (1), baud.

    \b
    Example:
      dialer bench wire /dev/ttyUSB2 /tmp/modem --to-host damage=0.02,single_bytes=1 --lines
    """
    from bench.hil.wire import Way, Wire

    faults = {"to_device": _faults(to_device), "to_host": _faults(to_host)}
    try:
        with Wire(far, link.absolute(), seed=seed, delimiter=b"\r\n" if lines else b"\0", baud=baud) as laid:
            laid.set_faults(**faults)
            click.echo(f"{link} leads to {far}; Ctrl-C ends it", err=True)
            try:
                _tell_of_device(laid, far)
            except KeyboardInterrupt:
                for way in Way:
                    click.echo(f"{way}: {laid.counters(way)}", err=True)
    except OSError as error:
        raise Failure(str(error)) from None


def _tell_of_device(laid: "Wire", far: str) -> None:
    """Say when the device's end comes and goes, and why, until Ctrl-C."""
    told = None
    while True:
        time.sleep(WIRE_LOOK_S)
        state = (
            f"{far} is connected" if laid.device_up else laid.trouble and f"{laid.trouble} (tried again until it opens)"
        )
        if state and state != told:
            click.echo(state, err=True)
            told = state


def _faults(text: str) -> "Faults":
    from bench.hil.files import BenchError, check
    from bench.hil.scenario import FaultTable

    pairs = {key: value for key, _, value in (part.partition("=") for part in text.split(",") if part)}
    try:
        return check(pairs, FaultTable, "faults").faults()
    except BenchError as error:
        raise click.UsageError(str(error)) from None


def log_to(folder: Path) -> None:
    """What drivers log goes to a file beside the report, not over the table. What the report needs is loaded now.

    A report that is there from an earlier run is taken away, as it says nothing of this one.
    """
    import logging
    from importlib import import_module

    from bench.hil.files import BenchError, FileError

    for module in ("bench.hil.session", "bench.hil.report.page"):  # Missing packages are told before, not after a run.
        import_module(module)

    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = [name for name, mark in _OURS.items() if not _is_ours(folder / name, mark)]
        if foreign:
            raise FileError(f"--report {folder}: {', '.join(foreign)} there is not of a bench; name another folder")
        for name in _OURS:
            (folder / name).unlink(missing_ok=True)
        logging.basicConfig(
            filename=folder / "log.txt", filemode="w", level=logging.INFO, force=True,
            format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        )  # fmt: skip
        logging.info(_LOG_BEGINS)
    except OSError as error:
        raise BenchError(f"the report cannot be written: {error}") from error


def _is_ours(path: Path, mark: str) -> bool:
    """Whether a file of a report folder may be replaced: it is not there, empty, or a bench has written it."""
    if not path.exists():
        return True
    with path.open(encoding="utf-8", errors="replace") as file:
        beginning = file.read(_BEGINNING)
    return not beginning or mark in beginning


def write_report(
    results: "list[BenchResult]", folder: Path, made: "tuple[Certificate, ...] | list[Certificate]" = ()
) -> Path:
    """Write page and JUnit XML; gives the page's path."""
    from bench.hil.files import BenchError
    from bench.hil.report.junit import junit_xml
    from bench.hil.report.page import machine_facts, render

    page = folder / "index.html"
    try:
        page.write_text(render(results, machine_facts(), made), encoding="utf-8")
        (folder / "junit.xml").write_bytes(junit_xml(results))
    except OSError as error:
        raise BenchError(f"the report cannot be written: {error}") from error
    return page
