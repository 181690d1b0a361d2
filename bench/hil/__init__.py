"""The hardware-in-the-loop bench: wiring as data, faults on the wire, scenarios, reports, certification."""
