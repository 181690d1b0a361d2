"""A round of a scenario drawn as lanes over time: stimuli, power and wire, calls as bars, pins as levels."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape

from bench.hil.report.scale import FOLD_WIDTH, Scale
from bench.hil.runner import Round, StepResult
from bench.hil.timeline import Entry, Lane
from bench.hil.units import time_text

WIDTH = 1120
NAME_WIDTH = 128
ROW = 26
LABEL_ROW = 15
CHARACTER = 6.3
MAX_MARKS = 300
MAX_LABEL_ROWS = 4
STRIP_WIDTH, STRIP_PAD = 220.0, 4.0
MAX_DOTS, BINS = 40, 53
NEAR_BOUND = 4
_PHASES = {"Dialed": "calling", "Ringing": "ringing", "Answered": "answered", "Joined": "joined"}
_LEVELS = ("hook", "join", "lamp", "ringer", "mute", "enable")


@dataclass(frozen=True, slots=True)
class _Mark:
    at_s: float
    text: str
    title: str
    css: str = ""


def draw(round_: Round) -> str:
    """The round as an SVG element, to stand inside an HTML page that styles its classes."""
    return _Drawing(round_).svg()


class _Drawing:
    def __init__(self, round_: Round) -> None:
        self._round = round_
        times = [self._s(e) for e in round_.entries] + [s.started_s + s.took_s for s in round_.steps] + [0.0]
        self._scale = Scale(times, NAME_WIDTH + 8, WIDTH - 12)
        self._parts: list[str] = []
        self._y = 24.0

    def svg(self) -> str:
        self._marks_lane("bench", self._stimuli())
        self._marks_lane("verdict", self._judgements())
        for lane in (Lane.POWER, Lane.WIRE):
            self._marks_lane(str(lane), [self._mark(e, e.text()) for e in self._in(lane)])
        for subject in self._subjects(Lane.DEVICE):
            self._marks_lane(subject, [self._mark(e, e.text()) for e in self._in(Lane.DEVICE, subject)])
        for subject in self._subjects(Lane.CALL):
            self._call_lane(subject)
        for subject, what in sorted({(e.subject, e.what) for e in self._in(Lane.PIN)}):
            self._pin_lane(subject, what)
        height = self._y + 6
        body = self._grid(height) + "".join(self._parts)
        return (
            f'<svg class="timeline" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
            f'aria-label="timeline of round {self._round.number}">{body}</svg>'
        )

    def _s(self, entry: Entry) -> float:
        return entry.at - self._round.started_at

    def _in(self, lane: Lane, subject: str | None = None) -> list[Entry]:
        return [e for e in self._round.entries if e.lane is lane and subject in (None, e.subject)]

    def _subjects(self, lane: Lane) -> list[str]:
        return list(dict.fromkeys(e.subject for e in self._in(lane)))

    def _mark(self, entry: Entry, text: str, css: str = "") -> _Mark:
        return _Mark(self._s(entry), text, f"{time_text(self._s(entry))}  {entry.text()}", css)

    def _stimuli(self) -> list[_Mark]:
        return [self._mark(e, _short(e)) for e in self._in(Lane.BENCH)]

    def _judgements(self) -> list[_Mark]:
        marks = []
        for number, result in enumerate(self._round.steps, 1):
            if _judges(result):
                css = "good" if result.ok else "bad"
                sign = "✓" if result.ok else "✗"
                text = f"{sign}{number}" if result.ok else f"{sign}{number} {result.seen}"
                marks.append(_Mark(result.started_s + result.took_s, text, f"step {number}: {result.seen}", css))
        return marks

    def _name(self, text: str, y: float) -> None:
        self._parts.append(f'<text class="name" x="{NAME_WIDTH}" y="{y:.1f}">{escape(_cut(text, 20))}</text>')

    def _marks_lane(self, name: str, marks: list[_Mark]) -> None:
        """Ticks with text beside them, in as many rows as the texts need; what does not fit is told on hovering."""
        if not marks:
            return
        base = self._y + LABEL_ROW - 4
        self._name(name, base)
        ends = [0.0]
        for mark in marks[:MAX_MARKS]:
            x = self._scale.x(mark.at_s)
            text = _cut(mark.text, 60)
            length = CHARACTER * len(text) + 8
            leftward = x + length > WIDTH  # No room on the right: the text ends at its tick.
            start = x - length if leftward else x
            row = next((r for r, end in enumerate(ends) if end <= start), len(ends))
            if row == len(ends) and row < MAX_LABEL_ROWS:
                ends.append(0.0)
            y = base + LABEL_ROW * min(row, MAX_LABEL_ROWS - 1)
            self._parts.append(f'<g class="mark {mark.css}"><title>{escape(mark.title)}</title>')
            self._parts.append(f'<path d="M{x:.1f} {y - 10:.1f}v13"/>')
            if row < MAX_LABEL_ROWS:
                ends[row] = start + length
                place = f'x="{x - 4:.1f}" text-anchor="end"' if leftward else f'x="{x + 4:.1f}"'
                self._parts.append(f'<text {place} y="{y:.1f}">{escape(text)}</text>')
            self._parts.append("</g>")
        self._y += LABEL_ROW * len(ends) + 9

    def _call_lane(self, subject: str) -> None:
        entries = self._in(Lane.CALL, subject)
        y, height = self._y, ROW - 9
        self._name(f"call {subject}", y + 13)
        begun = [(e, _PHASES[e.what]) for e in entries if e.what in _PHASES]
        for number, (entry, phase) in enumerate(begun):
            until = [e for e in entries if e.at >= entry.at and e.what == "Ended"]
            following = begun[number + 1][0] if number + 1 < len(begun) else None
            end = min([e.at for e in (*until[:1], *([following] if following else []))], default=None)
            x = self._scale.x(self._s(entry))
            x_end = self._scale.x(end - self._round.started_at) if end is not None else WIDTH - 12
            self._parts.append(
                f'<g class="phase {phase}"><title>{escape(f"{time_text(self._s(entry))}  {entry.text()}")}</title>'
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(x_end - x, 1.5):.1f}" height="{height}" rx="2"/>'
            )
            if x_end - x > CHARACTER * len(phase) + 8:
                self._parts.append(f'<text x="{x + 5:.1f}" y="{y + 12.5:.1f}">{phase}</text>')
            self._parts.append("</g>")
        self._ends([e for e in entries if e.what not in _PHASES], y)
        self._y += ROW

    def _ends(self, entries: list[Entry], y: float) -> None:
        for entry in entries:
            x = self._scale.x(self._s(entry))
            text = str(entry.details.get("cause", entry.what))
            anchor = "end" if x > WIDTH - 90 else "start"
            shift = -5 if anchor == "end" else 5
            self._parts.append(
                f'<g class="mark end"><title>{escape(f"{time_text(self._s(entry))}  {entry.text()}")}</title>'
                f'<path d="M{x:.1f} {y - 2:.1f}v{ROW - 5}"/>'
                f'<text x="{x + shift:.1f}" y="{y + 12.5:.1f}" text-anchor="{anchor}">{escape(text)}</text></g>'
            )

    def _pin_lane(self, subject: str, what: str) -> None:
        entries = [e for e in self._in(Lane.PIN, subject) if e.what == what]
        self._name(f"{subject} {what}" if what != "join" else subject, self._y + 13)
        if what in _LEVELS:
            self._levels(entries)
        else:
            self._texts(entries)
        self._y += ROW - 3

    def _levels(self, entries: list[Entry]) -> None:
        """A level over time; changes closer together than half a unit are one stroke."""
        low, high = self._y + 16, self._y + 3
        level = low if not entries or entries[0].details.get("on") else high
        left, right = self._scale.x(self._scale.start_s), self._scale.x(self._scale.end_s)
        path, lit, last_x = [f"M{left:.1f} {level:.1f}"], list[tuple[float, float]](), left
        for entry in entries:
            x = max(round(2 * self._scale.x(self._s(entry))) / 2, left)
            before, level = level, high if entry.details.get("on") else low
            if x == last_x and len(path) > 1:
                path[-1] = f"V{low:.1f}V{high:.1f}V{level:.1f}"
                continue
            if before == high:
                lit.append((last_x, x))
            path += [f"H{x:.1f}", f"V{level:.1f}"]
            last_x = x
        if level == high:
            lit.append((last_x, right))
        path.append(f"H{right:.1f}")
        for a, b in lit:
            size = f'width="{max(b - a, 0.5):.1f}" height="{low - high:.1f}"'
            self._parts.append(f'<rect class="lit" x="{a:.1f}" y="{high:.1f}" {size}/>')
        self._parts.append(f'<path class="level" d="{"".join(path)}"/>')

    def _texts(self, entries: list[Entry]) -> None:
        """Each value as a box from its beginning to the next change; an empty value is a gap."""
        right = self._scale.x(self._scale.end_s)
        for number, entry in enumerate(entries[:MAX_MARKS]):
            text = str(entry.details.get("value", ""))
            if not text:
                continue
            x = self._scale.x(self._s(entry))
            end = self._scale.x(self._s(entries[number + 1])) if number + 1 < len(entries) else right
            title = escape(f"{time_text(self._s(entry))}  {entry.text()}")
            self._parts.append(
                f'<g class="value"><title>{title}</title><rect x="{x:.1f}" y="{self._y + 3:.1f}" '
                f'width="{max(end - x, 1.0):.1f}" height="13"/>'
            )
            if end - x > CHARACTER * len(text):
                middle = (x + end) / 2
                self._parts.append(f'<text x="{middle:.1f}" y="{self._y + 13.5:.1f}">{escape(text)}</text>')
            self._parts.append("</g>")

    def _grid(self, height: float) -> str:
        lines = []
        for at_s in self._scale.ticks():
            x = self._scale.x(at_s)
            lines.append(f'<path class="grid" d="M{x:.1f} 18V{height - 4:.1f}"/>')
            lines.append(f'<text class="tick" x="{x:.1f}" y="12">{time_text(at_s)}</text>')
        for fold in self._scale.folds:
            middle = fold.x + FOLD_WIDTH / 2
            lines.append(f'<rect class="fold" x="{fold.x:.1f}" y="2" width="{FOLD_WIDTH}" height="{height - 6:.1f}"/>')
            lines.append(
                f'<text class="tick" x="{middle:.1f}" y="12">{escape(time_text(fold.end_s - fold.start_s))}</text>'
            )
        return "".join(lines)


def strip(values_s: Iterable[float], bound_s: float | None = None) -> str:
    """Values as dots on a line from 0, many as a histogram, with the bound as a stroke when it is near."""
    values = sorted(values_s)
    top = max(values[-1], 1e-9)
    if bound_s is not None and bound_s <= NEAR_BOUND * top:
        top = max(top, bound_s)
    else:
        bound_s = None

    def x(value: float) -> float:
        return STRIP_PAD + (STRIP_WIDTH - 2 * STRIP_PAD) * value / top

    shape = _dots(values, x) if len(values) <= MAX_DOTS else _histogram(values, top)
    bound = f'<path class="bound" d="M{x(bound_s):.1f} 1v16"/>' if bound_s is not None else ""
    axis_y = 9 if len(values) <= MAX_DOTS else 17
    axis = f'<path class="axis" d="M{STRIP_PAD:.0f} {axis_y}H{STRIP_WIDTH - STRIP_PAD:.0f}"/>'
    return f'<svg class="strip" viewBox="0 0 {STRIP_WIDTH:.0f} 18">{axis}{shape}{bound}</svg>'


def _dots(values: list[float], x: Callable[[float], float]) -> str:
    return "".join(f'<circle cx="{x(value):.1f}" cy="9" r="2.6"/>' for value in values)


def _histogram(values: list[float], top: float) -> str:
    counts = Counter(min(int(BINS * value / top), BINS - 1) for value in values)
    width, highest = (STRIP_WIDTH - 2 * STRIP_PAD) / BINS, max(counts.values())
    bars = []
    for place, count in counts.items():
        height = max(15 * count / highest, 0.8)
        bars.append(f"M{STRIP_PAD + place * width:.1f} 17v-{height:.1f}h{width - 0.5:.1f}v{height:.1f}z")
    return f'<path class="bars" d="{"".join(bars)}"/>'


def _judges(result: StepResult) -> bool:
    return (
        hasattr(result.step, "expect")
        or hasattr(result.step, "never")
        or hasattr(result.step, "check")
        or not result.ok
    )


def _short(entry: Entry) -> str:
    """A stimulus in a few words."""
    told = [str(value) for key, value in entry.details.items() if value not in ("", None) and key != "within_s"]
    return " ".join([entry.what, *told])


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
