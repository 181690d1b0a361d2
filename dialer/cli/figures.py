"""How the figures of forecasts and shifts are called, and how they are written for people."""

LABELS = {
    "busy_share": "utilisation",
    "talk_share": "talk share",
    "mean_wait_s": "mean wait",
    "p90_wait_s": "p90 wait",
    "abandoned_rate": "abandoned",
    "answer_share": "people per call",
    "attempts_per_hour": "attempts per hour",
    "connects_per_hour": "connects per hour",
    "mean_people_talk_s": "mean talk with people",
    "mean_talk_s": "mean talk of all calls",
    "mean_wrapup_s": "mean wrap-up",
}

_SHARES = frozenset({"busy_share", "talk_share", "abandoned_rate", "answer_share"})


def _number(name: str, value: float) -> str:
    if name in _SHARES:
        return f"{100.0 * value:.{2 if name == 'abandoned_rate' else 1}f}"
    return f"{value:.1f}"


def _unit(name: str) -> str:
    if name in _SHARES:
        return " %"
    return " s" if name.endswith("_s") else ""


def value_text(name: str, value: float | None) -> str:
    """A figure with its unit; empty for None."""
    return "" if value is None else f"{_number(name, value)}{_unit(name)}"


def interval_text(name: str, low: float | None, high: float | None) -> str:
    """An interval; empty when there is none."""
    return "" if low is None or high is None else f"[{_number(name, low)}, {_number(name, high)}]"
