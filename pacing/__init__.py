"""How many lines to dial: the pacer, free of clocks, I/O and databases."""

from pacing.pacer import Pacer, PacerConfig, PacingDecision

__all__ = ["Pacer", "PacerConfig", "PacingDecision"]
