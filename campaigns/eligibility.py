"""May this number be called now? The campaign's window and the law, in every zone that it may be in. Pure."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from campaigns.model import (
    Allowed,
    Basis,
    Blocked,
    CallbackAsked,
    CallingWindow,
    CampaignSettings,
    Candidate,
    Consent,
    Purpose,
)
from campaigns.rules.model import Case, PastCall
from campaigns.rules.rulebook import Rulebook

SEARCH_DAYS = 14
FARTHEST_CALLBACK = timedelta(days=366)

_ALLOWED = Allowed()
_DAY = timedelta(days=1)


def check(
    candidate: Candidate, settings: CampaignSettings, wall_now: datetime, rulebook: Rulebook | None = None
) -> Allowed | Blocked:
    """Whether the candidate's first number may be called at `wall_now` (aware; ValueError when naive).

    The campaign's window and the law's hours must be open in every zone the number may be in, and the law must allow
    the call on what is known of the person; calls of the past are not looked at here. No known zone means blocked.
    `until` of closed hours is the next instant (UTC) when all are open, None when there is none in 14 days.
    """
    _require_aware(wall_now)
    closed = _closed(candidate, settings.window, wall_now)
    if closed is not None and closed.reason == "no_timezone":
        return closed
    if rulebook is None:
        return closed or _ALLOWED
    case = case_of(candidate, settings)
    verdict = rulebook.judge(case, wall_now)
    stops = next((reason for reason in verdict.reasons if reason.stops), None)
    if closed is None and stops is None:
        return _ALLOWED
    if stops is not None and verdict.until is None:
        return Blocked(f"rule:{stops.rule}", stops.detail)
    until = first_open(case, settings.window, rulebook, verdict.until or wall_now)
    if closed is not None:
        return Blocked(closed.reason, closed.detail, until)
    assert stops is not None
    return Blocked(f"rule:{stops.rule}", stops.detail, until)


def check_callback(
    candidate: Candidate,
    settings: CampaignSettings,
    callback: CallbackAsked,
    talked_at: datetime,
    rulebook: Rulebook | None = None,
) -> Allowed | Blocked:
    """As `check`, at the time agreed in a talk at `talked_at`, and as far as the law wants a rest after a talk.

    That a debtor asked for the call counts as the consent that it is recorded as.
    """
    found = check(candidate, settings, callback.at, rulebook)
    if rulebook is None or isinstance(found, Blocked):
        return found
    case = case_of(candidate, settings)
    if callback.consented:
        word = Consent(Basis.EXPRESS, Purpose.COLLECTIONS, talked_at, phone=case.phone)
        case = replace(case, consents=(*case.consents, word))
    talk = PastCall(talked_at, case.phone, "answered", contact=True, conversation=True, place=case.place)
    verdict = rulebook.judge(case, callback.at, (talk,))
    stops = next((reason for reason in verdict.reasons if reason.stops), None)
    if stops is None:
        return found
    until = verdict.until and first_open(case, settings.window, rulebook, verdict.until)
    return Blocked(f"rule:{stops.rule}", stops.detail, until)


def case_of(candidate: Candidate, settings: CampaignSettings) -> Case:
    """The call that the campaign means to place on the candidate's first number, as the law sees it."""
    phone, known = candidate.phone, candidate.case
    asked = (settings.purpose, settings.party, settings.mode.value, subject_of(settings))
    if known is not None and (known.purpose, known.party, known.mode, known.subject) == asked:
        return known
    known = known or Case(phone.e164, phone.zones, phone.regions, settings.purpose, place=phone.place)
    return replace(
        known,
        purpose=settings.purpose,
        party=settings.party,
        mode=settings.mode.value,
        subject=subject_of(settings),
        campaign_id=settings.campaign_id,
    )


def out_of_reach(callback_at: datetime, now: datetime) -> str | None:
    """Why nobody is called back then: it is past, or so far off that the year was mistyped. None when it is neither."""
    if now < callback_at <= now + FARTHEST_CALLBACK:
        return None
    return f"a callback must be within the next year, not {callback_at.isoformat(timespec='minutes')}"


def subject_of(settings: CampaignSettings) -> str:
    """What the campaign's calls are about, where the law caps them per subject."""
    return settings.subject or f"campaign {settings.campaign_id}"


def first_open(case: Case, window: CallingWindow, rulebook: Rulebook, wall_now: datetime) -> datetime | None:
    """First instant (UTC) from `wall_now` on when the window and the law's hours are open; None when not in 14 days."""
    at: datetime | None = wall_now.astimezone(UTC)
    last = wall_now + SEARCH_DAYS * _DAY
    while at is not None and at <= last:
        opens = next_open(case.zones, window, at)
        at = None if opens is None else rulebook.next_open(case, opens)
        if at == opens:
            return at
    return None


def _closed(candidate: Candidate, window: CallingWindow, wall_now: datetime) -> Blocked | None:
    """Why the campaign's own window is closed for the candidate's first number; None when it is open."""
    zones = candidate.phone.zones
    if not zones:
        return Blocked("no_timezone", f"the time zone of {candidate.phone.e164} is unknown, so its hours are too")
    for name in zones:
        zone = _zone(name)
        if zone is None:
            return Blocked(
                "no_timezone", f"the time zone {name!r} of {candidate.phone.e164} is not in the zone database"
            )
        local = wall_now.astimezone(zone)
        if not window.holds(local):
            return Blocked("outside_window", _closed_detail(window, name, local), next_open(zones, window, wall_now))
    return None


def is_open(zones: Collection[str], window: CallingWindow, wall_now: datetime) -> bool:
    """Whether the window is open in every one of `zones` at `wall_now`; False when there is none or one is unknown."""
    _require_aware(wall_now)
    if not zones:
        return False
    for name in zones:
        zone = _zone(name)
        if zone is None or not window.holds(wall_now.astimezone(zone)):
            return False
    return True


def next_open(zones: Collection[str], window: CallingWindow, wall_now: datetime) -> datetime | None:
    """First instant (UTC) from `wall_now` on when the window is open in all `zones`; None when not within 14 days."""
    if is_open(zones, window, wall_now):
        return wall_now.astimezone(UTC)
    if not zones or any(_zone(name) is None for name in zones):
        return None
    now = wall_now.astimezone(UTC)
    last = now + SEARCH_DAYS * _DAY
    for offset in range(SEARCH_DAYS + 1):
        day = now.date() + offset * _DAY
        for edge in sorted({edge for name in zones for edge in _opening_edges(name, window.start, day)}):
            if now < edge <= last and is_open(zones, window, edge):
                return edge
    return None


def _require_aware(wall_now: datetime) -> None:
    if wall_now.tzinfo is None:
        raise ValueError("wall_now must be an aware datetime: a calling window has no meaning in an unnamed zone")


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _closed_detail(window: CallingWindow, zone: str, local: datetime) -> str:
    return f"it is {local:%a %H:%M} in {zone}; the window is {window.start:%H:%M} to {window.end_text}{_days(window)}"


def _days(window: CallingWindow) -> str:
    if len(window.days) == 7:
        return ""
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    return " on " + ", ".join(names[day] for day in sorted(window.days))


@lru_cache(maxsize=8192)
def _opening_edges(name: str, start: time, day: date) -> tuple[datetime, ...]:
    """Instants on the UTC date `day` when a window from `start` can open in a zone.

    These are the local start on either side of a repeated hour, and every change of the zone's offset: a change can
    skip the start (a spring night) or set the clock back into the window (an autumn night).
    """
    zone = _zone(name)
    assert zone is not None
    midnight = datetime.combine(day, time(), UTC)
    starts = (
        datetime.combine(day + shift * _DAY, start, zone).replace(fold=fold).astimezone(UTC)
        for shift in (-1, 0, 1)
        for fold in (0, 1)
    )
    edges = {edge for edge in starts if midnight <= edge < midnight + _DAY}
    if zone.utcoffset(midnight.astimezone(zone)) != zone.utcoffset((midnight + _DAY).astimezone(zone)):
        edges.add(_offset_change(zone, midnight))
    return tuple(sorted(edges))


def _offset_change(zone: ZoneInfo, midnight: datetime) -> datetime:
    """The first whole second in the UTC day from `midnight` at which the zone has its later offset."""
    before = midnight.astimezone(zone).utcoffset()
    low, high = 0, 86_400
    while high - low > 1:
        middle = (low + high) // 2
        if (midnight + timedelta(seconds=middle)).astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return midnight + timedelta(seconds=high)
