"""The little that is read from what others send over SIP. Pure."""

import re

_REASON = re.compile(r"^reason\s*:(?P<value>.*)$", re.IGNORECASE)
_Q850 = re.compile(r"(?:^|,)\s*Q\.850\s*(?:;[^,]*?)?;\s*cause\s*=\s*(\d{1,3})", re.IGNORECASE)

_NO_BYTE = re.compile(r"[\ud800-\udc7f\udd00-\udfff]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def readable(text: str) -> str:
    """A text from pjsua2 as one line of characters that can be stored and shown.

    Nothing says that others send UTF-8: pjsua2 hands over what is not as lone surrogates (PEP 383), which no database
    and no encoder takes.
    """
    raw = _NO_BYTE.sub("\ufffd", text).encode("utf-8", "surrogateescape")
    return _CONTROLS.sub(" ", raw.decode("utf-8", "replace"))


def headers_and_body(message: str) -> tuple[list[str], str]:
    """Header lines, unfolded (RFC 3261 section 7.3.1), and the body."""
    head, _, body = message.replace("\r\n", "\n").partition("\n\n")
    return re.sub(r"\n[ \t]+", " ", head).split("\n"), body


def q850_of(message: str) -> int | None:
    """The Q.850 cause of the message's Reason header (RFC 3326), if it has one."""
    for line in headers_and_body(message)[0]:
        reason = _REASON.match(line)
        cause = _Q850.search(reason["value"]) if reason else None
        if cause:
            return int(cause[1])
    return None


def has_sdp(message: str) -> bool:
    """Whether the message carries a session description, so that audio may flow before the answer."""
    _, body = headers_and_body(message)
    return bool(body.strip()) and "application/sdp" in message.lower()
