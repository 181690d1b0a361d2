"""Calling laws as the checker knows them, typed from the primary texts without a look at the product's rule packs.

Only consumers are covered. Hours are half-open, in the called person's own time. See each table for its sources.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import holidays

Span = tuple[float, float]
"""Hours of the day, as [9, 21.5) for 09:00 to 21:30."""

_NEVER: tuple[Span, ...] = ()
_NO_DAYS: Callable[[int], frozenset[date]] = lambda year: frozenset()  # noqa: E731

ASKED = frozenset({"express", "written"})
CUSTOMER = ASKED | {"ebr", "contract"}


@dataclass(frozen=True, slots=True)
class Hours:
    """When calls are lawful: spans from Monday to Sunday, and none on a day of `banned(year)`.

    `waived_by`: grounds (kinds of consent) on which these hours do not bind.
    """

    source: str
    week: tuple[tuple[Span, ...], ...]
    banned: Callable[[int], frozenset[date]] = _NO_DAYS
    waived_by: frozenset[str] = frozenset()

    def hold(self, day: date, hour: float) -> bool:
        """Whether a call at an hour (0 <= hour < 24) of a day is inside."""
        if day in self.banned(day.year):
            return False
        return any(start <= hour < end for start, end in self.week[day.weekday()])


def _daily(start: float, end: float) -> tuple[tuple[Span, ...], ...]:
    return (((start, end),),) * 7


def _week(
    weekdays: Iterable[Span], saturday: Iterable[Span] = (), sunday: Iterable[Span] = ()
) -> tuple[tuple[Span, ...], ...]:
    return (*((tuple(weekdays),) * 5), tuple(saturday), tuple(sunday))


@cache
def _days_off(country: str, subdivision: str = "") -> Callable[[int], frozenset[date]]:
    @cache
    def of_year(year: int) -> frozenset[date]:
        return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))

    return of_year


def election_day(year: int) -> date:
    """The Tuesday after the first Monday in November."""
    first = date(year, 11, 1)
    monday = first + timedelta(days=-first.weekday() % 7)
    return monday + timedelta(days=1)


def easter(year: int) -> date:
    """Western Easter Sunday, by the anonymous Gregorian computus."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)


@cache
def _pennsylvania(year: int) -> frozenset[date]:
    extra = {easter(year) - timedelta(days=2), date(year, 6, 14), election_day(year)}
    return _days_off("US", "PA")(year) | _days_off("US")(year) | extra


@cache
def _with_federal(state: str) -> Callable[[int], frozenset[date]]:
    def of_year(year: int) -> frozenset[date]:
        extra = {election_day(year)} if state in ("LA", "RI") and year % 2 == 0 else set[date]()
        extra |= {date(year, 5, 4)} if state == "RI" else set()
        return _days_off("US", state)(year) | _days_off("US")(year) | extra

    return of_year


_FEDERAL_SALES = Hours("16 CFR 310.4(c), 47 CFR 64.1200(c)(1)", _daily(8, 21))
_FEDERAL_DEBT = Hours("12 CFR 1006.6(b)(1)", _daily(8, 21))

# Sales: Fla. Stat. 501.616(6); 15 O.S. 775C.3; Md. Com. Law 14-4501; RCW 80.36.390; Tex. Bus. & Com. 301.051; Conn.
# Gen. Stat. 42-288a; R.I. Gen. Laws 5-61-3.6; Utah Code 13-25a-103; La. R.S. 45:844.31; 73 P.S. 2245.1; SDCL 37-30A.
STATE_SALES: dict[str, Hours] = {
    "US-FL": Hours("Fla. Stat. 501.616(6)", _daily(8, 20)),
    "US-OK": Hours("15 O.S. 775C.3", _daily(8, 20)),
    "US-MD": Hours("Md. Com. Law 14-4501", _daily(8, 20)),
    "US-WA": Hours("RCW 80.36.390", _daily(8, 20)),
    "US-TX": Hours("Tex. Bus. & Com. 301.051", _week([(9, 21)], [(9, 21)], [(12, 21)]), waived_by=CUSTOMER),
    "US-CT": Hours("Conn. Gen. Stat. 42-288a", _daily(9, 20)),
    "US-RI": Hours("R.I. Gen. Laws 5-61-2, 5-61-3.6, 25-1-1", _week([(9, 18)], [(10, 17)]), _with_federal("RI")),
    "US-UT": Hours("Utah Code 13-25a-103", _week([(8, 21)], [(8, 21)]), _with_federal("UT"), ASKED),
    "US-LA": Hours("La. R.S. 45:844.31", _week([(8, 20)], [(8, 20)]), _with_federal("LA")),
    "US-PA": Hours("73 P.S. 2245.1", _daily(0, 24), _pennsylvania, frozenset({"ebr", "contract"})),
    "US-SD": Hours("SDCL 37-30A", _week([(9, 21)])),
}
STATE_DEBT: dict[str, Hours] = {"US-WA": Hours("RCW 19.16.250(13)", _daily(7.5, 21))}

# Sales: TRAI's time bands as off by default; Code de la consommation L.223-1, D.223-9; LGTel 66 and Circular 1/2023;
# Italian code of conduct of 2023; Telecommunications (Telemarketing) Standard 2017 (AU); CRTC telemarketing rules III.
COUNTRY_SALES: dict[str, Hours] = {
    "IN": Hours("TCCCPR 2018, time bands", _daily(10, 21)),
    "FR": Hours("D.223-9 C. consom.", _week([(10, 13), (14, 20)]), _days_off("FR")),
    "IT": Hours("AGCOM/Garante code of conduct 2023", _week([(9, 20)], [(10, 19)]), _days_off("IT")),
    "AU": Hours("Telemarketing Standard 2017 s 8", _week([(9, 20)], [(9, 17)]), _days_off("AU")),
    "CA": Hours("CRTC Unsolicited Telecommunications Rules III 23", _week([(9, 21.5)], [(10, 18)], [(10, 18)])),
}
COUNTRY_DEBT: dict[str, Hours] = {
    "IN": Hours("RBI recovery agents, 12 Aug 2022", _daily(8, 19)),
    "AU": Hours("RG 96 / debt collection guideline", _week([(7.5, 21)], [(9, 21)], [(9, 21)]), _days_off("AU")),
}


@cache
def hours_of(region: str, purpose: str) -> tuple[Hours, ...]:
    """All hours that bind a call to a consumer in an ISO 3166 region, such as US-FL or FR."""
    country = region[:2]
    sales = purpose == "sales"
    found: list[Hours] = []
    if country == "US":
        found.append(_FEDERAL_SALES if sales else _FEDERAL_DEBT)
        state = (STATE_SALES if sales else STATE_DEBT).get(region)
        found += [state] if state else []
    elif country == "ES" and sales:
        # National days only: which days are holidays of a community or a town, each site adds for itself.
        found.append(Hours("RDL 1/2007 art. 96.2", _week([(9, 21)]), _days_off("ES")))
    else:
        of_country = (COUNTRY_SALES if sales else COUNTRY_DEBT).get(country)
        found += [of_country] if of_country else []
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Need:
    """A ground without which no sales call is lawful; one that is older than `max_age_days` is none."""

    source: str
    grounds: frozenset[str]
    max_age_days: int | None = None


NEEDS: dict[str, Need] = {
    "US-CT": Need("Conn. Gen. Stat. 42-288a(b)", frozenset({"written"})),
    "FR": Need("L.223-1 C. consom. since 11 August 2026", ASKED | {"contract"}),
    "DE": Need("UWG 7(2) no. 1", ASKED),
    "ES": Need("LGTel 66; renewed every two years", ASKED, 2 * 365 + 1),
}


def need_of(region: str, purpose: str) -> Need | None:
    """What a sales call to a consumer in a region needs."""
    return (NEEDS.get(region) or NEEDS.get(region[:2])) if purpose == "sales" else None


@dataclass(frozen=True, slots=True)
class RegistryLaw:
    """A national register that bars sales calls, the oldest copy that serves, and what lifts the bar.

    The age is in dates of the called place; None where the law asks only whether a number is listed. `lifted_by` has
    grounds with the days for which each of them serves, None: without end.
    """

    registry: str
    max_age_days: int | None
    lifted_by: Mapping[str, int | None]


_CONSENT: Mapping[str, int | None] = {"express": None, "written": None}

# 16 CFR 310.4(b)(1)(iii)(B) (an agreement in writing), 310.2 (18 months, 3 months), (b)(3)(iv); CRTC rules II 4, 6 and
# Telecommunications Act 41.7 (18 months, 6 months); PECR reg. 21; DNCR Act 2006 (AU) s 11(3)(b) and schedule 2.
REGISTRIES: dict[str, RegistryLaw] = {
    "US": RegistryLaw("us-national", 31, {"written": None, "ebr": 549, "contract": 549, "inquiry": 92}),
    "CA": RegistryLaw("ca-dncl", 31, {**_CONSENT, "ebr": 549, "contract": 549, "inquiry": 184}),
    "GB": RegistryLaw("gb-tps", None, _CONSENT),
    "AU": RegistryLaw("au-dncr", 29, {**_CONSENT, "ebr": None, "contract": None}),
}

THREE_A_DAY = {
    "US-FL": "Fla. Stat. 501.616(6)(b)",
    "US-OK": "15 O.S. 775C.3",
    "US-MD": "Md. Com. Law 14-4501",
}
