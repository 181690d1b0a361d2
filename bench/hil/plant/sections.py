"""The sections of dialer.toml that fit a plant, and how to have SIP beside it. No I/O."""

import json
from collections.abc import Iterable
from pathlib import Path

from bench.hil.plant.people import COUNTRY
from bench.hil.plant.plan import Plan

CARRIER, PHONES = "127.0.0.1:5070", "127.0.0.1:5080"
PHONE_COUNT = 2

_MODEMS = """
[[trunk]]                 # modems behind a mobile network
name = "gsm"
kind = "modem"
port = {ports}
audio = {audios}
"""
_BOARD = """
[[trunk]]                 # the analogue lines of the board
name = "board"
kind = "gateway"
port = {port}
max_lines = {lines}
dial_plan = {{ "{country}" = "" }}
ties = {ties}

[[station]]               # headset 1 of the board; it has {headsets}
name = "board-desk"
kind = "gateway"
board = "board"
headset = 1
"""
_HEADSET = """
[[station]]               # the hands-free headset
name = "headset-desk"
kind = "hfp"
port = {port}
audio = {audio}
"""
_FAR_ENDS = """
# SIP beside it: a carrier with people behind it, and agents' phones, each in a terminal of its own:
#   python -m dialer.farend carrier --bind {carrier} --seed {seed} --rtp-ports 20000-24998
#   python -m dialer.farend phones --bind {phones} --count {count} --rtp-ports 25000-29998
"""
_SIP = """
[[trunk]]                 # the carrier
name = "carrier"
kind = "sip"
target = "sip:{{number}}@{carrier}"
max_lines = 4
caller_ids = ["+12125550100"]
"""
_PHONE = """
[[station]]               # a phone
name = "desk{number}"
kind = "sip"
address = "sip:agent{number}@{phones}"
"""


def sections(plan: Plan, *, lines: int, headsets: int, ties: int, sip: bool = False) -> str:
    """TOML. `lines`, `headsets` and `ties` are the board's, if there is one. Without `sip` that part is comments."""
    parts = []
    if plan.modems:
        numbers = range(1, len(plan.modems) + 1)
        audios = _serial(plan.modem_voice(n) for n in numbers)
        parts.append(_MODEMS.format(ports=_text([str(plan.modem_port(n)) for n in numbers]), audios=_text(audios)))
    if plan.board:
        found = _text(_serial(plan.tie(n) for n in range(1, ties + 1)))
        port = _text(str(plan.board_port))
        parts.append(_BOARD.format(port=port, lines=lines, headsets=headsets, ties=found, country=COUNTRY))
    if plan.headset:
        (audio,) = _serial([plan.headset_voice])
        parts.append(_HEADSET.format(port=_text(str(plan.headset_port)), audio=_text(audio)))
    parts.append(_FAR_ENDS.format(carrier=CARRIER, phones=PHONES, seed=plan.people.seed, count=PHONE_COUNT))
    phones = [_PHONE.format(number=n, phones=PHONES) for n in range(1, PHONE_COUNT + 1)]
    beside = "".join([_SIP.format(carrier=CARRIER), *phones])
    parts.append(beside if sip else _commented(beside))
    return "".join(parts)


def _commented(text: str) -> str:
    return "# and in dialer.toml:\n" + "".join(f"# {line}".rstrip() + "\n" for line in text.splitlines())


def _serial(ports: Iterable[Path]) -> list[str]:
    return [f"serial:{port}" for port in ports]


def _text(value: str | list[str]) -> str:
    """As a TOML value: JSON's strings and arrays are that as well."""
    return json.dumps(value, ensure_ascii=False)
