"""What each maker's modems say and want beyond the standards, as data.

Sources: 3GPP TS 27.007 and 27.005; the AT command manuals of Quectel (EC2x, UC20), SIMCom (SIM7600, SIM800) and
Huawei (MU709, ME909).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hw.modem.calls import CallNews, Stat


@dataclass(frozen=True, slots=True)
class Notice:
    """A vendor's line about a call. Groups of `pattern` may be named idx, dir, stat, number and cause.

    `stats` translates the vendor's <stat>; without it `stat` is what the line means.
    """

    pattern: re.Pattern[str]
    stat: Stat | None = None
    stats: tuple[tuple[str, Stat], ...] = ()

    def read(self, line: str) -> CallNews | None:
        """The news in a line, or None when it is another line or a state that means nothing to us."""
        match = self.pattern.match(line)
        if match is None:
            return None
        groups = match.groupdict()
        stat = dict(self.stats).get(groups.get("stat") or "", self.stat)
        if stat is None:
            return None
        cause = groups.get("cause")
        return CallNews(
            stat,
            incoming=groups.get("dir") == "1",
            index=int(groups["idx"]) if groups.get("idx") else None,
            number=groups.get("number") or "",
            q850=int(cause) if cause else None,
        )


class Choice(NamedTuple):
    """Commands of which the first that the modem accepts is enough."""

    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """One maker's way.

    `makers` are words of AT+CGMI that give the profile away. `setup` is sent once; a modem that refuses some of it
    is used without. `notices` tell of calls, `keys` of DTMF (`key` is the character, or its ASCII number where
    `keys_are_codes`). `prefixes` are all lines that never answer a command. `audio_on` switches the
    PCM path of a call on towards a serial port or the modem's USB sound card, `audio_off` switches it off.
    """

    name: str
    makers: tuple[str, ...]
    setup: tuple[Choice, ...] = ()
    notices: tuple[Notice, ...] = ()
    keys: re.Pattern[str] | None = None
    keys_are_codes: bool = False
    prefixes: tuple[str, ...] = ()
    audio_on: tuple[tuple[str, str], ...] = ()
    audio_off: tuple[str, ...] = ()

    def news(self, line: str) -> CallNews | None:
        """What a line says of a call."""
        return next((news for notice in self.notices if (news := notice.read(line)) is not None), None)

    def key(self, line: str) -> str | None:
        """The DTMF key that a line reports."""
        match = self.keys.match(line) if self.keys else None
        if match is None:
            return None
        text = chr(int(match[1])) if self.keys_are_codes else match[1]
        return text.upper() if text.upper() in "0123456789*#ABCD" else None


# TS 27.007: registration, incoming calls and waiting calls, SMS, SIM, supplementary services; whatever the maker.
COMMON_PREFIXES = (
    "+CREG:",
    "+CEREG:",
    "+CRING:",
    "+CLIP:",
    "+CCWA:",
    "+CNAP:",
    "+COLP:",
    "+CSSI:",
    "+CSSU:",
    "+CMTI:",
    "+CMT:",
    "+CDS:",
    "+CDSI:",
    "+CUSD:",
    "+CGEV:",
    "+CTZV:",
    "+CIEV:",
    "RING",
)
_CLCC_STATS = tuple((str(int(stat)), stat) for stat in Stat)
_NUMBER = r'"?(?P<number>[+*#0-9]{0,40})'

CALL_LIST = Notice(
    re.compile(r"\+CLCC: ?(?P<idx>\d{1,2}),(?P<dir>[01]),(?P<stat>\d),0,\d(?:," + _NUMBER + ")?"), stats=_CLCC_STATS
)

_NO_VOICE_CALL = re.compile(r"\+CLCC: ?\d{1,2},[01],\d,[19],\d")


def calls_listed(lines: Sequence[str]) -> list[CallNews] | None:
    """The voice calls that AT+CLCC lists; None when a line of it cannot be read, and so nothing is known."""
    calls = []
    for line in lines:
        call = CALL_LIST.read(line)
        if call is not None:
            calls.append(call)
        elif not _NO_VOICE_CALL.match(line):
            return None
    return [call for call in calls if call.stat is not Stat.RELEASED]


PLAIN = Profile("plain", ())

QUECTEL = Profile(
    "quectel",
    ("QUECTEL",),
    setup=(
        Choice(('AT+QINDCFG="ccinfo",1,0', "AT^DSCI=1")),
        Choice(("AT+QTONEDET=1",)),
    ),
    notices=(
        Notice(
            re.compile(r'\+QIND: ?"ccinfo", ?(?P<idx>\d{1,2}),(?P<dir>[01]),(?P<stat>-?\d),\d,\d,' + _NUMBER),
            stats=(*_CLCC_STATS[:6], ("-1", Stat.RELEASED), ("7", Stat.RELEASED)),
        ),
        Notice(
            re.compile(r"\^DSCI: ?(?P<idx>\d{1,2}),(?P<dir>[01]),(?P<stat>\d),\d," + _NUMBER),
            stats=(
                ("1", Stat.HELD),
                ("2", Stat.DIALING),
                ("3", Stat.ACTIVE),
                ("4", Stat.INCOMING),
                ("5", Stat.WAITING),
                ("6", Stat.RELEASED),
                ("7", Stat.ALERTING),
            ),
        ),
    ),
    keys=re.compile(r"\+QTONEDET: ?(\d{2})$"),
    keys_are_codes=True,
    prefixes=("+QIND:", "^DSCI:", "+QTONEDET:", "+QUSIM:"),
    audio_on=(("serial", "AT+QPCMV=1,0"), ("usb", "AT+QPCMV=1,2")),
    audio_off=("AT+QPCMV=0",),
)

SIMCOM = Profile(
    "simcom",
    ("SIMCOM", "SIM COM"),
    setup=(Choice(("AT+CLCC=1",)), Choice(("AT+DDET=1",)), Choice(("AT+CPCMFRM=0",))),
    notices=(
        CALL_LIST,
        Notice(re.compile(r"VOICE CALL: ?BEGIN"), Stat.ACTIVE),
        Notice(re.compile(r"VOICE CALL: ?END"), Stat.RELEASED),
    ),
    keys=re.compile(r"\+(?:RX)?DTMF: ?([0-9A-Da-d*#])$"),
    prefixes=("VOICE CALL:", "MISSED_CALL:", "+RXDTMF:", "+DTMF:", "SMS DONE", "PB DONE", "Call Ready", "SMS Ready"),
    audio_on=(("serial", "AT+CPCMREG=1"),),
    audio_off=("AT+CPCMREG=0",),
)

HUAWEI = Profile(
    "huawei",
    ("HUAWEI",),
    setup=(Choice(("AT^CURC=1",)),),
    notices=(
        Notice(re.compile(r"\^ORIG: ?(?P<idx>\d{1,2}),"), Stat.DIALING),
        Notice(re.compile(r"\^CONF: ?(?P<idx>\d{1,2})"), Stat.ALERTING),
        Notice(re.compile(r"\^CONN: ?(?P<idx>\d{1,2}),"), Stat.ACTIVE),
        Notice(re.compile(r"\^CEND: ?(?P<idx>\d{1,2}),\d*,\d*(?:, ?(?P<cause>\d{1,3}))?"), Stat.RELEASED),
    ),
    keys=re.compile(r"\^DTMF: ?\d{1,2},([0-9A-Da-d*#])$"),
    prefixes=("^ORIG:", "^CONF:", "^CONN:", "^CEND:", "^DTMF:", "^RSSI:", "^MODE:", "^SRVST:", "^SIMST:", "^BOOT:"),
    audio_on=(("serial", "AT^DDSETEX=2"),),
)

PROFILES = {profile.name: profile for profile in (PLAIN, QUECTEL, SIMCOM, HUAWEI)}


def profile_of(maker: str, model: str = "") -> Profile:
    """The profile for what AT+CGMI and AT+CGMM say; the plain one for makers not known."""
    words = f"{maker} {model}".upper()
    return next((profile for profile in PROFILES.values() if any(word in words for word in profile.makers)), PLAIN)
