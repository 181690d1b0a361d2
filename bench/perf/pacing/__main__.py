"""How close the pacer comes to the best there is, what it abandons on the way, and what a decision costs.

    python -m bench.perf.pacing [--scenario core]... [--seeds 20] [--hours 8] [--draw docs/pictures]

Seeded days of a compiled world are played by the real pacer, by baselines whose settings are chosen in hindsight on
these very days, and in memoryless worlds also by the exact optimum. All policies dial the same lists.
"""

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.perf.pacing import costs
from bench.perf.pacing.baselines import Kind, Policy
from bench.perf.pacing.days import compare, optima, play_day
from bench.perf.pacing.figures import HEADER, Row, line, row, upper_bound
from bench.perf.pacing.scenarios import LIMIT, QUICK, SMALL, Scenario, scenarios
from bench.perf.pacing.world import EARLY_S, Day

LOADS = ((10, 30), (20, 60), (100, 300))


def main() -> None:
    """Print the table; with --json one document on stdout, and the table on stderr."""
    options = _options()
    known = scenarios(options.hours * 3600.0)
    chosen = [known[name] for name in options.scenario or known]
    out = sys.stderr if options.json else sys.stdout
    began = time.perf_counter()
    with ProcessPoolExecutor(options.workers) as pool:
        if options.promise:
            document: dict[str, Any] = {"promise": _promise(pool, chosen, options.promise, out)}
        else:
            document = {"rows": [asdict(row) for row in _table(pool, chosen, range(options.seeds), out)]}
    if options.draw:
        from bench.perf.pacing.pictures import draw_all

        for path in draw_all([Row(**row) for row in document.get("rows", [])], options.draw):
            print(f"drew {path}", file=out)
    if not options.promise and not options.scenario:
        document |= _costs(out)
    print(f"took {time.perf_counter() - began:.0f} s", file=out)
    if options.json:
        print(json.dumps(_finite(document)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20, help="days for each scenario and policy (default 20)")
    parser.add_argument("--hours", type=float, default=8.0, help="length of a day (default 8)")
    parser.add_argument("--scenario", action="append", choices=list(scenarios(1.0)), help="only this one; repeatable")
    parser.add_argument("--quick", action="store_true", help="two days of 3 hours of six scenarios")
    parser.add_argument("--promise", type=int, metavar="N", help="the pacer alone, N days of each small scenario")
    parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--draw", type=Path, metavar="DIR", help="write pictures (PNG) there")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    if options.quick:
        options.seeds, options.hours = min(options.seeds, 2), min(options.hours, 3.0)
        options.scenario = options.scenario or list(QUICK)
    if options.promise:
        options.scenario = options.scenario or list(SMALL)
    for name in ("seeds", "hours", "workers"):
        if getattr(options, name) <= 0:
            parser.error(f"--{name} must be more than 0")
    return options


def _table(pool: ProcessPoolExecutor, chosen: Sequence[Scenario], seeds: Sequence[int], out: Any) -> list[Row]:
    rows: list[Row] = []
    print(HEADER, file=out, flush=True)
    for scenario in chosen:
        best = optima(pool, scenario)
        plain: list[Day] = []
        for policy, days in compare(pool, scenario, seeds, best):
            plain = plain or days
            rows.append(row(scenario, policy, days, plain, best))
            print(line(rows[-1]), file=out, flush=True)
        if best:
            print(
                f"{scenario.name:20s} exact optimum       {best[-1].utilisation:6.3f}  "
                f"(nobody waiting: {best[0].utilisation:.3f})",
                file=out,
            )
        print(file=out, flush=True)
    return rows


def _promise(pool: ProcessPoolExecutor, chosen: Sequence[Scenario], days: int, out: Any) -> list[dict[str, Any]]:
    """How often a day of the pacer ends over the limit, and the bound of its probability."""
    found = []
    for scenario in chosen:
        jobs = [(scenario, Policy(Kind.PREDICTIVE), seed) for seed in range(days)]
        played = list(pool.map(play_day, jobs, chunksize=4))
        over = sum(day.rate > LIMIT for day in played)
        bound = upper_bound(over, days)
        utilisation = sum(day.utilisation for day in played) / days
        abandoned = sum(day.abandoned for day in played) / max(1, sum(day.live for day in played))
        worst = max(day.rate for day in played)
        early = _early(played)
        found.append(
            {
                "scenario": scenario.name,
                "days": days,
                "days_over": over,
                "over_bound": bound,
                "worst_day": worst,
                "abandoned": abandoned,
                "utilisation": utilisation,
                "early": early,
            }
        )
        print(
            f"{scenario.name:20s} {over} of {days} days over {LIMIT:.0%} (probability under {bound:.2%} at 95 %), "
            f"worst day {worst:.2%}, all days {abandoned:.2%}, utilisation {utilisation:.3f}",
            file=out,
            flush=True,
        )
        for then in early:
            print(
                f"{'':20s} after {then['hours']:g} h {then['days_over']} days stood over ({then['share_over']:.2%}), "
                f"all days {then['abandoned']:.2%}",
                file=out,
                flush=True,
            )
    return found


def _early(played: Sequence[Day]) -> list[dict[str, Any]]:
    """How the days stood after the first hours, as far as they lasted."""
    found = []
    for at_s, counts in zip(EARLY_S, zip(*(day.early for day in played), strict=True), strict=False):
        over = sum(abandoned > LIMIT * live for live, abandoned in counts)
        live, abandoned = (sum(column) for column in zip(*counts, strict=True))
        found.append(
            {
                "hours": at_s / 3600.0,
                "days_over": over,
                "share_over": over / len(played),
                "abandoned": abandoned / max(1, live),
            }
        )
    return found


def _costs(out: Any) -> dict[str, Any]:
    measured = [costs.decision_cost(agents, lines) for agents, lines in LOADS]
    for cost in measured:
        spent = f"median {cost.median_us:.0f} us, p99 {cost.p99_us:.0f} us"
        print(f"decide, {cost.agents} agents, {cost.lines} lines: {spent}", file=out)
    ratio = costs.twin_ratio(20, 60)
    print(f"compiled decision {ratio:.0f} times as fast as its plain twin (20 agents, 60 lines)", file=out)
    first = {name: costs.first_decision(cached=name == "cached") for name in ("cached", "uncached")}
    for name, fresh in first.items():
        spent = f"import {fresh.import_s:.2f} s, decide {fresh.decide_s:.2f} s"
        print(f"first decision of a fresh process, kernels {name}: {spent}", file=out)
    return {
        "decide": [asdict(cost) for cost in measured],
        "compiled_over_plain": ratio,
        "first_decision": {name: asdict(fresh) for name, fresh in first.items()},
        "load": list(os.getloadavg()),
    }


def _finite(value: Any) -> Any:
    """JSON knows no NaN: None instead."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


if __name__ == "__main__":
    main()
