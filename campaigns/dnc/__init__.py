"""Do-not-call lists: the site's, the campaigns', and copies of national registries."""

from campaigns.dnc.copies import Coverage
from campaigns.dnc.door import Dnc
from campaigns.dnc.entries import add, barred
from campaigns.dnc.model import BadLine, Hit, Listing, RegistryReport, Scope

__all__ = ["BadLine", "Coverage", "Dnc", "Hit", "Listing", "RegistryReport", "Scope", "add", "barred"]
