"""The firmware and the model board, both written after the protocol's page, do the same in the same random stories.

What depends on the other's pins alone is left out: times within a step, counts of changes before the story began.
"""

import random
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from firmware_bridge import messages as m
from firmware_bridge.messages import DialMode, Lamp, LineState, PortKind
from tests.firmware_bridge.firmware.logic import BUSY, HOOK, MUTE_BUTTON, NORMAL, PRESENT, REVERSED, RING, Logic, Talker
from tests.firmware_bridge.model_board import ALL, ModelBoard

STEP_S = 0.31
ON_HOOK = (LineState.IDLE, LineState.RINGING)
DIALED = (LineState.CALLING, LineState.ANSWERED)


class ModelSide:
    """The model board behind the few methods that `Talker` needs."""

    def __init__(self) -> None:
        capabilities = ALL & ~m.Capabilities.KEYS_HEARD
        self.model = ModelBoard(ties=2, capabilities=capabilities)
        self.now = 0.0

    def send(self, data: bytes) -> int:
        self.model.receive(data, self.now)
        return len(data)

    def poll(self) -> None:
        self.model.handle_timer(self.now)

    def take(self) -> bytes:
        return self.model.data_to_send(self.now)

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end - 1e-9:
            self.now = min(self.now + 0.002, end)
            self.poll()


def by_port(told: list[m.Message]) -> dict[object, list[object]]:
    """What was told, in order per port, without times."""
    sorted_out: dict[object, list[object]] = defaultdict(list)
    for message in told:
        match message:
            case m.LineIs():
                sorted_out["line", message.line].append((message.state, message.call, message.cause))
            case m.HeadsetIs():
                shown = (message.present, message.off_hook, message.muted, message.lamp, message.ring)
                sorted_out["headset", message.headset].append(shown)
            case m.PortsJoined():
                ends = sorted([(message.a_kind, message.a), (message.b_kind, message.b)])
                sorted_out["joints", message.joined].append(tuple(ends))
            case m.Result():
                sorted_out["results"].append((message.command, message.status))
    sorted_out["joints", True].sort(key=repr)
    return dict(sorted_out)


class Story:
    """One world for both: what is done on the model's side is done on the firmware's pins."""

    def __init__(self, library: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.logic = Logic(library)
        self.side = ModelSide()
        self.talkers = [Talker(self.logic), Talker(cast(Logic, self.side))]
        self.polarity = [NORMAL] * 4
        self.accepted: set[int] = set()
        self.hooks = [False] * 4
        for talker in self.talkers:
            talker.board.run(1.0)
            talker.open()
            talker.wait(STEP_S)

    def step(self) -> tuple[dict[object, list[object]], ...]:
        """Something happens; what each of the two tells of it. What only one has told yet is waited for."""
        for talker in self.talkers:
            talker.told.clear()
        self.rng.choice([self.command, self.command, self.line_event, self.headset_event, self.pass_time])()
        told = [list(talker.told) for talker in self.talkers]
        for pause_s in (STEP_S, 0.1, 0.1, 0.1, 0.3, 0.5, 0.5, 0.5):
            for heard, talker in zip(told, self.talkers, strict=True):
                heard += talker.wait(pause_s)
            if by_port(told[0]) == by_port(told[1]):
                break
        return tuple(by_port(heard) for heard in told)

    def command(self) -> None:
        command = self.some_command()
        for talker in self.talkers:
            talker.ask(command.encode())

    def some_command(self) -> m.HostMessage:
        rng, number, line = self.rng, self.talkers[0].next_command(), self.rng.randrange(5)
        call = rng.choice([self.call_of(line), self.call_of(line), rng.randrange(4)])
        digits = rng.choice(["5", "12", "#", "", "x"])
        ports = [self.some_port(), self.some_port()]
        calls = [self.call_of(port[1]) if port[0] is PortKind.LINE else 0 for port in ports]
        makers: list[Callable[[], m.HostMessage]] = [
            lambda: m.Call(number, line, number, rng.choice(list(DialMode)), digits),
            lambda: m.Call(number, line, number, DialMode.DTMF, "55"),
            lambda: m.Call(number, line, call, DialMode.DTMF, "5"),
            lambda: self.accept(number, line),
            lambda: m.Release(number, line, call),
            lambda: m.Digits(number, line, call, digits),
            lambda: m.Join(number, *ports[0], calls[0], *ports[1], calls[1]),
            lambda: m.Join(number, *ports[0], calls[0], *ports[1], calls[1]),
            lambda: m.Part(number, *ports[0], *ports[1]),
            lambda: m.HeadsetSet(number, rng.randrange(5), rng.choice(list(Lamp)), rng.random() < 0.5, False),
            lambda: m.SnapshotGet(number),
        ]
        return rng.choice(makers)()

    def accept(self, number: int, line: int) -> m.Accept:
        if line < 4 and self.state(line) is LineState.RINGING:
            self.accepted.add(line)
        return m.Accept(number, line, number)

    def call_of(self, line: int) -> int:
        return self.side.model.lines[line].call if line < 4 else 0

    def state(self, line: int) -> LineState:
        return self.side.model.lines[line].state

    def some_port(self) -> tuple[PortKind, int]:
        kind = self.rng.choice(list(PortKind))
        return kind, self.rng.randrange(5 if self.rng.random() < 0.1 else 2)

    def line_event(self) -> None:
        line = self.rng.randrange(4)
        model, now, state = self.side.model.lines[line], self.side.now, self.state(line)
        if state is LineState.FAULT:
            model.plug(now)
            self.logic.line(line, self.polarity[line])
        elif state is LineState.IDLE and self.rng.random() < 0.2:
            model.unplug(now)
            self.logic.line(line, 0)
        elif state in ON_HOOK:
            self.accepted.discard(line)
            self.ring(line)
        elif state in DIALED:
            self.end_or_answer(line)

    def ring(self, line: int) -> None:
        self.side.model.lines[line].ring(self.side.now)
        self.logic.line(line, self.polarity[line] | RING)
        self.logic.run(0.05)
        self.side.run(0.05)
        self.logic.line(line, self.polarity[line])

    def end_or_answer(self, line: int) -> None:
        model, now = self.side.model.lines[line], self.side.now
        what = self.rng.choice(["busy", "loop", "reversal", "reversal", "reversal"])
        if what == "busy":
            model.busy(now)
            self.for_a_moment(line, self.polarity[line] | BUSY)
        elif what == "loop":
            model.open_loop(now)
            self.for_a_moment(line, 0)
        elif line not in self.accepted:
            model.reverse(now)
            self.polarity[line] = NORMAL + REVERSED - self.polarity[line]
            self.logic.line(line, self.polarity[line])

    def for_a_moment(self, line: int, levels: int) -> None:
        self.logic.line(line, levels)
        self.logic.run(0.15)
        self.side.run(0.15)
        self.logic.line(line, self.polarity[line])

    def headset_event(self) -> None:
        number = self.rng.randrange(4)
        model, now = self.side.model.headsets[number], self.side.now
        what = self.rng.choice(["hook", "mute", "plug"]) if model.present else "plug"
        if what == "hook":
            self.hooks[number] = not self.hooks[number]
            model.hook(self.hooks[number], now)
        elif what == "mute":
            model.press_mute(now)
            self.logic.headset(number, PRESENT | HOOK * self.hooks[number] | MUTE_BUTTON)
            self.logic.run(0.06)
            self.side.run(0.06)
        else:
            model.plug(not model.present, now)
            self.logic.headset(number, PRESENT * model.present | HOOK * self.hooks[number])
            self.logic.run(0.06)
            self.side.run(0.06)
            self.hooks[number] = False
        self.logic.headset(number, PRESENT * model.present | HOOK * self.hooks[number])

    def pass_time(self) -> None:
        for talker in self.talkers:
            talker.told.clear()
            talker.wait(STEP_S * 4)


@pytest.mark.parametrize("seed", range(12))
def test_the_same_story_is_told_alike(library: Path, seed: int) -> None:
    story = Story(library, seed)
    for step in range(150):
        firmware, model = story.step()
        assert firmware == model, f"step {step}"


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 130))
def test_long_stories_are_told_alike(library: Path, seed: int) -> None:
    story = Story(library, seed)
    for step in range(500):
        firmware, model = story.step()
        assert firmware == model, f"step {step}"
