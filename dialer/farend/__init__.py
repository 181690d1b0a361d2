"""The far end for demo, tests and bench: a carrier, agents' phones and agents, each a process apart from the dialer.

Nothing here knows the dialer's code: it meets the dialer only over SIP, RTP and its local HTTP API.
"""
