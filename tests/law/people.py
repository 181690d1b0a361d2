"""A seeded population: people with a true place, numbers that may lie about it, and what the lists tell of them."""

import csv
import io
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import available_timezones

import phonenumbers
import phonenumbers.timezone
import zipcodes

from tests.law.checker import Copy, Grant, Person, Place

# States with laws of their own are met more often than their size would have it.
_WATCHED = ("FL", "OK", "MD", "WA", "TX", "CT", "RI", "UT", "LA", "PA", "SD", "MA", "NY", "IN", "TN", "KY", "AZ", "HI")
_NYC_COUNTIES = frozenset({"New York County", "Kings County", "Queens County", "Bronx County", "Richmond County"})
_NOT_STATES = frozenset({"PR", "GU", "VI", "AS", "MP", "FM", "MH", "PW", "AA", "AE", "AP", ""})

MOVED_SHARE = 0.10
UNLISTED_SHARE = 0.12
STATED_SHARE = 0.04


@dataclass(frozen=True, slots=True)
class Town:
    """Where people of a country live: postcode and state as a list writes them, and how their numbers begin."""

    place: Place
    country: str
    state: str
    postcode: str
    prefixes: tuple[str, ...]
    digits: int


# Ranges set aside for fiction by Ofcom, ACMA, ARCEP and the Bundesnetzagentur, and NANP's 555-01xx. India, Spain and
# Italy have none: those are the numbers that documentation of numbering plans uses. None is ever dialed.
ABROAD = (
    Town(Place("Europe/London", "GB"), "GB", "", "SW1A 1AA", ("+442079460", "+447700900"), 3),
    Town(Place("Europe/London", "GB"), "GB", "", "LS1 4DY", ("+441134960",), 3),
    Town(Place("Europe/London", "GB"), "GB", "", "EH1 1YZ", ("+441314960",), 3),
    Town(Place("Europe/Paris", "FR"), "FR", "", "75001", ("+3319900", "+3326191"), 4),
    Town(Place("Europe/Paris", "FR"), "FR", "", "69001", ("+3346571",), 4),
    Town(Place("Europe/Berlin", "DE"), "DE", "", "10115", ("+493023125",), 3),
    Town(Place("Europe/Berlin", "DE"), "DE", "", "80331", ("+498999998",), 3),
    Town(Place("Europe/Madrid", "ES-MD"), "ES", "", "28001", ("+34612345",), 3),
    Town(Place("Atlantic/Canary", "ES-CN"), "ES", "", "35001", ("+34922123",), 3),
    Town(Place("Europe/Rome", "IT"), "IT", "", "00118", ("+39312345",), 4),
    Town(Place("Australia/Sydney", "AU-NSW"), "AU", "NSW", "2000", ("+6125550", "+6127010"), 4),
    Town(Place("Australia/Brisbane", "AU-QLD"), "AU", "QLD", "4000", ("+6175550", "+6177010"), 4),
    Town(Place("Australia/Adelaide", "AU-SA"), "AU", "SA", "5000", ("+6185550",), 4),
    Town(Place("Australia/Perth", "AU-WA"), "AU", "WA", "6000", ("+6187010",), 4),
    Town(Place("America/Toronto", "CA-ON"), "CA", "ON", "M5V 3L9", ("+141655501", "+164755501"), 2),
    Town(Place("America/Vancouver", "CA-BC"), "CA", "BC", "V6B 1A1", ("+160455501",), 2),
    Town(Place("America/Regina", "CA-SK"), "CA", "SK", "S4P 3Y2", ("+130655501",), 2),
    Town(Place("America/St_Johns", "CA-NL"), "CA", "NL", "A1C 5S7", ("+170955501",), 2),
    Town(Place("Asia/Kolkata", "IN"), "IN", "", "400001", ("+917700900", "+919812345"), 3),
)


@dataclass(slots=True)
class Debt:
    """What somebody owes; `reference` is the creditor's."""

    reference: str
    amount: int
    currency: str
    due_on: date


@dataclass(slots=True)
class Listed:
    """A person as lists tell of them, beside the truth."""

    truth: Person
    phones: list[str]
    country: str
    state: str = ""
    postcode: str = ""
    stated_zone: str = ""
    stated_region: str = ""
    registered: bool = False
    debts: list[Debt] = field(default_factory=list)


@cache
def _zips() -> dict[str, list[dict[str, object]]]:
    by_state: dict[str, list[dict[str, object]]] = defaultdict(list)
    zones = available_timezones()
    for row in zipcodes.list_all():  # type: ignore[no-untyped-call]
        if row["state"] not in _NOT_STATES and row["timezone"] in zones and row["area_codes"] and row["active"]:
            by_state[row["state"]].append(row)
    return dict(by_state)


@cache
def _zones_of_area(area: str) -> frozenset[str]:
    number = phonenumbers.PhoneNumber(country_code=1, national_number=int(f"{area}5550123"))
    return frozenset(phonenumbers.timezone.time_zones_for_number(number))


class Numbers:
    """Numbers of ranges set aside for fiction, each handed out once."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._left: dict[tuple[str, int], list[int]] = {}

    def take(self, prefix: str, digits: int) -> str | None:
        """The next number of a range in a random order; None when all are taken."""
        left = self._left.get((prefix, digits))
        if left is None:
            left = self._left[prefix, digits] = list(range(10**digits))
            self._rng.shuffle(left)
        return f"{prefix}{left.pop():0{digits}}" if left else None

    def american(self, areas: Sequence[str]) -> str | None:
        """A 555-01xx number of one of the area codes."""
        for area in self._rng.sample(list(areas), len(areas)):
            number = self.take(f"+1{area}55501", 2)
            if number is not None and phonenumbers.is_possible_number(phonenumbers.parse(number)):
                return number
        return None


class Population:
    """Makes people, until the numbers set aside run out."""

    def __init__(self, rng: random.Random, starts_at: datetime) -> None:
        self.people: list[Listed] = []
        self._rng = rng
        self._starts_at = starts_at
        self._numbers = Numbers(rng)
        self._areas = sorted({str(a) for rows in _zips().values() for row in rows for a in row["area_codes"]})  # type: ignore[attr-defined]

    def americans(self, count: int) -> list[Listed]:
        """People of the United States."""
        return [self._american() for _ in range(count)]

    def foreigners(self, count: int, countries: Sequence[str]) -> list[Listed]:
        """People of other countries, town by town."""
        towns = [town for town in ABROAD if town.country in countries]
        return [self._foreigner(towns[n % len(towns)], towns) for n in range(count)]

    def _american(self) -> Listed:
        rng = self._rng
        while True:
            state = rng.choice(_WATCHED) if rng.random() < 0.6 else rng.choice(sorted(_zips()))
            home = rng.choice(_zips()[state])
            zone, areas = str(home["timezone"]), [str(area) for area in home["area_codes"]]  # type: ignore[attr-defined]
            kind = rng.random()
            moved = kind < MOVED_SHARE
            unlisted = not moved and kind < MOVED_SHARE + UNLISTED_SHARE
            if unlisted:
                areas = [
                    area for area in areas if zone in _zones_of_area(area) and state_of_area(area) == f"US-{state}"
                ]
            number = self._numbers.american(rng.sample(self._areas, 5) if moved else areas) if moved or areas else None
            if number is not None:
                break
        city = "New York City" if state == "NY" and home["county"] in _NYC_COUNTIES else ""
        truth = Person(f"P{len(self.people)}", Place(zone, f"US-{state}", city))
        listed = Listed(truth, [number], "US")
        if not unlisted:
            listed.state, listed.postcode = state, str(home["zip_code"])
            if not moved and rng.random() < STATED_SHARE:
                self._has_moved_again(listed)
        if rng.random() < 0.25 and (second := self._numbers.american(areas)) is not None:
            listed.phones.append(second)
        if not listed.stated_region:
            truth.presumed = {phone: frozenset({"US-FL"} & {state_of_area(phone[2:5])}) for phone in listed.phones}
        self.people.append(listed)
        return listed

    def _has_moved_again(self, listed: Listed) -> None:
        """The list's address is old; the person said where they live now."""
        state = self._rng.choice(sorted(_zips()))
        home = self._rng.choice(_zips()[state])
        listed.stated_zone, listed.stated_region = str(home["timezone"]), f"US-{state}"
        listed.truth.place = Place(listed.stated_zone, listed.stated_region)

    def _foreigner(self, town: Town, towns: Sequence[Town]) -> Listed:
        rng = self._rng
        number = None
        while number is None:
            number = self._numbers.take(rng.choice(town.prefixes), town.digits)
            town = town if number else rng.choice(towns)
        listed = Listed(Person(f"P{len(self.people)}", town.place), [number], town.country, town.state, town.postcode)
        self.people.append(listed)
        return listed

    def give_grounds(self, people: Sequence[Listed]) -> None:
        """Consents of some: valid, expired, expiring within the month, too old, of another purpose; and registers."""
        day = timedelta(days=1)
        for listed in people:
            rng = self._rng
            draw = rng.random()
            eager = listed.country in ("DE", "FR", "ES")
            listed.registered = rng.random() < 0.25
            if draw > (0.9 if eager else 0.45):
                continue
            ground = rng.choice(("express", "written", "written", "ebr", "contract", "inquiry"))
            since = self._starts_at - rng.choice((5, 60, 200, 400, 720, 729, 800)) * day
            until = None
            if rng.random() < 0.3:
                until = self._starts_at + rng.uniform(-3, 28) * day
                until = until.replace(microsecond=0)
            purpose = rng.choice(("", "", "sales", "service"))
            if until is None or until > since:
                listed.truth.grants.append(Grant(ground, since, until, purpose=purpose))

    def give_debts(self, people: Sequence[Listed], *, most: int = 3) -> None:
        """One or several debts to everybody."""
        currencies = {"US": "USD", "GB": "GBP", "AU": "AUD", "IN": "INR"}
        for listed in people:
            for _ in range(self._rng.choice((1, 1, *range(1, most + 1)))):
                due = (self._starts_at - timedelta(days=self._rng.randrange(10, 400))).date()
                reference = f"R{listed.truth.key}-{len(listed.debts)}"
                amount = self._rng.randrange(50, 5000)
                listed.debts.append(Debt(reference, amount, currencies[listed.country], due))


@cache
def state_of_area(area: str) -> str:
    """The state (US-NY) of an area code: most of its postcodes are there, though some lie across a line."""
    counts = {state: sum(area in list(row["area_codes"]) for row in rows) for state, rows in _zips().items()}  # type: ignore[call-overload]
    return f"US-{max(counts, key=lambda state: counts[state])}"


HEADER = (
    *("person", "phone", "phone2", "state", "postal_code", "country", "stated_timezone", "stated_region"),
    *("consent", "consent_at", "consent_purpose", "consent_expires_at", "consent_evidence"),
    *("debt_reference", "principal", "balance", "currency", "due_date"),
)


_WITHOUT_DEBT = HEADER.index("debt_reference")


def _rows(listed: Listed, with_debts: bool) -> Iterator[list[object]]:
    grant = listed.truth.grants[0] if listed.truth.grants else None
    who = [listed.truth.key, listed.phones[0], listed.phones[1] if len(listed.phones) > 1 else ""]
    where = [listed.state, listed.postcode, listed.country, listed.stated_zone, listed.stated_region]
    consent: list[object] = ["", "", "", "", ""]
    if grant is not None:
        until = grant.until.isoformat() if grant.until else ""
        consent = [grant.ground, grant.since.isoformat(), grant.purpose, until, "form 7, ticked and signed"]
    if not with_debts:
        yield [*who, *where, *consent, "", "", "", "", ""]
        return
    for debt in listed.debts:
        owed = [debt.reference, debt.amount, debt.amount, debt.currency, debt.due_on.isoformat()]
        yield [*who, *where, *consent, *owed]


def csv_of(people: Sequence[Listed], *, with_debts: bool) -> io.StringIO:
    """The lead file that tells of these people; `with_debts` has a row for each debt."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(HEADER if with_debts else HEADER[:_WITHOUT_DEBT])
    for listed in people:
        for row in _rows(listed, with_debts):
            writer.writerow(row if with_debts else row[:_WITHOUT_DEBT])
    file.seek(0)
    return file


def register_copy(people: Sequence[Listed], country: str, as_of: date, in_use_from: datetime) -> Copy:
    """A copy of a country's register: all numbers of those who registered."""
    numbers = frozenset(
        phone for listed in people if listed.registered and listed.country == country for phone in listed.phones
    )
    return Copy(as_of, in_use_from, numbers)


def register_file(copy: Copy) -> io.StringIO:
    """The copy as its plain file."""
    return io.StringIO("".join(f"{number}\n" for number in sorted(copy.numbers)) or "# nobody\n")


def midnight(day: date) -> datetime:
    """The instant a UTC day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
