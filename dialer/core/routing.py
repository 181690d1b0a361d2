"""Which agent takes a call, and which trunk carries one."""

from collections.abc import Iterable, Mapping, Set

from campaigns.model import CampaignSettings
from dialer.core.attempts import Agent
from dialer.core.dialing import TrunkLines


def longest_ready(ready: Mapping[str, Agent], apart: Set[str] = frozenset()) -> Agent | None:
    """The agent who has been READY longest (`ready` is in the order in which they became so) and is none of `apart`."""
    return next((agent for name, agent in ready.items() if name not in apart), None)


def pick_trunk(
    trunks: Iterable[TrunkLines], wanted: tuple[str, ...], now: float
) -> tuple[TrunkLines | None, float | None]:
    """The least loaded trunk that may start a call now; else (None, when one may, or None if all lines are in use).

    `wanted` names the campaign's trunks; empty means any.
    """
    best: TrunkLines | None = None
    soonest: float | None = None
    for trunk in trunks:
        if wanted and trunk.settings.name not in wanted:
            continue
        at = trunk.free_at(now)
        if at is None:
            continue
        if at > now:
            soonest = at if soonest is None else min(soonest, at)
        elif best is None or _load(trunk) < _load(best):
            best = trunk
    return best, soonest


def why_no_trunk(trunks: Iterable[TrunkLines], wanted: tuple[str, ...], now: float) -> str:
    """Why `pick_trunk` found none, for people."""
    usable = [trunk for trunk in trunks if not wanted or trunk.settings.name in wanted]
    if not usable:
        return f"the site has no trunk named {' or '.join(wanted)}" if wanted else "the site has no trunk"
    if any(trunk.rests_until is not None and now < trunk.rests_until for trunk in usable):
        return "the trunk rests after failed calls"
    for trunk in usable:
        if trunk.usable < trunk.settings.max_lines and trunk.in_use >= trunk.usable:
            settings = trunk.settings
            return f"trunk {settings.name} has {trunk.usable} of its {settings.max_lines} lines: {trunk.because}"
    if all(trunk.in_use >= trunk.settings.max_lines for trunk in usable):
        return "all lines of the trunk are in use"
    return "the trunk's starts per second are used up"


def caller_id_for(campaign: CampaignSettings, trunk: TrunkLines, lead_id: int) -> str:
    """The campaign's caller ID, else one of the trunk's, always the same for the same lead."""
    if campaign.caller_id:
        return campaign.caller_id
    ids = trunk.settings.caller_ids
    return ids[lead_id % len(ids)] if ids else ""


def _load(trunk: TrunkLines) -> float:
    return trunk.in_use / trunk.settings.max_lines
