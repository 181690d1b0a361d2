"""What the packs demand of the way calls are made, beyond whether they may be; sources as in the packs."""

from datetime import date

import pytest

from campaigns.rules import Effect, Party, Purpose, Rulebook, Terms, load_builtin
from campaigns.rules.model import Period

TODAY = date(2026, 11, 22)
ALL_PARTY_STATES = ("CA", "FL", "IL", "MD", "MA", "MT", "NH", "PA", "WA")


def terms(region: str, purpose: str = "sales", on: date = TODAY, enforce: tuple[str, ...] = ()) -> Terms:
    book = Rulebook(load_builtin(), enforce)
    return book.terms(tuple(region.split("+")), Purpose(purpose), Party.CONSUMER, on)


def test_us_sales_ring_for_fifteen_seconds_and_connect_within_two_of_the_greeting() -> None:
    """16 CFR 310.4(b)(4)(ii), (iii)."""
    found = terms("US-NY")
    assert (found.ring_min_s, found.ring_min_rings) == (15, 4)
    assert (found.connect_max_s, found.connect_clock) == (2, "greeting_end")


def test_us_abandonment_is_three_percent_of_each_thirty_day_period_of_a_campaign() -> None:
    """16 CFR 310.4(b)(4)(i), 47 CFR 64.1200(a)(7): successive periods, not rolling ones."""
    [term] = terms("US-NY").abandon
    assert term.effect is Effect.BLOCK
    assert (term.limit.max_percent, term.limit.span, term.limit.period) == (3.0, "campaign_period", Period(30, "d"))
    assert (term.limit.of, term.limit.per) == ("live_answered", "campaign")


def test_the_us_message_names_seller_and_number_and_the_fcc_parts_wait_for_a_person() -> None:
    """16 CFR 310.4(b)(4)(iii); the FCC's additions, 47 CFR 64.1200(a)(7)(i), are background knowledge here."""
    message = terms("US-NY").message
    assert message is not None
    assert (message.within_s, message.opt_out) == (2, False)
    assert message.says == ("name of the seller", "telephone number of the seller")
    confirmed = terms("US-NY", enforce=("us.sales.message.fcc",)).message
    assert confirmed is not None
    assert confirmed.opt_out
    assert "that the call was for telemarketing purposes" in confirmed.says


def test_us_sales_show_number_and_name_and_take_requests() -> None:
    """47 CFR 64.1601(e)."""
    cli = terms("US-NY").cli
    assert cli is not None
    assert cli.number and cli.name and cli.takes_do_not_call_requests


def test_us_records_are_kept_for_five_years_and_of_debts_for_three() -> None:
    """16 CFR 310.5; 12 CFR 1006.100."""
    assert terms("US-NY").retention == dict.fromkeys(("records", "consents", "do_not_call"), Period(5, "y"))
    assert terms("US-NY", "collections").retention == dict.fromkeys(("records", "recordings"), Period(3, "y"))


def test_us_wishes_not_to_be_called_are_obeyed_within_ten_business_days() -> None:
    """47 CFR 64.1200(a)(10), (d)(3)."""
    assert terms("US-NY").optout_business_days == 10


def test_us_collections_give_the_mini_miranda_and_have_no_telemarketing_terms() -> None:
    """12 CFR 1006.18(e)."""
    found = terms("US-NY", "collections")
    [disclosure] = found.disclosures
    assert "attempting to collect a debt" in disclosure.says[0]
    assert "used for that purpose" in disclosure.says[1]
    assert disclosure.later_says == ("that the call is from a debt collector",)
    assert (found.ring_min_s, found.connect_max_s, found.abandon, found.message) == (None, None, (), None)


def test_network_blocked_is_the_only_notice_of_blocking_since_march_2026() -> None:
    """FCC 25-15 (47 CFR 64.1200(k)(9)); RFC 8197, RFC 8688, RFC 3261."""
    actions = terms("US-NY", on=date(2026, 3, 25)).sip_actions
    assert set(actions) == {"603", "603+", "607", "608"}
    assert "603+" not in terms("US-NY", on=date(2026, 3, 24)).sip_actions
    assert "suppress_number" in actions["607"]
    assert [code for code in actions if "suppress_number" in actions[code]] == ["607"]
    assert set(actions["608"]) == {"no_immediate_retry", "cool_caller_id", "read_call_info"}
    assert set(actions["603+"]) == {"cool_caller_id", "open_redress_ticket", "do_not_rotate_numbers"}
    assert actions["603"] == ("back_off",)


def test_washington_says_who_calls_in_thirty_seconds_and_ends_in_ten() -> None:
    """RCW 80.36.390(2), (5)."""
    [disclosure] = terms("US-WA").disclosures
    assert (disclosure.within_s, disclosure.end_after_refusal_s) == (30, 10)
    assert terms("US-OR").disclosures == ()


@pytest.mark.parametrize("state", ALL_PARTY_STATES)
@pytest.mark.parametrize("purpose", ["sales", "collections", "service", "survey"])
def test_states_of_all_party_consent_announce_every_recording(state: str, purpose: str) -> None:
    recording = terms(f"US-{state}", purpose).recording
    assert recording is not None
    assert recording.announce
    assert recording.consent == "all_parties"


def test_other_states_do_not_announce_unless_one_of_those_is_plausible() -> None:
    assert terms("US-NY").recording is None
    recording = terms("US-NY+US-FL").recording
    assert recording is not None
    assert recording.announce


@pytest.mark.parametrize("purpose", ["sales", "collections", "service", "survey"])
def test_british_three_percent_warn_and_permit_nothing(purpose: str) -> None:
    """Ofcom's statement of 20 December 2016: no safe harbour, every purpose, 24 hours."""
    found = terms("GB", purpose)
    [term] = found.abandon
    assert term.effect is Effect.ALERT
    assert (term.limit.max_percent, term.limit.period) == (3.0, Period(24, "h"))
    assert (found.ring_min_s, found.connect_max_s, found.connect_clock) == (15, 2, "pickup")
    assert found.message is not None
    assert (found.message.within_s, found.message.forbids) == (2, ("marketing",))


def test_indian_series_and_abandonment_without_a_number() -> None:
    """TCCCPR 2018 as amended in 2025: 140 for promotion, 1600 for service; no numeric limit."""
    series = {purpose: terms("IN", purpose).cli for purpose in ("sales", "service", "collections")}
    assert {purpose: cli and cli.series for purpose, cli in series.items()} == {
        "sales": ("140",),
        "service": ("1600",),
        "collections": ("1600",),
    }
    [term] = terms("IN").abandon
    assert term.effect is Effect.ALERT
    assert term.limit.max_percent is None


def test_indian_records_are_kept_for_a_year_and_the_draft_on_recording_does_not_bind() -> None:
    assert terms("IN").retention == {"records": Period(1, "y"), "logs": Period(1, "y")}
    assert terms("IN", "collections").recording is None
    confirmed = terms("IN", "collections", enforce=("in.collections.recording",)).recording
    assert confirmed is not None
    assert confirmed.required


def test_canadian_two_seconds_bind_and_five_percent_wait_for_a_person() -> None:
    """CRTC Unsolicited Telecommunications Rules; collections are not telemarketing."""
    assert terms("CA-ON").connect_max_s == 2
    assert terms("CA-ON").abandon == ()
    [term] = terms("CA-ON", enforce=("ca.sales.abandon",)).abandon
    assert (term.limit.max_percent, term.limit.span) == (5.0, "calendar_month")
    assert terms("CA-ON", "collections").rules == ()


def test_german_proof_of_consent_is_kept_for_five_years() -> None:
    """UWG § 7a Abs. 2."""
    assert terms("DE").retention == {"consents": Period(5, "y")}
