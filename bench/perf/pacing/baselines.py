"""What the pacer is held against: other ways to pace, and the settings that hindsight may choose among.

All of them count everyone whom no agent took within the scenario's hold as abandoned. "In hindsight" means that a
setting is chosen for each scenario after all its days have been played with all settings of a grid: the highest
utilisation whose abandoned share, pooled over these very days, keeps the limit; and, as the pacer keeps the limit every
day, the highest utilisation with which none of these days ends over it. No policy one could run knows this.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from bench.perf.pacing import kernels
from bench.perf.pacing.kernels import World
from bench.perf.pacing.optimum import Optimum
from bench.perf.pacing.scenarios import LIMIT, Scenario


class Kind(Enum):
    """How a policy paces; the text is its name in tables."""

    PROGRESSIVE = "progressive"
    RATIO = "best ratio"
    RATIO_EXPECTED = "best ratio+expected"
    VICIDIAL = "VICIdial default"
    VICIDIAL_TUNED = "VICIdial tuned"
    PI = "PI tuned"
    OPTIMUM = "optimum, told"
    PREDICTIVE = "predictive"


TUNED = (Kind.RATIO, Kind.RATIO_EXPECTED, Kind.VICIDIAL_TUNED, Kind.PI)
EVERY_DAY = ", every day"
METHODS = ("hard limit", "average", "tapered")
RATIOS = tuple(round(1.0 + 0.1 * i, 1) for i in range(240))
EXPECTED_RATIOS = tuple(round(0.5 + 0.1 * i, 1) for i in range(240))
LEVELS = (1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 11.0, 15.0, 20.0)
GAINS = (0.0, 10.0, 30.0, 100.0)
GAINS_PER_MIN = (0.2, 0.5, 2.0, 6.0, 20.0)
SETPOINTS = (1.0, 0.8, 0.6)
PI_WINDOW_S = 900.0
PI_MOST = 25.0
MIX_PERIOD_S = 3600.0


@dataclass(frozen=True, slots=True)
class Policy:
    """A way to pace with its settings: ratio; level, method and available-only; setpoint and gains; or, for
    the optimum, the share of time of its second table, then both tables. `every_day`: chosen to keep the limit on
    each day, not over all days together."""

    kind: Kind
    settings: tuple[float, ...] = ()
    every_day: bool = False

    @property
    def name(self) -> str:
        """Its name in tables."""
        return self.kind.value + (EVERY_DAY if self.every_day else "")

    @property
    def text(self) -> str:
        """The settings for people."""
        if self.kind in (Kind.RATIO, Kind.RATIO_EXPECTED):
            return f"{self.settings[0]:.1f}"
        if self.kind is Kind.VICIDIAL_TUNED:
            level, method, available = self.settings
            return f"level {level:g}, {METHODS[int(method)]}" + (", available only" if available else "")
        if self.kind is Kind.PI:
            return "setpoint {:.3f}, gain {:g}, {:g}/min".format(*self.settings)
        return ""


def grid(kind: Kind) -> tuple[Policy, ...]:
    """All settings of a tuned kind, from the most careful on where there is such an order."""
    if kind is Kind.RATIO:
        return tuple(Policy(kind, (ratio,)) for ratio in RATIOS)
    if kind is Kind.RATIO_EXPECTED:
        return tuple(Policy(kind, (ratio,)) for ratio in EXPECTED_RATIOS)
    if kind is Kind.VICIDIAL_TUNED:
        return tuple(
            Policy(kind, (level, float(method), available))
            for available in (0.0, 1.0)
            for method in range(len(METHODS))
            for level in LEVELS
        )
    return tuple(
        Policy(kind, (LIMIT * share, gain, gain_per_min))
        for share in SETPOINTS
        for gain in GAINS
        for gain_per_min in GAINS_PER_MIN
    )


def play(world: World, scenario: Scenario, policy: Policy) -> None:
    """Play a day that has not begun with a compiled policy; PREDICTIVE is no such (see `world.play_pacer`)."""
    _PLAYERS[policy.kind](world, scenario, policy.settings)


def progressive(world: World, scenario: Scenario, settings: Sequence[float]) -> None:
    """One line per ready agent, less those in flight: nobody can be abandoned, but for agents who leave."""
    kernels.play_ratio(world, 1.0, 0.0)


def fixed_ratio(world: World, scenario: Scenario, settings: Sequence[float]) -> None:
    """The floor of `ratio` lines per ready agent: the power dialing of most products."""
    kernels.play_ratio(world, settings[0], 0.0)


def expected_ratio(world: World, scenario: Scenario, settings: Sequence[float]) -> None:
    """A ratio of the agents ready or expected to be by the time a person answers, told the true mean lengths."""
    expected = min(1.0, scenario.person_ring.mean_s / scenario.handling_s)
    kernels.play_ratio(world, settings[0], expected)


def vicidial(world: World, scenario: Scenario, settings: Sequence[float]) -> None:
    """VICIdial's ADAPT_* dial methods with its defaults, the hard limit and a maximum level of 3.

    Source: the VICIDIAL manager manual (Auto Dial Level, Adapt methods, Available Only Tally) and its public
    description of the adaptive predictive algorithm (docs/PREDICTIVE.txt of the astGUIclient project): means over
    15 s, a level that climbs by the share of ready agents, and the day's drop percentage as the brake.
    """
    level, method, available = settings or (3.0, 0.0, 0.0)
    kernels.play_vicidial(world, LIMIT, level, int(method), int(available))


def pi_controller(world: World, scenario: Scenario, settings: Sequence[float]) -> None:
    """Lines per ready agent from a PI controller on the abandoned rate of the last 15 minutes.

    The textbook controller with its integral held at the bounds (Astrom and Hagglund, PID Controllers, 1995), as
    vendors describe their adaptive ratio. Setpoint and gains are chosen in hindsight.
    """
    kernels.play_pi(world, settings[0], settings[1], settings[2], PI_WINDOW_S, PI_MOST)


def told_optimum(world: World, scenario: Scenario, settings: Sequence[float]) -> None:
    """Lines by the number of people: the two tables of the exact optimum in turn, which only the truth can give."""
    under, over = np.array(settings[1:], np.int64).reshape(2, -1)
    kernels.play_targets(world, under, over, settings[0], MIX_PERIOD_S)


def told(best: Optimum) -> Policy:
    """The policy that plays this optimum."""
    return Policy(Kind.OPTIMUM, (best.share_over, *best.under.targets, *best.over.targets))


_PLAYERS = {
    Kind.PROGRESSIVE: progressive,
    Kind.RATIO: fixed_ratio,
    Kind.RATIO_EXPECTED: expected_ratio,
    Kind.VICIDIAL: vicidial,
    Kind.VICIDIAL_TUNED: vicidial,
    Kind.PI: pi_controller,
    Kind.OPTIMUM: told_optimum,
}
