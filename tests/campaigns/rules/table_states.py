"""Rows on telesales in the states of the United States: hours, Sundays, holidays, caps and consent."""

from dataclasses import replace

from tests.campaigns.rules.packs_table import OTHER_PHONE, About, business, case, consented, times

TSR = ("us.sales.hours",)

fl_hours = About("us-fl.sales.hours", "Fla. Stat. 501.616(6)(a)")
fl_three = About("us-fl.sales.frequency", "Fla. Stat. 501.616(6)(b)")
fl = case("sales", "New_York", "US-FL", subject="solar")
panhandle = case("sales", "New_York+Chicago", "US-FL", subject="solar")
solar = {"subject": "solar"}
MORNING = "2026-07-01 09:00 New_York"

FLORIDA = (
    fl_hours.stops("2026-07-01 07:59 New_York", fl, also=TSR),
    fl_hours.passes("2026-07-01 08:00 New_York", fl),
    fl_hours.passes("2026-07-01 19:59 New_York", fl),
    fl_hours.stops("2026-07-01 20:00 New_York", fl),
    fl_hours.stops("2026-07-01 20:59 New_York", fl),
    fl_hours.stops("2026-07-01 21:00 New_York", fl, also=TSR),
    fl_hours.stops("2026-07-01 08:30 New_York", panhandle, also=TSR),
    fl_hours.passes("2026-07-01 09:00 New_York", panhandle),
    fl_hours.stops("2026-07-01 20:30 New_York", panhandle),
    fl_hours.stops("2026-07-01 20:30 New_York", replace(fl, regions=("US-NY", "US-FL"))),
    fl_hours.passes("2026-07-01 20:30 New_York", case("collections", "New_York", "US-FL")),
    fl_hours.passes("2026-07-01 22:00 New_York", case("service", "New_York", "US-FL")),
    fl_hours.stops("2026-03-08 11:59 UTC", fl, also=TSR),
    fl_hours.passes("2026-03-08 12:00 UTC", fl),
    fl_hours.passes("2026-11-02 00:59 UTC", fl),
    fl_hours.stops("2026-11-02 01:00 UTC", fl),
    fl_three.passes("2026-07-01 18:00 New_York", fl, past=times(2, MORNING, **solar)),
    fl_three.stops("2026-07-01 18:00 New_York", fl, past=times(3, MORNING, **solar)),
    fl_three.stops("2026-07-01 18:00 New_York", fl, past=times(3, MORNING, phone=OTHER_PHONE, **solar)),
    fl_three.stops("2026-07-01 18:00 New_York", fl, past=times(3, MORNING)),
    fl_three.passes("2026-07-01 18:00 New_York", fl, past=times(3, MORNING, subject="insurance")),
    fl_three.stops("2026-07-02 08:59 New_York", fl, past=times(3, MORNING, **solar)),
    fl_three.passes("2026-07-02 09:01 New_York", fl, past=times(3, MORNING, **solar)),
    fl_three.stops("2026-07-02 09:01 New_York", fl, past=times(4, MORNING, **solar)),
)

ok_hours = About("us-ok.sales.hours", "Okla. Stat. tit. 15, 775C")
ok_three = About("us-ok.sales.frequency", "Okla. Stat. tit. 15, 775C")
ok_auto = About("us-ok.sales.automated_dialing", "Okla. Stat. tit. 15, 775C.3")
ok = case("sales", "Chicago", "US-OK")
md_hours = About("us-md.sales.hours", "Md. Code, Com. Law 14-4502")
md_three = About("us-md.sales.frequency", "Md. Code, Com. Law 14-4502")
md_auto = About("us-md.sales.automated_dialing", "Md. Code, Com. Law 14-4502(a)(3)")
md = case("sales", "New_York", "US-MD")

OKLAHOMA_AND_MARYLAND = (
    ok_hours.passes("2026-07-01 19:59 Chicago", ok),
    ok_hours.stops("2026-07-01 20:00 Chicago", ok),
    ok_hours.passes("2022-10-31 20:30 Chicago", ok),
    ok_hours.stops("2022-11-01 20:30 Chicago", ok),
    ok_three.passes("2022-10-31 18:00 Chicago", ok, past=times(3, "2022-10-31 09:00 Chicago")),
    ok_three.passes("2026-07-01 18:00 Chicago", ok, past=times(2, MORNING)),
    ok_three.stops("2026-07-01 18:00 Chicago", ok, past=times(3, MORNING)),
    ok_auto.passes("2026-07-01 12:00 Chicago", ok, told=(ok_auto.rule,)),
    md_hours.stops("2026-07-01 07:59 New_York", md, also=TSR),
    md_hours.passes("2026-07-01 08:00 New_York", md),
    md_hours.passes("2026-07-01 19:59 New_York", md),
    md_hours.stops("2026-07-01 20:00 New_York", md),
    md_hours.passes("2023-12-31 20:30 New_York", md),
    md_hours.stops("2024-01-01 20:30 New_York", md),
    md_three.passes("2023-12-31 18:00 New_York", md, past=times(3, "2023-12-31 09:00 New_York")),
    md_three.passes("2026-07-01 18:00 New_York", md, past=times(2, MORNING)),
    md_three.stops("2026-07-01 18:00 New_York", md, past=times(3, MORNING)),
    md_auto.passes("2026-07-01 12:00 New_York", md, told=(md_auto.rule,)),
)

wa_hours = About("us-wa.sales.hours", "RCW 80.36.390")
wa = case("sales", "Los_Angeles", "US-WA")
tx_hours = About("us-tx.sales.hours", "Tex. Bus. & Com. Code 301.051")
tx = case("sales", "Chicago", "US-TX")
el_paso = case("sales", "Denver", "US-TX")
ct_hours = About("us-ct.sales.hours", "Conn. Gen. Stat. 42-288a")
ct_consent = About("us-ct.sales.consent", "Conn. Gen. Stat. 42-288a")
ct = case("sales", "New_York", "US-CT")
ct_written = consented(ct, "written")

WASHINGTON_TEXAS_CONNECTICUT = (
    wa_hours.stops("2026-07-01 07:59 Los_Angeles", wa, also=TSR),
    wa_hours.passes("2026-07-01 08:00 Los_Angeles", wa),
    wa_hours.passes("2026-07-05 19:59 Los_Angeles", wa),
    wa_hours.stops("2026-07-05 20:00 Los_Angeles", wa),
    wa_hours.passes("2026-07-05 20:00 Los_Angeles", business(wa)),
    tx_hours.stops("2026-07-01 08:59 Chicago", tx),
    tx_hours.passes("2026-07-01 09:00 Chicago", tx),
    tx_hours.passes("2026-07-04 20:59 Chicago", tx),
    tx_hours.stops("2026-07-04 21:00 Chicago", tx, also=TSR),
    tx_hours.stops("2026-07-05 11:59 Chicago", tx),
    tx_hours.passes("2026-07-05 12:00 Chicago", tx),
    tx_hours.stops("2026-07-05 21:00 Chicago", tx, also=TSR),
    tx_hours.stops("2026-07-05 11:59 Denver", el_paso),
    tx_hours.passes("2026-07-05 12:00 Denver", el_paso),
    tx_hours.stops("2026-07-05 12:30 Chicago", replace(tx, zones=("America/Chicago", "America/Denver"))),
    tx_hours.passes("2026-07-05 09:00 Chicago", consented(tx, "ebr")),
    tx_hours.passes("2026-07-05 09:00 Chicago", consented(tx, "contract")),
    tx_hours.passes("2026-07-05 09:00 Chicago", consented(tx, "express")),
    tx_hours.stops("2026-07-05 09:00 Chicago", consented(tx, "inquiry")),
    tx_hours.passes("2026-07-05 09:00 Chicago", case("collections", "Chicago", "US-TX")),
    tx_hours.passes("2026-07-05 09:00 Chicago", business(tx)),
    ct_hours.stops("2026-07-01 08:59 New_York", ct_written),
    ct_hours.passes("2026-07-01 09:00 New_York", ct_written),
    ct_hours.passes("2026-07-01 19:59 New_York", ct_written),
    ct_hours.stops("2026-07-01 20:00 New_York", ct_written),
    ct_consent.stops("2026-07-01 12:00 New_York", ct),
    ct_consent.stops("2026-07-01 12:00 New_York", consented(ct, "express")),
    ct_consent.stops("2026-07-01 12:00 New_York", consented(ct, "ebr")),
    ct_consent.passes("2026-07-01 12:00 New_York", ct_written),
    ct_consent.passes("2026-07-01 12:00 New_York", business(ct)),
    ct_consent.passes("2026-07-01 12:00 New_York", case("collections", "New_York", "US-CT")),
    ct_consent.passes("2026-07-01 12:00 New_York", case("service", "New_York", "US-CT")),
)

ri_hours = About("us-ri.sales.hours", "R.I. Gen. Laws 5-61-2(2)")
ri_holidays = About("us-ri.sales.holidays", "R.I. Gen. Laws 5-61-2(2)")
ri = case("sales", "New_York", "US-RI")
ut_hours = About("us-ut.sales.hours", "Utah Code 13-25a-103(3)(a)")
ut_days = About("us-ut.sales.sundays_holidays", "Utah Code 13-25a-103(3)(b), (c)")
ut = case("sales", "Denver", "US-UT")

RHODE_ISLAND_AND_UTAH = (
    ri_hours.stops("2026-07-01 08:59 New_York", ri),
    ri_hours.passes("2026-07-01 09:00 New_York", ri),
    ri_hours.passes("2026-07-01 17:59 New_York", ri),
    ri_hours.stops("2026-07-01 18:00 New_York", ri),
    ri_hours.stops("2026-07-11 09:59 New_York", ri),
    ri_hours.passes("2026-07-11 10:00 New_York", ri),
    ri_hours.passes("2026-07-11 16:59 New_York", ri),
    ri_hours.stops("2026-07-11 17:00 New_York", ri),
    ri_hours.stops("2026-07-12 12:00 New_York", ri),
    ri_holidays.stops("2026-08-10 12:00 New_York", ri),  # Victory Day, the second Monday of August
    ri_holidays.stops("2026-11-26 12:00 New_York", ri),  # Thanksgiving
    ri_holidays.stops("2028-07-04 12:00 New_York", ri),
    ri_holidays.stops("2026-11-03 12:00 New_York", ri),  # the general election, R.I. Gen. Laws 25-1-1
    ri_holidays.passes("2027-11-02 12:00 New_York", ri),
    ri_holidays.stops("2026-05-04 12:00 New_York", ri),  # Rhode Island Independence Day
    ri_holidays.passes("2026-11-27 12:00 New_York", ri),
    ri_holidays.passes("2026-07-04 12:00 New_York", ri),  # a Saturday
    ri_holidays.passes("2026-11-26 12:00 New_York", case("collections", "New_York", "US-RI")),
    ut_hours.passes("2026-07-01 20:59 Denver", ut),
    ut_hours.stops("2026-07-01 21:00 Denver", ut, also=TSR),
    ut_hours.stops("2026-07-01 07:59 Denver", ut, also=TSR),
    ut_days.stops("2026-07-05 12:00 Denver", ut),
    ut_days.stops("2026-07-24 12:00 Denver", ut),  # Pioneer Day
    ut_days.stops("2027-07-24 12:00 Denver", ut),  # Pioneer Day on a Saturday
    ut_days.stops("2028-07-24 12:00 Denver", ut),
    ut_days.stops("2026-06-19 12:00 Denver", ut),  # Juneteenth
    ut_days.stops("2026-06-15 12:00 Denver", ut),  # the Monday on which Utah keeps it, 63G-1-301(2)(c)
    ut_days.stops("2027-06-21 12:00 Denver", ut),  # for one at a weekend
    ut_days.passes("2026-06-22 12:00 Denver", ut),
    ut_days.passes("2026-07-23 12:00 Denver", ut),
    ut_days.passes("2026-07-05 12:00 Denver", consented(ut, "express")),
    ut_days.passes("2026-07-24 12:00 Denver", consented(ut, "written")),
    ut_days.stops("2026-07-05 12:00 Denver", consented(ut, "ebr")),
    ut_days.passes("2026-07-05 12:00 Denver", case("collections", "Denver", "US-UT")),
    ut_days.stops("2026-03-08 23:59 Denver", ut, also=("us-ut.sales.hours", *TSR)),  # a Sunday of 23 hours
    ut_days.passes("2026-03-09 08:00 Denver", ut),
)

la_hours = About("us-la.sales.hours", "La. R.S. 45:844.11")
la_holidays = About("us-la.sales.holidays", "La. R.S. 45:844.11")
la = case("sales", "Chicago", "US-LA")
pa = case("sales", "New_York", "US-PA")
pa_holidays = About("us-pa.sales.holidays", "73 P.S. 2245(a)(10)")
sd_hours = About("us-sd.sales.hours_automated", "SDCL 37-30-28")
sd = case("sales", "Chicago", "US-SD")

LOUISIANA_PENNSYLVANIA_SOUTH_DAKOTA = (
    la_hours.stops("2026-07-01 07:59 Chicago", la, also=TSR),
    la_hours.passes("2026-07-01 08:00 Chicago", la),
    la_hours.passes("2026-07-11 19:59 Chicago", la),
    la_hours.stops("2026-07-11 20:00 Chicago", la),
    la_hours.stops("2026-07-12 12:00 Chicago", la),
    la_holidays.stops("2027-02-09 12:00 Chicago", la),  # Mardi Gras
    la_holidays.stops("2028-02-29 12:00 Chicago", la),  # Mardi Gras on a leap day
    la_holidays.stops("2027-03-26 12:00 Chicago", la),  # Good Friday
    la_holidays.stops("2026-11-03 12:00 Chicago", la),  # election day
    la_holidays.stops("2027-01-08 12:00 Chicago", la),  # Battle of New Orleans
    la_holidays.stops("2026-10-12 12:00 Chicago", la),  # Columbus Day
    la_holidays.stops("2028-08-30 12:00 Chicago", la),  # Huey P. Long Day
    la_holidays.stops("2027-11-01 12:00 Chicago", la),  # All Saints' Day
    la_holidays.passes("2027-11-02 12:00 Chicago", la),  # elections in even years only
    la_holidays.passes("2027-02-10 12:00 Chicago", la),
    la_holidays.passes("2027-03-26 12:00 Chicago", case("collections", "Chicago", "US-LA")),
    pa_holidays.stops("2026-04-03 12:00 New_York", pa),  # Good Friday
    pa_holidays.stops("2027-03-26 12:00 New_York", pa),
    pa_holidays.stops("2028-04-14 12:00 New_York", pa),
    pa_holidays.stops("2027-06-14 12:00 New_York", pa),  # Flag Day
    pa_holidays.stops("2026-11-03 12:00 New_York", pa),  # Election Day
    pa_holidays.stops("2027-11-02 12:00 New_York", pa),
    pa_holidays.stops("2028-11-07 12:00 New_York", pa),
    pa_holidays.stops("2026-12-25 12:00 New_York", pa),
    pa_holidays.passes("2019-11-28 12:00 New_York", pa),  # Thanksgiving, before the act
    pa_holidays.stops("2019-12-25 12:00 New_York", pa),
    pa_holidays.stops("2026-11-27 12:00 New_York", pa),  # the day after Thanksgiving
    pa_holidays.passes("2026-11-04 12:00 New_York", pa),
    pa_holidays.passes("2026-07-05 12:00 New_York", pa),
    pa_holidays.passes("2026-04-03 12:00 New_York", consented(pa, "ebr", "2025-05-01 12:00 New_York")),
    pa_holidays.stops("2026-04-03 12:00 New_York", consented(pa, "ebr", "2025-03-01 12:00 New_York")),
    pa_holidays.passes("2026-04-03 12:00 New_York", consented(pa, "contract")),
    pa_holidays.passes("2026-04-03 12:00 New_York", case("collections", "New_York", "US-PA")),
    sd_hours.stops("2026-07-01 08:59 Chicago", sd),
    sd_hours.passes("2026-07-01 09:00 Chicago", sd),
    sd_hours.passes("2026-07-01 20:59 Chicago", sd),
    sd_hours.stops("2026-07-01 21:00 Chicago", sd, also=TSR),
    sd_hours.stops("2026-07-11 12:00 Chicago", sd),
    sd_hours.passes("2026-07-11 12:00 Chicago", replace(sd, mode="manual")),
    sd_hours.stops("2026-07-01 09:30 Chicago", replace(sd, zones=("America/Chicago", "America/Denver"))),
)

ky = About("us-ky.sales.hours", "KRS 367.46955")
al = About("us-al.sales.hours", "Ala. Code")
ms = About("us-ms.sales.hours", "Miss. Code 77-3-701")
nv = About("us-nv.sales.hours", "NRS 598.0918")
ma = About("us-ma.sales.hours", "Mass. G.L. c. 159C")
mi = About("us-mi.sales.hours", "Mich. Comp. Laws 445.111")
mn = About("us-mn.sales.hours", "Minn. Stat. 325E")
nm = About("us-nm.sales.hours", "N.M. Stat. 57-12-22")
kentucky = case("sales", "New_York", "US-KY")
alabama = case("sales", "Chicago", "US-AL")

WEAK = (
    ky.passes("2026-07-01 09:59 New_York", kentucky, told=(ky.rule,)),
    ky.stops("2026-07-01 09:59 New_York", kentucky, enforce=(ky.rule,)),
    ky.passes("2026-07-01 10:00 New_York", kentucky, enforce=(ky.rule,)),
    al.passes("2026-07-05 12:00 Chicago", alabama, told=(al.rule,)),
    al.stops("2026-07-05 12:00 Chicago", alabama, enforce=(al.rule,)),
    ms.passes("2026-07-01 20:30 Chicago", case("sales", "Chicago", "US-MS"), told=(ms.rule,)),
    nv.passes("2026-07-01 08:30 Los_Angeles", case("sales", "Los_Angeles", "US-NV"), told=(nv.rule,)),
    ma.passes("2026-07-01 20:30 New_York", case("sales", "New_York", "US-MA"), told=(ma.rule,)),
    mi.passes("2026-07-01 08:30 New_York", case("sales", "New_York", "US-MI"), told=(mi.rule,)),
    mn.passes("2026-07-01 08:30 Chicago", case("sales", "Chicago", "US-MN"), told=(mn.rule,)),
    nm.passes("2026-07-01 08:30 Denver", case("sales", "Denver", "US-NM"), told=(nm.rule,)),
)

ROWS = (
    *FLORIDA,
    *OKLAHOMA_AND_MARYLAND,
    *WASHINGTON_TEXAS_CONNECTICUT,
    *RHODE_ISLAND_AND_UTAH,
    *LOUISIANA_PENNSYLVANIA_SOUTH_DAKOTA,
    *WEAK,
)
