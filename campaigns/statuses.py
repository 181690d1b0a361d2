"""The closed vocabulary of statuses, their flags, and the status each machine-set outcome gives. Pure.

Codes are at most six characters and are those that call-centre managers know; reports derive from the flags alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from campaigns.model import Outcome


class Category(StrEnum):
    """Who sets a status: the flow of a call, the machine, or an agent."""

    FLOW = "flow"
    SYSTEM = "system"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Status:
    """One status. `selectable`: an agent may choose it when disposing of a call."""

    code: str
    name: str
    category: Category
    selectable: bool = False
    human_answered: bool = False
    sale: bool = False
    dnc: bool = False
    customer_contact: bool = False
    not_interested: bool = False
    unworkable: bool = False
    scheduled_callback: bool = False
    completed: bool = False
    answering_machine: bool = False
    number_uncallable: bool = False
    contact_uncallable: bool = False
    right_party: bool = False


def _flow(code: str, name: str, **flags: bool) -> Status:
    return Status(code, name, Category.FLOW, **flags)


def _system(code: str, name: str, **flags: bool) -> Status:
    return Status(code, name, Category.SYSTEM, **flags)


def _agent(code: str, name: str, **flags: bool) -> Status:
    return Status(code, name, Category.AGENT, selectable=True, **flags)


_ALL = (
    _flow("NEW", "New lead"),
    _flow("QUEUE", "Being dialed"),
    _flow("INCALL", "With an agent", human_answered=True),
    _flow("XFER", "Transferred", human_answered=True, customer_contact=True),
    _flow("CBHOLD", "Callback held until its time", scheduled_callback=True),
    _system("DROP", "Abandoned: no agent in time", human_answered=True),
    _system("PDROP", "Lost before it reached an agent"),
    _system("NA", "No answer"),
    _system("AB", "Busy"),
    _system("ADC", "Disconnected number", unworkable=True, number_uncallable=True),
    _system("ADCT", "Congestion"),
    _system("AA", "Answering machine", answering_machine=True),
    _system("AM", "Message left on a machine", answering_machine=True),
    _system("AL", "Message played", answering_machine=True),
    _system("AFAX", "Fax", unworkable=True, number_uncallable=True),
    _system("DNCL", "On a do-not-call list", dnc=True, unworkable=True, contact_uncallable=True),
    _system("DNCC", "Do not call: refused by the person's phone", dnc=True, unworkable=True, contact_uncallable=True),
    _system("TIMEOT", "Waited too long"),
    _system("AFTHRS", "Outside hours"),
    _system("ERI", "Lost or failed by an error"),
    _system("DISMX", "Not disposed in time: to be reviewed", human_answered=True),
    _agent("A", "Answering machine", answering_machine=True),
    _agent("B", "Busy"),
    _agent("N", "No answer"),
    _agent("DC", "Disconnected number", unworkable=True, number_uncallable=True),
    _agent("NI", "Not interested", human_answered=True, customer_contact=True, not_interested=True, completed=True),
    _agent("NP", "No pitch, no price", human_answered=True, customer_contact=True, completed=True),
    _agent("DEC", "Declined", human_answered=True, customer_contact=True, not_interested=True, completed=True),
    _agent(
        "SALE", "Sale made", human_answered=True, customer_contact=True, sale=True, completed=True, right_party=True
    ),
    _agent("DNC", "Asked not to be called", human_answered=True, dnc=True, unworkable=True, contact_uncallable=True),
    _agent("CALLBK", "Callback asked for", human_answered=True, customer_contact=True, scheduled_callback=True),
    _agent("RPC", "Right-party contact", human_answered=True, customer_contact=True, right_party=True),
    _agent("WPC", "Wrong party", human_answered=True, unworkable=True),
    _agent("PTP", "Promise to pay", human_answered=True, customer_contact=True, right_party=True),
    _agent("PAID", "Paid", human_answered=True, customer_contact=True, right_party=True, completed=True),
    _agent("DISP", "Disputes the debt", human_answered=True, customer_contact=True, right_party=True),
)

STATUSES: Mapping[str, Status] = MappingProxyType({status.code: status for status in _ALL})

# A refusal is presented as busy; the attempt's cause keeps the difference. HANDLED and CALLBACK are absent: an agent
# sets their status.
MACHINE_STATUS: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.ABANDONED: "DROP",
        Outcome.BUSY: "AB",
        Outcome.NO_ANSWER: "NA",
        Outcome.REJECTED: "AB",
        Outcome.INVALID_NUMBER: "ADC",
        Outcome.CONGESTION: "ADCT",
        Outcome.TIMEOUT: "ADCT",
        Outcome.UNWANTED: "DNCC",
        Outcome.BLOCKED: "ADCT",
        Outcome.CANCELLED: "NA",
        Outcome.FAILED: "ERI",
        Outcome.LOST: "ERI",
    }
)

# A promise to pay, and a dispute of the debt: what they bring is written down with the call.
PROMISED, DISPUTED = "PTP", "DISP"

# The person has paid.
PAID = "PAID"

# What a handled call gets when its agent did not dispose before the wrap-up timer; a person reviews these.
UNDISPOSED = "DISMX"


def agent_status(code: str) -> Status:
    """The status that an agent chose. Raises ValueError naming the allowed codes when an agent may not set it."""
    status = STATUSES.get(code)
    if status is None or not status.selectable:
        allowed = ", ".join(sorted(each.code for each in _ALL if each.selectable))
        raise ValueError(f"status {code!r} cannot be set by an agent; choose one of {allowed}")
    return status


def status_of(code: str) -> Status:
    """The status with this code. Raises ValueError naming all codes when there is none."""
    try:
        return STATUSES[code]
    except KeyError:
        raise ValueError(f"no status {code!r}; there are {', '.join(sorted(STATUSES))}") from None
