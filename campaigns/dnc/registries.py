"""National do-not-call registries: their names, the country of each, and how old a copy may be. Pure."""

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers

_ID = re.compile(r"[a-z]{2}(?:-[a-z0-9]+)+")
_AREA = re.compile(r"[2-9]\d\d")

# Days that a copy serves where no rule says otherwise: 16 CFR 310.4(b)(3)(iv) and the CRTC say 31, the TPS binds
# 28 days after a number is registered, washing against the Australian register lasts 30 days, Italy's register 15.
_MAX_AGE_DAYS = {
    "us-national": 31,
    "ca-dncl": 31,
    "gb-tps": 28,
    "gb-ctps": 28,
    "au-dncr": 30,
    "fr-bloctel": 30,
    "it-rpo": 15,
}
_DEFAULT_MAX_AGE_DAYS = 31


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry: its id, its country (ISO 3166-1) and how many days a copy of it serves."""

    id: str
    region: str
    calling_code: int
    max_age_days: int

    @property
    def prefix(self) -> str:
        """How all its numbers begin."""
        return f"+{self.calling_code}"

    @property
    def has_areas(self) -> bool:
        """Whether copies may be of single area codes, as those of the North American registries."""
        return self.calling_code == 1


@lru_cache(maxsize=256)
def registry_of(registry_id: str) -> Registry:
    """The registry with an id such as us-national or gb-tps: the country comes first. Raises ValueError."""
    region = registry_id[:2].upper()
    calling_code = phonenumbers.country_code_for_region(region) if _ID.fullmatch(registry_id) else 0
    if not calling_code:
        raise ValueError(
            f"{registry_id!r} is no registry's id: it begins with its country, such as us-national, gb-tps or au-dncr"
        )
    return Registry(registry_id, region, calling_code, _MAX_AGE_DAYS.get(registry_id, _DEFAULT_MAX_AGE_DAYS))


def require_known(registry_id: str, asked_for: Collection[str]) -> None:
    """Raises ValueError, naming the nearest, for a registry that is neither known here nor in `asked_for` by rules."""
    known = sorted({*_MAX_AGE_DAYS, *asked_for})
    if registry_id not in known:
        near = difflib.get_close_matches(registry_id, known)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}."
        raise ValueError(
            f"no calling rule asks for a registry {registry_id!r}, so its copy would stop no call; {hint} "
            "For a registry of your own, first write a rule that asks for it into the site's rules/"
        )


def require_areas(registry: Registry, areas: tuple[str, ...]) -> None:
    """Raises ValueError when these cannot be area codes of the registry's country."""
    if areas and not registry.has_areas:
        raise ValueError(f"{registry.id} comes for the whole country: leave out the area codes")
    wrong = [area for area in areas if not _AREA.fullmatch(area)]
    if wrong:
        raise ValueError(f"{', '.join(wrong)}: an area code is three digits, the first 2 to 9, such as 212")
