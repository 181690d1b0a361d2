"""A board's microseconds on the host's clock, from PING and PONG."""

from collections import deque
from dataclasses import dataclass

SAMPLES = 64
MAX_DRIFT = 500e-6
_MIN_SPAN_S = 5.0


@dataclass(frozen=True, slots=True)
class _Sample:
    board_s: float
    host_s: float
    round_trip_s: float


class BoardClock:
    """Learns from round trips; the shortest tell most: the error is at most half their length (as in RFC 5905)."""

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque(maxlen=SAMPLES)
        self._anchor: _Sample | None = None
        self._rate = 1.0

    def reset(self) -> None:
        """The board has rebooted: its clock began anew."""
        self._samples.clear()
        self._anchor = None
        self._rate = 1.0

    def add(self, sent_at: float, received_at: float, board_us: int) -> None:
        """A PING sent at `sent_at` came back at `received_at` (host seconds) with the board's time."""
        sample = _Sample(board_us / 1e6, (sent_at + received_at) / 2, received_at - sent_at)
        self._samples.append(sample)
        half = len(self._samples) // 2
        samples = list(self._samples)
        early = min(samples[:half] or samples, key=lambda sample: sample.round_trip_s)
        late = min(samples[half:], key=lambda sample: sample.round_trip_s)
        span_s = late.board_s - early.board_s
        if span_s >= _MIN_SPAN_S:
            rate = (late.host_s - early.host_s) / span_s
            self._rate = min(1 + MAX_DRIFT, max(1 - MAX_DRIFT, rate))
        self._anchor = late

    @property
    def drift(self) -> float:
        """How much faster the host's clock is than the board's, as a share: 50e-6 is 50 ppm."""
        return self._rate - 1

    @property
    def error_s(self) -> float | None:
        """How far off `host_s` may be for an event of now; None before the first round trip."""
        return None if self._anchor is None else self._anchor.round_trip_s / 2

    def host_s(self, board_us: int) -> float | None:
        """The host's time of a board's time; None before the first round trip."""
        if self._anchor is None:
            return None
        return self._anchor.host_s + (board_us / 1e6 - self._anchor.board_s) * self._rate
