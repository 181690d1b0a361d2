"""What came of a campaign, as plain lists and dicts. Every figure derives from the flags of statuses, never from codes.

Each report is a function of the database and a `Selection`: a campaign, a time and a list.
"""

from campaigns.reports.journal import attempts, campaign
from campaigns.reports.selection import Selection
from campaigns.reports.shares import Share

__all__ = ["Selection", "Share", "attempts", "campaign"]
