"""The carrier met by our own caller: every kind of call ends with its code on the wire and in the log."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from dialer.farend import signals
from dialer.farend.caller import SipCaller, heard
from dialer.farend.calls import OutgoingCall
from dialer.farend.carrier import Carrier
from dialer.farend.eventlog import EventLog
from dialer.farend.profile import Profile, parse
from dialer.farend.transactions import Timers

Ports = tuple[int, int]
Lines = list[dict[str, Any]]
NUMBER = "+12125550123"
ANY = ("127.0.0.1", 0)
FAST = Timers(t1_s=0.05)


def _profile(kind: str, **keys: Any) -> Profile:
    return parse({"base": "quick", "number": [{"match": "*", "kind": kind, "setup_s": 0.02, **keys}]}, source="test")


def _meet(
    profile: Profile,
    log: EventLog,
    rtp_ports: Ports,
    act: Callable[[SipCaller, str], Awaitable[OutgoingCall]],
    *,
    max_calls: int | None = None,
) -> OutgoingCall:
    """Run `act` with a caller and the address of a number at a carrier."""

    async def run() -> OutgoingCall:
        carrier = Carrier(ANY, profile, 1, log, rtp_ports=rtp_ports, timers=FAST, max_calls=max_calls)
        await carrier.open()
        try:
            async with SipCaller(rtp_ports=rtp_ports, timers=FAST) as caller:
                host, port = carrier.agent.address
                return await act(caller, f"sip:{NUMBER}@{host}:{port}")
        finally:
            await carrier.close()

    return asyncio.run(asyncio.wait_for(run(), 30))


def _events(lines: Lines) -> list[str]:
    return [line["event"] for line in lines]


def _ended(lines: Lines) -> dict[str, Any]:
    (line,) = [line for line in lines if line["event"] == "ended"]
    return line


async def _call(caller: SipCaller, address: str) -> OutgoingCall:
    return await caller.talk(address, tone_hz=700, talk_s=1.0)


async def _call_and_cancel(caller: SipCaller, address: str) -> OutgoingCall:
    call = caller.dial(address)
    placing = asyncio.create_task(call.place(signals.tone(700)))
    while 180 not in call.codes and 183 not in call.codes:
        await asyncio.sleep(0.01)
    call.cancel()
    await placing
    return call


@pytest.mark.parametrize(
    ("kind", "code", "reason"),
    [
        ("busy", 486, "Q.850;cause=17"),
        ("rejected", 603, "Q.850;cause=21"),
        ("invalid", 404, "Q.850;cause=1"),
        ("unwanted", 607, None),
        ("blocked", 608, None),
    ],
)
@pytest.mark.parametrize("early_media", [False, True])
def test_a_refusal_has_its_code_and_cause(
    kind: str, code: int, reason: str | None, early_media: bool, log: EventLog, lines: Lines, rtp_ports: Ports
) -> None:
    profile = _profile(kind, early_media=early_media, ring_s=0.05)
    call = _meet(profile, log, rtp_ports, _call)
    assert (call.codes[-1], call.reason) == (code, reason)
    assert _ended(lines) | {"by": "callee", "why": kind, "sip_code": code, "number": NUMBER, "kind": kind} == _ended(
        lines
    )
    if early_media:
        assert 183 in call.codes and heard(call) is not None


def test_congestion_is_503_with_either_cause(log: EventLog, rtp_ports: Ports) -> None:
    call = _meet(_profile("congestion", early_media=False), log, rtp_ports, _call)
    assert call.codes[-1] == 503
    assert call.reason in ("Q.850;cause=34", "Q.850;cause=42")


def test_code_and_cause_can_be_set_for_a_number(log: EventLog, rtp_ports: Ports) -> None:
    call = _meet(_profile("busy", early_media=False, code=480, cause=18), log, rtp_ports, _call)
    assert (call.codes[-1], call.reason) == (480, "Q.850;cause=18")


def test_no_answer_rings_until_cancelled(log: EventLog, lines: Lines, rtp_ports: Ports) -> None:
    call = _meet(_profile("no_answer", early_media=False), log, rtp_ports, _call_and_cancel)
    assert call.codes == [100, 180, 487]
    assert _events(lines)[1:5] == ["invite", "ringing", "cancel", "ended"]
    assert _ended(lines)["by"] == "caller"


def test_no_answer_ends_at_the_ring_limit(log: EventLog, rtp_ports: Ports) -> None:
    call = _meet(_profile("no_answer", early_media=False, ring_s=0.2), log, rtp_ports, _call)
    assert (call.codes[-1], call.reason) == (480, "Q.850;cause=19")


def test_no_reply_sends_not_even_trying(log: EventLog, lines: Lines, rtp_ports: Ports) -> None:
    call = _meet(_profile("no_reply"), log, rtp_ports, _call)
    assert call.codes == []
    assert _events(lines).count("invite") == 1


def test_glare_answers_the_cancel_with_the_call(log: EventLog, lines: Lines, rtp_ports: Ports) -> None:
    call = _meet(_profile("glare", early_media=False), log, rtp_ports, _call_and_cancel)
    assert call.codes[-1] == 200
    events = _events(lines)
    assert events.index("cancel") < events.index("answered")


def test_a_person_answers_and_audio_passes_both_ways(log: EventLog, lines: Lines, rtp_ports: Ports) -> None:
    profile = _profile("person", early_media=False, sound="tone", tone_hz=520, talk_s=60, patience_s=60)
    call = _meet(profile, log, rtp_ports, _call)
    back = heard(call)
    assert back is not None and back.tone_hz == 520 and (back.tone_share or 0) > 0.9
    ended = _ended(lines)
    assert ended["tone_hz"] == 700 and ended["tone_share"] > 0.9 and ended["sound_s"] > 0.5
    assert (ended["by"], ended["sip_code"]) == ("caller", 200)
    assert [e for e in _events(lines) if e != "heard"] == [
        "listening", "invite", "ringing", "answered", "ack", "bye", "ended", "summary",
    ]  # fmt: skip
    (first,) = [line for line in lines if line["event"] == "heard"]
    assert first["after_answer_s"] == ended["heard_after_s"] >= 0


def test_early_media_lets_ringback_be_heard_before_the_answer(log: EventLog, rtp_ports: Ports) -> None:
    profile = _profile("person", early_media=True, ring_s=0.5, sound="silence")
    call = _meet(profile, log, rtp_ports, _call)
    back = heard(call)
    assert call.codes == [100, 183, 200]
    assert back is not None and back.tone_hz in (440, 480)


async def _stay(caller: SipCaller, address: str) -> OutgoingCall:
    return await caller.talk(address, tone_hz=700, talk_s=20.0)


async def _stay_silent(caller: SipCaller, address: str) -> OutgoingCall:
    call = caller.dial(address)
    await call.place(signals.silence())
    await call.ended.wait()
    return call


@pytest.mark.parametrize(
    ("profile", "act", "why"),
    [
        (_profile("person", talk_s=0.5, patience_s=10), _stay, "talk over"),
        (_profile("person", talk_s=10, patience_s=0.5), _stay_silent, "nobody spoke"),
        (_profile("machine", talk_s=0.8, greeting_s=0.3), _stay_silent, "machine done"),
    ],
)
def test_the_called_party_hangs_up_in_its_way(
    profile: Profile,
    act: Callable[[SipCaller, str], Awaitable[OutgoingCall]],
    why: str,
    log: EventLog,
    lines: Lines,
    rtp_ports: Ports,
) -> None:
    call = _meet(profile, log, rtp_ports, act)
    assert call.ending is not None and (call.ending.by, call.ending.why) == ("callee", "bye")
    assert _ended(lines)["why"] == why


def test_one_who_vanishes_sends_no_bye(log: EventLog, lines: Lines, rtp_ports: Ports) -> None:
    async def act(caller: SipCaller, address: str) -> OutgoingCall:
        return await caller.talk(address, tone_hz=700, talk_s=1.5)

    call = _meet(_profile("person", talk_s=0.3, vanish=True, early_media=False), log, rtp_ports, act)
    assert call.ending is not None and call.ending.by == "caller"
    assert "bye" not in _events(lines)
    assert _ended(lines)["by"] == "callee"


def test_calls_beyond_the_limit_are_congestion(log: EventLog, lines: Lines, rtp_ports: Ports) -> None:
    async def act(caller: SipCaller, address: str) -> OutgoingCall:
        first = caller.dial(address)
        await first.place(signals.tone(700))
        second = caller.dial(address)
        await second.place(signals.tone(700))
        return second

    call = _meet(_profile("person", talk_s=60, patience_s=60), log, rtp_ports, act, max_calls=1)
    assert (call.codes[-1], call.reason) == (503, "Q.850;cause=34")
    assert [line["nth"] for line in lines if line["event"] == "invite"] == [0, 1]


def test_closing_ends_every_call_and_sums_up(log: EventLog, lines: Lines, rtp_ports: Ports) -> None:
    async def run() -> OutgoingCall:
        profile = _profile("person", talk_s=60, patience_s=60)
        carrier = Carrier(ANY, profile, 1, log, rtp_ports=rtp_ports, timers=FAST)
        await carrier.open()
        async with SipCaller(rtp_ports=rtp_ports) as caller:
            call = caller.dial(f"sip:{NUMBER}@127.0.0.1:{carrier.agent.address[1]}")
            await call.place(signals.tone(700))
            await carrier.close()
            await asyncio.wait_for(call.ended.wait(), 5)
        return call

    call = asyncio.run(run())
    assert call.ending is not None and call.ending.by == "callee"
    assert _ended(lines)["why"] == "shutdown"
    assert lines[-1] | {"event": "summary", "calls": 1, "up": 1, "kinds": {"person": 1}} == lines[-1]


def test_an_address_in_use_is_told(log: EventLog, rtp_ports: Ports) -> None:
    async def run() -> None:
        profile = _profile("person")
        first = Carrier(ANY, profile, 1, log, rtp_ports=rtp_ports)
        await first.open()
        second = Carrier(first.agent.address, profile, 1, log, rtp_ports=rtp_ports)
        try:
            with pytest.raises(OSError, match="in use"):
                await second.open()
        finally:
            await first.close()

    asyncio.run(run())


def test_same_seed_gives_the_same_kinds_in_any_order(log: EventLog, lines: Lines, rtp_ports: Ports) -> None:
    profile = parse({"shares": {"busy": 1, "invalid": 1, "rejected": 1}, "time_scale": 0.001}, source="test")
    numbers = [f"+1212555{n:04d}" for n in range(100, 116)]

    async def run(order: list[str]) -> dict[str, int]:
        carrier = Carrier(ANY, profile, 5, log, rtp_ports=rtp_ports)
        await carrier.open()
        codes = {}
        async with SipCaller(rtp_ports=rtp_ports) as caller:
            for number in order:
                call = await caller.talk(f"sip:{number}@127.0.0.1:{carrier.agent.address[1]}", tone_hz=700, talk_s=1)
                codes[number] = call.codes[-1]
        await carrier.close()
        return codes

    codes = asyncio.run(run(numbers))
    assert asyncio.run(run(numbers[::-1])) == codes
    assert len(set(codes.values())) == 3


def test_nothing_is_kept_of_calls_that_are_over(log: EventLog, rtp_ports: Ports) -> None:
    profile = _profile("person", talk_s=0.1, patience_s=10, early_media=False, ring_s=0.01)

    async def run() -> None:
        carrier = Carrier(ANY, profile, 1, log, rtp_ports=rtp_ports, timers=Timers(t1_s=0.02))
        await carrier.open()
        async with SipCaller(rtp_ports=rtp_ports, timers=Timers(t1_s=0.02)) as caller:
            address = f"sip:{NUMBER}@127.0.0.1:{carrier.agent.address[1]}"
            await asyncio.gather(*(caller.talk(address, tone_hz=700, talk_s=5) for _ in range(20)))
            assert carrier.agent.transport.pending() > 0
            while carrier.agent.transport.pending() or caller.agent.transport.pending():
                await asyncio.sleep(0.1)
            assert not carrier.agent.calls and not caller.agent.calls
        await carrier.close()

    asyncio.run(asyncio.wait_for(run(), 30))
