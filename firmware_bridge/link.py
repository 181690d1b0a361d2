"""Messages in order, exactly once, over frames that get lost: one end of a session's DATA, host or board.

Sans-I/O: frames come in with `receive`, go out with `transmit`; `now` is monotonic seconds. The retransmission timer
follows RFC 6298, the selective acknowledgement is a bit per frame beyond a gap (as RFC 2018 means it).
"""

from collections import deque
from dataclasses import dataclass

from firmware_bridge.codec import MessageError
from firmware_bridge.frames import Frame
from firmware_bridge.messages import WINDOW, FrameKind

CEILING_S = 0.5
FIRST_RTO_S = 0.2
HOST_FLOOR_S = 0.020
BOARD_FLOOR_S = 0.030
BACKLOG = 128
MAX_DOUBLINGS = 3
_BEYOND_GAP = 3


class LinkFullError(Exception):
    """More messages wait than the link keeps; the other end takes none, or too many were sent at once."""


@dataclass(slots=True)
class LinkCounts:
    """What passed. `repeated` frames came again, `outside` were beyond the window, `stale` had an old or wrong ack."""

    sent: int = 0
    resent: int = 0
    delivered: int = 0
    repeated: int = 0
    outside: int = 0
    stale: int = 0


@dataclass(slots=True)
class _Flight:
    seq: int
    payload: bytes
    first_at: float
    sent_at: float
    sends: int = 1
    arrived: bool = False
    hurried: bool = False


class RoundTrip:
    """Smoothed round trip and the timer made of it (RFC 6298), in seconds."""

    def __init__(self, floor_s: float) -> None:
        self.smoothed_s: float | None = None
        self._variation_s = 0.0
        self._floor_s = floor_s
        self._doublings = 0

    @property
    def rto_s(self) -> float:
        """How long to wait for an acknowledgement before a frame is sent again."""
        if self.smoothed_s is None:
            plain_s = FIRST_RTO_S
        else:
            plain_s = max(self._floor_s, self.smoothed_s + 4 * self._variation_s)
        return min(CEILING_S, plain_s * (1 << self._doublings))

    def sample(self, took_s: float) -> None:
        """Take the round trip of a frame that was sent once only."""
        if self.smoothed_s is None:
            self.smoothed_s, self._variation_s = took_s, took_s / 2
        else:
            self._variation_s += (abs(self.smoothed_s - took_s) - self._variation_s) / 4
            self.smoothed_s += (took_s - self.smoothed_s) / 8

    def back_off(self) -> None:
        """The timer ran out: double it, a few times at most, as a serial line damages frames and is not crowded."""
        self._doublings = min(MAX_DOUBLINGS, self._doublings + 1)

    def moved_on(self) -> None:
        """Something new was acknowledged."""
        self._doublings = 0


class Link:
    """One end. After `give_up_s` without an acknowledgement of its oldest frame it is stuck, for good."""

    def __init__(self, session: int, *, floor_s: float, give_up_s: float) -> None:
        self.counts = LinkCounts()
        self.round_trip = RoundTrip(floor_s)
        self._session = session
        self._give_up_s = give_up_s
        self._waiting: deque[bytes] = deque()
        self._flights: deque[_Flight] = deque()
        self._next_seq = 0
        self._expected = 0
        self._kept: dict[int, bytes] = {}
        self._owes_ack = False

    def send(self, payload: bytes) -> None:
        """Queue a message. Raises `LinkFullError` when `BACKLOG` messages wait already."""
        if len(self._waiting) >= BACKLOG:
            raise LinkFullError(f"{BACKLOG} messages wait to be sent in session {self._session}")
        self._waiting.append(payload)

    @property
    def backlog(self) -> int:
        """How many messages are not acknowledged yet."""
        return len(self._waiting) + len(self._flights)

    def receive(self, frame: Frame, now: float, *, room: bool = True) -> list[bytes]:
        """Take any valid frame of the session; gives the messages that can be delivered now, in order.

        Without `room` a message is left to be sent again. Raises `MessageError` for DATA beyond the window: nothing of
        such a frame is taken.
        """
        if frame.kind is FrameKind.DATA and WINDOW <= (frame.seq - self._expected) % 256 < 256 - WINDOW:
            self.counts.outside += 1
            raise MessageError(f"DATA {frame.seq} where {self._expected} is expected")
        self._take_ack(frame, now)
        return self._take_data(frame) if frame.kind is FrameKind.DATA and room else []

    def transmit(self, now: float) -> list[Frame]:
        """The frames to put on the wire now: due again, new, or an acknowledgement alone if one is owed."""
        out = [self._resend(flight, now) for flight in self._due_again(now)]
        while self._waiting and len(self._flights) < WINDOW:
            flight = _Flight(self._next_seq, self._waiting.popleft(), now, now)
            self._next_seq = (self._next_seq + 1) % 256
            self._flights.append(flight)
            self.counts.sent += 1
            out.append(self._data(flight))
        if self._owes_ack and not out:
            out.append(self.frame(FrameKind.ACK))
        self._owes_ack = False
        return out

    def frame(self, kind: FrameKind, payload: bytes = b"") -> Frame:
        """A frame of another kind, with the current acknowledgements."""
        self._owes_ack = False
        return Frame(kind, self._session, 0, self._expected, self._sack(), payload)

    def deadline(self, now: float) -> float | None:
        """When `transmit` has something to do; None while it has not."""
        if self._owes_ack or (self._waiting and len(self._flights) < WINDOW):
            return now
        if not self._flights:
            return None
        rto_s = self.round_trip.rto_s
        due = [flight.sent_at + rto_s for flight in self._flights if not flight.arrived]
        return min([*due, self._flights[0].first_at + self._give_up_s])

    def is_stuck(self, now: float) -> bool:
        """Whether the other end has left the oldest frame unacknowledged for too long."""
        return bool(self._flights) and now >= self._flights[0].first_at + self._give_up_s

    def _data(self, flight: _Flight) -> Frame:
        return Frame(FrameKind.DATA, self._session, flight.seq, self._expected, self._sack(), flight.payload)

    def _sack(self) -> int:
        return sum(1 << (seq - self._expected - 1) % 256 for seq in self._kept)

    def _due_again(self, now: float) -> list[_Flight]:
        rto_s = self.round_trip.rto_s
        due = []
        arrived_beyond = sum(flight.arrived for flight in self._flights)
        for place, flight in enumerate(self._flights):
            if flight.arrived:
                arrived_beyond -= 1
            elif now >= flight.sent_at + rto_s:
                if place == 0:
                    self.round_trip.back_off()
                due.append(flight)
            elif not flight.hurried and arrived_beyond >= _BEYOND_GAP:
                flight.hurried = True
                due.append(flight)
        return due

    def _resend(self, flight: _Flight, now: float) -> Frame:
        flight.sent_at = now
        flight.sends += 1
        self.counts.resent += 1
        return self._data(flight)

    def _take_ack(self, frame: Frame, now: float) -> None:
        oldest = self._flights[0].seq if self._flights else self._next_seq
        done = (frame.ack - oldest) % 256
        if done > len(self._flights):
            self.counts.stale += 1
            return
        if done:
            self.round_trip.moved_on()
        for _ in range(done):
            self._arrive(self._flights.popleft(), now)
        for bit in range(WINDOW - 1):
            if frame.sack >> bit & 1 and bit + 1 < len(self._flights):
                self._arrive(self._flights[bit + 1], now)

    def _arrive(self, flight: _Flight, now: float) -> None:
        if flight.sends == 1 and not flight.arrived:
            self.round_trip.sample(now - flight.sent_at)
        flight.arrived = True

    def _take_data(self, frame: Frame) -> list[bytes]:
        ahead = (frame.seq - self._expected) % 256
        self._owes_ack = True
        if ahead >= WINDOW or frame.seq in self._kept:
            self.counts.repeated += 1
            return []
        self._kept[frame.seq] = frame.payload
        delivered = []
        while self._expected in self._kept:
            delivered.append(self._kept.pop(self._expected))
            self._expected = (self._expected + 1) % 256
        self.counts.delivered += len(delivered)
        return delivered
