"""Causes from what a gateway board says of a call's end: one table for cleared calls, one for refused commands."""

from firmware_bridge.messages import ClearCause, Status
from hw.contract.causes import Cause

# Before the answer. An exchange that takes the loop current away has given up; what a board takes for busy tone may be
# the network's congestion, too.
_UNANSWERED = {
    ClearCause.RELEASED: Cause.CANCELLED,
    ClearCause.FAR_END: Cause.FAILED,
    ClearCause.BUSY: Cause.BUSY,
    ClearCause.NO_DIAL_TONE: Cause.CONGESTION,
}
_LOST = {ClearCause.LINE_FAULT, ClearCause.HOST_LOST}
_REFUSED = {
    Status.NO_SUCH_PORT: Cause.NO_LINE,
    Status.LINE_IN_USE: Cause.NO_LINE,
    Status.LINE_DEAD: Cause.LINE_LOST,
    Status.BAD_DIGITS: Cause.INVALID_NUMBER,
}


def cause_of_clear(clear: ClearCause, *, answered: bool) -> Cause:
    """Why a call on an analogue line ended. Busy tone after an answer means that the far side hung up."""
    if clear in _LOST:
        return Cause.LINE_LOST
    return Cause.NORMAL if answered else _UNANSWERED.get(clear, Cause.FAILED)


def cause_of_refusal(status: Status) -> Cause:
    """Why a board did not place a call."""
    return _REFUSED.get(status, Cause.FAILED)
