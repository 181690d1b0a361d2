"""The audit log: what was decided and changed, by whom, in a chain that shows every later change."""

from campaigns.audit.chain import Head
from campaigns.audit.kinds import AuditKind, Record, lead_key, number_key
from campaigns.audit.log import AuditError, AuditLog, Entry
from campaigns.audit.verify import Verification, verify

__all__ = [
    "AuditError",
    "AuditKind",
    "AuditLog",
    "Entry",
    "Head",
    "Record",
    "Verification",
    "lead_key",
    "number_key",
    "verify",
]
