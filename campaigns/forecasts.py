"""Forecasts that were made for a campaign, kept so that what came can be held against them; and the pacer's own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from campaigns.database import Database, Row, StoreError
from campaigns.instants import seconds_of
from campaigns.model import CampaignSettings


@dataclass(frozen=True, slots=True)
class Forecast:
    """What was asked of the simulator (`inputs`), when, and what it said (`results`); both JSON documents."""

    forecast_id: int
    made_at: datetime
    inputs: dict[str, Any]
    results: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SampleSummary:
    """Sampled pacing decisions in numbers: means over the samples, and the largest risk that was accepted.

    Risks are chances that a line dialed is answered and abandoned, as the pacer saw them; `budget_left` is the last.
    """

    samples: int
    first_at: datetime
    last_at: datetime
    predicted_answers: float
    predicted_free: float
    risk: float
    worst_risk: float
    threshold: float
    budget_left: float


def add(
    database: Database,
    campaign: CampaignSettings,
    made_at: datetime,
    inputs: Mapping[str, Any],
    results: Mapping[str, Any],
) -> int:
    """Keep a forecast; its id. Call it inside a transaction."""
    database.execute(
        "INSERT INTO forecasts (campaign_id, made_at, inputs, results) VALUES (?, ?, ?, ?)",
        (campaign.campaign_id, seconds_of(made_at), json.dumps(inputs), json.dumps(results)),
    )
    return int(database.value("SELECT MAX(id) FROM forecasts"))


def get(database: Database, campaign: CampaignSettings, forecast_id: int | None) -> Forecast | None:
    """The forecast with this id, or the latest; None when there is none yet. Raises StoreError for an unknown id."""
    columns = "SELECT id, made_at, inputs, results FROM forecasts WHERE campaign_id = ?"
    if forecast_id is None:
        row = database.one(columns + " ORDER BY id DESC LIMIT 1", (campaign.campaign_id,))
        return None if row is None else _forecast(row)
    row = database.one(columns + " AND id = ?", (campaign.campaign_id, forecast_id))
    if row is None:
        ids = [
            str(each)
            for (each,) in database.rows(
                "SELECT id FROM forecasts WHERE campaign_id = ? ORDER BY id", (campaign.campaign_id,)
            )
        ]
        there = f"there are {', '.join(ids)}" if ids else "it has none"
        raise StoreError(f"campaign {campaign.name} has no forecast {forecast_id}; {there}")
    return _forecast(row)


def _forecast(row: Row) -> Forecast:
    forecast_id, made_at, inputs, results = row
    return Forecast(forecast_id, datetime.fromtimestamp(made_at, UTC), json.loads(inputs), json.loads(results))


def samples(database: Database, campaign: CampaignSettings, since: datetime | None) -> SampleSummary | None:
    """The decisions sampled from `since` on, among those with agents logged in; None when there is none."""
    key = (campaign.campaign_id, -1e300 if since is None else seconds_of(since))
    row = database.one(
        "SELECT COUNT(*), MIN(at), MAX(at), AVG(predicted_answers), AVG(predicted_free), AVG(risk), MAX(risk),"
        " AVG(threshold) FROM pacing_samples WHERE campaign_id = ? AND at >= ? AND agents > 0",
        key,
    )
    if row is None or row[0] == 0:
        return None
    budget_left = database.value(
        "SELECT budget_left FROM pacing_samples WHERE campaign_id = ? AND at >= ? AND agents > 0"
        " ORDER BY at DESC, id DESC LIMIT 1",
        key,
    )
    count, first, last, answers, free, risk, worst, threshold = row
    first_at, last_at = datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC)
    return SampleSummary(count, first_at, last_at, answers, free, risk, worst, threshold, budget_left)
