"""Pictures: that they are made, hold what they should, and depend on nothing but what is drawn."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from dialer.sim.pictures import draw
from dialer.sim.simulation import SimulationSettings
from dialer.sim.timeline import Timeline
from dialer.sim.whatif import Outlook, play, play_day


@pytest.fixture(scope="module")
def drawn() -> tuple[list[Outlook], Timeline]:
    shift = SimulationSettings(2, 0.1)
    return play([shift, SimulationSettings(3, 0.1)], 2), play_day(shift, 12)


def test_a_png(drawn: tuple[list[Outlook], Timeline], tmp_path: Path) -> None:
    outlooks, day = drawn
    draw(tmp_path / "day.png", outlooks, 0.03, day, "Two agents")
    assert (tmp_path / "day.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_svg_every_time(drawn: tuple[list[Outlook], Timeline], tmp_path: Path) -> None:
    outlooks, day = drawn
    for name in ("a.svg", "b.svg"):
        draw(tmp_path / name, outlooks, 0.025, day, "Two agents")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert text == (tmp_path / "b.svg").read_text(encoding="utf-8")
    for words in ("Two agents", "Utilisation", "Abandoned calls", "limit: 2.5 %", "95 % of single shifts", "ringing"):
        assert words in text


def test_one_seed_is_drawn_without_intervals(drawn: tuple[list[Outlook], Timeline], tmp_path: Path) -> None:
    outlooks, day = drawn
    alone = [Outlook(o.settings, o.runs[:1]) for o in outlooks]
    draw(tmp_path / "one.svg", alone, 0.03, day, "One seed")
    text = (tmp_path / "one.svg").read_text(encoding="utf-8")
    assert "one run" in text
    assert "95 %" not in text


@pytest.mark.parametrize("widest", [0.6612, 0.668, 0.69, 0.95])
def test_no_two_ticks_of_the_utilisation_read_the_same(
    drawn: tuple[list[Outlook], Timeline], tmp_path: Path, widest: float
) -> None:
    outlooks, day = drawn
    narrow = [
        Outlook(o.settings, (replace(o.runs[0], busy_share=share),))
        for o, share in zip(outlooks, (0.66, widest), strict=True)
    ]
    draw(tmp_path / "narrow.SVG", narrow, 0.0, day, "A narrow range")
    ticks = re.findall(r"<!-- ([0-9.]+) % -->", (tmp_path / "narrow.SVG").read_text(encoding="utf-8"))
    high = [tick for tick in ticks if float(tick) > 50.0]
    assert len(high) >= 3
    assert len(set(high)) == len(high)
