"""Rows on the United Kingdom, France, Germany, Spain, Italy, India, Australia and Canada."""

from dataclasses import replace

from campaigns.rules import Place, Purpose
from tests.campaigns.rules.packs_table import (
    About,
    business,
    case,
    consented,
    copies_of,
    listed,
    past,
    times,
)

tps = About("gb.sales.registry.tps", "Privacy and Electronic Communications (EC Directive) Regulations 2003, reg. 21")
ctps = About("gb.sales.registry.ctps", "Privacy and Electronic Communications (EC Directive) Regulations 2003, reg. 21")
dma_hours = About("gb.sales.hours", "Direct Marketing Association")
dma_days = About("gb.sales.holidays", "Direct Marketing Association")
conc = About("gb.collections.hours", "CONC 7.9")
after_abandoned = About("gb.any.after_abandoned", "Ofcom, Persistent Misuse")
after_amd = About("gb.any.after_amd", "Ofcom, Persistent Misuse")
gb = case("sales", "London", "GB-ENG")
gb_debt = case("collections", "London", "GB")
FRIDAY = "2026-03-27 10:00 London"
dropped = past(FRIDAY, "abandoned", contact=True)
by_amd = past(FRIDAY, "machine")

BRITAIN = (
    tps.stops("2026-07-01 12:00 London", listed(gb, "gb-tps")),
    tps.passes("2026-07-01 12:00 London", consented(listed(gb, "gb-tps"), "express")),
    tps.stops("2026-07-01 12:00 London", consented(listed(gb, "gb-tps"), "ebr")),
    tps.passes("2026-07-01 12:00 London", copies_of(gb, 28)),
    tps.stops("2026-07-01 12:00 London", copies_of(gb, 29)),
    tps.stops("2026-07-01 12:00 London", replace(gb, registry_age_days={})),
    tps.passes("2026-07-01 12:00 London", listed(gb_debt, "gb-tps")),
    tps.passes("2026-07-01 12:00 London", listed(case("survey", "London", "GB"), "gb-tps")),
    ctps.stops("2026-07-01 12:00 London", business(listed(gb, "gb-ctps"))),
    ctps.passes("2026-07-01 12:00 London", consented(business(listed(gb, "gb-ctps")), "express")),
    ctps.passes("2026-07-01 12:00 London", listed(gb, "gb-ctps")),
    ctps.passes("2026-07-01 12:00 London", business(replace(gb, registry_age_days={"gb-tps": 1, "gb-ctps": 28}))),
    ctps.stops("2026-07-01 12:00 London", business(replace(gb, registry_age_days={"gb-tps": 1, "gb-ctps": 29}))),
    # the hours are a guide: told, never stopping
    dma_hours.passes("2026-07-01 07:59 London", gb, told=(dma_hours.rule,)),
    dma_hours.passes("2026-07-01 21:00 London", gb, told=(dma_hours.rule,)),
    dma_hours.passes("2026-07-04 08:30 London", gb, told=(dma_hours.rule,)),
    dma_hours.passes("2026-07-05 12:00 London", gb, told=(dma_hours.rule,)),
    dma_days.passes("2026-08-31 12:00 London", gb, told=(dma_days.rule,)),
    conc.passes("2026-07-05 12:00 London", gb_debt),
    # 72 hours after an abandoned call, over the night of 29 March 2026 when the clocks go forward
    after_abandoned.stops("2026-03-27 10:01 London", gb, past=(dropped,)),
    after_abandoned.stops("2026-03-30 10:59 London", gb, past=(dropped,)),
    after_abandoned.passes("2026-03-30 11:01 London", gb, past=(dropped,)),
    after_abandoned.passes("2026-03-28 12:00 London", replace(gb, mode="preview"), past=(dropped,)),
    after_abandoned.passes("2026-03-28 12:00 London", replace(gb, mode="manual"), past=(dropped,)),
    after_abandoned.stops("2026-03-28 12:00 London", replace(gb, mode="progressive"), past=(dropped,)),
    after_abandoned.stops("2026-03-28 12:00 London", gb_debt, past=(dropped,)),
    after_abandoned.stops("2026-03-28 12:00 London", case("service", "London", "GB"), past=(dropped,)),
    # and when they go back on 25 October 2026
    after_abandoned.stops("2026-10-26 08:59 London", gb, past=(past("2026-10-23 10:00 London", "abandoned"),)),
    after_abandoned.passes("2026-10-26 09:01 London", gb, past=(past("2026-10-23 10:00 London", "abandoned"),)),
    after_amd.stops("2026-03-28 09:59 London", gb, past=(by_amd,)),
    after_amd.passes("2026-03-28 10:01 London", gb, past=(by_amd,)),
    after_amd.passes("2026-03-27 12:00 London", replace(gb, mode="preview"), past=(by_amd,)),
    after_amd.stops("2026-03-29 10:30 London", gb, past=(past("2026-03-28 10:00 London", "machine"),)),
    after_amd.passes("2026-03-29 11:01 London", gb, past=(past("2026-03-28 10:00 London", "machine"),)),
    after_amd.passes("2026-03-27 12:00 London", gb, past=(past(FRIDAY, "no_answer"),)),
)

opt_in = About("fr.sales.consent", "Code de la consommation, art. L. 223-1")
bloctel = About("fr.sales.registry", "Code de la consommation, art. L. 223-1")
fr_hours = About("fr.sales.hours", "Code de la consommation, art. D. 223-9")
fr_days = About("fr.sales.holidays", "Code de la consommation, art. D. 223-9")
fr_four = About("fr.sales.frequency", "Code de la consommation, art. D. 223-9")
fr_no = About("fr.sales.after_refusal", "Code de la consommation, art. D. 223-9")
fr_cold = case("sales", "Paris", "FR-IDF")
fr = consented(fr_cold, "express")
fr_before = consented(fr_cold, "express", "2022-01-03 12:00 Paris")

FRANCE = (
    opt_in.passes("2026-08-10 11:00 Paris", fr_cold),
    opt_in.passes("2026-08-10 19:59 Paris", fr_cold),
    opt_in.stops("2026-08-11 10:00 Paris", fr_cold),
    opt_in.stops("2026-11-23 11:00 Paris", fr_cold),
    opt_in.passes("2026-08-11 10:00 Paris", fr),
    opt_in.passes("2026-08-11 10:00 Paris", consented(fr_cold, "contract")),
    opt_in.stops("2026-08-11 10:00 Paris", consented(fr_cold, "ebr")),
    opt_in.stops("2026-08-11 10:00 Paris", consented(fr_cold, "express", purpose=Purpose.COLLECTIONS)),
    opt_in.passes("2026-08-11 10:00 Paris", business(fr_cold)),
    opt_in.passes("2026-08-11 10:00 Paris", case("collections", "Paris", "FR")),
    bloctel.stops("2026-08-10 11:00 Paris", listed(fr_cold, "fr-bloctel")),
    bloctel.passes("2026-08-10 11:00 Paris", copies_of(fr_cold, 30)),
    bloctel.stops("2026-08-10 11:00 Paris", copies_of(fr_cold, 31)),
    bloctel.passes("2026-08-10 11:00 Paris", business(listed(fr_cold, "fr-bloctel"))),
    opt_in.stops("2026-08-11 11:00 Paris", listed(fr_cold, "fr-bloctel")),
    bloctel.passes("2026-08-11 11:00 Paris", listed(fr, "fr-bloctel")),
    fr_hours.stops("2026-09-01 09:59 Paris", fr),
    fr_hours.passes("2026-09-01 10:00 Paris", fr),
    fr_hours.passes("2026-09-01 12:59 Paris", fr),
    fr_hours.stops("2026-09-01 13:00 Paris", fr),
    fr_hours.stops("2026-09-01 13:59 Paris", fr),
    fr_hours.passes("2026-09-01 14:00 Paris", fr),
    fr_hours.passes("2026-09-01 19:59 Paris", fr),
    fr_hours.stops("2026-09-01 20:00 Paris", fr),
    fr_hours.stops("2026-09-05 11:00 Paris", fr),
    fr_hours.passes("2026-09-05 11:00 Paris", case("service", "Paris", "FR")),
    fr_hours.passes("2026-09-01 10:30 Indian/Reunion", consented(case("sales", "Indian/Reunion", "RE"), "express")),
    fr_hours.stops("2026-10-23 09:59 UTC", replace(fr, zones=("Indian/Reunion", "Europe/Paris"))),
    fr_hours.passes("2023-02-28 21:00 Paris", fr_before),
    fr_hours.stops("2023-03-01 21:00 Paris", fr_before),
    fr_days.passes("2022-11-11 11:00 Paris", fr_before),
    fr_days.stops("2023-05-01 11:00 Paris", fr_before),
    fr_four.passes("2023-02-28 11:00 Paris", fr_before, past=times(4, "2023-02-20 10:00 Paris")),
    fr_four.stops("2023-03-01 11:00 Paris", fr_before, past=times(4, "2023-02-20 10:00 Paris")),
    fr_days.stops("2026-07-14 11:00 Paris", fr),
    fr_days.stops("2026-05-25 11:00 Paris", fr),  # Whit Monday
    fr_days.stops("2027-05-06 11:00 Paris", fr),  # Ascension Day
    fr_days.stops("2028-05-01 11:00 Paris", fr),
    fr_days.passes("2027-05-07 11:00 Paris", fr),
    fr_four.passes("2026-09-25 11:00 Paris", fr, past=times(3, "2026-09-01 10:00 Paris")),
    fr_four.stops("2026-09-25 11:00 Paris", fr, past=times(4, "2026-09-01 10:00 Paris")),
    fr_four.stops("2026-09-25 11:00 Paris", fr, past=times(4, "2026-09-01 10:00 Paris", outcome="busy")),
    fr_four.passes("2026-10-02 11:00 Paris", fr, past=times(4, "2026-09-01 10:00 Paris")),
    fr_no.passes("2023-02-28 11:00 Paris", fr_before, past=(past("2023-02-20 11:00 Paris", "refusal", contact=True),)),
    fr_no.stops("2023-03-01 11:00 Paris", fr_before, past=(past("2023-02-20 11:00 Paris", "refusal", contact=True),)),
    fr_no.stops("2026-09-04 11:00 Paris", fr, past=(past("2026-09-03 11:00 Paris", "refusal", contact=True),)),
    fr_no.stops("2026-11-02 11:00 Paris", fr, past=(past("2026-09-03 11:00 Paris", "refusal", contact=True),)),
    fr_no.passes("2026-11-03 11:00 Paris", fr, past=(past("2026-09-03 11:00 Paris", "refusal", contact=True),)),
)

uwg = About("de.sales.consent", "UWG § 7 Abs. 2 Nr. 1")
de = case("sales", "Berlin", "DE-BE")
es_hours = About("es.sales.hours", "Real Decreto Legislativo 1/2007, art. 96.2")
es_days = About("es.sales.holidays", "Real Decreto Legislativo 1/2007, art. 96.2")
es_consent = About("es.sales.consent", "Ley 10/2025")
es_cold = case("sales", "Madrid", "ES-MD")
es = consented(es_cold, "express")
it_hours = About("it.sales.hours", "Codice di condotta per le attività di telemarketing e teleselling")
it_days = About("it.sales.holidays", "Codice di condotta per le attività di telemarketing e teleselling")
it_list = About("it.sales.registry", "D.P.R. 26/2022")
it = case("sales", "Rome", "IT-62")

GERMANY_SPAIN_ITALY = (
    uwg.stops("2026-07-01 12:00 Berlin", de),
    uwg.passes("2026-07-01 12:00 Berlin", consented(de, "express")),
    uwg.passes("2026-07-05 22:00 Berlin", consented(de, "express")),
    uwg.stops("2026-07-01 12:00 Berlin", consented(de, "express", evidence="")),
    uwg.stops("2026-07-01 12:00 Berlin", consented(de, "contract")),
    uwg.stops("2026-07-01 12:00 Berlin", consented(de, "express", purpose=Purpose.SURVEY)),
    uwg.stops("2026-01-01 12:00 Berlin", consented(de, "express", "2026-01-02 12:00 Berlin")),
    uwg.passes("2026-07-01 12:00 Berlin", business(de)),
    uwg.passes("2026-07-01 12:00 Berlin", case("collections", "Berlin", "DE")),
    es_hours.stops("2026-07-01 08:59 Madrid", es),
    es_hours.passes("2026-07-01 09:00 Madrid", es),
    es_hours.passes("2026-07-01 20:59 Madrid", es),
    es_hours.stops("2026-07-01 21:00 Madrid", es),
    es_hours.stops("2026-07-04 12:00 Madrid", es),
    es_hours.stops("2026-07-01 09:30 Madrid", replace(es, zones=("Europe/Madrid", "Atlantic/Canary"))),
    es_days.stops("2026-10-12 12:00 Madrid", es),
    es_days.stops("2026-12-08 12:00 Madrid", es),
    es_days.stops("2027-03-26 12:00 Madrid", es),  # Good Friday
    es_days.passes("2026-10-13 12:00 Madrid", es),
    es_consent.stops("2026-07-01 12:00 Madrid", es_cold),
    es_consent.passes("2026-07-01 12:00 Madrid", consented(es_cold, "express", "2024-07-02 12:00 Madrid")),
    es_consent.stops("2026-07-01 12:00 Madrid", consented(es_cold, "express", "2024-06-30 12:00 Madrid")),
    es_consent.passes("2025-12-23 12:00 Madrid", es_cold),
    es_consent.passes("2026-07-01 12:00 Madrid", case("collections", "Madrid", "ES")),
    it_hours.stops("2026-07-01 08:59 Rome", it),
    it_hours.passes("2026-07-01 09:00 Rome", it),
    it_hours.passes("2026-07-01 19:59 Rome", it),
    it_hours.stops("2026-07-01 20:00 Rome", it),
    it_hours.stops("2026-07-04 09:59 Rome", it),
    it_hours.passes("2026-07-04 10:00 Rome", it),
    it_hours.passes("2026-07-04 18:59 Rome", it),
    it_hours.stops("2026-07-04 19:00 Rome", it),
    it_hours.stops("2026-07-05 12:00 Rome", it),
    it_hours.passes("2024-09-27 21:00 Rome", it),
    it_hours.stops("2024-09-30 21:00 Rome", it),
    it_days.passes("2024-06-02 12:00 Rome", it),
    it_days.stops("2026-06-02 12:00 Rome", it),
    it_days.stops("2027-03-29 12:00 Rome", it),  # Easter Monday
    it_days.stops("2028-04-25 12:00 Rome", it),
    it_days.passes("2026-06-03 12:00 Rome", it),
    it_list.passes("2026-07-01 12:00 Rome", listed(it, "it-rpo"), told=(it_list.rule,)),
)

in_hours = About("in.sales.hours", "Telecom Commercial Communications Customer Preference Regulations, 2018")
rbi_hours = About("in.collections.hours", "RBI circular of 12 August 2022")
rbi_draft = About("in.collections.festivals", "RBI, draft Responsible Business Conduct")
india = case("sales", "Kolkata", "IN-MH")
loan = case("collections", "Kolkata", "IN-MH")

INDIA = (
    in_hours.stops("2026-07-01 09:59 Kolkata", india),
    in_hours.passes("2026-07-01 10:00 Kolkata", india),
    in_hours.passes("2026-07-05 20:59 Kolkata", india),
    in_hours.stops("2026-07-01 21:00 Kolkata", india),
    in_hours.passes("2026-07-01 10:00 Kolkata", replace(india, zones=("Asia/Kolkata", "Asia/Dubai"))),
    in_hours.stops("2028-02-29 04:29 UTC", india),
    in_hours.passes("2028-02-29 04:30 UTC", india),
    in_hours.passes("2026-07-01 08:00 Kolkata", case("service", "Kolkata", "IN")),
    rbi_hours.stops("2026-07-01 07:59 Kolkata", loan),
    rbi_hours.passes("2026-07-01 08:00 Kolkata", loan),
    rbi_hours.passes("2026-07-01 18:59 Kolkata", loan),
    rbi_hours.stops("2026-07-01 19:00 Kolkata", loan),
    rbi_hours.passes("2026-07-01 08:00 Kolkata", replace(loan, zones=("Asia/Kolkata", "Asia/Dubai"))),
    rbi_draft.passes("2027-01-26 12:00 Kolkata", loan, told=(rbi_draft.rule,)),
    rbi_draft.stops("2027-01-26 12:00 Kolkata", loan, enforce=(rbi_draft.rule,)),
)

STANDARD = "Telecommunications (Telemarketing and Research Calls) Industry Standard 2017"
RG96 = "ACCC/ASIC Debt collection guideline (RG 96)"
au_hours = About("au.sales.hours", STANDARD)
au_days = About("au.sales.holidays", STANDARD)
au_survey = About("au.survey.hours", STANDARD)
au_survey_days = About("au.survey.holidays", STANDARD)
au_debt = About("au.collections.hours", RG96)
au_debt_days = About("au.collections.holidays", RG96)
au_debt_work = About("au.collections.hours_work", RG96)
au_three = About("au.collections.frequency", RG96)
au_ten = About("au.collections.frequency_month", RG96)
au_list = About("au.sales.registry", "Do Not Call Register Act 2006")
au = case("sales", "Sydney", "AU-NSW")
owed = case("collections", "Sydney", "AU-NSW", debts=frozenset({1}))
contacts_each_third_day = times(10, "2026-06-02 10:00 Sydney", 4320, outcome="answered", contact=True, debts=owed.debts)
brisbane_or_sydney = case("sales", "Brisbane+Sydney", "AU-QLD+AU-NSW")

AUSTRALIA = (
    au_hours.stops("2026-07-01 08:59 Sydney", au),
    au_hours.passes("2026-07-01 09:00 Sydney", au),
    au_hours.passes("2026-07-01 19:59 Sydney", au),
    au_hours.stops("2026-07-01 20:00 Sydney", au),
    au_hours.stops("2026-07-04 08:59 Sydney", au),
    au_hours.passes("2026-07-04 16:59 Sydney", au),
    au_hours.stops("2026-07-04 17:00 Sydney", au),
    au_hours.stops("2026-07-05 12:00 Sydney", au),
    au_hours.stops("2026-12-01 09:30 Sydney", brisbane_or_sydney),
    au_hours.passes("2026-12-01 10:00 Sydney", brisbane_or_sydney),
    au_hours.stops("2026-12-01 20:00 Sydney", brisbane_or_sydney),
    au_hours.passes("2026-07-01 09:00 Sydney", brisbane_or_sydney),
    au_days.stops("2027-01-26 12:00 Sydney", au),  # Australia Day
    au_days.stops("2026-04-06 12:00 Sydney", au),  # Easter Monday
    au_days.stops("2028-04-25 12:00 Sydney", au),  # Anzac Day
    au_days.stops("2026-12-28 12:00 Sydney", au),  # for Boxing Day on a Saturday
    au_days.stops("2027-12-27 12:00 Sydney", au),
    au_days.stops("2027-12-28 12:00 Sydney", au),
    au_days.stops("2028-01-03 12:00 Sydney", au),
    au_days.stops("2030-01-28 12:00 Sydney", au),
    au_days.stops("2031-01-27 12:00 Sydney", au),
    au_days.passes("2026-11-03 12:00 Melbourne", case("sales", "Melbourne", "AU-VIC")),  # Melbourne Cup, one state
    au_days.passes("2027-06-14 12:00 Sydney", au),  # King's Birthday, not on one day in all states
    au_survey.passes("2026-07-01 20:29 Sydney", case("survey", "Sydney", "AU")),
    au_survey.stops("2026-07-01 20:30 Sydney", case("survey", "Sydney", "AU")),
    au_survey.passes("2026-07-05 16:59 Sydney", case("survey", "Sydney", "AU")),
    au_survey_days.stops("2027-01-26 12:00 Sydney", case("survey", "Sydney", "AU")),
    au_survey_days.passes("2027-01-27 12:00 Sydney", case("survey", "Sydney", "AU")),
    au_list.stops("2026-07-01 12:00 Sydney", listed(au, "au-dncr")),
    au_list.passes("2026-07-01 12:00 Sydney", au),
    au_debt.stops("2026-07-01 07:29 Sydney", owed),
    au_debt.passes("2026-07-01 07:30 Sydney", owed),
    au_debt.passes("2026-07-01 20:59 Sydney", owed),
    au_debt.stops("2026-07-01 21:00 Sydney", owed),
    au_debt.stops("2026-07-05 08:59 Sydney", owed),
    au_debt.passes("2026-07-05 20:59 Sydney", owed),
    # clocks go forward on 4 October 2026 and back on 5 April 2026, both Sundays
    au_debt.stops("2026-10-03 21:59 UTC", owed),
    au_debt.passes("2026-10-03 22:00 UTC", owed),
    au_debt.stops("2026-04-04 22:59 UTC", owed),
    au_debt.passes("2026-04-04 23:00 UTC", owed),
    au_debt.stops("2026-10-04 08:59 Lord_Howe", replace(owed, zones=("Australia/Lord_Howe",))),
    au_debt.passes("2026-10-03 22:00 UTC", replace(owed, zones=("Australia/Lord_Howe",))),
    au_debt_days.stops("2026-04-03 12:00 Sydney", owed),  # Good Friday
    au_debt_days.stops("2026-12-25 12:00 Sydney", owed),
    au_debt_days.stops("2026-12-28 12:00 Sydney", owed),
    au_debt_days.passes("2026-06-08 12:00 Sydney", owed),  # King's Birthday in some states
    au_debt_work.stops("2026-07-01 08:59 Sydney", replace(owed, place=Place.WORK)),
    au_debt_work.passes("2026-07-01 16:59 Sydney", replace(owed, place=Place.WORK)),
    au_three.passes("2026-07-03 12:00 Sydney", owed, past=times(2, "2026-07-01 10:00 Sydney")),
    au_three.stops("2026-07-03 12:00 Sydney", owed, past=times(3, "2026-07-01 10:00 Sydney")),
    au_three.passes("2026-07-08 14:00 Sydney", owed, past=times(3, "2026-07-01 10:00 Sydney")),
    au_ten.stops("2026-07-01 12:00 Sydney", owed, past=contacts_each_third_day),
    au_ten.passes("2026-07-03 12:00 Sydney", owed, past=contacts_each_third_day),
    au_ten.passes("2026-07-01 12:00 Sydney", owed, past=contacts_each_third_day[1:]),
    au_ten.passes("2026-07-01 12:00 Sydney", replace(owed, debts=frozenset({2})), past=contacts_each_third_day),
)

crtc_hours = About("ca.sales.hours", "CRTC Unsolicited Telecommunications Rules, Part III")
dncl = About("ca.sales.registry", "CRTC Unsolicited Telecommunications Rules, Part II")
ca = case("sales", "Toronto", "CA-ON")

CANADA = (
    crtc_hours.stops("2026-07-02 08:59 Toronto", ca),
    crtc_hours.passes("2026-07-02 09:00 Toronto", ca),
    crtc_hours.passes("2026-07-02 21:29 Toronto", ca),
    crtc_hours.stops("2026-07-02 21:30 Toronto", ca),
    crtc_hours.stops("2026-07-04 09:59 Toronto", ca),
    crtc_hours.passes("2026-07-05 10:00 Toronto", ca),
    crtc_hours.passes("2026-07-05 17:59 Toronto", ca),
    crtc_hours.stops("2026-07-05 18:00 Toronto", ca),
    crtc_hours.passes("2026-07-01 12:00 Toronto", ca),
    crtc_hours.stops("2026-11-01 14:59 UTC", ca),
    crtc_hours.passes("2026-11-01 15:00 UTC", ca),
    crtc_hours.stops("2026-07-02 11:29 UTC", case("sales", "St_Johns", "CA-NL")),
    crtc_hours.passes("2026-07-02 11:30 UTC", case("sales", "St_Johns", "CA-NL")),
    crtc_hours.passes("2026-07-05 22:00 Toronto", case("collections", "Toronto", "CA-ON")),
    dncl.stops("2026-07-02 12:00 Toronto", listed(ca, "ca-dncl")),
    dncl.passes("2026-07-02 12:00 Toronto", consented(listed(ca, "ca-dncl"), "express")),
    dncl.passes("2026-07-02 12:00 Toronto", copies_of(ca, 31)),
    dncl.stops("2026-07-02 12:00 Toronto", copies_of(ca, 32)),
    dncl.passes("2026-07-02 12:00 Toronto", business(listed(ca, "ca-dncl"))),
    dncl.passes("2026-07-02 12:00 Toronto", listed(case("collections", "Toronto", "CA-ON"), "ca-dncl")),
)

ROWS = (*BRITAIN, *FRANCE, *GERMANY_SPAIN_ITALY, *INDIA, *AUSTRALIA, *CANADA)
