"""The whole host's end against the model board over a virtual wire, in virtual time."""

import random
from collections import Counter

import pytest

from firmware_bridge import messages as m
from firmware_bridge.commands import Done
from firmware_bridge.frames import Frame
from firmware_bridge.host import BoardDown, BoardRefused, BoardUp, Host
from firmware_bridge.mirror import KeyHeard, LineChanged, Parted, Port
from firmware_bridge.session import Phase
from tests.firmware_bridge.model_board import ModelBoard
from tests.firmware_bridge.model_ports import QUICK, Line
from tests.firmware_bridge.virtual_wire import Bench, Faults

S, C = m.LineState, m.ClearCause
LINES, HEADSETS = 4, 4
ROUGH = Faults(damaged=0.05, lost=0.02, twice=0.02, delay_s=0.005)
HARSH = Faults(damaged_bytes=0.05, lost=0.02, twice=0.02, delay_s=0.005)


def bench(seed: int = 1, faults: Faults | None = None, board: ModelBoard | None = None, **more: float) -> Bench:
    it = Bench(seed, faults, board or ModelBoard(seed, timing=QUICK), **more)
    assert it.run(120, lambda: it.host.up)
    return it


def of(it: Bench, kind: type) -> list[object]:
    return [event for _, event in it.seen if isinstance(event, kind)]


def states(it: Bench, line: int) -> list[m.LineState]:
    return [event.state for event in of(it, LineChanged) if event.line == line]  # type: ignore[attr-defined]


def answered(it: Bench, line: int = 0) -> int:
    call = it.host.call(line, "5550100")
    assert it.run(5, lambda: it.board.lines[line].state is S.CALLING)
    it.board.lines[line].reverse(it.now)
    assert it.run(5, lambda: it.host.mirror.lines[line].state is S.ANSWERED)
    return call


class Worker:
    """Asks random commands, at most six at once, until `count` are asked; keeps them and their results."""

    def __init__(self, it: Bench, seed: int, count: int, *, counters: bool = True) -> None:
        self.it, self.count = it, count
        self.counters = counters
        self.rng = random.Random(seed)
        self.asked: list[m.HostMessage] = []
        self.results: list[Done] = []
        self.calls = dict.fromkeys(range(LINES), 0)
        it.on_event = self.take
        self.fill()

    def take(self, event: object) -> None:
        if isinstance(event, Done) and not isinstance(event.command, m.SnapshotGet):
            self.results.append(event)
            self.fill()

    def fill(self) -> None:
        while len(self.asked) < self.count and len(self.asked) - len(self.results) < 6:
            self.asked.append(self.ask())

    def ask(self) -> m.HostMessage:
        line, headset = self.rng.randrange(LINES), self.rng.randrange(HEADSETS)
        call = self.calls[line]
        ports = (m.PortKind.LINE, line), (m.PortKind.HEADSET, headset)
        commands: list[m.HostMessage] = [
            m.Call(0, line, self.it.host.mirror.new_call(), m.DialMode.DTMF, "5550100"),
            m.Release(0, line, max(call, 1)),
            m.Digits(0, line, max(call, 1), "12#"),
            m.Join(0, *ports[0], call, *ports[1], 0),
            m.Part(0, *ports[0], *ports[1]),
            m.CountersGet(0),
        ]
        command = self.rng.choices(commands, weights=(3, 3, 1, 3, 2, self.counters))[0]
        if isinstance(command, m.Call):
            self.calls[line] = command.call
        self.it.host.ask(command)
        return command

    def done(self) -> bool:
        return len(self.results) == self.count


def answering(board: ModelBoard, it: Bench) -> None:
    def answer(line: Line, digits: str, now: float) -> None:
        if line.state is S.CALLING and line.call % 2:
            it.after(0.003, lambda: line.reverse(it.now))

    for line in board.lines:
        line.on_digits = answer


def check_exactly_once(it: Bench, worker: Worker) -> None:
    """Nothing lost, nothing done twice, in order, and both ends tell the same state."""
    done = [command for command in it.board.done if not isinstance(command, m.SnapshotGet)]
    assert [(type(command), command.command) for command in done] == [
        (type(result.command), result.command.command) for result in worker.results
    ]
    assert [result.command for result in worker.results] == done
    assert Counter(type(command) for command in worker.asked) == Counter(type(command) for command in done)
    it.run(2.0)
    for line in it.board.lines:
        mirrored = it.host.mirror.lines[line.number]
        assert (mirrored.state, mirrored.call, mirrored.cause) == (line.state, line.call, line.cause)
    assert it.host.mirror.joined == it.board.crosspoints
    assert not of(it, BoardDown)


class TestCommands:
    @pytest.mark.parametrize(("faults", "count"), [(Faults(), 1000), (ROUGH, 10_000)])
    def test_ten_thousand_commands_none_lost_none_done_twice(self, faults: Faults, count: int) -> None:
        it = bench(2, faults)
        answering(it.board, it)
        worker = Worker(it, 3, count)
        assert it.run(3600, worker.done)
        assert len(worker.results) == count
        assert {result.status for result in worker.results} >= {m.Status.OK, m.Status.NOT_ANSWERED}
        check_exactly_once(it, worker)

    def test_where_one_byte_in_twenty_is_damaged_too(self) -> None:
        """Without Counters, the longest answer: 44 bytes on the wire of which no one may be hurt."""
        it = bench(4, HARSH, keepalive_s=10.0)
        answering(it.board, it)
        worker = Worker(it, 5, 1000, counters=False)
        assert it.run(3600, worker.done)
        check_exactly_once(it, worker)
        assert it.board.reader.counts.bad > 1000

    def test_a_call_goes_its_way_and_is_timed_by_the_board(self) -> None:
        it = bench()
        call = answered(it)
        at = it.now
        it.board.press_key(0, "7", it.now)
        it.run(0.1)
        [key] = of(it, KeyHeard)
        assert isinstance(key, KeyHeard)
        assert (key.line, key.call, key.digit) == (0, call, "7")
        assert key.at == pytest.approx(at, abs=0.01)
        it.host.release(0, call)
        it.run(1.0)
        assert states(it, 0) == [S.SEIZED, S.DIALING, S.CALLING, S.ANSWERED, S.GUARD, S.IDLE]

    def test_asking_too_much_ends_the_session_and_begins_another(self) -> None:
        it = bench()
        it.board_frozen = True
        for _ in range(300):
            it.host.ask(m.CountersGet(0))
        it.run(0.1)
        [down] = of(it, BoardDown)
        assert isinstance(down, BoardDown)
        assert "commands wait" in down.reason
        it.board_frozen = False
        assert it.run(10, lambda: it.host.up)

    def test_a_board_that_leaves_a_command_without_result_is_given_up(self) -> None:
        it = bench()
        it.board._answer = lambda result: None  # type: ignore[method-assign]
        it.host.ask(m.CountersGet(0))
        it.run(11)
        [down] = of(it, BoardDown)
        assert isinstance(down, BoardDown)
        assert "left CountersGet without a result" in down.reason

    def test_a_board_that_is_not_up_takes_no_commands(self) -> None:
        host = Host(random.Random(1))
        assert host.call(0, "1") == m.NO_CALL
        host.release(0, 1)
        assert host.deadline(0.0) is None
        assert host.data_to_send(0.0) == b""


class TestLoss:
    def test_a_board_that_hears_nothing_makes_itself_safe(self) -> None:
        it = bench()
        call = answered(it)
        it.host.join(Port(m.PortKind.LINE, 0), call, Port(m.PortKind.HEADSET, 1), 0)
        it.host.set_headset(1, m.Lamp.ON, ring=False, muted=True)
        assert it.run(1, lambda: bool(it.board.crosspoints) and it.board.headsets[1].muted)
        it.to_board.cut = True
        cut_at = it.now
        assert it.run(3, lambda: not it.board.lines[0].off_hook)
        assert it.now - cut_at <= 1.5 + 0.01
        assert it.board.crosspoints == set()
        assert it.board.headsets[1].lamp is m.Lamp.OFF
        assert it.board.lines[0].cause is C.HOST_LOST
        it.to_board.cut = False
        assert it.run(3, lambda: len(of(it, BoardUp)) == 2)
        assert len(of(it, BoardDown)) == 1

    def test_hello_alone_keeps_no_line_off_hook(self) -> None:
        it = bench()
        answered(it)
        it.to_host.cut = True
        cut_at = it.now
        assert it.run(5, lambda: not it.board.lines[0].off_hook)
        assert it.now - cut_at <= 2 * 1.5 + 0.01
        assert of(it, BoardDown)

    def test_bye_makes_it_safe_at_once(self) -> None:
        it = bench()
        answered(it)
        it.host.stop()
        at = it.now
        assert it.run(1, lambda: not it.board.lines[0].off_hook)
        assert it.now - at < 0.05
        assert it.board.link is None

    def test_a_host_that_starts_again_hangs_up_what_it_does_not_know(self) -> None:
        it = bench()
        call = answered(it)
        it.host = Host(random.Random(99))
        it.host.start(it.now)
        assert it.run(5, lambda: it.board.lines[0].state is S.IDLE)
        assert it.board.lines[0].cause is C.RELEASED
        assert it.board.lines[0].call == call
        assert it.host.up

    def test_a_late_copy_of_an_old_hello_ends_no_session(self) -> None:
        it = bench()
        old = Frame(m.FrameKind.HELLO, it.board.session, payload=m.Hello(1, 1, 1500, it.board.host_nonce).encode())
        it.host = Host(random.Random(99))
        it.host.start(it.now)
        assert it.run(5, lambda: it.host.up)
        session = it.board.session
        it.board.receive(old.encode(), it.now)
        it.run(2)
        assert (it.board.session, it.host.up) == (session, True)
        assert not of(it, BoardDown)

    @pytest.mark.parametrize("seed", range(10))
    def test_power_cycles_at_random_moments_leave_both_in_agreement(self, seed: int) -> None:
        it = bench(seed, ROUGH)
        answering(it.board, it)
        rng = random.Random(seed)
        for _ in range(20):
            lines = [line for line in range(LINES) if it.host.mirror.lines[line].state is S.IDLE]
            calls = {line: it.host.call(line, "5550100") for line in lines}
            it.run(rng.random() * 0.2)
            for line in lines[::2]:
                it.host.release(line, calls[line])
            it.run(rng.random() * 0.1)
            it.seen.clear()
            it.board.boot(it.now, m.ResetCause.BROWNOUT)
            answering(it.board, it)
            booted_at = it.now
            assert it.run(10, lambda: bool(of(it, BoardUp)))
            assert it.now - booted_at <= 2.0
            up = of(it, BoardUp)[-1]
            assert isinstance(up, BoardUp)
            assert up.rebooted
            assert not any(line.off_hook for line in it.board.lines)
            assert all(it.host.mirror.lines[line.number].state is line.state for line in it.board.lines)

    def test_a_reboot_is_told_also_when_the_first_session_after_it_came_to_nothing(self) -> None:
        it = bench()
        it.seen.clear()
        it.board.boot(it.now, m.ResetCause.FAULT)
        boot_nonce = it.host.welcome.boot_nonce if it.host.welcome else 0
        assert it.run(3, lambda: it.host.welcome is not None and it.host.welcome.boot_nonce != boot_nonce)
        assert it.host.session.phase is Phase.UP and not it.host.up
        it.board_frozen = True
        assert it.run(3, lambda: it.host.session.phase is Phase.OPENING)
        it.board_frozen = False
        assert it.run(3, lambda: it.host.up)
        assert [event.rebooted for event in of(it, BoardUp)] == [True]  # type: ignore[attr-defined]

    def test_a_frozen_board_is_lost_and_comes_back(self) -> None:
        it = bench()
        it.board_frozen = True
        assert it.run(3, lambda: bool(of(it, BoardDown)))
        it.board_frozen = False
        assert it.run(3, lambda: it.host.up)

    def test_events_that_overflow_are_made_good_by_a_snapshot(self) -> None:
        it = bench(board=ModelBoard(1, timing=QUICK, event_queue=4))
        for headset in it.board.headsets:
            for _ in range(9):
                headset.press_mute(it.now)
        it.run(2.0)
        assert it.host.mirror.events_lost > 0
        assert [it.host.mirror.headsets[number].muted for number in range(HEADSETS)] == [True] * HEADSETS
        assert it.host.up

    def test_a_board_that_opens_a_crosspoint_by_itself_says_so(self) -> None:
        it = bench()
        call = answered(it)
        line, headset = Port(m.PortKind.LINE, 0), Port(m.PortKind.HEADSET, 1)
        it.host.join(line, call, headset, 0)
        assert it.run(1, lambda: bool(it.host.mirror.joined))
        it.board.headsets[1].plug(False, it.now)
        it.run(0.1)
        assert of(it, Parted) == [Parted(line, headset)]


class TestVersions:
    def test_a_board_of_another_version_is_refused_in_words(self) -> None:
        board = ModelBoard(1)
        board.versions = (2, 3)
        it = Bench(1, board=board)
        it.run(5)
        assert of(it, BoardRefused) == [
            BoardRefused("the board speaks protocol versions 2 to 3, we 1 to 1: update the older of the two", True)
        ]

    def test_a_board_that_refuses_what_it_speaks_is_told_apart(self) -> None:
        board = ModelBoard(1)
        board.refuses = m.RefuseReason.VERSION
        it = Bench(1, board=board)
        it.run(1)
        [refused] = of(it, BoardRefused)
        assert isinstance(refused, BoardRefused)
        assert "its firmware is wrong" in refused.reason

    def test_a_keepalive_that_the_board_does_not_take_is_refused_in_words(self) -> None:
        it = Bench(1, board=ModelBoard(1), keepalive_s=0.1)
        it.run(5)
        [refused] = of(it, BoardRefused)
        assert isinstance(refused, BoardRefused)
        assert "300 to 10000 ms" in refused.reason

    def test_a_busy_board_is_up_when_it_is_ready(self) -> None:
        board = ModelBoard(1)
        board.refuses = m.RefuseReason.BUSY
        it = Bench(1, board=board)
        it.run(3.5)
        refused = of(it, BoardRefused)
        assert len(refused) == 4
        assert not any(isinstance(event, BoardRefused) and event.final for event in refused)
        board.refuses = None
        assert it.run(2, lambda: it.host.up)

    def test_two_runs_from_one_seed_are_alike(self) -> None:
        def told() -> list[str]:
            it = bench(7, ROUGH)
            answering(it.board, it)
            worker = Worker(it, 8, 200)
            assert it.run(600, worker.done)
            return [f"{at:.6f} {event}" for at, event in it.seen]

        assert told() == told()
