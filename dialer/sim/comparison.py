"""What was foreseen against what came."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.forecasts import Forecast
from campaigns.recorded import Performance
from dialer.sim.intervals import Estimate
from dialer.sim.whatif import METRICS

# A team that differs by more than this share from the one that was asked about is another question.
TEAM_TOLERANCE = 0.1


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure. `low` to `high` is where a shift as long as the actual one lies with 95 %; None with one seed.

    `inside` is None when there is no such range, or nothing to hold against it.
    """

    metric: str
    predicted: float
    low: float | None
    high: float | None
    actual: float | None

    @property
    def inside(self) -> bool | None:
        if self.low is None or self.high is None or self.actual is None:
            return None
        return self.low <= self.actual <= self.high


def compare(forecast: Forecast, actual: Performance) -> list[Compared]:
    """Each figure that was foreseen. The range is widened where less than the foreseen hours have passed."""
    part = min(1.0, max(actual.operating_s / 3600.0, 1e-3) / forecast.inputs["hours"])
    metrics: Mapping[str, Any] = forecast.results["metrics"]
    return [
        _compared(name, Estimate(**metrics[name]), actual, part)
        for name in METRICS
        if name in metrics and hasattr(actual, name)
    ]


def _compared(name: str, predicted: Estimate, actual: Performance, part: float) -> Compared:
    low, high = predicted.shift_range(part) or (None, None)
    return Compared(name, predicted.mean, low, high, getattr(actual, name))


def doubts(forecast: Forecast, actual: Performance) -> list[str]:
    """Reasons, in sentences, why the two may not be comparable."""
    found = []
    hours, foreseen_h = actual.operating_s / 3600.0, forecast.inputs["hours"]
    agents, foreseen = actual.mean_agents or 0.0, forecast.inputs["agents"]
    if abs(agents - foreseen) > TEAM_TOLERANCE * foreseen:
        found.append(
            f"the forecast is for {foreseen} agents, {agents:.1f} worked on average: "
            f"for these ask `dialer simulate --agents {max(1, round(agents))} ...`"
        )
    if hours < 0.5 * foreseen_h:
        found.append(f"the forecast is for {foreseen_h:g} h, {hours:.1f} h have been worked: its ranges are widened")
    if forecast.inputs["seeds"] == 1:
        found.append("the forecast has one seed and so no range: make the next with --seeds 10")
    return found
