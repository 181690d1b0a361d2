"""Call detail records as Asterisk writes them, for billing, and for programs that read its Master.csv.

The format is that of Asterisk's cdr_csv with unique id and user field: eighteen columns and no header; text in double
quotes, a quote in it doubled; seconds as bare whole numbers; times in double quotes, and nothing at all for one that
there was not.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import IO
from zoneinfo import ZoneInfo

from campaigns.database import Database, Row
from campaigns.model import Outcome
from campaigns.reports.selection import Selection

COLUMNS = (
    *("accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata"),
    *("start", "answer", "end", "duration", "billsec", "disposition", "amaflags", "uniqueid", "userfield"),
)

_ANSWERED = "ANSWERED"
_DISPOSITIONS = {
    Outcome.BUSY: "BUSY",
    Outcome.REJECTED: "BUSY",
    Outcome.NO_ANSWER: "NO ANSWER",
    Outcome.CANCELLED: "NO ANSWER",
    Outcome.CONGESTION: "CONGESTION",
    Outcome.TIMEOUT: "CONGESTION",
}
_OTHERWISE = "FAILED"

_STEP = 5000

_LOST = "line_lost"

_SELECT = (
    "SELECT a.id, a.phone, a.caller_id, a.trunk, a.agent, a.started_at, COALESCE(a.answered_at, a.connected_at),"
    " a.connected_at, a.ended_at, a.closed_at, a.outcome, a.status, a.cause, a.sip_code, a.q850, t.name"
    " FROM attempts a JOIN leads l ON l.id = a.lead_id JOIN lists t ON t.id = l.list_id"
)


def write_cdr(database: Database, selection: Selection, out: IO[str], zone: ZoneInfo, *, header: bool = False) -> int:
    """Write a record for each attempt that is closed, in the order in which they were placed; how many.

    Times are local in `zone`. `billsec` runs from the answer (the network's CONNECT) to the end, in whole seconds.
    `disposition` is ANSWERED when anything picked up. `accountcode` is the campaign and `dcontext` the list. Where the
    end is not known, as after a crash, the record ends with what is known to have happened last. Reads some thousand
    attempts at a time.
    """
    if header:
        out.write(",".join(COLUMNS) + "\n")
    account, count = _quoted(selection.campaign.name), 0
    for rows in _chunks(database, selection):
        out.write("".join(_record(account, row, zone) for row in rows))
        count += len(rows)
    return count


def _chunks(database: Database, selection: Selection) -> Iterator[list[Row]]:
    condition, params = selection.attempts()
    sql = f"{_SELECT} WHERE {condition} AND a.closed_at IS NOT NULL AND a.id > ? ORDER BY a.id LIMIT ?"
    last = 0
    while rows := database.rows(sql, (*params, last, _STEP)):
        yield rows
        last = rows[-1][0]


def _record(account: str, row: Row, zone: ZoneInfo) -> str:
    (attempt_id, phone, caller_id, trunk, agent, started, answered, connected, ended, closed, outcome, *rest) = row
    status, cause, sip_code, q850, list_name = rest
    if cause == _LOST and ended == closed:
        ended = connected or answered or started
    shown, called = _quoted(caller_id), _quoted(phone)
    billed_s = 0 if answered is None else max(0, int(ended - answered))
    disposition = _ANSWERED if answered is not None else _DISPOSITIONS.get(outcome, _OTHERWISE)
    agent_leg = f"Agent/{agent}" if agent and connected is not None else ""
    facts = (("sip", sip_code), ("q850", q850), ("cause", cause), ("outcome", outcome), ("status", status))
    user = ";".join(f"{name}={value}" for name, value in facts if value is not None)
    return (
        f"{account},{shown},{called},{_quoted(list_name)},{shown},{_quoted(f'Ringpace/{trunk}-{attempt_id:08x}')},"
        f'{_quoted(agent_leg)},"Dial",{_quoted(f"{trunk}/{phone}")},{_local(started, zone)},{_local(answered, zone)},'
        f'{_local(ended, zone)},{max(0, int(ended - started))},{billed_s},"{disposition}","DOCUMENTATION",'
        f'"{int(started)}.{attempt_id}",{_quoted(user)}\n'
    )


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _local(at: float | None, zone: ZoneInfo) -> str:
    if at is None:
        return ""
    return '"' + datetime.fromtimestamp(int(at), zone).replace(tzinfo=None).isoformat(" ") + '"'
