"""Times in words, the same wherever the bench says them."""


def time_text(seconds: float) -> str:
    """`1.25 s`, `340 ms`, `85 µs`, with three digits or so."""
    if seconds == 0:
        return "0"
    size = abs(seconds)
    if size < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    if size < 1:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.4g} s" if size < 120 else f"{seconds / 60:.1f} min"


def figure_text(name: str, value: float) -> str:
    """A figure in its unit: names that end in /s are rates, all others times."""
    return f"{value:,.0f}/s" if name.endswith("/s") else time_text(value)
