"""Small rule packs written inline, and cases to judge by them."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.rules import Basis, Case, Consent, Pack, PastCall, Purpose, Rulebook
from campaigns.rules.packs import parse_pack

NEW_YORK = ZoneInfo("America/New_York")

REG_F = """
purpose = ["collections"]
effect = "presumption"
unless = [{ consent = ["express"], max_age = "7d", first_day_counts = true, ends_with_conversation = true }]
"""
SEVEN_IN_SEVEN = (
    REG_F
    + """
type = "frequency"
[rule.limit]
max = 7
per = "7d"
key = "debt"
count = "attempt"
exclude = ["busy", "invalid", "unconnected"]
exclude_consented = true
first_day_counts = true
"""
)
AFTER_CONVERSATION = (
    REG_F
    + """
type = "cooldown"
cooldown = { after = "conversation", for = "7d", key = "debt", first_day_counts = true }
"""
)


def rule(body: str, name: str = "test.rule", **given: str) -> str:
    """One [[rule]] of TOML: `body` and what it leaves out (US, in force, well sourced)."""
    defaults = {"where": '["US"]', "status": '"in_force"', "confidence": '"H"'} | given
    head = "\n".join(f"{key} = {value}" for key, value in defaults.items() if f"\n{key} =" not in f"\n{body}")
    return f'[[rule]]\nid = "{name}"\n{head}\n{body.strip()}\n'


def window(hours: str, name: str = "test.window", rest: str = "", **given: str) -> str:
    """A window rule with an `hours` table such as 'all = "09:00-17:00"'."""
    return rule(f'type = "window"\nhours = {{ {hours} }}\n{rest}', name, **given)


def pack(*rules: str, jurisdiction: str = "US") -> Pack:
    """The pack with these rules."""
    head = f'[pack]\nid = "test"\ntitle = "Test"\nversion = "1"\njurisdiction = "{jurisdiction}"\n'
    return parse_pack("\n".join((head, *rules)), "test.toml")


def book(*rules: str, **options: Any) -> Rulebook:
    """A rule book of one pack."""
    return Rulebook([pack(*rules)], **options)


def case(*zones: str, regions: tuple[str, ...] = ("US-NY",), purpose: Purpose = Purpose.SALES, **rest: Any) -> Case:
    """A case in New York unless zones are given."""
    return Case("+12125550123", zones or ("America/New_York",), regions, purpose, **rest)


def at(text: str) -> datetime:
    """An instant: with its offset, or the wall clock of New York."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=NEW_YORK)).astimezone(UTC)


def call(text: str, outcome: str = "no_answer", **rest: Any) -> PastCall:
    """A call of the past, about debt 1 unless told otherwise."""
    return PastCall(at(text), "+12125550123", outcome, **({"debts": frozenset({1})} | rest))


def talk(text: str, **rest: Any) -> PastCall:
    """A conversation of the past."""
    return call(text, "answered", contact=True, conversation=True, **rest)


def consent(basis: str = "express", obtained: str = "2026-01-05T12:00", **rest: Any) -> Consent:
    """A ground to call."""

    return Consent(Basis(basis), obtained_at=at(obtained), evidence="recorded", **rest)
