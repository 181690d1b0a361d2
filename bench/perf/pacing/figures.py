"""From days to figures: one row for each scenario and policy, as numbers, as text and as JSON."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.perf.pacing import kernels
from bench.perf.pacing.baselines import Policy
from bench.perf.pacing.kernels import Floats
from bench.perf.pacing.optimum import Model, Optimum, progressive
from bench.perf.pacing.scenarios import LIMIT, Scenario
from bench.perf.pacing.world import Day

BLOCK = 500
CONFIDENCE = 0.95
FEW_DAYS = 8


@dataclass(frozen=True, slots=True)
class Row:
    """One policy in one scenario over all its days; shares from 0 to 1, None where nothing can be said.

    `people_hung_up`: whom AMD took for machines; they are no live answers here, as no dialer can count them.
    `worst_500` is the highest abandoned share in 500 answers in a row, the days put one after the other.
    `over_bound`: exact upper 95 % bound of the probability that a day ends over the limit. `gain` and `gain_nohold`:
    share of what the optimum with and without the hold gains over progressive dialing.
    """

    scenario: str
    agents: int
    policy: str
    settings: str
    days: int
    utilisation: float
    utilisation_se: float
    talk_min_per_h: float
    wait_mean_s: float
    wait_p90_s: float
    live: int
    people_hung_up: int
    abandoned: float
    worst_15min: float | None
    worst_hour: float | None
    worst_500: float | None
    worst_day: float
    days_over: int
    over_bound: float
    gain: float | None
    gain_se: float | None
    gain_nohold: float | None
    decide_us: float
    exhausted: int


def row(
    scenario: Scenario, policy: Policy, days: Sequence[Day], plain: Sequence[Day], known: tuple[Optimum, ...]
) -> Row:
    """Sum up the days of a policy; `plain` are the same days under progressive dialing."""
    shares = np.array([day.utilisation for day in days])
    waits = np.concatenate([day.waits_s for day in days])
    live = sum(day.live for day in days)
    over = sum(day.rate > LIMIT for day in days)
    gains = gain_shares(scenario, shares, np.array([day.utilisation for day in plain]), known)
    return Row(
        scenario=scenario.name,
        agents=scenario.agents,
        policy=policy.name,
        settings=policy.text,
        days=len(days),
        utilisation=float(shares.mean()),
        utilisation_se=_error(shares),
        talk_min_per_h=float(np.mean([day.talk_min_per_h for day in days])),
        wait_mean_s=float(waits.mean()) if waits.size else 0.0,
        wait_p90_s=float(np.quantile(waits, 0.9)) if waits.size else 0.0,
        live=live,
        people_hung_up=sum(day.people_hung_up for day in days),
        abandoned=sum(day.abandoned for day in days) / live if live else 0.0,
        worst_15min=_known(max(day.worst_windows[0] for day in days)),
        worst_hour=_known(max(day.worst_windows[1] for day in days)),
        worst_500=_known(kernels.worst_block(np.concatenate([day.dropped for day in days]), BLOCK)),
        worst_day=max(day.rate for day in days),
        days_over=over,
        over_bound=upper_bound(over, len(days)),
        gain=gains[-1][0] if gains else None,
        gain_se=gains[-1][1] if gains else None,
        gain_nohold=gains[0][0] if gains else None,
        decide_us=float(np.median([day.decide_us for day in days])),
        exhausted=sum(day.exhausted for day in days),
    )


def gain_shares(
    scenario: Scenario, shares: Floats, plain: Floats, known: tuple[Optimum, ...]
) -> list[tuple[float, float]]:
    """Share of the attainable gain, and its standard error, against each optimum that is known.

    Progressive dialing's exact utilisation is known, too. What the same days gave it by chance is taken off by
    regression (control variate), which needs a few days.
    """
    if not known:
        return []
    ring_s, live = scenario.person_ring.mean_s, scenario.shares[0].live
    base = progressive(Model(scenario.agents, live, ring_s, scenario.handling_s))
    if shares.size >= FEW_DAYS and plain.std() > 0.0:
        shares = shares - np.cov(shares, plain)[0, 1] / plain.var(ddof=1) * (plain - base)
    return [
        (float(shares.mean() - base) / (best.utilisation - base), _error(shares) / (best.utilisation - base))
        for best in known
    ]


def _error(values: Floats) -> float:
    """The standard error of the mean; not a number for a single value."""
    return float(values.std(ddof=1)) / math.sqrt(values.size) if values.size > 1 else math.nan


def upper_bound(hits: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """The exact one-sided upper bound of a probability after `hits` of `trials` (Clopper and Pearson, 1934).

    Raises ValueError unless 0 <= hits <= trials and there is a trial.
    """
    if not 0 <= hits <= trials or trials == 0:
        raise ValueError(f"{hits} of {trials} trials: hits must be from 0 to trials, and trials 1 or more")
    if hits == trials:
        return 1.0
    low, high = hits / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        if _at_most(hits, trials, middle) > 1.0 - confidence:
            low = middle
        else:
            high = middle
    return high


def _at_most(hits: int, trials: int, chance: float) -> float:
    """The binomial probability of `hits` or fewer."""
    if chance >= 1.0:
        return 0.0
    odds = math.log(chance) - math.log1p(-chance) if chance > 0.0 else -math.inf
    total = 0.0
    for k in range(hits + 1):
        choose = math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
        total += math.exp(choose + (k * odds if k else 0.0) + trials * math.log1p(-chance))
    return total


def _known(share: float) -> float | None:
    return None if share < 0.0 else share


HEADER = (
    f"{'scenario':20s} {'policy':30s} {'util':>6s} {'+-':>5s} {'talk':>5s} {'wait':>6s} {'p90':>6s} {'aband':>6s} "
    f"{'15min':>6s} {'hour':>6s} {'500':>6s} {'day':>6s} {'over':>7s} {'bound':>6s} "
    f"{'gain':>5s} {'+-':>5s} {'nohold':>6s}  settings"
)


def line(row: Row) -> str:
    """One row for people; a ! marks a policy that does not keep the limit."""

    def percent(share: float | None, width: int = 6, digits: int = 1) -> str:
        return f"{'-':>{width}s}" if share is None else f"{share:{width}.{digits}%}"

    settings = row.settings + (" (ran out of calls)" if row.exhausted else "")
    mark = "!" if row.abandoned > LIMIT else " "
    return (
        f"{row.scenario:20s} {row.policy:30s} {row.utilisation:6.3f} {row.utilisation_se:5.3f} "
        f"{row.talk_min_per_h:5.1f} {row.wait_mean_s:6.1f} {row.wait_p90_s:6.1f} {row.abandoned:6.2%}{mark}"
        f"{percent(row.worst_15min, 5)} {percent(row.worst_hour)} {percent(row.worst_500)} {percent(row.worst_day)} "
        f"{row.days_over:3d}/{row.days:<3d} {percent(row.over_bound)} {percent(row.gain, 5, 0)} "
        f"{percent(row.gain_se, 5)} {percent(row.gain_nohold, 6, 0)}  {settings}"
    )
