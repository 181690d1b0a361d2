"""What can be typed at a plant: which words, and what they do. No I/O of its own."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bench.hil.files import BenchError

Do = Callable[[int], Awaitable[None] | None]
"""Does it to the thing of this number, from 1."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that can happen to one of `count` things."""

    words: str
    about: str
    do: Do
    count: int = 1


def choose(deeds: Sequence[Deed], line: str) -> tuple[Deed, int]:
    """The deed that is typed, and the number of the thing, which may be left out where there is one alone.

    Raises BenchError for what is no deed.
    """
    words = line.split()
    number = int(words.pop()) if words and words[-1].isdecimal() else None
    wanted = " ".join(words).lower()
    deed = next((deed for deed in deeds if deed.words == wanted), None)
    if deed is None:
        alike = [deed.words for deed in deeds if words and words[0].lower() in deed.words.split()]
        raise BenchError(f"{line.strip()!r} is unknown; " + (f"known: {', '.join(alike)}" if alike else "type help"))
    if number is None and deed.count > 1:
        raise BenchError(f"{deed.words}: which one? Type a number from 1 to {deed.count} behind it")
    if number is not None and not 1 <= number <= deed.count:
        raise BenchError(f"{deed.words}: there is no number {number}, only 1" + f" to {deed.count}" * (deed.count > 1))
    return deed, number or 1


def help_text(deeds: Sequence[Deed]) -> str:
    """All of them, one a line."""
    typed = [(deed.words + " N" * (deed.count > 1), deed.about) for deed in deeds]
    width = max(len(words) for words, _ in typed) + 2
    return "\n".join(f"  {words:{width}}{about}" for words, about in typed)
