"""Which rows of a chunk may be loaded: not those that are known already, nor those whose every number is barred."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from campaigns.collections.debts import dialing_over, not_dialed_again
from campaigns.database import Database
from campaigns.importing.parsing import Lead, Number, Reject
from campaigns.importing.report import Duplicates, ImportReport


@dataclass(slots=True)
class Addition:
    """What a row adds to a lead of the same person that is there already."""

    lead_id: int
    row: Lead
    numbers: list[Number]


@dataclass(slots=True)
class Admitted:
    """A chunk sorted out: new leads, each with further rows of its person, and what is added to leads there are."""

    leads: list[Lead] = field(default_factory=list)
    more: dict[int, list[Lead]] = field(default_factory=dict)
    additions: list[Addition] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    barred: Collection[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """What the store has of a chunk's numbers, debts and people: each with the lead that has it."""

    numbers: dict[str, int]
    debts: dict[str, int]
    people: dict[str, int]


class Admission:
    """Sorts rows out, chunk by chunk. `forget` after a chunk was written, so that only the store remembers it.

    `lists` are the ids of the lists that count as the one that is loaded.
    """

    def __init__(
        self,
        database: Database,
        campaign_id: int,
        scope: Duplicates,
        barred: Callable[[Sequence[str]], Collection[str]],
        report: ImportReport,
    ) -> None:
        self.lists: tuple[int, ...] = ()
        self._database = database
        self._campaign_id = campaign_id
        self._scope = scope
        self._barred = barred
        self._report = report
        self._lines: dict[str, int] = {}
        self._debts: dict[str, int] = {}
        self._people: dict[str, Lead] = {}
        self._added_debts: set[str] = set()

    def sorted_out(self, chunk: Sequence[Lead | Reject]) -> Admitted:
        """Every row's fate, in file order; counts each."""
        found = [row for row in chunk if isinstance(row, Lead)]
        numbers = [number.e164 for lead in found for number in lead.numbers]
        admitted = Admitted(barred=self._barred(numbers))
        known = self._known(numbers, found)
        for row in chunk:
            fate = row if isinstance(row, Reject) else self._fate(row, known, admitted)
            if isinstance(fate, Reject):
                admitted.rejects.append(fate)
                self._report.count(fate.kind)
            else:
                self._report.loaded += 1
        self._note_over(admitted.additions)
        return admitted

    def _note_over(self, additions: Sequence[Addition]) -> None:
        """Let the report tell of leads that get a further debt and are not called about it."""
        owing = {each.lead_id for each in additions if each.row.debt is not None and each.row.debt.balance}
        self._report.over |= not_dialed_again(dialing_over(self._database, sorted(owing)))

    def forget(self) -> None:
        """The chunk is in the store now."""
        self._lines.clear()
        self._debts.clear()
        self._people.clear()

    def _fate(self, lead: Lead, known: Known, admitted: Admitted) -> Reject | None:
        if lead.debt is not None:
            reason = self._known_debt(lead.debt.reference, known)
            if reason is not None:
                return Reject(lead.line, lead.cells, "duplicate", reason)
            if lead.person and self._joined(lead, known, admitted):
                return None
        reason = self._known_number(lead, known)
        if reason is not None:
            return Reject(lead.line, lead.cells, "duplicate", reason)
        if admitted.barred and all(number.e164 in admitted.barred for number in lead.numbers):
            listed = ", ".join(number.e164 for number in lead.numbers)
            return Reject(lead.line, lead.cells, "dnc", f"on the do-not-call list: {listed}")
        admitted.leads.append(lead)
        self._remember(lead)
        self._report.no_timezone += not any(number.profile.zones for number in lead.numbers)
        return None

    def _remember(self, lead: Lead) -> None:
        for number in lead.numbers:
            self._lines[number.e164] = lead.line
        if lead.debt is not None:
            self._debts[lead.debt.reference] = lead.line
            if lead.person:
                self._people[lead.person] = lead

    def _known_number(self, lead: Lead, known: Known) -> str | None:
        for number in lead.numbers:
            if number.e164 in self._lines:
                return f"{number.label} {number.e164} is in line {self._lines[number.e164]} already"
            if number.e164 in known.numbers:
                return f"{number.label} {number.e164} is lead {known.numbers[number.e164]}'s already"
        return None

    def _known_debt(self, reference: str, known: Known) -> str | None:
        if reference in self._debts:
            return f"debt {reference} is in line {self._debts[reference]} already"
        if reference in self._added_debts:
            return f"debt {reference} is in this file already"
        if reference in known.debts:
            return f"debt {reference} is lead {known.debts[reference]}'s already"
        return None

    def _joined(self, lead: Lead, known: Known, admitted: Admitted) -> bool:
        """Whether the row's person has a lead: its debt, and numbers that are new, go there."""
        assert lead.debt is not None
        first = self._people.get(lead.person)
        lead_id = known.people.get(lead.person)
        if first is not None:
            own = {number.e164 for number in first.numbers}
            new = [n for n in lead.numbers if n.e164 not in own and not self._is_taken(lead, n, known)]
            first.numbers.extend(new)
            admitted.more.setdefault(first.line, []).append(lead)
        elif lead_id is not None:
            taken = [n for n in lead.numbers if known.numbers.get(n.e164) == lead_id]
            new = [n for n in lead.numbers if n not in taken and not self._is_taken(lead, n, known)]
            admitted.additions.append(Addition(lead_id, lead, new))
            self._added_debts.add(lead.debt.reference)
        else:
            return False
        self._debts[lead.debt.reference] = lead.line
        for number in new:
            self._lines[number.e164] = lead.line
        return True

    def _is_taken(self, lead: Lead, number: Number, known: Known) -> bool:
        taken = number.e164 in self._lines or number.e164 in known.numbers
        if taken:
            self._report.warn(f"line {lead.line}: left out {number.label} {number.e164}: it is another lead's already")
        return taken

    def _known(self, numbers: list[str], leads: Sequence[Lead]) -> Known:
        debts = [lead.debt.reference for lead in leads if lead.debt is not None]
        people = [lead.person for lead in leads if lead.debt is not None and lead.person]
        return Known(self._known_numbers(numbers), self._known_debts(debts), self._known_people(people))

    def _known_numbers(self, numbers: list[str]) -> dict[str, int]:
        """Which of the numbers are in the scope already, each with its lead.

        The + keeps SQLite from walking through the whole campaign: it must look up the numbers first.
        """
        sql = "SELECT p.e164, p.lead_id FROM lead_phones p JOIN leads l ON l.id = p.lead_id WHERE"
        if self._scope is Duplicates.SITE:
            sql = "SELECT e164, lead_id FROM lead_phones p WHERE"
        elif self._scope is Duplicates.CAMPAIGN:
            sql += f" +l.campaign_id = {self._campaign_id:d} AND"
        else:
            sql += f" +l.list_id IN ({', '.join(f'{each:d}' for each in self.lists) or '0'}) AND"
        return dict(self._database.rows_in(f"{sql} p.e164 IN (:values)", numbers))

    def _known_debts(self, references: list[str]) -> dict[str, int]:
        sql = "SELECT reference, lead_id FROM debts WHERE campaign_id = ? AND reference IN (:values)"
        return dict(self._database.rows_in(sql, references, (self._campaign_id,)))

    def _known_people(self, people: list[str]) -> dict[str, int]:
        sql = (
            "SELECT person, MIN(id) FROM leads WHERE person <> '' AND campaign_id = ? AND person IN (:values)"
            " GROUP BY person"
        )
        return dict(self._database.rows_in(sql, people, (self._campaign_id,)))
