"""What the SIP pool does beyond the contract: start-up faults, SIP headers, and cards or far ends that fail."""

import asyncio
import hashlib
import logging
import os
import random
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from dialer.farend import signals
from dialer.farend.calls import IncomingCall
from dialer.farend.transactions import ServerTransaction
from dialer.farend.useragent import UserAgent
from hw.contract import Answered, Cause, Dialed, Ended, Joined, JoinFailed, Ringing, TrunkLines
from hw.contract.driver import DriverError
from hw.sip import pool as pool_module
from hw.sip.config import SipSettings, SipTrunk
from hw.sip.pool import SipPool
from tests.contracts.rigs import SIP_RTP_BASE, Recorder, Rig, sip_rig, write_wav
from tests.contracts.scripts import ANSWERS, ANSWERS_AND_LEAVES, CALLER_ID, CROSSES, RINGS, TRUNK
from tests.contracts.sip_far_end import RTP_PORTS

pytestmark = pytest.mark.sip
NUMBER = "+12125550123"
NUMBERS = (ANSWERS, ANSWERS, ANSWERS_AND_LEAVES, RINGS, CROSSES, "+12125550110")


async def until(condition: Callable[[], bool], limit_s: float = 10) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.02)


def running(pids: Iterable[int]) -> set[int]:
    def state(pid: int) -> str:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return "gone"

    return {pid for pid in pids if state(pid) not in ("gone", "Z", "X")}


def pool_of(rig: Rig) -> SipPool:
    assert isinstance(rig.driver, SipPool)
    return rig.driver


async def up(rig: Rig, call_id: str) -> IncomingCall:
    rig.driver.dial(call_id, TRUNK, ANSWERS, CALLER_ID)
    await rig.seen.wait(Answered, call_id)
    assert rig.far is not None
    return rig.far.calls[(await rig.seen.wait(Dialed, call_id)).ref]


class OneAgent:
    """A pool against a user agent that a test writes by hand."""

    def __init__(self, on_call: Callable[[IncomingCall], bool], *, max_calls: int = 4, login: bool = False) -> None:
        self.agent = UserAgent(("127.0.0.1", 0), on_call, rtp_ports=RTP_PORTS)
        self.max_calls = max_calls
        self.login = ("site", "s3cret") if login else ("", "")
        self.seen = Recorder()

    async def __aenter__(self) -> "OneAgent":
        await self.agent.open()
        target = f"sip:{{number}}@127.0.0.1:{self.agent.address[1]}"
        trunk = SipTrunk(TRUNK, target, self.max_calls, *self.login)
        self.pool = SipPool(SipSettings(rtp_port_base=SIP_RTP_BASE, max_calls=self.max_calls, trunks=(trunk,)))
        await self.pool.start(self.seen)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.pool.close()
        await self.agent.close()

    def dial(self, call_id: str, caller_id: str = CALLER_ID) -> None:
        self.pool.dial(call_id, TRUNK, NUMBER, caller_id)


# Start and close


def start_error(settings: SipSettings) -> str:
    async def story() -> str:
        pool = SipPool(settings)
        with pytest.raises(DriverError) as caught:
            await pool.start(Recorder())
        await pool.close()
        return str(caught.value)

    return asyncio.run(story())


def test_a_port_in_use_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        text = start_error(SipSettings(bind_port=port, rtp_port_base=SIP_RTP_BASE))
    assert "[sip] bind" in text
    assert str(port) in text


def test_an_unknown_codec_is_named() -> None:
    assert "[sip] codecs" in start_error(SipSettings(codecs=("PCMU", "G799"), rtp_port_base=SIP_RTP_BASE))


def test_a_bad_message_file_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "message.wav"
    assert str(missing) in start_error(SipSettings(messages=(missing,), rtp_port_base=SIP_RTP_BASE))


def test_cards_bind_the_ports_they_are_told() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    async def story() -> None:
        pool = SipPool(SipSettings(bind_port=port, rtp_port_base=SIP_RTP_BASE, max_calls=4))
        await pool.start(Recorder())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rival, pytest.raises(OSError, match="in use"):
            rival.bind(("127.0.0.1", port))
        await pool.close()

    asyncio.run(story())


def test_close_leaves_no_process() -> None:
    async def story() -> None:
        async with sip_rig() as rig:
            await up(rig, "a")
            pids = pool_of(rig).card_pids().values()
            assert len(running(pids)) == len(pids) > 1
            await rig.driver.close()
            assert running(pids) == set()
            await rig.driver.close()

    asyncio.run(story())


# What goes over the wire


def test_the_caller_is_shown_and_asserted() -> None:
    async def story() -> None:
        async with sip_rig() as rig:
            request = (await up(rig, "a")).invite.request
            assert request.uri.user == ANSWERS
            assert request.from_address.uri.user == CALLER_ID
            assert f"sip:{CALLER_ID}@127.0.0.1" in request.headers["P-Asserted-Identity"]

    asyncio.run(story())


def test_only_the_codecs_asked_for_are_offered() -> None:
    async def story() -> None:
        async with sip_rig() as rig:
            offer = (await up(rig, "a")).invite.request.body.decode()
            media = re.search(r"^m=audio \d+ RTP/AVP (.*)$", offer, re.MULTILINE)
            assert media is not None
            payloads = media[1].split()
            assert payloads[:2] == ["0", "8"]
            assert len(payloads) == 3
            assert f"a=rtpmap:{payloads[2]} telephone-event/8000" in offer

    asyncio.run(story())


@pytest.mark.parametrize("number", ["+1212555\r\nX: y", "12 34", "", "+1@evil"])
def test_what_is_no_number_never_reaches_the_wire(number: str) -> None:
    async def story() -> None:
        async with sip_rig() as rig:
            rig.driver.dial("a", TRUNK, number, CALLER_ID)
            assert (await rig.seen.ended("a")).cause is Cause.INVALID_NUMBER
            assert rig.far is not None and rig.far.calls == {}

    asyncio.run(story())


def challenge(call: IncomingCall, accepted: list[str]) -> bool:
    """Digest authentication (RFC 3261 section 22, RFC 2617 without qop)."""
    request = call.invite.request
    given = request.headers.get("Authorization")
    if given is None:
        header = 'Digest realm="carrier", nonce="n1", algorithm=MD5'
        call.invite.respond(401, headers={"WWW-Authenticate": header})
        return False
    fields = dict(re.findall(r'(\w+)="([^"]*)"', given))

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    wanted = md5(f"{md5('site:carrier:s3cret')}:n1:{md5('INVITE:' + fields['uri'])}")
    if fields["username"] == "site" and fields["response"] == wanted:
        accepted.append(call.call_id)
        call.answer(signals.silence())
    else:
        call.refuse(403, "wrong")
    return False


@pytest.mark.parametrize("login", [True, False])
def test_a_digest_challenge_is_answered_with_the_trunks_login(login: bool) -> None:
    accepted: list[str] = []

    async def story() -> None:
        async with OneAgent(lambda call: challenge(call, accepted), login=login) as one:
            one.dial("a")
            if login:
                await one.seen.wait(Answered, "a")
                assert accepted == [(await one.seen.wait(Dialed, "a")).ref]
            else:
                ended = await one.seen.ended("a")
                assert (ended.cause, ended.sip_code) == (Cause.REFUSED, 401)

    asyncio.run(story())


# Cards that fail


def test_a_killed_card_loses_its_calls_alone_and_comes_back() -> None:
    async def story() -> None:
        async with sip_rig() as rig:
            pool = pool_of(rig)
            rig.driver.call_station("s1", rig.station)
            rig.driver.call_station("s2", rig.station)
            for call_id in ("s1", "s2"):
                await rig.seen.wait(Answered, call_id)
            lost = pool.card_of("s1")
            assert lost is not None and lost != pool.card_of("s2")
            pid, capacity = pool.card_pids()[lost], pool.capacity()
            os.kill(pid, signal.SIGKILL)
            assert (await rig.seen.ended("s1")).cause is Cause.LINE_LOST
            await until(lambda: pool.card_pids().get(lost, pid) != pid and pool.capacity() == capacity)
            assert rig.seen.kinds("s2")[-1] == "Answered"
            await up(rig, "a")
            rig.driver.join("a", "s2", tone=True)
            await rig.seen.wait(Joined, "a")

    asyncio.run(story())


def test_a_card_that_stops_moving_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "SILENT_CHECKS", 2)

    async def story() -> None:
        async with sip_rig(max_calls=4) as rig:
            pool = pool_of(rig)
            await up(rig, "a")
            pid = pool.card_pids()[0]
            os.kill(pid, signal.SIGSTOP)
            assert (await rig.seen.ended("a")).cause is Cause.LINE_LOST
            await until(lambda: pool.card_pids().get(0, pid) != pid)
            await up(rig, "b")

    asyncio.run(story())


def test_a_card_that_dies_again_and_again_is_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pool_module, "RESTART_DELAYS_S", (0.01, 0.01))

    async def story() -> None:
        async with sip_rig() as rig:
            pool = pool_of(rig)
            cards = len(pool.card_pids())
            for _ in range(3):
                pid = pool.card_pids()[0]
                os.kill(pid, signal.SIGKILL)
                await until(lambda pid=pid: pool.card_pids().get(0) != pid)  # type: ignore[misc]
                await until(lambda: 0 in pool.card_pids() or "given up" in caplog.text)
            assert set(pool.card_pids()) == set(range(1, cards))
            assert any(record.levelno == logging.CRITICAL for record in caplog.records)
            await up(rig, "a")

    asyncio.run(story())


def test_a_message_that_outlives_its_call_harms_no_later_call(tmp_path: Path) -> None:
    """pjsua2 hangs up whatever call has the slot of a call object that is freed late."""
    message = write_wav(tmp_path / "message.wav", 0.6)

    async def story() -> None:
        async with sip_rig(max_calls=4) as rig:
            for call_id in "abcd":
                await up(rig, call_id)
                rig.driver.play(call_id, message)
                rig.driver.hang_up(call_id)
                await rig.seen.ended(call_id)
            for call_id in "efgh":
                await up(rig, call_id)
            await asyncio.sleep(1.0)
            for call_id in "efgh":
                assert rig.seen.kinds(call_id)[-1] == "Answered"
                rig.driver.hang_up(call_id)
                await rig.seen.ended(call_id)

    asyncio.run(story())


def random_command(rig: Rig, dice: random.Random, one: str, other: str) -> None:
    match dice.randrange(4):
        case 0:
            rig.driver.hang_up(one)
        case 1 if one != other:
            rig.driver.join(one, other, tone=True)
        case 2:
            rig.driver.part(one, other)
        case _:
            rig.driver.send_digits(one, "12")


def test_random_commands_and_dying_cards_never_break_the_contract() -> None:
    """Some hundred seeded commands while cards are killed: each call ends once, in order, and all lines come back."""

    async def story() -> None:
        dice = random.Random(20)
        async with sip_rig(max_calls=24) as rig:
            pool, calls = pool_of(rig), [f"c{number}" for number in range(120)]
            capacity = pool.capacity()
            for step, call_id in enumerate(calls):
                rig.driver.dial(call_id, TRUNK, dice.choice(NUMBERS), CALLER_ID)
                for _ in range(3):
                    one, other = dice.choice(calls[: step + 1]), dice.choice(calls[: step + 1])
                    random_command(rig, dice, one, other)
                if step % 25 == 20:
                    pool.kill_card(dice.choice(list(pool.card_pids())))
                await asyncio.sleep(0.04)
            for call_id in calls:
                rig.driver.hang_up(call_id)
            await until(lambda: all(rig.seen.kinds(call_id)[-1:] == ["Ended"] for call_id in calls))
            await until(lambda: pool.capacity() == capacity)
            causes = {(await rig.seen.ended(call_id)).cause for call_id in calls}
            assert causes >= {Cause.NORMAL, Cause.CANCELLED, Cause.BUSY, Cause.LINE_LOST}
            assert causes <= {Cause.NORMAL, Cause.CANCELLED, Cause.BUSY, Cause.LINE_LOST, Cause.NO_LINE}

    asyncio.run(story())


PARENT = """
import asyncio, sys
from hw.sip.config import SipSettings, SipTrunk
from hw.sip.pool import SipPool

async def main():
    trunk = SipTrunk("carrier", "sip:{number}@127.0.0.1:" + sys.argv[1], 8)
    pool = SipPool(SipSettings(rtp_port_base=int(sys.argv[2]), max_calls=8, trunks=(trunk,)))
    await pool.start(lambda event: None)
    pool.dial("up", "carrier", sys.argv[3], "+12125550100")
    pool.dial("rings", "carrier", sys.argv[4], "+12125550100")
    print(*pool.card_pids().values(), pool._nursery.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_when_the_parent_is_killed_the_far_end_is_told_and_nothing_is_left() -> None:
    async def story() -> None:
        async with sip_rig() as rig:
            far = rig.far
            assert far is not None
            command = [sys.executable, "-c", PARENT, str(far.port), str(SIP_RTP_BASE + 1000), ANSWERS, RINGS]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            assert process.stdout is not None
            pids = [int(pid) for pid in (await asyncio.to_thread(process.stdout.readline)).split()]
            await until(lambda: len(far.calls) == 2 and any(call.answered_at for call in far.calls.values()))
            await asyncio.sleep(0.3)
            process.kill()
            process.wait()
            await until(lambda: all(call.ending is not None for call in far.calls.values()), limit_s=3)
            endings = {call.number: call.ending for call in far.calls.values()}
            up_ending, ring_ending = endings[ANSWERS], endings[RINGS]
            assert up_ending is not None and up_ending.bye
            assert ring_ending is not None and ring_ending.sip_code == 487
            await until(lambda: not running(pids), limit_s=3)

    asyncio.run(story())


# Far ends that fail


def test_a_far_end_that_says_nothing_times_out() -> None:
    """RFC 3261 timer B is 32 s, and a cancelled INVITE without a final response is given up after as long."""

    def on_call(call: IncomingCall) -> bool:
        call.answers_cancel = True
        if call.caller_id != "+12125550100":
            return False
        call.ring()
        return True

    async def story() -> None:
        async with OneAgent(on_call) as one:
            one.dial("silent", "+12125550101")
            one.dial("cancelled", "+12125550102")
            one.dial("ringing", "+12125550100")
            await one.seen.wait(Ringing, "ringing")
            one.pool.hang_up("cancelled")
            one.pool.hang_up("ringing")
            await until(lambda: sum(isinstance(event, Ended) for event in one.seen.events) == 3, limit_s=36)
            causes = {event.call_id: event.cause for event in one.seen.events if isinstance(event, Ended)}
            assert causes == {
                "silent": Cause.TIMEOUT,
                "cancelled": Cause.CANCELLED,
                "ringing": Cause.CANCELLED,
            }
            await asyncio.sleep(1.5)
            assert one.pool.capacity() == 4

    asyncio.run(story())


@pytest.mark.parametrize(
    ("phrase", "detail"), [(b"Occup\xe9", "Occup\ufffd"), (b"\xff\xfe", "\ufffd\ufffd"), ("Занято".encode(), "Занято")]
)
def test_a_reason_phrase_may_have_any_bytes(phrase: bytes, detail: str) -> None:
    """RFC 3261 wants UTF-8 there; switches send Latin-1 and worse."""

    def on_call(call: IncomingCall) -> bool:
        call.refuse(486, "busy")
        return False

    async def story() -> None:
        async with OneAgent(on_call) as one:
            send = one.agent.transport.send

            def send_phrase(data: bytes, target: tuple[str, int]) -> None:
                head, _, rest = data.partition(b"\r\n")
                send((b"SIP/2.0 486 " + phrase if b" 486 " in head else head) + b"\r\n" + rest, target)

            one.agent.transport.send = send_phrase  # type: ignore[method-assign]
            one.dial("a")
            ended = await one.seen.ended("a")
            assert (ended.cause, ended.sip_code, ended.detail) == (Cause.BUSY, 486, detail)

    asyncio.run(story())


def answers_on_hold(call: IncomingCall, how: str) -> None:
    describe = call.describe
    held = {
        "inactive": lambda body: body.replace(b"a=sendrecv", b"a=inactive"),
        "no address": lambda body: body.replace(b"c=IN IP4 127.0.0.1", b"c=IN IP4 0.0.0.0"),
    }[how]
    call.describe = lambda session: held(describe(session))  # type: ignore[method-assign]


@pytest.mark.parametrize("how", ["inactive", "no address"])
@pytest.mark.parametrize("held", ["customer", "station"])
@pytest.mark.parametrize("one_card", [True, False])
def test_a_person_on_hold_is_no_fault_of_the_station(how: str, held: str, one_card: bool) -> None:
    """RFC 3264 section 8.4: a call may be answered on hold, and has no audio then. The other side is in order."""

    def on_call(call: IncomingCall) -> bool:
        if (call.number == NUMBER) == (held == "customer"):
            answers_on_hold(call, how)
        call.answer(signals.silence())
        return False

    async def story() -> None:
        async with OneAgent(on_call, max_calls=4 if one_card else 8) as one:
            one.pool.call_station("s", f"sip:desk1@127.0.0.1:{one.agent.address[1]}")
            one.dial("a")
            for call_id in "sa":
                await one.seen.wait(Answered, call_id)
            assert (one.pool.card_of("s") == one.pool.card_of("a")) is one_card
            await asyncio.sleep(0.1)
            one.pool.join("a", "s", tone=True)
            failed = await one.seen.wait(JoinFailed, "a")
            assert failed.peer_id == "s"
            assert failed.no_path is (held == "customer")
            assert "Ended" not in one.seen.kinds("a") + one.seen.kinds("s")

    asyncio.run(story())


def never_says_goodbye(call: IncomingCall) -> bool:
    call.receive = lambda transaction: None  # type: ignore[method-assign]
    call.answer(signals.silence())
    return False


def test_a_bye_without_reply_ends_the_call_but_keeps_its_slot() -> None:
    async def story() -> None:
        async with OneAgent(never_says_goodbye) as one:
            one.dial("a")
            await one.seen.wait(Answered, "a")
            one.pool.hang_up("a")
            assert (await one.seen.ended("a")).cause is Cause.NORMAL
            await until(lambda: one.pool.capacity() == 3)
            for call_id in "bcd":
                one.dial(call_id)
                await one.seen.wait(Answered, call_id)
            one.dial("late")
            assert (await one.seen.ended("late")).cause is Cause.NO_LINE

    asyncio.run(story())


def test_a_card_whose_slot_stays_stuck_is_replaced_once_it_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "STUCK_CHECKS", 1)
    monkeypatch.setattr(pool_module, "CHECK_EVERY_S", 0.1)
    monkeypatch.setattr(pool_module, "SILENT_CHECKS", 50)

    async def story() -> None:
        async with OneAgent(never_says_goodbye) as one:
            one.dial("a")
            one.dial("b")
            for call_id in "ab":
                await one.seen.wait(Answered, call_id)
            (pid,) = one.pool.card_pids().values()
            one.pool.hang_up("a")
            await until(lambda: one.pool.capacity() == 0)
            assert one.pool.card_pids() == {0: pid}
            assert "Ended" not in one.seen.kinds("b")
            one.pool.hang_up("b")
            await until(lambda: one.pool.card_pids().get(0, pid) != pid)
            assert one.pool.capacity() == 4

    asyncio.run(story())


# What the trunks have

LINGER = "calls linger whose end the far end has not confirmed"


def test_ordinary_calls_change_no_trunks_lines() -> None:
    async def story() -> None:
        async with sip_rig(max_calls=8) as rig:
            for turn in range(3):
                calls = [f"{turn}{name}" for name in "abcd"]
                for call_id in calls:
                    rig.driver.dial(call_id, TRUNK, ANSWERS, CALLER_ID)
                for call_id in calls:
                    await rig.seen.wait(Answered, call_id)
                for call_id in calls:
                    rig.driver.hang_up(call_id)
                    await rig.seen.ended(call_id)
                await asyncio.sleep(0.5)
            assert rig.seen.lines == []

    asyncio.run(story())


def test_calls_that_linger_are_told_as_lines_that_cannot_be_used() -> None:
    byes: list[ServerTransaction] = []

    def says_goodbye_late(call: IncomingCall) -> bool:
        call.receive = byes.append  # type: ignore[method-assign]
        call.answer(signals.silence())
        return False

    async def story() -> None:
        async with OneAgent(says_goodbye_late) as one:
            for call_id in "ab":
                one.dial(call_id)
                await one.seen.wait(Answered, call_id)
            one.pool.hang_up("a")
            await until(lambda: one.seen.lines == [TrunkLines(TRUNK, 3, LINGER)], limit_s=3)
            for call_id in "cd":
                one.dial(call_id)
                await one.seen.wait(Answered, call_id)
            assert len(one.seen.lines) == 1
            one.dial("late")
            assert (await one.seen.ended("late")).cause is Cause.NO_LINE
            await until(lambda: len(byes) > 0)
            for bye in byes:
                bye.respond(200)
            await until(lambda: one.seen.lines[1:] == [TrunkLines(TRUNK, 4, "")], limit_s=3)

    asyncio.run(story())


def test_a_call_that_finds_no_slot_tells_of_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "CHECK_EVERY_S", 60.0)

    async def story() -> None:
        async with OneAgent(never_says_goodbye) as one:
            for call_id in "abcd":
                one.dial(call_id)
                await one.seen.wait(Answered, call_id)
            for call_id in "abc":
                one.pool.hang_up(call_id)
                await one.seen.ended(call_id)
            await until(lambda: one.pool.capacity() == 1)
            assert one.seen.lines == []
            one.dial("e")
            assert (await one.seen.ended("e")).cause is Cause.NO_LINE
            assert one.seen.lines == [TrunkLines(TRUNK, 1, LINGER)]

    asyncio.run(story())


def test_trunks_share_what_is_left_when_cards_are_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "RESTART_DELAYS_S", (1.0,) * 6)

    async def story() -> None:
        agent = UserAgent(("127.0.0.1", 0), lambda call: False, rtp_ports=RTP_PORTS)
        await agent.open()
        target = f"sip:{{number}}@127.0.0.1:{agent.address[1]}"
        trunks = (SipTrunk("big", target, 6), SipTrunk("small", target, 2))
        pool, seen = SipPool(SipSettings(rtp_port_base=SIP_RTP_BASE, max_calls=8, trunks=trunks)), Recorder()
        await pool.start(seen)
        try:
            pool.kill_card(0)
            await until(lambda: 0 not in pool.card_pids())
            assert seen.lines == []
            pool.kill_card(1)
            down = "SIP cards are down"
            await until(lambda: len(seen.lines) == 2)
            assert seen.lines == [TrunkLines("big", 3, down), TrunkLines("small", 1, down)]
            await until(lambda: seen.lines[-2:] == [TrunkLines("big", 6, ""), TrunkLines("small", 2, "")])
        finally:
            await pool.close()
            await agent.close()
        assert len(seen.lines) == 4

    asyncio.run(story())


@pytest.mark.soak
def test_a_station_that_vanishes_is_found_out() -> None:
    async def story() -> None:
        async with sip_rig() as rig:
            rig.driver.call_station("stays", rig.station)
            rig.driver.call_station("vanishes", rig.station)
            for call_id in ("stays", "vanishes"):
                await rig.seen.wait(Answered, call_id)
            assert rig.far is not None
            call = rig.far.calls[(await rig.seen.wait(Dialed, "vanishes")).ref]
            await asyncio.sleep(3.0)
            call.receive = lambda transaction: None  # type: ignore[method-assign]
            assert call.media is not None
            call.media.close()
            await until(lambda: "Ended" in rig.seen.kinds("vanishes"), limit_s=8 + 32 + 32 + 20)
            assert "Ended" not in rig.seen.kinds("stays")

    asyncio.run(story())
