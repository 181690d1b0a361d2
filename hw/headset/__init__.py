"""Hands-free headsets over a serial byte pipe: agents' stations by the Bluetooth Hands-Free Profile."""
