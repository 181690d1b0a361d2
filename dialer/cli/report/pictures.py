"""Pictures of reports. Colours by Okabe and Ito, told apart by all kinds of eyes."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from campaigns.agentlog import BUCKETS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BLUE, _ORANGE, _RED, _GREEN, _SKY, _PINK, _YELLOW = (
    *("#0072B2", "#E69F00", "#D55E00", "#009E73", "#56B4E9", "#CC79A7", "#F0E442"),
)
_GREYS = ("#EEEEEE", "#D0D0D0", "#A0A0A0", "#606060")

_RESULTS = {
    "sale": _GREEN,
    "right party": _BLUE,
    "other contact": _SKY,
    "other person": "#B3DDF5",
    "abandoned": _RED,
    "machine": _YELLOW,
    "refused": _PINK,
    "no answer": _GREYS[0],
    "bad number": _GREYS[1],
    "failed": _GREYS[2],
    "open": _GREYS[3],
}
_TIMES = (_GREYS[0], "#C6DBEF", "#6BAED6", "#2171B5", "#08306B")
_BUCKETS = dict(zip(BUCKETS, (_ORANGE, _GREYS[0], _BLUE, _SKY, _GREYS[3]), strict=True))
# Behind words, so that no line runs through them.
_PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}

# So that one bar alone is no wall.
_LEAST_BARS = 6

_STATES = {"kept": _GREEN, "partial": _YELLOW, "broken": _RED, "open": _GREYS[1]}


def draw(file: Path, picture: "Callable[[Figure], None]") -> None:
    """Draw to a .png or .svg file, whose bytes depend on what is drawn alone. Raises OSError for no such place."""
    # Here, as it takes half a second to load, which no other command should wait for.
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    style: dict[Any, Any] = {
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "svg.hashsalt": "ringpace",
    }
    with pyplot.rc_context(style):
        figure = pyplot.figure(figsize=(11, 6.5), layout="constrained")
        try:
            picture(figure)
            figure.savefig(file, dpi=130, metadata={"Date": None} if file.suffix.lower() == ".svg" else None)
        finally:
            pyplot.close(figure)


def penetration(figure: "Figure", *, found: Mapping[str, Any], title: str) -> None:
    """Leads of each list by how often they were called, over the shares of each pass."""
    lists = found["lists"]
    figure.set_size_inches(11, 6.0 + 0.35 * max(0, len(lists) - 3))
    called, passes = figure.subplots(2, 1, height_ratios=(1 + 0.25 * len(lists), 3))
    _leads(called, lists)
    _passes(passes, found["total"]["passes"])
    _title(figure, title)


def _leads(axes: "Axes", lists: Sequence[Mapping[str, Any]]) -> None:
    names = [_short(each["list"]) for each in lists]
    left = [0] * len(lists)
    labels = ("not called", "once", "twice", "three times", "four times or more")
    for times, (label, colour) in enumerate(zip(labels, _TIMES, strict=True)):
        leads = [_called_times(each, times, last=times == len(labels) - 1) for each in lists]
        if any(leads):
            axes.barh(names, leads, left=left, color=colour, label=label, edgecolor="#888888", linewidth=0.3)
        left = [a + b for a, b in zip(left, leads, strict=True)]
    axes.invert_yaxis()
    axes.set(title="Leads by the number of their calls", xlabel="leads")
    _whole(axes.xaxis)
    _finish(axes, any(left), grid="x")


def _called_times(part: Mapping[str, Any], times: int, *, last: bool) -> int:
    at_least = {0: part["leads"], **{each["times"]: each["leads"] for each in part["dialed_at_least"]}}
    return int(at_least.get(times, 0) - (0 if last else at_least.get(times + 1, 0)))


def _passes(axes: "Axes", passes: Sequence[Mapping[str, Any]]) -> None:
    series = (("people", _SKY, "people"), ("contacts", _BLUE, "contacts"), ("right_party", _GREEN, "right party"))
    shown = passes[:12]
    width = 0.8 / len(series)
    for place, (name, colour, label) in enumerate(series):
        shares = [each["rates"][name] for each in shown]
        at = [index + (place - 1) * width for index in range(len(shown))]
        rates = [share["rate"] or 0.0 for share in shares]
        errors = [
            [rate - (share["low"] or 0.0) for rate, share in zip(rates, shares, strict=True)],
            [(share["high"] or 0.0) - rate for rate, share in zip(rates, shares, strict=True)],
        ]
        if shown:
            axes.bar(at, rates, width, yerr=errors, color=colour, label=label, capsize=2, error_kw={"linewidth": 0.8})
    axes.set_xticks(range(len(shown)), [f"{each['pass']}\n{each['attempts']:,} calls" for each in shown])
    axes.set(title="What each pass reached, with 95 % intervals", xlabel="pass", ylabel="share of the pass's calls")
    _percents(axes)
    _finish(axes, bool(shown))


def hours(figure: "Figure", *, found: Mapping[str, Any], title: str) -> None:
    """What came of the calls of each hour, on the person's clock over the site's."""
    figure.set_size_inches(11, 8.5)
    person, site = figure.subplots(2, 1, sharex=True)
    _stacked(person, found["person"], "The called person's hour")
    _stacked(site, found["site"], f"The hour in {found['timezone']}")
    site.set_xlabel("hour in which the call was placed")
    if found["total"]["attempts"]:
        handles, labels = site.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center", frameon=False, reverse=True)
    _title(figure, title)


def _stacked(axes: "Axes", rows: Sequence[Mapping[str, Any]], title: str) -> None:
    known = [row for row in rows if row["hour"] is not None]
    at = [row["hour"] + 0.5 for row in known]
    bottom = [0] * len(known)
    for name, colour in _RESULTS.items():
        counts = [row["results"][name] for row in known]
        if not any(counts):
            continue
        axes.bar(at, counts, 0.9, bottom=bottom, color=colour, label=name, edgecolor="#888888", linewidth=0.3)
        bottom = [a + b for a, b in zip(bottom, counts, strict=True)]
    unknown = sum(row["attempts"] for row in rows if row["hour"] is None)
    aside = f" ({unknown:,} calls to places unknown are left out)" if unknown else ""
    axes.set(title=title + aside, ylabel="calls", xlim=(0, 24), ylim=(0, 1.06 * max((*bottom, 1))))
    axes.set_xticks(range(0, 25, 2), [f"{hour:02}" for hour in range(0, 25, 2)])
    axes.tick_params(labelbottom=True)
    _whole(axes.yaxis)
    _finish(axes, bool(known), legend="")


def best_hours(figure: "Figure", *, found: Mapping[str, Any], title: str) -> None:
    """The expected share of calls that reach a person, by place and local hour."""
    places = found["places"]
    figure.set_size_inches(11, 2.5 + 0.45 * len(places))
    axes = figure.subplots()
    if places:
        grid = [[float("nan")] * 24 for _ in places]
        for row, place in enumerate(places):
            for hour in place["hours"]:
                grid[row][hour["hour"]] = hour["expected"]
        seen = [hour["hour"] for place in places for hour in place["hours"]]
        rates = [hour["expected"] for place in places for hour in place["hours"]]
        middle = (min(rates) + max(rates)) / 2
        axes.imshow(grid, aspect="auto", cmap="cividis")
        for row, place in enumerate(places):
            for hour in place["hours"]:
                colour = "white" if hour["expected"] < middle else "black"
                axes.text(hour["hour"], row, f"{100 * hour['expected']:.0f}", ha="center", va="center", color=colour)
        axes.set_yticks(range(len(places)), [place["place"] for place in places])
        axes.set_xticks(range(24), [f"{hour:02}" for hour in range(24)])
        axes.set_xlim(min(seen) - 0.5, max(seen) + 0.5)
        axes.set_xlabel("local hour; figures are the per cent of calls expected to reach a person")
    _finish(axes, bool(places), legend="", grid="")
    _title(figure, title)


def caller_ids(figure: "Figure", *, found: Mapping[str, Any], title: str) -> None:
    """The share of calls picked up by shown number, what was to be expected, and refusals."""
    rows = found["caller_ids"]
    figure.set_size_inches(11, 2.8 + 0.4 * len(rows))
    answered, refused = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    names = [row["caller_id"] or "(the trunk's)" for row in rows]
    accused = {each["caller_id"] for each in found["warnings"]}
    colours = [_RED if row["caller_id"] in accused else _BLUE for row in rows]
    at = range(len(rows))
    for place, row in enumerate(rows):
        share = row["rates"]["picked_up"]
        errors = [[share["rate"] - share["low"]], [share["high"] - share["rate"]]]
        axes_colour = colours[place]
        answered.errorbar([share["rate"]], [place], xerr=errors, color=axes_colour, marker="o", capsize=3)
    expected = [(row["expected_rate"], place) for place, row in enumerate(rows) if row["expected_rate"] is not None]
    if expected:
        label = "expected by calls of the same hour and pass"
        answered.scatter(*zip(*expected, strict=True), marker="|", s=160, color="black", label=label, zorder=3)
    answered.set_yticks(at, names)
    answered.set(title="Picked up, with 95 % intervals (red: a warning)", xlabel="share of the calls")
    answered.set_xlim(left=0.0)
    _percents(answered, axis="x")
    _finish(answered, bool(rows), legend="below", grid="x")
    left = [0.0] * len(rows)
    for name, label, colour in (
        ("declined", "declined (603)", _SKY),
        ("unwanted", "unwanted (607)", _ORANGE),
        ("blocked", "blocked (603+, 608)", _RED),
    ):
        shares = [row[name] / row["attempts"] for row in rows]
        refused.barh(at, shares, left=left, color=colour, label=label)
        left = [a + b for a, b in zip(left, shares, strict=True)]
    refused.set(title="Refused", xlabel="share of the calls")
    _percents(refused, axis="x")
    _finish(refused, bool(rows), legend="below", grid="x")
    if rows:
        answered.invert_yaxis()
    _title(figure, title)


def agents(figure: "Figure", *, rows: Sequence[Mapping[str, Any]], title: str) -> None:
    """Each row's hours by bucket, as stacked bars."""
    rows = [row for row in rows if row["logged_in"]]
    names = [" ".join(str(row[name]) for name in ("agent", "day") if name in row) or "all agents" for row in rows]
    figure.set_size_inches(11, min(40.0, 2.0 + 0.38 * len(rows)))
    axes = figure.subplots()
    left = [0.0] * len(rows)
    for bucket, colour in _BUCKETS.items():
        spent_h = [row[bucket] / 3600.0 for row in rows]
        if not any(spent_h):
            continue
        axes.barh(names, spent_h, left=left, color=colour, label=bucket, edgecolor="#888888", linewidth=0.3)
        left = [a + b for a, b in zip(left, spent_h, strict=True)]
    for place, row in enumerate(rows):
        busy = "" if row["utilisation"] is None else f"  {100 * row['utilisation']:.0f} % busy, {row['calls']:,} calls"
        axes.text(left[place], place, busy, va="center", fontsize=8.5)
    axes.invert_yaxis()
    axes.set_xlabel("hours")
    axes.set_xlim(0.0, 1.28 * max((*left, 0.01)))
    axes.margins(y=0.4 / (1 + len(rows)))
    _finish(axes, bool(rows), grid="x")
    _title(figure, title)


def promises(figure: "Figure", *, found: Mapping[str, Any], title: str) -> None:
    """Amounts promised by the week in which they are due, and what became of them; a panel for each currency."""
    currencies = [row["currency"] for row in found["currencies"]]
    weeks = _weeks([row["week"] for row in found["weeks"]])
    figure.set_size_inches(11, 1.5 + 3.2 * max(1, len(currencies)))
    panels = figure.subplots(max(1, len(currencies)), 1, squeeze=False)[:, 0]
    for axes, currency in zip(panels, currencies, strict=False):
        sums = {row["week"]: row for row in found["weeks"] if row["currency"] == currency}
        bottom = [0.0] * len(weeks)
        for state, colour in _STATES.items():
            amounts = [float(sums[week][state]["amount"]) if week in sums else 0.0 for week in weeks]
            if any(amounts):
                axes.bar(range(len(weeks)), amounts, 0.8, bottom=bottom, color=colour, label=state)
            bottom = [a + b for a, b in zip(bottom, amounts, strict=True)]
        step = 1 + len(weeks) // 14
        axes.set_xticks(range(0, len(weeks), step), weeks[::step])
        axes.set(ylabel=f"promised, {currency}", xlabel="week due, from Monday", ylim=(0.0, 1.08 * max((*bottom, 1.0))))
        axes.set_xlim(-0.6, max(len(weeks), _LEAST_BARS) - 0.4)
        _thousands(axes)
        _finish(axes, True)
    if not currencies:
        _finish(panels[0], False)
    _title(figure, title)


def _weeks(named: Sequence[str]) -> list[str]:
    """All Mondays from the first to the last."""
    if not named:
        return []
    first, last = date.fromisoformat(min(named)), date.fromisoformat(max(named))
    return [str(first + timedelta(days=days)) for days in range(0, (last - first).days + 1, 7)]


def abandonment(figure: "Figure", *, windows: Sequence[Mapping[str, Any]], title: str) -> None:
    """The share of live answers that was abandoned in each window of the limit, against the limit."""
    axes = figure.subplots()
    shown = windows[-31:]
    colours = [_RED if each["over_limit"] else _BLUE for each in shown]
    axes.bar(range(len(shown)), [each["rate"] for each in shown], 0.8, color=colours)
    for place, each in enumerate(shown):
        counts = f"{each['abandoned']:g} of\n{each['live']:,g}"
        axes.annotate(
            counts, (place, each["rate"]), (0, 3), textcoords="offset points", ha="center", fontsize=7.5, bbox=_PAPER
        )
    limit = shown[-1]["limit"]
    axes.axhline(limit, color="black", linestyle="--", linewidth=1.2, label=f"limit: {100 * limit:g} %")
    axes.set_ylim(0.0, 1.25 * max(limit, *(each["rate"] for each in shown)))
    axes.set_xlim(-0.6, max(len(shown), _LEAST_BARS) - 0.4)
    step = 1 + len(shown) // 14
    axes.set_xticks(range(0, len(shown), step), [_window_name(each) for each in shown][::step])
    axes.set(xlabel="window, from", ylabel="abandoned, share of live answers")
    _percents(axes)
    _finish(axes, True)
    _title(figure, f"Abandoned calls by window: campaign {title}")


def _window_name(window: Mapping[str, Any]) -> str:
    start = "the first call" if window["start"] is None else f"{datetime.fromisoformat(window['start']):%Y-%m-%d}"
    return f"{start}\n(running)" if window["state"] == "running" else start


def _finish(axes: "Axes", anything: bool, *, legend: str = "beside", grid: "Literal['x', 'y', '']" = "y") -> None:
    if not anything:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "nothing in this time", ha="center", va="center", transform=axes.transAxes)
        return
    if grid:
        axes.set_axisbelow(True)
        axes.grid(axis=grid, alpha=0.3)
    if legend and axes.get_legend_handles_labels()[0]:
        below = legend == "below"
        place: dict[str, Any] = {"loc": "upper center" if below else "upper left"}
        axes.legend(bbox_to_anchor=(0.5, -0.16) if below else (1.0, 1.0), frameon=False, fontsize=9, **place)


def _title(figure: "Figure", title: str) -> None:
    figure.suptitle(title, fontsize=12, fontweight="bold")


def _short(name: str) -> str:
    return name if len(name) <= 30 else name[:29] + "…"


def _whole(axis: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10], integer=True))
    _with_commas(axis)


def _thousands(axes: "Axes") -> None:
    _with_commas(axes.yaxis)


def _with_commas(axis: Any) -> None:
    from matplotlib.ticker import StrMethodFormatter

    axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def _percents(axes: "Axes", axis: str = "y") -> None:
    """Ticks in per cent at round steps, with as many decimals as tell each from the next."""
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    which = axes.yaxis if axis == "y" else axes.xaxis
    which.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    low, high, *_ = which.get_majorticklocs()
    decimals = max(0, math.ceil(-math.log10(100.0 * (high - low)) - 1e-6))
    which.set_major_formatter(PercentFormatter(1.0, decimals=decimals, symbol=" %"))
