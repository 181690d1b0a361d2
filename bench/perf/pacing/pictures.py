"""Pictures of the bench: utilisation against abandonment in each scenario, and the share of the gain against agents."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench.perf.pacing.baselines import EVERY_DAY, Kind
from bench.perf.pacing.budget import RULE, Solution, shown_budgets
from bench.perf.pacing.figures import Row
from bench.perf.pacing.scenarios import LIMIT

_MARKS = {
    Kind.PROGRESSIVE: ("s", "tab:gray"),
    Kind.VICIDIAL: ("v", "tab:brown"),
    Kind.VICIDIAL_TUNED: ("^", "tab:orange"),
    Kind.RATIO: ("D", "tab:green"),
    Kind.RATIO_EXPECTED: ("d", "tab:olive"),
    Kind.PI: ("p", "tab:purple"),
    Kind.OPTIMUM: ("*", "tab:red"),
    Kind.PREDICTIVE: ("o", "tab:blue"),
}
_COLUMNS = 4
_HOLLOW = "hollow: no day over the limit"


def draw_all(rows: Sequence[Row], folder: Path) -> Iterator[Path]:
    """Write the pictures that these rows give, as PNG; makes the folder. Yields their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    names = list(dict.fromkeys(row.scenario for row in rows))
    if names:
        yield _scenarios([[row for row in rows if row.scenario == name] for name in names], folder)
    if any(row.gain is not None for row in rows):
        yield _gains(rows, folder)


def _scenarios(groups: Sequence[Sequence[Row]], folder: Path) -> Path:
    height = -(-len(groups) // _COLUMNS)
    columns = min(_COLUMNS, len(groups))
    figure, grid = pyplot.subplots(height, columns, figsize=(3.6 * columns, 2.9 * height + 0.8), squeeze=False)
    for place, rows in zip(grid.flat, groups, strict=False):
        _one(place, rows)
    for place in grid.flat[len(groups) :]:
        place.set_axis_off()
    seen = {row.policy.removesuffix(EVERY_DAY) for rows in groups for row in rows}
    handles = [Line2D([], [], marker=m, color=c, linestyle="", label=k.value) for k, (m, c) in _MARKS.items()]
    shown = [handle for handle in handles if handle.get_label() in seen]
    shown.append(Line2D([], [], marker="o", color="black", linestyle="", markerfacecolor="white", label=_HOLLOW))
    figure.legend(handles=shown, loc="lower center", ncols=4, frameon=False)
    figure.tight_layout(rect=(0.0, 0.6 / (2.9 * height + 0.8), 1.0, 1.0))
    return _save(figure, folder / "pacing-scenarios.png")


def _one(place: Axes, rows: Sequence[Row]) -> None:
    """One scenario: to the upper left is better, right of the line the limit is broken."""
    place.axvline(100.0 * LIMIT, color="tab:red", linewidth=0.8)
    for row in rows:
        mark, colour = _MARKS[Kind(row.policy.removesuffix(EVERY_DAY))]
        face = "white" if row.policy.endswith(EVERY_DAY) else colour
        at, error = (100.0 * row.abandoned, row.utilisation), row.utilisation_se
        place.errorbar(*at, yerr=error, marker=mark, color=colour, markerfacecolor=face)
    place.set_title(rows[0].scenario, fontsize=9)
    place.set_xlabel("abandoned, %", fontsize=8)
    place.set_ylabel("utilisation", fontsize=8)
    place.tick_params(labelsize=7)
    place.grid(alpha=0.3)


def _gains(rows: Sequence[Row], folder: Path) -> Path:
    figure, places = pyplot.subplots(1, 2, figsize=(10.0, 4.0), sharey=True)
    for place, title, nohold in ((places[0], "people wait up to 2 s", False), (places[1], "nobody waits", True)):
        for kind, (mark, colour) in _MARKS.items():
            points = [
                (row.agents, 100.0 * row.gain)
                for row in rows
                if row.gain is not None and row.policy == kind.value and row.scenario.endswith("-nohold") == nohold
            ]
            if points:
                place.plot(
                    *zip(*sorted(points), strict=True), marker=mark, color=colour, label=kind.value, linewidth=1.0
                )
        place.axhline(100.0, color="black", linewidth=0.8)
        place.set_xscale("log")
        place.set_xticks([3, 5, 10, 20, 40], labels=["3", "5", "10", "20", "40"])
        place.minorticks_off()
        place.set_xlabel("agents")
        place.set_title(f"memoryless world, {title}", fontsize=10)
        place.grid(alpha=0.3)
    places[0].set_ylabel("share of the attainable gain, %")
    places[0].legend(fontsize=7)
    figure.tight_layout()
    return _save(figure, folder / "pacing-gain.png")


def draw_budget(solutions: Sequence[Solution], folder: Path) -> Path:
    """Write the picture of each team's rate by budget, the pacer's rule beside the best; makes the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    figure, places = pyplot.subplots(1, len(solutions), figsize=(5.0 * len(solutions), 4.0), squeeze=False)
    for place, solution in zip(places.flat, solutions, strict=True):
        for controller, shares in solution.curves.items():
            if not controller.startswith("end told"):
                style = ("black", 2.0) if controller == RULE else (None, 1.2)
                place.plot(shown_budgets(), shares, color=style[0], linewidth=style[1], label=controller)
        first = solution.lines[0]
        place.set_title(f"{first.agents} agents, {first.answers} answers a day", fontsize=10)
        place.axvline(0.0, color="tab:red", linewidth=0.8)
        place.set_ylim(0.0, 2.0)
        place.set_xlabel("budget, calls")
        place.grid(alpha=0.3)
    places[0, 0].set_ylabel("abandoned rate to aim at, share of the limit")
    places[0, 0].legend(fontsize=8)
    figure.tight_layout()
    return _save(figure, folder / "pacing-budget.png")


def _save(figure: Figure, path: Path) -> Path:
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
    return path
