"""Why a call ended: one closed vocabulary, and the one table that maps SIP and Q.850 codes to it."""

from enum import StrEnum


class Cause(StrEnum):
    """Why a call ended, whatever kind of line carried it."""

    NORMAL = "normal"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    UNAVAILABLE = "unavailable"
    REJECTED = "rejected"
    INVALID_NUMBER = "invalid_number"
    CONGESTION = "congestion"
    TIMEOUT = "timeout"
    UNWANTED = "unwanted"
    BLOCKED = "blocked"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    NO_LINE = "no_line"
    LINE_LOST = "line_lost"
    FAILED = "failed"


# ITU-T Q.850 (05/2018) table 1, the causes that carriers send.
_Q850 = {
    1: Cause.INVALID_NUMBER,
    2: Cause.CONGESTION,
    3: Cause.CONGESTION,
    16: Cause.NORMAL,
    17: Cause.BUSY,
    18: Cause.NO_ANSWER,
    19: Cause.NO_ANSWER,
    20: Cause.UNAVAILABLE,
    21: Cause.REJECTED,
    22: Cause.INVALID_NUMBER,
    27: Cause.CONGESTION,
    28: Cause.INVALID_NUMBER,
    31: Cause.FAILED,
    34: Cause.CONGESTION,
    38: Cause.CONGESTION,
    41: Cause.CONGESTION,
    42: Cause.CONGESTION,
    44: Cause.CONGESTION,
    47: Cause.CONGESTION,
    102: Cause.TIMEOUT,
}

# RFC 3261 section 21, RFC 8197 (607), RFC 8688 (608).
_SIP = {
    401: Cause.REFUSED,
    402: Cause.REFUSED,
    403: Cause.REFUSED,
    404: Cause.INVALID_NUMBER,
    407: Cause.REFUSED,
    408: Cause.TIMEOUT,
    410: Cause.INVALID_NUMBER,
    480: Cause.UNAVAILABLE,
    484: Cause.INVALID_NUMBER,
    486: Cause.BUSY,
    487: Cause.CANCELLED,
    488: Cause.REFUSED,
    600: Cause.BUSY,
    603: Cause.REJECTED,
    604: Cause.INVALID_NUMBER,
    606: Cause.REFUSED,
    607: Cause.UNWANTED,
    608: Cause.BLOCKED,
}

# Codes whose own meaning stands, whatever cause a gateway adds: the called person or network said something exact.
_SIP_STANDS = {401, 402, 403, 407, 486, 600, 603, 607, 608}


def cause_of(sip_code: int, q850: int | None = None, *, reason_phrase: str = "") -> Cause:
    """Cause of an unanswered call that ended with a SIP final response, with Q.850 cause if a Reason header gave one.

    A Q.850 cause says more than a generic SIP code (a gateway's 480 or 503 may stand for 'unallocated number').
    603+ ('Network Blocked', ATIS-1000099) is a block by the network and not a person's refusal.
    """
    if sip_code == 603 and "network blocked" in reason_phrase.lower():
        return Cause.BLOCKED
    if sip_code in _SIP_STANDS:
        return _SIP[sip_code]
    if q850 is not None and q850 in _Q850 and q850 != 16:
        return _Q850[q850]
    if sip_code in _SIP:
        return _SIP[sip_code]
    if 500 <= sip_code < 600:
        return Cause.CONGESTION
    return Cause.FAILED
