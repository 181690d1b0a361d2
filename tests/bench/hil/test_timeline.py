"""One timeline for all that happens."""

import asyncio
import threading

import pytest

from bench.hil import timeline as module
from bench.hil.timeline import Entry, Lane, Timeline, TimelineFull


def is_ringing(entry: Entry) -> bool:
    return entry.what == "Ringing"


def test_the_earliest_that_matches_is_found_whatever_the_order_it_was_told_in() -> None:
    async def main() -> None:
        timeline = Timeline(asyncio.get_running_loop())
        timeline.note(Lane.CALL, "a", "Ringing", at=5.0)
        timeline.note(Lane.CALL, "b", "Ringing", at=3.0)
        timeline.note(Lane.CALL, "c", "Ringing", at=1.0)
        assert timeline.first(is_ringing, 2.0, set()) == 1
        assert timeline.first(is_ringing, 2.0, {1}) == 0
        assert timeline.first(is_ringing, 6.0, set()) is None

    asyncio.run(main())


def test_waiting_ends_when_it_comes_even_from_another_thread() -> None:
    async def main() -> None:
        timeline = Timeline(asyncio.get_running_loop())
        since = timeline.now()
        teller = threading.Timer(
            0.05, timeline.note_from_thread, args=(since + 0.01, Lane.PIN, "line 1", "Ringing", {"on": True})
        )
        teller.start()
        assert await timeline.wait(is_ringing, since, since + 5, set()) == 0

    asyncio.run(main())


def test_waiting_in_vain_ends_after_the_time() -> None:
    async def main() -> None:
        timeline = Timeline(asyncio.get_running_loop())
        assert await timeline.wait(is_ringing, timeline.now(), timeline.now() + 0.05, set()) is None

    asyncio.run(main())


def test_an_entry_tells_itself_in_words() -> None:
    assert Entry(0.0, Lane.PIN, "line 1", "hook", {"where": "line 1", "on": False}).text() == "hook line 1 off"
    assert Entry(0.0, Lane.CALL, "a", "Ended", {"cause": "busy", "detail": ""}).text() == "Ended cause=busy"


def test_a_timeline_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ENTRIES", 2)

    async def main() -> None:
        timeline = Timeline(asyncio.get_running_loop())
        timeline.note(Lane.CALL, "a", "x")
        timeline.note(Lane.CALL, "a", "y")
        with pytest.raises(TimelineFull):
            timeline.note(Lane.CALL, "a", "z")

    asyncio.run(main())
