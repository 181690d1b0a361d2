"""Worlds, faults and checkers that drive the real core in virtual time."""
