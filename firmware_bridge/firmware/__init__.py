"""The reference firmware for gateway boards, in C: its build, and its pin map."""
