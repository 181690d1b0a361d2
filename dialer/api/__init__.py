"""The local HTTP API of a running dialer. Loopback only; every request carries the site's token."""
