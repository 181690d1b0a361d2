"""Agents' phones for the bench: `python -m bench.perf.phones phones ...`, with the options of `dialer.farend phones`.

To them a call begins to sound with the customer's tone, not with the tone that tells the agent of a call: that one
comes from the dialer itself, and would be taken for the customer some milliseconds too soon.
"""

import numpy as np

from dialer.farend import media
from dialer.farend.__main__ import main
from dialer.farend.ears import Ears
from dialer.farend.g711 import RATE_HZ, Codec, decode

CUSTOMER_HZ = 1000
_SHARE = 0.05


class CustomerEars(Ears):
    """Hears nothing until a frame holds the customer's tone."""

    __slots__ = ()

    def hear(self, codec: Codec, payload: bytes, power: float, now: float) -> None:
        """Take one payload of mean square `power`."""
        if self.first_at is None and power > 0 and tone_share(codec, payload) < _SHARE:
            power = 0.0
        super().hear(codec, payload, power, now)


def tone_share(codec: Codec, payload: bytes) -> float:
    """Share (0 to 1) of a frame's power that lies at the customer's tone."""
    wave = decode(codec, payload).astype(np.float64)
    turns = np.exp(-2j * np.pi * CUSTOMER_HZ / RATE_HZ * np.arange(wave.size))
    return float(2 * abs(wave @ turns) ** 2 / (wave.size * (wave @ wave) + 1.0))


if __name__ == "__main__":
    setattr(media, "Ears", CustomerEars)  # noqa: B010
    main()
