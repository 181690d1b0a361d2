"""Ringpace, a predictive dialer in a box. See docs/architecture.md for the map."""

__version__ = "0.1.0"
