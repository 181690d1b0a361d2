import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from dialer.farend import signals
from dialer.farend.caller import SipCaller, heard
from dialer.farend.eventlog import EventLog
from dialer.farend.fields import ProfileError
from dialer.farend.phones import BUILT_IN_PHONES, PhoneProfile, Phones, parse_phones

Ports = tuple[int, int]
Lines = list[dict[str, Any]]
Act = Callable[[SipCaller, Phones], Awaitable[None]]


def _run(profile: PhoneProfile, log: EventLog, rtp_ports: Ports, act: Act) -> None:
    async def run() -> None:
        phones = Phones(("127.0.0.1", 0), 2, profile, 1, log, rtp_ports=rtp_ports)
        await phones.open()
        try:
            async with SipCaller(rtp_ports=rtp_ports) as caller:
                await act(caller, phones)
        finally:
            await phones.close()

    asyncio.run(asyncio.wait_for(run(), 30))


def test_phones_answer_with_a_tone_of_their_own_and_measure(log: EventLog, lines: Lines, rtp_ports: Ports) -> None:
    async def act(caller: SipCaller, phones: Phones) -> None:
        one, two = await asyncio.gather(
            caller.talk(phones.address("agent1"), tone_hz=500, talk_s=1.0),
            caller.talk(phones.address("agent2"), tone_hz=800, talk_s=1.0),
        )
        tones = [back.tone_hz for back in (heard(one), heard(two)) if back is not None]
        assert tones == [1300, 1320]

    _run(BUILT_IN_PHONES["quick"], log, rtp_ports, act)
    ended = {line["phone"]: line["tone_hz"] for line in lines if line["event"] == "ended"}
    assert ended == {"agent1": 500, "agent2": 800}


def test_each_stretch_of_sound_is_measured_by_itself(log: EventLog, lines: Lines, rtp_ports: Ports) -> None:
    async def act(caller: SipCaller, phones: Phones) -> None:
        call = caller.dial(phones.address("agent1"))
        await call.place(signals.tone(500))
        for hz in (600, 900):
            call.play(signals.tone(hz))
            await asyncio.sleep(1.0)
            call.play(signals.silence())
            await asyncio.sleep(2.0)

    _run(BUILT_IN_PHONES["quick"], log, rtp_ports, act)
    assert [line["tone_hz"] for line in lines if line["event"] == "quiet"] == [600, 900]
    assert len([line for line in lines if line["event"] == "heard"]) == 2


def test_a_second_call_is_busy_and_a_wrong_name_unknown(log: EventLog, rtp_ports: Ports) -> None:
    async def act(caller: SipCaller, phones: Phones) -> None:
        first = caller.dial(phones.address("agent1"))
        assert await first.place(signals.silence()) == 200
        assert await caller.dial(phones.address("agent1")).place(signals.silence()) == 486
        assert await caller.dial(phones.address("agent2")).place(signals.silence()) == 200
        assert await caller.dial(phones.address("agent3")).place(signals.silence()) == 404
        first.hang_up("done")
        assert await caller.dial(phones.address("agent1")).place(signals.silence()) == 200

    _run(BUILT_IN_PHONES["quick"], log, rtp_ports, act)


@pytest.mark.parametrize("vanishes", [False, True])
def test_a_dropper_loses_its_leg_once(vanishes: bool, log: EventLog, lines: Lines, rtp_ports: Ports) -> None:
    phone = {"droppers": 2, "drop_min_s": 0.2, "drop_max_s": 0.3, "drop_vanishes": vanishes}
    profile = parse_phones({"base": "quick", "phone": phone}, source="test")

    async def act(caller: SipCaller, phones: Phones) -> None:
        first = await caller.talk(phones.address("agent1"), tone_hz=500, talk_s=1.0)
        assert first.ending is not None and first.ending.by == ("caller" if vanishes else "callee")
        second = await caller.talk(phones.address("agent1"), tone_hz=500, talk_s=1.0)
        assert second.ending is not None and second.ending.by == "caller"

    _run(profile, log, rtp_ports, act)
    assert [line["why"] for line in lines if line["event"] == "ended"] == ["dropped", "bye"]


def test_a_phone_leaves_a_line_that_is_dead(log: EventLog, lines: Lines, rtp_ports: Ports) -> None:
    profile = parse_phones({"base": "quick", "phone": {"dead_after_s": 0.5}}, source="test")

    async def act(caller: SipCaller, phones: Phones) -> None:
        call = await caller.talk(phones.address("agent1"), tone_hz=500, talk_s=1.0)
        assert call.ending is not None and call.ending.by == "caller"
        dying = caller.dial(phones.address("agent1"))
        await dying.place(signals.tone(500))
        dying.vanish("power cut")
        await asyncio.sleep(1.0)

    _run(profile, log, rtp_ports, act)
    assert [line["why"] for line in lines if line["event"] == "ended"] == ["bye", "dead line"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"phone": {"tone": 1}}, r"p\.toml: \[phone\]: unknown key 'tone'; known keys: answer_min_s"),
        ({"phone": {"answer_min_s": 5}}, r"answer_min_s \(5.0\) is above answer_max_s"),
        ({"phones": {}}, "top level: unknown key 'phones'"),
    ],
)
def test_what_is_wrong_is_named(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        parse_phones(document, source="p.toml")
