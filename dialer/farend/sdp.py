"""Session descriptions for one G.711 stream (RFC 4566): offer and answer (RFC 3264), telephone-event (RFC 4733)."""

from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address

from dialer.farend.g711 import Codec

_TELEPHONE_EVENT = 101


class Direction(StrEnum):
    """Who may send, seen from the describing side."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    def answered(self) -> "Direction":
        """The direction to answer an offer of this one."""
        return {Direction.SENDONLY: Direction.RECVONLY, Direction.RECVONLY: Direction.SENDONLY}.get(self, self)


@dataclass(frozen=True, slots=True)
class Description:
    """The audio stream of one side. `media` keeps every m= line, for an answer must repeat them in order."""

    host: str
    port: int
    codecs: tuple[Codec, ...]
    dtmf: int | None = _TELEPHONE_EVENT
    direction: Direction = Direction.SENDRECV
    media: tuple[str, ...] = ("audio",)

    @property
    def held(self) -> bool:
        """Whether this side wants to hear nothing."""
        return self.direction in (Direction.SENDONLY, Direction.INACTIVE) or self.host == "0.0.0.0"


def local(host: str, port: int) -> Description:
    """What we offer: both laws and telephone-event."""
    return Description(host, port, (Codec.PCMU, Codec.PCMA))


def answer_to(offer: Description, host: str, port: int) -> Description:
    """Our answer: the offer's first law, its telephone-event number, its direction mirrored."""
    return replace(offer, host=host, port=port, codecs=offer.codecs[:1], direction=offer.direction.answered())


def parse(body: bytes) -> Description:
    """Read the first audio stream. Raises ValueError where there is no G.711 stream to an IPv4 address."""
    session_host: str | None = None
    media: list[tuple[str, list[str]]] = []
    for line in body.decode("utf-8").splitlines():
        if line.startswith("m="):
            media.append((line[2:], []))
        elif media:
            media[-1][1].append(line)
        elif line.startswith("c="):
            session_host = _host(line)
    for head, lines in media:
        kind, port, transport, *formats = [*head.split(), "", "", ""]
        if kind == "audio" and transport == "RTP/AVP":
            names = tuple(head.split(" ", 1)[0] for head, _ in media)
            return _audio(port, formats, lines, session_host, names)
    raise ValueError("the session description has no RTP/AVP audio stream")


def _audio(port: str, formats: list[str], lines: list[str], host: str | None, media: tuple[str, ...]) -> Description:
    direction, dtmf = Direction.SENDRECV, None
    for line in lines:
        if line.startswith("c="):
            host = _host(line)
        elif line.startswith("a=rtpmap:") and "telephone-event/8000" in line.lower():
            dtmf = int(line.removeprefix("a=rtpmap:").split()[0])
        elif line.startswith("a=") and line[2:] in set(Direction):
            direction = Direction(line[2:])
    codecs = tuple(Codec(int(f)) for f in formats if f in ("0", "8"))
    if not codecs:
        raise ValueError("the session description offers neither PCMU nor PCMA")
    if host is None:
        raise ValueError("the session description has no c= line")
    number = int(port)
    if not 0 < number < 65536:
        raise ValueError(f"audio port {port} is out of range")
    return Description(host, number, codecs, dtmf, direction, media)


def _host(line: str) -> str:
    words = line[2:].split()
    try:
        return str(IPv4Address(words[2].split("/")[0]))
    except (IndexError, AddressValueError) as error:
        raise ValueError(f"{line!r} names no IPv4 address") from error


def build(session: Description, *, session_id: int, version: int) -> bytes:
    """The body that describes our side; streams other than the first audio one are refused with port 0."""
    lines = [
        "v=0",
        f"o=- {session_id} {version} IN IP4 {session.host}",
        "s=-",
        f"c=IN IP4 {session.host}",
        "t=0 0",
    ]
    audio_done = False
    for kind in session.media:
        if kind == "audio" and not audio_done:
            lines += _audio_lines(session)
            audio_done = True
        else:
            lines.append(f"m={kind} 0 RTP/AVP 0")
    return ("\r\n".join(lines) + "\r\n").encode()


def _audio_lines(session: Description) -> list[str]:
    formats = [str(int(codec)) for codec in session.codecs]
    maps = [f"a=rtpmap:{int(codec)} {codec.name}/8000" for codec in session.codecs]
    if session.dtmf is not None:
        formats.append(str(session.dtmf))
        maps += [f"a=rtpmap:{session.dtmf} telephone-event/8000", f"a=fmtp:{session.dtmf} 0-15"]
    return [f"m=audio {session.port} RTP/AVP {' '.join(formats)}", *maps, "a=ptime:20", f"a={session.direction}"]
