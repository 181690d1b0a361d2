"""Instants on the command line."""

from datetime import UTC, date, datetime, time

import click


def instant(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    """Callback of an option that takes ISO 8601 with an offset, or a date, which is its first instant in UTC."""
    if value is None:
        return None
    try:
        return datetime.combine(date.fromisoformat(value), time(), UTC)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(
            f"'{value}' is no instant; write it like 2026-06-01T15:00:00+02:00 or 2026-06-01", ctx, param
        ) from None
    if at.tzinfo is None:
        raise click.BadParameter(
            f"'{value}' has no offset from UTC; write it like {value}+02:00 or {value}Z", ctx, param
        )
    return at
