"""What the SIP line driver must be told: trunks, the address to bind, and how many calls."""

import re
from dataclasses import dataclass
from pathlib import Path

from hw.contract.driver import DriverError

RTP_PORTS_PER_CARD = 64
MAX_TRUNKS_WITH_LOGIN = 6
_TARGET = re.compile(
    r"sip:\{number\}@(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(?P<port>\d{1,5}))?(?P<params>;\S*)?"
)


@dataclass(frozen=True, slots=True)
class SipTrunk:
    """A carrier that takes calls at `target`, `sip:{number}@HOST:PORT`; `{number}` becomes E.164 with +.

    `username` and `password` answer the carrier's digest challenge (RFC 3261 section 22).
    """

    name: str
    target: str
    max_lines: int
    username: str = ""
    password: str = ""

    def __post_init__(self) -> None:
        if not _TARGET.fullmatch(self.target):
            raise DriverError(f"trunk {self.name!r}: target {self.target!r} must look like sip:{{number}}@HOST:PORT")
        if "transport=" in self.target.lower().replace("transport=udp", ""):
            raise DriverError(f"trunk {self.name!r}: target {self.target!r} asks for a transport other than UDP")
        if self.max_lines < 1:
            raise DriverError(f"trunk {self.name!r}: max_lines is {self.max_lines}; it must be 1 or more")

    def __repr__(self) -> str:
        return f"SipTrunk(name={self.name!r}, target={self.target!r}, max_lines={self.max_lines})"

    @property
    def host(self) -> str:
        """Host part of the target, which is also the domain that callers are shown under."""
        match = _TARGET.fullmatch(self.target)
        assert match is not None
        return match["host"]


@dataclass(frozen=True, slots=True)
class SipSettings:
    """How the site's SIP lines are set up.

    `bind_port` 0 lets the system choose; otherwise card k binds `bind_port + k`. Each card takes
    `RTP_PORTS_PER_CARD` UDP ports from `rtp_port_base` on. `max_calls` counts customers and stations together.
    `messages` are WAV files that will be played, checked before the first call.
    """

    bind_ip: str = "127.0.0.1"
    bind_port: int = 0
    rtp_port_base: int = 30000
    max_calls: int = 4
    trunks: tuple[SipTrunk, ...] = ()
    codecs: tuple[str, ...] = ("PCMU", "PCMA")
    messages: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        names = [trunk.name for trunk in self.trunks]
        for name in names:
            if names.count(name) > 1:
                raise DriverError(f"two trunks are called {name!r}; give each its own name")
        if self.max_calls < 1:
            raise DriverError(f"max_calls is {self.max_calls}; it must be 1 or more")
        if sum(1 for trunk in self.trunks if trunk.username) > MAX_TRUNKS_WITH_LOGIN:
            raise DriverError(f"at most {MAX_TRUNKS_WITH_LOGIN} trunks can have a username")
        if not self.codecs:
            raise DriverError("codecs is empty; name at least one, such as PCMU")

    def sip_port(self, card: int) -> int:
        """UDP port that card number `card` binds; 0 for any."""
        return self.bind_port + card if self.bind_port else 0

    def rtp_port(self, card: int) -> int:
        """First RTP port of card number `card`."""
        return self.rtp_port_base + card * RTP_PORTS_PER_CARD
