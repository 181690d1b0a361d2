"""Rows on the federal rules of the United States: sales, registry, collections, clock changes."""

from dataclasses import replace

from campaigns.rules import Place, Purpose
from tests.campaigns.rules.packs_table import (
    OTHER_PHONE,
    About,
    business,
    case,
    consented,
    copies_of,
    listed,
    past,
    talk,
    times,
)

tsr_hours = About("us.sales.hours", "16 CFR 310.4(c)")
registry = About("us.sales.registry", "16 CFR 310.4(b)(1)(iii)(B)")
strict = About("us.sales.registry.ebr", "16 CFR 310.4(b)(1)(iii)(B)")
voice = About("us.sales.artificial_voice", "47 CFR 64.1200(a)")
reg_f_hours = About("us.collections.hours", "12 CFR 1006.6(b)(1)(i)")
seven = About("us.collections.frequency", "12 CFR 1006.14(b)(2)(i)(A)")
after_talk = About("us.collections.after_conversation", "12 CFR 1006.14(b)(2)(i)(B)")
ma = About("us-ma.collections.frequency", "940 CMR 7.04(1)(f)")
ma_work = About("us-ma.collections.frequency_work", "940 CMR 7.04(1)(f)")
wa = About("us-wa.collections.frequency", "RCW 19.16.250")
wa_work = About("us-wa.collections.frequency_work", "RCW 19.16.250")
wa_home = About("us-wa.collections.hours_home", "RCW 19.16.250")
nyc = About("us-ny-nyc.collections.frequency", "6 RCNY 5-77")

sale = case("sales", "New_York", "US-NY")
debt = case("collections", "New_York", "US-NY", debts=frozenset({1}))
one = {"debts": frozenset({1})}
two = {"debts": frozenset({2})}

HOURS = (
    tsr_hours.stops("2026-07-01 07:59 New_York", sale),
    tsr_hours.passes("2026-07-01 08:00 New_York", sale),
    tsr_hours.passes("2026-07-01 20:59 New_York", sale),
    tsr_hours.stops("2026-07-01 21:00 New_York", sale),
    tsr_hours.passes("2026-07-05 08:00 New_York", sale),
    tsr_hours.passes("2026-12-25 12:00 New_York", sale),
    tsr_hours.passes("2026-07-01 23:00 New_York", business(sale)),
    tsr_hours.passes("2026-07-01 23:00 New_York", case("service", "New_York", "US-NY")),
    tsr_hours.passes("2026-07-01 23:00 New_York", case("survey", "New_York", "US-NY")),
    tsr_hours.stops("2026-07-01 21:00 Puerto_Rico", case("sales", "Puerto_Rico", "PR")),
    tsr_hours.passes("2026-07-01 20:59 Puerto_Rico", case("sales", "Puerto_Rico", "PR")),
    tsr_hours.passes("2028-02-29 20:59 Denver", case("sales", "Denver", "US-CO")),
    tsr_hours.stops("2028-02-29 21:00 Denver", case("sales", "Denver", "US-CO")),
    # every plausible zone must be open
    tsr_hours.stops("2026-07-01 08:30 New_York", case("sales", "New_York+Chicago", "US-TN")),
    tsr_hours.passes("2026-07-01 09:00 New_York", case("sales", "New_York+Chicago", "US-TN")),
    tsr_hours.stops("2026-07-01 20:30 Phoenix", case("sales", "Phoenix+Denver", "US-AZ")),
    tsr_hours.passes("2026-12-01 20:30 Phoenix", case("sales", "Phoenix+Denver", "US-AZ")),
    tsr_hours.passes("2026-12-01 20:30 Phoenix", case("sales", "Phoenix", "US-AZ")),
    tsr_hours.stops("2026-07-01 07:30 Phoenix", case("sales", "Phoenix+Denver", "US-AZ")),
)

CLOCK_CHANGES = (
    # 8 March 2026: 02:00 EST is 03:00 EDT; eight in the morning is 12:00 UTC, an hour earlier than the day before
    tsr_hours.stops("2026-03-07 12:59 UTC", sale),
    tsr_hours.stops("2026-03-08 11:59 UTC", sale),
    tsr_hours.passes("2026-03-08 12:00 UTC", sale),
    tsr_hours.passes("2026-03-09 00:59 UTC", sale),
    tsr_hours.stops("2026-03-09 01:00 UTC", sale),
    # 1 November 2026: 02:00 EDT is 01:00 EST
    tsr_hours.stops("2026-11-01 01:30 New_York", sale),
    tsr_hours.stops("2026-11-01 01:30 New_York*", sale),
    tsr_hours.stops("2026-11-01 12:59 UTC", sale),
    tsr_hours.passes("2026-11-01 13:00 UTC", sale),
    tsr_hours.passes("2026-11-02 01:59 UTC", sale),
    tsr_hours.stops("2026-11-02 02:00 UTC", sale),
    reg_f_hours.stops("2027-03-14 11:59 UTC", debt),
    reg_f_hours.passes("2027-03-14 12:00 UTC", debt),
    reg_f_hours.stops("2027-11-07 12:30 UTC", debt),
    reg_f_hours.passes("2027-11-07 13:00 UTC", debt),
)

NOON = "2026-07-01 12:00 New_York"
on_list = listed(sale, "us-national")
EBR = ("us.sales.registry.ebr",)
ai_voice = replace(sale, mode="artificial")

REGISTRY = (
    registry.stops(NOON, on_list, also=EBR),
    registry.passes(NOON, copies_of(sale, 31)),
    registry.stops(NOON, copies_of(sale, 32), also=EBR),
    registry.stops(NOON, replace(sale, registry_age_days={}), also=EBR),
    registry.stops(NOON, replace(sale, on_registries=None), also=EBR),
    registry.passes(NOON, consented(on_list, "written")),
    registry.stops(NOON, consented(on_list, "express"), also=EBR),
    # the relationship permits calls, so its limits (confidence K) wait for a person
    strict.stops(NOON, consented(on_list, "ebr")),
    strict.stops(NOON, consented(on_list, "inquiry", "2026-06-01 12:00 UTC")),
    registry.passes(NOON, consented(on_list, "ebr", "2025-01-02 12:00 UTC"), off=EBR),
    registry.stops(NOON, consented(on_list, "ebr", "2024-12-30 12:00 UTC"), off=EBR),
    registry.passes(NOON, consented(on_list, "inquiry", "2026-04-02 12:00 UTC"), off=EBR),
    registry.stops(NOON, consented(on_list, "inquiry", "2026-03-30 12:00 UTC"), off=EBR),
    registry.passes(NOON, business(on_list)),
    registry.passes(NOON, listed(debt, "us-national")),
    registry.passes(NOON, listed(case("survey", "New_York", "US-NY"), "us-national")),
    voice.stops(NOON, ai_voice),
    voice.stops(NOON, consented(ai_voice, "express")),
    voice.passes(NOON, consented(ai_voice, "written")),
    voice.passes(NOON, sale),
)

MONDAY = "2026-06-01 10:00 New_York"
direct = consented(debt, "express", "2026-06-01 09:00 New_York", purpose=Purpose.COLLECTIONS)
long_ago = consented(debt, "express", "2026-05-01 09:00 New_York", purpose=Purpose.COLLECTIONS)
not_put_through = past("2026-06-01 17:00 New_York", "unconnected", **one)

COLLECTIONS = (
    reg_f_hours.stops("2026-06-01 07:59 New_York", debt),
    reg_f_hours.passes("2026-06-01 08:00 New_York", debt),
    reg_f_hours.passes("2026-06-01 20:59 New_York", debt),
    reg_f_hours.stops("2026-06-01 21:00 New_York", debt),
    reg_f_hours.passes("2026-06-07 12:00 New_York", debt),
    reg_f_hours.stops("2026-06-01 20:30 Chicago", case("collections", "New_York+Chicago", "US-TN")),
    # more than seven calls within seven consecutive days
    seven.passes("2026-06-01 18:00 New_York", debt, past=times(6, MONDAY, **one)),
    seven.stops("2026-06-01 18:00 New_York", debt, past=times(7, MONDAY, **one)),
    seven.stops("2026-06-07 20:00 New_York", debt, past=times(7, MONDAY, **one)),
    seven.passes("2026-06-08 18:00 New_York", debt, past=times(7, MONDAY, **one)),
    seven.passes("2026-06-01 18:00 New_York", debt, past=times(7, MONDAY, **two)),
    seven.stops("2026-06-01 18:00 New_York", debt, past=times(7, MONDAY, phone=OTHER_PHONE, **one)),
    seven.stops("2026-06-01 18:00 New_York", debt, past=times(7, MONDAY)),
    seven.stops("2026-06-01 18:00 New_York", debt, past=times(7, MONDAY, outcome="message", **one)),
    seven.stops("2026-06-01 18:00 New_York", debt, past=times(7, MONDAY, outcome="machine", **one)),
    seven.passes("2026-06-01 18:00 New_York", debt, past=times(7, MONDAY, outcome="busy", **one)),
    seven.passes("2026-06-01 18:00 New_York", debt, past=times(7, MONDAY, outcome="invalid", **one)),
    seven.passes("2026-06-01 18:00 New_York", debt, past=(*times(6, MONDAY, **one), not_put_through)),
    seven.passes("2026-06-01 18:00 New_York", direct, past=times(7, "2026-06-01 08:00 New_York", 5, **one)),
    seven.stops("2026-06-01 18:00 New_York", replace(debt, debts=frozenset({1, 2})), past=times(7, MONDAY, **two)),
    # direct consent lasts seven days, its own among them, and calls placed under it do not count afterwards
    seven.passes("2026-06-07 20:00 New_York", direct, past=times(7, "2026-06-05 10:00 New_York", **one)),
    seven.passes("2026-06-08 12:00 New_York", direct, past=times(7, "2026-06-05 10:00 New_York", **one)),
    seven.stops("2026-06-08 12:00 New_York", debt, past=times(7, "2026-06-05 10:00 New_York", **one)),
    seven.stops("2026-06-08 20:00 New_York", direct, past=times(7, "2026-06-08 10:00 New_York", **one)),
    after_talk.passes("2026-06-01 12:00 New_York", direct, past=(talk("2026-05-30 10:00 New_York", **one),)),
    after_talk.passes("2026-06-07 12:00 New_York", direct, past=(talk("2026-05-31 23:00 UTC", **one),)),
    after_talk.stops("2026-06-08 12:00 New_York", direct, past=(talk("2026-06-02 10:00 New_York", **one),)),
    after_talk.stops("2026-06-09 12:00 New_York", long_ago, past=(talk("2026-06-08 10:00 New_York", **one),)),
    after_talk.stops("2026-06-01 12:00 New_York", direct, past=(talk("2026-06-01 10:00 New_York", **one),)),
    # the day of a conversation is the first of seven
    after_talk.stops("2026-06-01 20:00 New_York", debt, past=(talk(MONDAY, **one),)),
    after_talk.stops("2026-06-07 20:59 New_York", debt, past=(talk(MONDAY, **one),)),
    after_talk.passes("2026-06-08 08:00 New_York", debt, past=(talk(MONDAY, **one),)),
    after_talk.passes("2026-06-02 12:00 New_York", debt, past=(talk(MONDAY, **two),)),
    after_talk.stops("2026-06-02 12:00 New_York", debt, past=(talk(MONDAY, phone=OTHER_PHONE, **one),)),
    after_talk.stops("2026-06-02 12:00 New_York", debt, past=(talk(MONDAY, inbound=True, **one),)),
    after_talk.passes("2026-06-02 12:00 New_York", debt, past=(past(MONDAY, "answered", contact=True, **one),)),
    after_talk.stops("2026-03-11 20:59 New_York", debt, past=(talk("2026-03-05 20:00 New_York", **one),)),
    after_talk.passes("2026-03-12 08:00 New_York", debt, past=(talk("2026-03-05 20:00 New_York", **one),)),
    after_talk.stops("2028-03-03 12:00 New_York", debt, past=(talk("2028-02-26 12:00 New_York", **one),)),
    after_talk.passes("2028-03-04 12:00 New_York", debt, past=(talk("2028-02-26 12:00 New_York", **one),)),
    after_talk.passes("2027-03-05 12:00 New_York", debt, past=(talk("2027-02-26 12:00 New_York", **one),)),
)

debt_ma = replace(debt, regions=("US-MA",))
debt_nj = replace(debt, regions=("US-NJ",))
debt_nyc = replace(debt, regions=("US-NY-NYC",))
debt_wa = case("collections", "Los_Angeles", "US-WA", debts=frozenset({1}))
ma_at_work = replace(debt_ma, place=Place.WORK)
wa_at_work = replace(debt_wa, place=Place.WORK)

STATE_COLLECTIONS = (
    ma.passes("2026-06-01 18:00 New_York", debt_ma, past=times(1, MONDAY, **one)),
    ma.stops("2026-06-01 18:00 New_York", debt_ma, past=times(2, MONDAY, **one)),
    ma.passes("2026-06-01 18:00 New_York", debt_ma, past=times(2, MONDAY, **two)),
    ma.passes("2026-06-08 12:00 New_York", debt_ma, past=times(2, MONDAY, **one)),
    ma.passes("2026-06-01 18:00 New_York", ma_at_work, past=times(2, MONDAY, place=Place.HOME, **one)),
    ma_work.passes("2026-06-20 12:00 New_York", ma_at_work, past=times(1, MONDAY, place=Place.WORK, **one)),
    ma_work.stops("2026-06-20 12:00 New_York", ma_at_work, past=times(2, MONDAY, place=Place.WORK, **one)),
    wa.passes("2026-06-04 12:00 Los_Angeles", debt_wa, past=times(2, MONDAY, **one)),
    wa.stops("2026-06-04 12:00 Los_Angeles", debt_wa, past=times(3, MONDAY, **two)),
    wa_work.stops("2026-06-04 12:00 Los_Angeles", wa_at_work, past=times(1, MONDAY, place=Place.WORK)),
    wa_work.passes("2026-06-04 12:00 Los_Angeles", debt_wa, past=times(1, MONDAY, place=Place.WORK)),
    wa_home.stops("2026-06-04 07:29 Los_Angeles", debt_wa, also=("us.collections.hours",)),
    wa_home.passes("2026-06-04 07:15 Los_Angeles", wa_at_work, also=("us.collections.hours",)),
    wa_home.passes("2026-06-04 07:30 Los_Angeles", debt_wa, also=("us.collections.hours",)),
    nyc.passes("2026-08-31 20:00 New_York", debt_nyc, past=times(3, "2026-08-31 10:00 New_York", **one)),
    nyc.stops("2026-09-01 12:00 New_York", debt_nyc, past=times(3, "2026-08-31 10:00 New_York", **one)),
    nyc.passes("2026-09-01 12:00 New_York", debt_nyc, past=times(3, "2026-08-31 10:00 New_York", **two)),
    nyc.stops("2026-09-01 12:00 New_York", debt, past=times(3, "2026-08-31 10:00 New_York", **one)),  # may be the city
    nyc.passes("2026-09-01 12:00 New_York", debt_nj, past=times(3, "2026-08-31 10:00 New_York", **one)),
)

ROWS = (*HOURS, *CLOCK_CHANGES, *REGISTRY, *COLLECTIONS, *STATE_COLLECTIONS)
