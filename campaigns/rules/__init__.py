"""The rule engine: may this person be called now, and if not, why and until when? Rules are data (TOML packs)."""

from campaigns.rules.model import (
    Basis,
    Case,
    Consent,
    Effect,
    Line,
    Pack,
    Party,
    PastCall,
    Place,
    Purpose,
    Reason,
    Rule,
    Status,
    Verdict,
)
from campaigns.rules.packs import load_builtin, load_directory
from campaigns.rules.reading import PackError
from campaigns.rules.rulebook import Rulebook
from campaigns.rules.terms import Terms

__all__ = [
    "Basis",
    "Case",
    "Consent",
    "Effect",
    "Line",
    "Pack",
    "PackError",
    "Party",
    "PastCall",
    "Place",
    "Purpose",
    "Reason",
    "Rule",
    "Rulebook",
    "Status",
    "Terms",
    "Verdict",
    "load_builtin",
    "load_directory",
]
