from datetime import UTC, datetime

from campaigns.audit.duties import Duty, duties_of, hold
from campaigns.audit.kinds import Record
from campaigns.rules.model import Period
from campaigns.rules.packs import load_builtin, parse_pack

NOON = datetime(2026, 6, 1, 15, 0, tzinfo=UTC)

PACK = """
[pack]
id = "xx"
title = "Records"
version = "2026-06-01"
jurisdiction = "XX"

[[rule]]
id = "xx.sales.retention"
where = ["XX"]
purpose = ["sales"]
type = "retention"
retention = {{ records = "5y", consents = "2y" }}
effect = "block"
status = "{status}"
confidence = "{confidence}"
source = {{ cite = "Act 1", url = "https://example.org", checked_on = "2026-06-01" }}
"""


def read(status: str = "in_force", confidence: str = "H") -> tuple[Duty, ...]:
    return duties_of([parse_pack(PACK.format(status=status, confidence=confidence), "xx.toml")])


def test_retention_rules_become_duties() -> None:
    assert [(duty.rule, duty.records, str(duty.period), duty.rolling, duty.because) for duty in read()] == [
        ("xx.sales.retention", frozenset({Record.CALLS, Record.SALES}), "5y", False, "Act 1"),
        ("xx.sales.retention", frozenset({Record.CONSENTS}), "2y", False, "Act 1"),
    ]


def test_drafts_and_weak_rules_keep_nothing() -> None:
    assert read(status="draft") == ()
    assert read(confidence="L") == ()


def test_a_site_confirms_rules_and_switches_them_off() -> None:
    weak = parse_pack(PACK.format(status="draft", confidence="L"), "xx.toml")
    assert len(duties_of([weak], enforce={"xx.sales.retention"})) == 2
    sure = parse_pack(PACK.format(status="in_force", confidence="H"), "xx.toml")
    assert duties_of([sure], off={"xx.sales.retention": "we never sell there"}) == ()


def test_the_packs_know_the_duties_of_the_regulations() -> None:
    """16 CFR 310.5: 5 years. 12 CFR 1006.100: 3 years from the last activity. UWG § 7a: 5 years from the last use."""
    duties = duties_of(load_builtin())
    calls = [duty for duty in duties if duty.binds(["US-FL"], "sales") and Record.CALLS in duty.records]
    assert [(duty.rule, str(duty.period), duty.rolling) for duty in calls] == [("us.sales.retention", "5y", False)]
    debts = [duty for duty in duties if duty.binds(["US-NY"], "collections") and Record.DEBTS in duty.records]
    assert [(duty.rule, str(duty.period), duty.rolling) for duty in debts] == [("us.collections.retention", "3y", True)]
    assert Record.IDENTITY in debts[0].records
    consents = [duty for duty in duties if duty.binds(["DE"], "sales") and Record.CONSENTS in duty.records]
    assert [(duty.rule, str(duty.period), duty.rolling) for duty in consents] == [("de.sales.retention", "5y", True)]


def test_a_duty_counts_from_each_record_or_from_the_last_activity() -> None:
    each = Duty("each", frozenset({Record.CALLS}), Period(1, "y"))
    rolling = Duty("rolling", frozenset({Record.CALLS}), Period(2, "y"), rolling=True)
    last = NOON.replace(year=2025)
    found = hold([each], Record.CALLS, last, NOON)
    assert found is not None
    assert found.after == last
    assert found.until(last, NOON) == (NOON, each)
    both = hold([each, rolling], Record.CALLS, last, NOON)
    assert both is not None
    assert both.after is None
    assert both.until(last, last) == (NOON.replace(year=2027), rolling)
    assert hold([rolling], Record.CALLS, NOON.replace(year=2023), NOON) is None
    assert hold([each], Record.CONSENTS, last, NOON) is None
    assert hold([each, rolling], Record.CALLS, None, NOON) is None


def test_a_duty_binds_below_its_regions_and_where_nobody_knows() -> None:
    duty = Duty("x", frozenset(Record), Period(1, "y"), where=frozenset({"US"}), purposes=frozenset({"sales"}))
    assert duty.binds(["US-FL"], "sales")
    assert duty.binds(["CA", "US"], "sales")
    assert duty.binds([], "sales")
    assert not duty.binds(["USX"], "sales")
    assert not duty.binds(["US"], "survey")
