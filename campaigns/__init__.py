"""Whom we may call and when: leads, lists, rules, retries, callbacks, do-not-call, telesales, collections."""

import zoneinfo

# Zones from the tzdata package that is installed with the program, never from the machine's own files: those of a box
# that was set up once are years old, and a changed summer time would have people called at the wrong hour.
zoneinfo.reset_tzpath(to=())
