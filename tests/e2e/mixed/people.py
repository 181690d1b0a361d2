"""Which of a test's numbers are whose, among the people whom the plant's modems and lines reach."""

from collections.abc import Iterable

from bench.hil.plant.people import Kind, People


def kind_of(number: str, seed: int) -> Kind:
    """What becomes of calls to a number."""
    return People(seed).fate(number).kind


def only(kind: Kind, numbers: Iterable[str], seed: int) -> tuple[str, ...]:
    """Those of the numbers that have this fate."""
    return tuple(number for number in numbers if kind_of(number, seed) is kind)
