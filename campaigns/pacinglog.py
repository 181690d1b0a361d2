"""What is kept of the pacing: samples of its decisions, and what a campaign's pacer has learned."""

import logging
from dataclasses import astuple, fields
from datetime import UTC, datetime
from typing import Any

from campaigns.database import Database
from campaigns.instants import iso_of
from campaigns.model import CampaignSettings, PacingSample

log = logging.getLogger(__name__)

KEPT_DAYS = 90
KEPT_SAMPLES = 100_000
PRUNED_EVERY = 1000

_FIGURES = tuple(each.name for each in fields(PacingSample))
_COLUMNS = ", ".join(("at", *_FIGURES))
_DIGITS = 4


def add_sample(database: Database, campaign_id: int, at: float, sample: PacingSample) -> None:
    """Write a row; with every thousandth, rows over 90 days old or beyond a campaign's latest 100,000 are deleted."""
    figures = (round(value, _DIGITS) if isinstance(value, float) else value for value in astuple(sample))
    marks = ", ".join("?" * (2 + len(_FIGURES)))
    ((row_id,),) = database.rows(
        f"INSERT INTO pacing_samples (campaign_id, {_COLUMNS}) VALUES ({marks}) RETURNING id",  # noqa: S608 (constants)
        (campaign_id, at, *figures),
    )
    if row_id % PRUNED_EVERY == 0:
        prune(database, at)


def prune(database: Database, now: float) -> None:
    """Delete the samples of every campaign that are too old or too many."""
    for (campaign_id,) in database.rows("SELECT id FROM campaigns"):
        database.execute(
            "DELETE FROM pacing_samples WHERE campaign_id = ? AND at < ?", (campaign_id, now - KEPT_DAYS * 86_400)
        )
        database.execute(
            "DELETE FROM pacing_samples WHERE campaign_id = ? AND at <= (SELECT at FROM pacing_samples"
            " WHERE campaign_id = ? ORDER BY at DESC LIMIT 1 OFFSET ?)",
            (campaign_id, campaign_id, KEPT_SAMPLES),
        )


def samples(database: Database, campaign: CampaignSettings, limit: int | None) -> list[dict[str, Any]]:
    """The latest `limit` samples (None: all), oldest first."""
    rows = database.rows(
        f"SELECT {_COLUMNS} FROM pacing_samples WHERE campaign_id = ? ORDER BY at DESC, id DESC LIMIT ?",  # noqa: S608
        (campaign.campaign_id, 2**62 if limit is None else limit),
    )
    return [{"at": iso_of(at), **dict(zip(_FIGURES, figures, strict=True))} for at, *figures in reversed(rows)]


def save_state(database: Database, campaign_id: int, at: float, state: str) -> None:
    database.execute(
        "INSERT INTO pacer_states (campaign_id, at, state) VALUES (?, ?, ?)"
        " ON CONFLICT (campaign_id) DO UPDATE SET at = excluded.at, state = excluded.state",
        (campaign_id, at, state),
    )


def state(database: Database, campaign_id: int) -> tuple[datetime, str] | None:
    """When a state was kept, and it; None when there is none, or (with a warning) none that can be read."""
    # As a blob, since SQLite lets a text hold bytes that are not UTF-8, on which the whole query would fail.
    row = database.one("SELECT at, CAST(state AS BLOB) FROM pacer_states WHERE campaign_id = ?", (campaign_id,))
    if row is None:
        return None
    at, kept = row
    try:
        return datetime.fromtimestamp(at, UTC), bytes(kept).decode()
    except (TypeError, ValueError, OverflowError, OSError) as error:
        log.warning(
            "campaign number %d: what its pacing had learned cannot be read (%s); it learns anew", campaign_id, error
        )
        return None
