"""Where a number rings, by the label that its list gave it."""

import re
from functools import lru_cache

from campaigns.model import Place

# `work_phone`, `office_phone`, and what people write behind `phone:` or in a column such as `phone2_label`.
_AT_WORK = frozenset({"work", "workplace", "office", "business", "employer", "job"})
_AT_HOME = frozenset({"home", "house", "residence"})
_WORD = re.compile(r"[^\W\d_]+")


@lru_cache(maxsize=4096)
def place_of(label: str) -> Place | None:
    """The place that a label names in one of its words, whatever its case; None when it names none, or both."""
    words = set(_WORD.findall(label.casefold()))
    at_work, at_home = not words.isdisjoint(_AT_WORK), not words.isdisjoint(_AT_HOME)
    if at_work == at_home:
        return None
    return Place.WORK if at_work else Place.HOME
