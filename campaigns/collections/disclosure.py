"""Who may hear of a debt: nothing of it is shown or said before the right party is on the line and has been told.

A collector may speak of a debt with the consumer alone (15 U.S.C. 1692c(b), 12 CFR 1006.6(d)), and to whoever else
answers may not say that a debt is owed (1692b(2), 12 CFR 1006.10(b)(2)). Where the law asks for the statement that the
call is from a debt collector (12 CFR 1006.18(e)), it comes before the debt. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from campaigns.model import Kind
from campaigns.rules.model import Disclosure as LegalDisclosure
from campaigns.statuses import status_of

MINI_MIRANDA = "mini_miranda"


class Party(StrEnum):
    """Whom the agent has on the line."""

    UNKNOWN = "unknown"
    RIGHT = "right"
    WRONG = "wrong"


class Field(StrEnum):
    """What an agent's page can show of a lead and its debts."""

    NAME = "name"
    PHONE = "phone"
    ADDRESS = "address"
    EMAIL = "email"
    COMMENTS = "comments"
    CUSTOM = "custom"
    REFERENCE = "reference"
    CREDITOR = "creditor"
    PRINCIPAL = "principal"
    BALANCE = "balance"
    DUE_ON = "due_on"
    PROMISES = "promises"
    PAYMENTS = "payments"


# Comments and custom fields often tell of the debt, so they are hidden like it. The address is what the person is
# asked to confirm: it helps to verify, and to nobody else is it read out.
TO_ANYONE = frozenset({Field.NAME, Field.PHONE})
TO_VERIFY = TO_ANYONE | {Field.ADDRESS, Field.EMAIL}


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """How far a call has come: who is on the line, and which statements the agent has made.

    `required` are the statements that the law of the call asks for (see `required_statements`).
    """

    kind: Kind
    party: Party = Party.UNKNOWN
    required: frozenset[str] = frozenset()
    said: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What may be shown and said now, why no more, and which statements must come first."""

    allowed: frozenset[Field]
    why: str
    say_first: tuple[str, ...] = ()

    @property
    def debt(self) -> bool:
        """Whether the debt may be spoken of."""
        return Field.BALANCE in self.allowed


def required_statements(kind: Kind, demanded: Sequence[LegalDisclosure]) -> frozenset[str]:
    """The statements that must come before the debt: the mini-Miranda where the terms of the law demand disclosures."""
    return frozenset({MINI_MIRANDA} if kind is Kind.COLLECTIONS and demanded else ())


def disclosure(facts: AttemptFacts) -> Disclosure:
    """What of a lead may be shown to the agent, and said, at this point of a call."""
    everything = frozenset(Field)
    if facts.kind is not Kind.COLLECTIONS:
        return Disclosure(everything, "the campaign collects no debts")
    if facts.party is Party.WRONG:
        return Disclosure(TO_ANYONE, "the wrong party is on the line: do not say that a debt is owed")
    if facts.party is Party.UNKNOWN:
        return Disclosure(TO_VERIFY, "verify first that the right party is on the line")
    missing = tuple(sorted(facts.required - facts.said))
    if missing:
        return Disclosure(TO_VERIFY, f"say first: {', '.join(missing)}", missing)
    return Disclosure(everything, "the right party is on the line and has been told who calls")


def status_refusal(code: str, facts: AttemptFacts) -> str | None:
    """Why an agent may not set a status now: PTP, PAID and DISP are the right party's alone. None when they may.

    RPC itself says that the right party was reached. Raises ValueError for an unknown status.
    """
    status = status_of(code)
    if facts.kind is not Kind.COLLECTIONS or not status.right_party or code == "RPC":
        return None
    if facts.party is Party.RIGHT:
        return None
    return f"status {code} needs the right party: verify who is on the line first, or set WPC for a wrong party"
