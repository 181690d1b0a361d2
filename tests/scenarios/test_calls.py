"""Golden call logs. After a wanted change: RINGPACE_REWRITE=1 pytest tests/scenarios, then review the diff."""

import os
from pathlib import Path

import pytest

from tests.scenarios.transcript import Transcript

CALLS = sorted((Path(__file__).parent / "calls").glob("*.txt"))


@pytest.mark.parametrize("path", CALLS, ids=lambda p: p.stem)
def test_call_log_is_as_written(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    played = Transcript().play(text)
    if os.environ.get("RINGPACE_REWRITE"):
        path.write_text(played, encoding="utf-8")
    assert played == text


def test_every_row_of_unanswered_calls_has_a_log() -> None:
    wanted = {
        *("busy", "no_answer", "rejected", "invalid_number", "congestion", "trunk_down", "timeout", "early_media"),
        *("answer", "abandoned", "glare", "pause_while_a_call_arrives", "log_out_with_lines_ringing"),
    }
    assert wanted <= {path.stem for path in CALLS}
