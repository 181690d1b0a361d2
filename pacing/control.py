"""How much risk one more line may carry: the controller between the ledger and the forecast.

The gain from overdialing is concave in the abandoned rate: the first tenth of a percent is worth many times the last.
So the best use of a budget is a rate that rises slowly with what is left of it and is near zero, but not zero, when
nothing is. `target_share` is that rule, as a share of the limit; its shape follows the dynamic program of
docs/pacing.md. `Controller` makes the rate of abandoned calls follow it.
"""

import math
from dataclasses import dataclass

LOWEST_SHARE = 0.03
BUDGET_OF_ONE_SHARE = 0.53
WIDTH_CALLS = 1.2
HIGHEST_SHARE = 2.0
# The more answers are to come, the less a call of budget matters: the slope over the logarithm of the budget falls.
SLOPE = 0.4
SLOPE_AT_ANSWERS_PER_H = 100.0
SLOPE_FALL = 0.04
LEAST_SLOPE = 0.25
# At the start of a session no budget has been earned yet: some is lent, less with every answer, none to campaigns
# where a day's answers are few.
START_ANSWERS = 60.0
START_SHARE = 0.3
START_BUDGET_OF_ONE_SHARE = 0.6
FEW_ANSWERS_PER_H = 20.0
MANY_ANSWERS_PER_H = 80.0
# Calls in flight will be answered whatever is decided next: the budget is held back by what chance may make of them,
# and by a margin, as abandoned calls come in clusters.
IN_FLIGHT_DEVIATIONS = 0.7
MARGIN_CALLS = 0.25

RISK_GAIN = 0.1
RISK_STEP = 2.0
OUTCOME_GAIN = 0.03
FIRST_OUTCOME_GAIN = 0.5
FIRST_EXCESS = 1.5
LEAST_EXCESS, MOST_EXCESS = 0.6, 3.3
LEAST_SCALE, MOST_SCALE = 0.2, 6.0
HIGHEST_THRESHOLD = 0.3


def softness(answers_per_h: float) -> float:
    """From 0, where a day's answers are so few that no call may be lent, to 1."""
    return min(1.0, max(0.0, (answers_per_h - FEW_ANSWERS_PER_H) / (MANY_ANSWERS_PER_H - FEW_ANSWERS_PER_H)))


def slope(answers_per_h: float) -> float:
    """How fast the target share rises over the logarithm of the budget."""
    fall = SLOPE_FALL * math.log(max(1.0, answers_per_h / SLOPE_AT_ANSWERS_PER_H))
    return max(LEAST_SLOPE, SLOPE - fall)


def target_share(budget: float, session_live: float, answers_per_h: float) -> float:
    """The abandoned rate to aim at, as a share of the limit, with `budget` calls left.

    With less than one call left one abandoned call breaks the limit, so the share falls there to nearly nothing; where
    answers are few it is nothing at once.
    """
    soft = softness(answers_per_h)
    early = soft * max(0.0, 1.0 - session_live / START_ANSWERS)
    high = BUDGET_OF_ONE_SHARE + early * (START_BUDGET_OF_ONE_SHARE - BUDGET_OF_ONE_SHARE)
    if budget >= 1.0:
        rise = slope(answers_per_h) * math.log1p((budget - 1.0) / WIDTH_CALLS)
        return min(HIGHEST_SHARE, max(high, BUDGET_OF_ONE_SHARE + rise))
    low = soft * LOWEST_SHARE + early * (START_SHARE - LOWEST_SHARE)
    high *= min(1.0, 2.0 * soft)
    if budget >= 0.0:
        return low + max(0.0, high - low) * budget**2
    return low * max(0.0, min(1.0, 2.0 + budget))


def held_back(limit: float, answers_in_flight: float) -> float:
    """By how many calls to reduce the budget for the answers that are on their way."""
    return MARGIN_CALLS + IN_FLIGHT_DEVIATIONS * math.sqrt(limit * answers_in_flight)


@dataclass(slots=True)
class Controller:
    """Turns a target share into the risk that the next line may carry.

    Two loops. The fast one acts on forecasts: lines come whole, so the risk of those accepted is below the threshold,
    and the threshold is scaled until their mean risk meets the target. The slow one acts on outcomes: `excess` is how
    much more often calls are abandoned than the risk of their line said when it was dialed, as later lines compete
    with it and forecasts err.
    """

    log_scale: float = 0.0
    log_excess: float = math.log(FIRST_EXCESS)

    def take_up(self, log_excess: float, weight: float) -> None:
        """Believe an earlier controller's excess as far as `weight`, from 0 to 1, says."""
        believed = weight * log_excess + (1.0 - weight) * math.log(FIRST_EXCESS)
        self.log_excess = max(math.log(LEAST_EXCESS), min(math.log(MOST_EXCESS), believed))

    def threshold(self, limit: float, share: float) -> float:
        """The risk of abandonment that one more line may carry."""
        return min(HIGHEST_THRESHOLD, limit * share * math.exp(self.log_scale))

    def accepted(self, limit: float, share: float, risk: float) -> None:
        """A line of this risk was dialed while `share` was the target and nothing but the threshold set the number."""
        if limit > 0.0:
            error = share / math.exp(self.log_excess) - risk / limit
            moved = self.log_scale + RISK_GAIN * max(-RISK_STEP, min(RISK_STEP, error))
            self.log_scale = max(math.log(LEAST_SCALE), min(math.log(MOST_SCALE), moved))

    def counted(self, limit: float, share: float, abandoned: bool, session_live: float) -> None:
        """A live answer was connected or abandoned while `share` was the target."""
        gain = max(OUTCOME_GAIN, FIRST_OUTCOME_GAIN / (2.0 + limit * session_live))
        moved = self.log_excess + gain * (float(abandoned) - limit * share)
        self.log_excess = max(math.log(LEAST_EXCESS), min(math.log(MOST_EXCESS), moved))
