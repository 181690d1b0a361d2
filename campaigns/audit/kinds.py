"""What audit entries are about: kinds, the group of records each belongs to, and the keys of persons. Pure."""

from collections.abc import Mapping
from enum import StrEnum


class AuditKind(StrEnum):
    """Kinds of audit entries. The log takes others too; their retention is that of `Record.OPERATION`."""

    SETTINGS = "settings"
    RULES = "rules"
    IMPORT = "import"
    EXPORT = "export"
    LOGIN = "login"
    DIAL = "dial"
    VETO = "veto"
    DISPOSITION = "disposition"
    TEXT = "text"
    DNC = "dnc"
    CONSENT = "consent"
    CALLBACK = "callback"
    SALE = "sale"
    DEBT = "debt"
    PROMISE = "promise"
    PAYMENT = "payment"
    HOLD = "hold"
    ERASURE = "erasure"
    PURGE = "purge"
    CHECKPOINT = "checkpoint"


class Record(StrEnum):
    """Groups of records that a retention duty may name."""

    IDENTITY = "identity"
    NUMBERS = "numbers"
    NOTES = "notes"
    CALLS = "calls"
    CONSENTS = "consents"
    DNC = "dnc"
    SALES = "sales"
    DEBTS = "debts"
    OPERATION = "operation"


# Entries that prove why others are blank or gone: they hold nobody's data and are never blanked.
PROOFS = frozenset({AuditKind.ERASURE, AuditKind.PURGE, AuditKind.CHECKPOINT})

_RECORD_OF: Mapping[str, Record] = {
    AuditKind.DIAL: Record.CALLS,
    AuditKind.VETO: Record.CALLS,
    AuditKind.DISPOSITION: Record.CALLS,
    AuditKind.TEXT: Record.CALLS,
    AuditKind.CALLBACK: Record.NOTES,
    AuditKind.DNC: Record.DNC,
    AuditKind.CONSENT: Record.CONSENTS,
    AuditKind.SALE: Record.SALES,
    AuditKind.DEBT: Record.DEBTS,
    AuditKind.PROMISE: Record.DEBTS,
    AuditKind.PAYMENT: Record.DEBTS,
    AuditKind.HOLD: Record.DEBTS,
}


def record_of(kind: str) -> Record:
    """The group of records that an entry of this kind belongs to."""
    return _RECORD_OF.get(kind, Record.OPERATION)


def lead_key(lead_id: int) -> str:
    """The person of an entry about a lead. Enough by itself: an erasure knows the lead's numbers."""
    return f"lead:{lead_id}"


def number_key(e164: str) -> str:
    """The person of an entry about a number that belongs to no lead."""
    return f"number:{e164}"
