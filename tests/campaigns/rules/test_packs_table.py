"""What the packs say of single calls, row by row, with the source that each expectation was written from."""

from dataclasses import replace

import pytest

from campaigns.rules import Rulebook, load_builtin
from tests.campaigns.rules import table_states, table_us, table_world
from tests.campaigns.rules.packs_table import Row, instant, judged, rules, stopping, told

ROWS = (*table_us.ROWS, *table_states.ROWS, *table_world.ROWS)
DECIDING = {"window", "closed_days", "frequency", "cooldown", "consent", "registry"}


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_law_of_the_source_is_what_the_packs_judge(row: Row) -> None:
    verdict = judged(row)
    expected = {*row.also, *((row.rule,) if row.stops else ())}
    assert stopping(verdict) == expected, [reason.detail for reason in verdict.reasons]
    assert verdict.allowed == (not expected)
    assert set(row.told) <= told(verdict)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_cites_the_source_that_its_rule_cites(row: Row) -> None:
    assert row.cite in rules()[row.rule].source.cite


def test_every_rule_that_decides_on_calls_has_rows_on_both_sides() -> None:
    deciding = {rule.id for rule in rules().values() if rule.type in DECIDING}
    assert deciding - {row.rule for row in ROWS} == set()
    passing = {row.rule for row in ROWS if not row.stops}
    stopped = {row.rule for row in ROWS if row.stops or row.told}
    silent = {"gb.collections.hours"}  # it sets no hours at all
    assert deciding - passing - {"us.sales.registry.ebr"} == set()
    assert deciding - stopped - silent == set()


def test_a_registry_that_nobody_looked_at_is_told_even_where_the_site_lets_it_pass() -> None:
    lenient = Rulebook(load_builtin(), require_registries=False)
    for unseen in (replace(table_us.sale, on_registries=None), replace(table_us.sale, registry_age_days={})):
        verdict = lenient.judge(unseen, instant(table_us.NOON), ())
        assert told(verdict) == {"us.sales.registry", "us.sales.registry.ebr"}


def test_the_table_has_no_row_twice() -> None:
    assert len(ROWS) == len(set(map(repr, ROWS)))
