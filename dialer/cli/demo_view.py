"""What the demo shows: live figures while it runs, and a report at the end."""

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from campaigns.store import Store
from dialer.cli.demo_site import CAMPAIGN

_LINES = ("RESERVED", "DIALING", "RINGING", "WAITING", "TALKING", "MESSAGE", "WRAPUP")
_STYLES = {"READY": "green", "INCALL": "bold cyan", "WRAPUP": "yellow", "PAUSED": "red", "RING": "dim"}


def live_view(state: dict[str, Any], leads_left: int, left_s: float) -> Panel:
    """The whole picture at one moment."""
    campaign = state["campaigns"][0] if state["campaigns"] else None
    if campaign is None:
        return Panel("starting ...", title="Ringpace demo")
    phase = "draining: talks finish" if state["draining"] else f"{max(0, round(left_s))} s to go, Ctrl-C ends it sooner"
    return Panel(
        Group(
            _figures(campaign, leads_left),
            Text(),
            _lines(campaign["lines"]),
            Text(),
            _agents(state["agents"]),
            Text(),
            Text(campaign["pacing"], style="italic"),
        ),
        title=f"Ringpace demo: real SIP calls on this machine ({phase})",
        border_style="blue",
    )


def plain_line(state: dict[str, Any], leads_left: int) -> str:
    """The same in one line, for logs."""
    if not state["campaigns"]:
        return "starting ..."
    campaign = state["campaigns"][0]
    agents: dict[str, int] = {}
    for agent in state["agents"]:
        agents[agent["state"]] = agents.get(agent["state"], 0) + 1
    return (
        f"agents {_counts(agents)} | lines {_counts(campaign['lines'])} | attempts {campaign['attempts']}"
        f" | connected {campaign['connected']} | abandoned {campaign['abandoned']} ({campaign['abandoned_rate']:.1%})"
        f" | mean wait {_wait(campaign['mean_wait_s'])} | leads left {leads_left}"
    )


def print_report(console: Console, site: Path) -> None:
    """What came of the campaign, read from the site's database."""
    with Store.open(site / "dialer.db") as store:
        campaign = store.report_campaign(CAMPAIGN)
        abandonment = store.report_abandonment(CAMPAIGN)
        agents = store.report_agents(CAMPAIGN, now=datetime.now(UTC))
    console.rule("Report")
    by_status = Table("status", "attempts", title="Attempts by status", box=None, title_justify="left")
    for status, count in campaign["by_status"].items():
        by_status.add_row(status, str(count))
    columns = ("agent", "calls", "wait", "talk", "wrap-up", "pause")
    by_agent = Table(*columns, title="Agents (seconds)", box=None, title_justify="left")
    for row in agents:
        by_agent.add_row(*(str(round(row[c])) if isinstance(row[c], float) else str(row[c]) for c in columns))
    console.print(by_status)
    console.print(by_agent)
    live, abandoned, rate = abandonment["live"], abandonment["abandoned"], abandonment["rate"]
    console.print(
        f"{campaign['attempts']} attempts; {abandonment['connected']} connected to an agent; "
        f"{abandoned} abandoned ({rate:.1%} of {live} live answers); "
        f"{campaign['leads_left']} of {campaign['leads']} leads left"
    )
    program = _program()
    where = f"{program} --site {site}"
    console.print(f"\nThe site is at {site}. What to type next:")
    for command in (f"report attempts {CAMPAIGN}", f"leads list {CAMPAIGN}", f"leads why {CAMPAIGN} 1"):
        console.print(f"  {where} {command}", soft_wrap=True)
    console.print(f"A site of your own:\n  {program} init mysite")


def _program() -> str:
    """How the person who reads this can call the program again."""
    if shutil.which("dialer"):
        return "dialer"
    return f"{sys.executable} -m dialer" if sys.argv[0].endswith("__main__.py") else sys.argv[0]


def _figures(campaign: dict[str, Any], leads_left: int) -> Table:
    table = Table(box=None, expand=True)
    rate = campaign["abandoned_rate"]
    figures = {
        "attempts": str(campaign["attempts"]),
        "answered": str(campaign["answered"]),
        "connected": str(campaign["connected"]),
        "abandoned": f"{campaign['abandoned']} ({rate:.1%})",
        "mean wait": _wait(campaign["mean_wait_s"]),
        "leads left": str(leads_left),
    }
    for name in figures:
        table.add_column(name, justify="right")
    table.add_row(*figures.values())
    return table


def _lines(lines: dict[str, int]) -> Table:
    table = Table(box=None, expand=True, title="lines by state", title_justify="left")
    for state in _LINES:
        table.add_column(state, justify="right")
    table.add_row(*(str(lines.get(state, 0)) for state in _LINES))
    return table


def _agents(agents: list[dict[str, Any]]) -> Table:
    table = Table("agent", "state", "for", "number", box=None, expand=True)
    for agent in agents:
        state = Text(f"{agent['state']} {agent['code']}".strip(), style=_STYLES.get(agent["state"], ""))
        table.add_row(agent["name"], state, f"{agent['since_s']:.0f} s", agent["phone"] or "")
    return table


def _counts(counts: dict[str, int]) -> str:
    return " ".join(f"{name} {count}" for name, count in counts.items()) or "none"


def _wait(mean_s: float | None) -> str:
    return "-" if mean_s is None else f"{mean_s:.1f} s"
