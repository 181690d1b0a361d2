"""Processes killed at random instants: nobody is called twice by mistake, nothing is lost, nothing is left behind."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from campaigns.model import Mode
from dialer.sim.checkers import check_store
from tests.e2e.site import (
    CAMPAIGN,
    Plan,
    World,
    alive,
    by_call,
    campaign,
    read_lines,
    run_dialer,
    some_numbers,
    until,
    world,
)

pytestmark = pytest.mark.sip
Row = dict[str, Any]

CARRIER = """
base = "quick"
[person]
talk_median_s = 3
talk_max_s = 8
patience_min_s = 6
patience_max_s = 8
"""
PLAN = Plan(
    some_numbers(3000),
    agents=5,
    max_lines=20,
    mode=Mode.POWER,
    settings={"lines_per_agent": 3, "wrapup_s": 5},
    carrier=CARRIER,
)
# What the dialer's cards need to tell every far end that a call is over after the dialer itself is gone.
FAREWELL_S = 2.0
CLOCKS_S = 0.5


def kill_dialer(made: World) -> float:
    """SIGKILL the dialer's process and see its cards end; the instant of the kill."""
    assert made.dialer is not None
    family = made.family()
    killed_at = time.monotonic()
    made.dialer.kill()
    made.dialer.wait()
    until("the cards to end", lambda: not any(alive(p) for p in family), 5.0)
    return killed_at


@dataclass(frozen=True, slots=True)
class DeadCard:
    """A card that was killed: its calls were told nothing. `sources` are its addresses."""

    killed_at: float
    sources: frozenset[str]

    def held(self, invite: Row) -> bool:
        return invite["source"] in self.sources and invite["mono"] <= self.killed_at


def kill_card(made: World, chance: random.Random) -> DeadCard:
    """SIGKILL one card and see another take its place."""
    cards = sorted(made.cards(), key=lambda p: p.pid)
    card = chance.choice(cards)
    sources = frozenset(f"{c.laddr[0]}:{c.laddr[1]}" for c in card.net_connections("udp4"))
    killed_at = time.monotonic()
    card.kill()
    until("a new card", lambda: len([p for p in made.cards() if alive(p)]) == len(cards), 15.0)
    return DeadCard(killed_at, sources)


def batter(folder: Path, kinds: list[str], seed: int) -> None:
    """Run a campaign, kill the dialer or a card at random instants, and hold what is left against every promise."""
    chance = random.Random(seed)
    chance.shuffle(kinds)
    kills: list[float] = []
    dead_cards: list[DeadCard] = []
    with campaign(folder, PLAN) as made:
        for kind in kinds:
            time.sleep(chance.uniform(0.2, 5.0))
            if kind == "card":
                dead_cards.append(kill_card(made, chance))
            else:
                kills.append(kill_dialer(made))
                made.start_dialer()
        until("agents to work again", lambda: len(made.state()["agents"]) == PLAN.agents, 40.0)
        made.terminate()
        assert made.wait_dialer(60.0) == 0, made.complaints()
        with made.store() as store:
            check_store(store, CAMPAIGN)
        time.sleep(1.0)
        calls = by_call(read_lines(made.carrier_log))
        legs = by_call(read_lines(made.phones_log))
        attempts = made.attempts()
    hold_to_account(calls, attempts)
    for killed_at in kills:
        for far_end in (calls, legs):
            ended_in_time(far_end, killed_at, dead_cards)
    outcomes = Counter(a["outcome"] for a in attempts)
    print(f"{len(kinds)} kills ({len(kills)} of the dialer), {len(calls)} calls, {len(attempts)} attempts: {outcomes}")
    assert len(attempts) > 3 * len(kinds)


def hold_to_account(calls: dict[str, dict[str, Row]], attempts: list[Row]) -> None:
    """No INVITE without an attempt on disk, and no attempt on a lead before its time."""
    dialed = Counter(call["invite"]["number"] for call in calls.values())
    reserved = Counter(a["phone"] for a in attempts)
    assert not dialed - reserved, "called without an attempt on disk"
    refs = [a["ref"] for a in attempts if a["ref"]]
    assert len(refs) == len(set(refs))
    assert set(refs) <= set(calls)
    by_lead: dict[int, list[Row]] = defaultdict(list)
    for attempt in attempts:
        by_lead[attempt["lead_id"]].append(attempt)
    for tries in by_lead.values():
        for before, again in pairwise(tries):
            assert before["retry_at"] is not None, (before, again)
            assert datetime.fromisoformat(again["started_at"]) >= datetime.fromisoformat(before["retry_at"])
    for attempt in attempts:
        call = calls.get(attempt["ref"])
        if call is not None and attempt["connected_at"]:
            assert "answered" in call


def ended_in_time(calls: dict[str, dict[str, Row]], killed_at: float, dead_cards: list[DeadCard]) -> None:
    """Whatever was up at the kill of the dialer was told that it is over, but for what a dead card had held."""
    for call in calls.values():
        invite, ended_at = call["invite"], call["ended"]["mono"]
        if invite["mono"] < killed_at < ended_at and not any(card.held(invite) for card in dead_cards):
            assert ended_at - killed_at < FAREWELL_S + CLOCKS_S, (killed_at, call)


def test_killed_a_few_times_it_keeps_its_promises(tmp_path: Path) -> None:
    batter(tmp_path, ["dialer"] * 3 + ["card"] * 3, seed=1)


@pytest.mark.soak
def test_killed_at_fifty_instants_it_keeps_its_promises(tmp_path: Path) -> None:
    batter(tmp_path, ["dialer"] * 25 + ["card"] * 25, seed=2)


def test_an_import_cut_short_can_be_done_again(tmp_path: Path) -> None:
    """What a killed import left behind is called by nobody, and the next import takes it back."""
    numbers = some_numbers(6400)
    with world(tmp_path, Plan(numbers[:1])) as made:
        made.build()
        leads = made.write_leads(tmp_path / "many.csv", numbers[1:])
        database = made.path / "dialer.db"
        cut = [_cut_import(made, leads, database) for _ in range(3)]
        assert any(cut), "no import was cut short"
        done = run_dialer("leads", "import", CAMPAIGN, str(leads), "--json", site=made.path)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert report["read"] == report["loaded"] + report["duplicate"] == len(numbers) - 1
        assert _leads(database) == _callable_leads(database) == len(numbers)
        assert report["duplicate"] == (0 if all(cut) else len(numbers) - 1)


def _cut_import(made: World, leads: Path, database: Path) -> bool:
    """Start an import and kill it once leads of it are there; False when it was quicker."""
    command = [sys.executable, "-m", "dialer", "--site", str(made.path), "leads", "import", CAMPAIGN, str(leads)]
    before = _callable_leads(database)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until("leads", lambda: _leads(database) > 1 or process.poll() is not None, 30.0, every_s=0.005)
    process.kill()
    cut = process.wait() == -signal.SIGKILL
    assert _check(database) == "ok"
    if cut and _callable_leads(database) == before:
        return True
    assert _callable_leads(database) == _leads(database)
    return False


def _callable_leads(database: Path) -> int:
    """Leads of lists that are called."""
    sql = "SELECT COUNT(*) FROM leads l JOIN lists s ON s.id = l.list_id WHERE s.active = 1"
    return int(_one(database, sql))


def _leads(database: Path) -> int:
    return int(
        _one(database, "SELECT COUNT(*) FROM leads l WHERE EXISTS (SELECT 1 FROM lead_phones WHERE lead_id = l.id)")
    )


def _check(database: Path) -> str:
    return str(_one(database, "PRAGMA integrity_check"))


def _one(database: Path, sql: str) -> Any:
    connection = sqlite3.connect(database, timeout=10.0)
    try:
        return connection.execute(sql).fetchone()[0]
    finally:
        connection.close()
