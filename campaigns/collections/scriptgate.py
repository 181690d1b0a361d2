"""Whether a collections script speaks of the debt too early: before the right party is known and has been told. Pure.

The order is that of 12 CFR 1006.6(d) and 1006.18(e): verify who is on the line, say that a debt collector calls, and
only then speak of the debt.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.collections.disclosure import required_statements
from campaigns.model import Kind
from campaigns.rules.model import Disclosure as LegalDisclosure
from campaigns.telesales.scripts import DEBT_VARIABLES, Script, Step

RIGHT_PARTY = "right_party"


@dataclass(frozen=True, slots=True)
class ScriptFault:
    """A step that speaks of the debt on a way that has not passed a gate; '' when no step of the script is the gate.

    `gate` is the right party, or a statement such as mini_miranda.
    """

    step: str
    gate: str
    detail: str


def script_faults(script: Script, kind: Kind, demanded: Sequence[LegalDisclosure]) -> tuple[ScriptFault, ...]:
    """What of a campaign's script breaks the order; `demanded` are the disclosures in the terms of the law.

    A step that is the gate may speak of the debt itself. Scripts of other campaigns have no faults.
    """
    if kind is not Kind.COLLECTIONS:
        return ()
    statements = sorted(required_statements(kind, demanded))
    faults = [
        ScriptFault("", statement, f"no step says {statement}; the law asks for it before the debt")
        for statement in statements
        if not any(_is_gate(step, statement) for step in script.steps.values())
    ]
    missing = {fault.gate for fault in faults}
    gates = [gate for gate in (RIGHT_PARTY, *statements) if gate not in missing]
    return (*faults, *(fault for gate in gates for fault in _early(script, gate)))


def _is_gate(step: Step, gate: str) -> bool:
    return step.right_party if gate == RIGHT_PARTY else gate in step.says


def _early(script: Script, gate: str) -> list[ScriptFault]:
    """The steps that speak of the debt and can be come to without the gate."""
    reached = _reached_without(script, gate)
    return [
        ScriptFault(name, gate, f"step {name} speaks of {', '.join(spoken)} on a way that has not passed {gate}")
        for name, step in script.steps.items()
        if name in reached and (spoken := _spoken(step))
    ]


def _spoken(step: Step) -> list[str]:
    return sorted({variable.name for variable in step.text.variables} & set(DEBT_VARIABLES))


def _reached_without(script: Script, gate: str) -> set[str]:
    reached: set[str] = set()
    ahead = [script.start]
    while ahead:
        name = ahead.pop()
        step = script.steps.get(name)
        if step is None or name in reached or _is_gate(step, gate):
            continue
        reached.add(name)
        ahead += [branch.go for branch in step.branches]
    return reached
