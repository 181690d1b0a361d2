"""What the store's operations write to the audit log: in their own transaction, under the name of whoever asked."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from campaigns.audit.kinds import lead_key, number_key
from campaigns.audit.log import AuditLog


class Trail:
    """Writes entries in the name of `actor`. Without a log it writes nothing: for simulations only."""

    def __init__(self, log: AuditLog | None, actor: str = "dialer") -> None:
        self.actor = actor
        self._log = log

    def note(
        self,
        kind: str,
        body: Mapping[str, object],
        *,
        at: datetime | None = None,
        leads: Sequence[int] = (),
        numbers: Sequence[str] = (),
        actor: str | None = None,
    ) -> None:
        """One entry about these leads, or about numbers that belong to none; part of the caller's transaction."""
        if self._log is None:
            return
        persons = (*map(lead_key, leads), *map(number_key, numbers))
        self._log.append(kind, actor or self.actor, body, at=at or datetime.now(UTC), persons=persons)


NO_TRAIL = Trail(None)
