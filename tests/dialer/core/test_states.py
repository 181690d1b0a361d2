from pathlib import Path

import pytest

from dialer.core.diagrams import document
from dialer.core.states import (
    AGENT,
    ATTEMPT,
    LINE,
    AgentState,
    AttemptState,
    AttemptTrigger,
    IllegalTransition,
    LineState,
    after,
)

DOCS = Path(__file__).parents[3] / "docs"


def test_the_diagrams_are_those_of_the_tables() -> None:
    written = (DOCS / "states.md").read_text(encoding="utf-8")
    assert written == document(), "run: python -m dialer.core.diagrams > docs/states.md"


@pytest.mark.parametrize(
    ("table", "states", "start"),
    [
        (ATTEMPT, AttemptState, AttemptState.RESERVED),
        (AGENT, AgentState, AgentState.LOGGED_OUT),
        (LINE, LineState, LineState.DIALING),
    ],
)
def test_every_state_has_a_row_and_can_be_reached(table, states, start) -> None:  # type: ignore[no-untyped-def]
    assert set(table) == set(states)
    reached, todo = {start}, [start]
    while todo:
        for target in table[todo.pop()].values():
            if target not in reached:
                reached.add(target)
                todo.append(target)
    assert reached == set(states)


def test_an_attempt_can_end_from_every_state() -> None:
    def leads_to_closed(state: AttemptState, seen: frozenset[AttemptState] = frozenset()) -> bool:
        if state is AttemptState.CLOSED:
            return True
        return any(leads_to_closed(t, seen | {state}) for t in ATTEMPT[state].values() if t not in seen)

    assert all(leads_to_closed(state) for state in AttemptState)


def test_an_illegal_transition_raises() -> None:
    with pytest.raises(IllegalTransition, match="CLOSED: no transition for 'answered'"):
        after(ATTEMPT, AttemptState.CLOSED, AttemptTrigger.ANSWERED)
