"""Pictures of what if: utilisation and abandonment against agents, and a shift's timeline. Colours by Okabe and Ito."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialer.sim.intervals import Estimate
from dialer.sim.timeline import Timeline
from dialer.sim.whatif import Outlook

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = (".png", ".svg")
MAX_TICKS = 14

_BLUE, _ORANGE, _RED, _GREEN, _SKY, _BLACK = "#0072B2", "#E69F00", "#D55E00", "#009E73", "#56B4E9", "#000000"
_STACK = (("talking", _BLUE), ("wrap-up", _SKY), ("ready", "#DDDDDD"))


def draw(file: Path, outlooks: Sequence[Outlook], limit: float, day: Timeline, title: str) -> None:
    """Draw the outlooks (one for each number of agents) over the timeline of one day, to a .png or .svg file.

    `limit` is the share of live answers that may be abandoned. Raises OSError when the file cannot be written.
    """
    # Here, as it takes half a second to load, which no other command should wait for.
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    # A file's bytes depend on what is drawn alone.
    style: dict[Any, Any] = {
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "svg.hashsalt": "ringpace",
    }
    with pyplot.rc_context(style):
        figure = pyplot.figure(figsize=(11, 9), layout="constrained")
        try:
            grid = figure.add_gridspec(3, 2, height_ratios=(1.35, 1, 0.8))
            busy = figure.add_subplot(grid[0, 0])
            _against_agents(busy, outlooks, "busy_share", _BLUE, "Utilisation")
            _percent_axis(busy, least_decimals=0)
            abandoned = figure.add_subplot(grid[0, 1])
            _against_agents(abandoned, outlooks, "abandoned_rate", _RED, "Abandoned calls")
            _limit_line(abandoned, limit)
            _percent_axis(abandoned, least_decimals=1)
            agents = figure.add_subplot(grid[1, :])
            _agents_over_time(agents, day)
            _lines_over_time(figure.add_subplot(grid[2, :], sharex=agents), day)
            figure.suptitle(title, fontsize=12, fontweight="bold")
            figure.savefig(file, dpi=130, metadata={"Date": None} if file.suffix.lower() == ".svg" else None)
        finally:
            pyplot.close(figure)


def _against_agents(axes: "Axes", outlooks: Sequence[Outlook], name: str, colour: str, label: str) -> None:
    points = [(o.settings.agents, found) for o in outlooks if (found := o.estimates.get(name)) is not None]
    agents = [n for n, _ in points]
    values = [found for _, found in points]
    if values and values[0].low is not None:
        _band(axes, agents, [_shift(each) for each in values], colour, 0.15, "95 % of single shifts")
        errors = [
            [each.mean - (each.low or 0.0) for each in values],
            [(each.high or 0.0) - each.mean for each in values],
        ]
        mean = "mean and its 95 % interval"
        axes.errorbar(agents, [v.mean for v in values], errors, color=colour, marker="o", capsize=3, label=mean)
    else:
        axes.plot(agents, [v.mean for v in values], color=colour, marker="o", label="one run")
    axes.set(title=label, xlabel="agents", xticks=agents[:: 1 + len(agents) // MAX_TICKS], ylabel=_SHARE_LABELS[name])
    axes.yaxis.set_major_locator(_round_steps())
    axes.grid(axis="y", alpha=0.3)
    _legend_below(axes)


_SHARE_LABELS = {"busy_share": "share of agents' time", "abandoned_rate": "share of live answers"}


def _shift(found: Estimate) -> tuple[float, float]:
    return found.shift_low or 0.0, found.shift_high or 0.0


def _band(
    axes: "Axes", xs: list[int], bounds: list[tuple[float, float]], colour: str, alpha: float, label: str
) -> None:
    axes.fill_between(xs, [b[0] for b in bounds], [b[1] for b in bounds], color=colour, alpha=alpha, lw=0, label=label)


def _limit_line(axes: "Axes", limit: float) -> None:
    axes.axhline(limit, color=_BLACK, linestyle="--", linewidth=1.2, label=f"limit: {100 * limit:g} %")
    axes.set_ylim(0.0, max(1.25 * limit, axes.get_ylim()[1]))
    _legend_below(axes)


def _legend_below(axes: "Axes") -> None:
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3, frameon=False, fontsize=8.5, columnspacing=1.2
    )


def _percent_axis(axes: "Axes", least_decimals: int) -> None:
    """Ticks in per cent, with as many decimals as tell each from the next; for axes whose range is final."""
    from matplotlib.ticker import PercentFormatter

    low, high, *_ = axes.get_yticks()
    decimals = max(least_decimals, math.ceil(-math.log10(100.0 * (high - low)) - 1e-6))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=decimals, symbol=" %"))


def _round_steps(*, whole: bool = False) -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=7, steps=[1, 2, 5, 10], integer=whole)


def _hours(day: Timeline) -> list[float]:
    return [(index + 0.5) * day.period_s / 3600.0 for index in range(len(day.levels["ready"]))]


def _agents_over_time(axes: "Axes", day: Timeline) -> None:
    series = [day.levels[name] for name, _ in _STACK]
    axes.stackplot(_hours(day), *series, labels=[name for name, _ in _STACK], colors=[colour for _, colour in _STACK])
    axes.set(title=f"One shift: agents (averages over {_span(day.period_s)})", ylabel="agents", ylim=(0, None))
    axes.yaxis.set_major_locator(_round_steps(whole=True))
    axes.set_xlim(0.0, len(day.levels["ready"]) * day.period_s / 3600.0)
    axes.tick_params(labelbottom=False)
    _legend_outside(axes, reverse=True)


def _lines_over_time(axes: "Axes", day: Timeline) -> None:
    ringing = day.levels["ringing"]
    axes.fill_between(_hours(day), ringing, color=_ORANGE, alpha=0.5, linewidth=0, label="lines ringing")
    at = [second / 3600.0 for second in day.abandoned_s]
    top = max((*ringing, 1.0))
    label = f"abandoned call ({len(at)})"
    axes.scatter(
        at, [1.12 * top] * len(at), marker="v", s=26, color=_RED, edgecolors=_BLACK, linewidths=0.4, label=label
    )
    axes.set(
        title="One shift: lines ringing, and abandoned calls",
        xlabel="hours from the start",
        ylabel="lines",
        ylim=(0, 1.25 * top),
    )
    axes.yaxis.set_major_locator(_round_steps(whole=True))
    _legend_outside(axes)


def _legend_outside(axes: "Axes", *, reverse: bool = False) -> None:
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, reverse=reverse)


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"
