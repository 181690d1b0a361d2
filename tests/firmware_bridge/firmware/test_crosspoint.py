import itertools

import pytest

from firmware_bridge import messages as m
from firmware_bridge.messages import PortKind, Status
from tests.firmware_bridge.firmware.logic import NORMAL, Talker
from tests.firmware_bridge.firmware.test_lines import answered, release

LINE, HEADSET, TIE = PortKind.LINE, PortKind.HEADSET, PortKind.TIE
Port = tuple[PortKind, int]


def join(talker: Talker, a: Port, b: Port, a_call: int = 0, b_call: int = 0) -> Status:
    return talker.ask(m.Join(talker.next_command(), *a, a_call, *b, b_call).encode())


def part(talker: Talker, a: Port, b: Port) -> Status:
    return talker.ask(m.Part(talker.next_command(), *a, *b).encode())


def opened(told: list[m.Message]) -> list[tuple[PortKind, int, PortKind, int]]:
    return [(j.a_kind, j.a, j.b_kind, j.b) for j in told if isinstance(j, m.PortsJoined) and not j.joined]


def test_a_line_and_a_headset(talker: Talker) -> None:
    assert join(talker, (LINE, 2), (HEADSET, 3), 7) is Status.NOT_ANSWERED
    answered(talker, 2, 7)
    assert join(talker, (LINE, 2), (HEADSET, 3), 8) is Status.NOT_ANSWERED
    assert join(talker, (LINE, 2), (HEADSET, 3), 7) is Status.OK
    assert talker.board.points() == {(3, 2)}
    assert join(talker, (HEADSET, 3), (LINE, 2), 0, 7) is Status.OK
    assert join(talker, (LINE, 2), (TIE, 1), 7) is Status.PORT_TAKEN
    assert join(talker, (HEADSET, 3), (TIE, 1)) is Status.PORT_TAKEN
    assert part(talker, (HEADSET, 3), (TIE, 1)) is Status.OK
    assert talker.board.points() == {(3, 2)}
    assert part(talker, (HEADSET, 3), (LINE, 2)) is Status.OK
    assert talker.board.points() == set()
    assert part(talker, (HEADSET, 3), (LINE, 2)) is Status.OK
    assert join(talker, (LINE, 2), (TIE, 1), 7) is Status.OK
    assert talker.board.points() == {(5, 2)}


@pytest.mark.parametrize("how", ["release", "far end", "unplugged"])
def test_the_board_opens_what_cannot_stay_and_tells_it_first(talker: Talker, how: str) -> None:
    answered(talker, 0, 7)
    assert join(talker, (HEADSET, 1), (LINE, 0), 0, 7) is Status.OK
    told: list[m.Message] = []
    if how == "release":
        release(talker, 0, 7)
        told = talker.told
    elif how == "far end":
        talker.board.line(0, NORMAL)
        told = talker.wait(0.1)
    else:
        talker.board.headset(1, 0)
        told = talker.wait(0.1)
    assert opened(told) == [(HEADSET, 1, LINE, 0)]
    assert isinstance(told[0], m.PortsJoined)
    assert isinstance(told[1], m.LineIs | m.HeadsetIs)
    assert talker.board.points() == set()


def test_ports_that_cannot_be_joined(talker: Talker) -> None:
    assert join(talker, (HEADSET, 4), (TIE, 0)) is Status.NO_SUCH_PORT
    assert join(talker, (HEADSET, 0), (TIE, 2)) is Status.NO_SUCH_PORT
    assert join(talker, (TIE, 0), (TIE, 0)) is Status.UNREADABLE
    talker.board.headset(0, 0)
    talker.wait(0.1)
    assert join(talker, (HEADSET, 0), (TIE, 0)) is Status.NO_SUCH_PORT
    assert part(talker, (HEADSET, 0), (TIE, 0)) is Status.OK
    assert part(talker, (LINE, 4), (TIE, 0)) is Status.NO_SUCH_PORT


def heard_together(points: set[tuple[int, int]]) -> set[frozenset[str]]:
    """Who hears whom, from the points alone: rows and columns that touch are one."""
    rows = [f"headset {i}" for i in range(4)] + ["tie 0", "tie 1", "spare row 6", "spare row 7"]
    columns = [f"line {i}" for i in range(4)] + [f"spare column {i}" for i in range(4, 8)]
    groups = [{rows[row], columns[column]} for row, column in points]
    for one, other in itertools.combinations(range(len(groups)), 2):
        if groups[one] & groups[other]:
            groups[other] |= groups[one]
            groups[one] = set()
    return {frozenset(name for name in group if "spare" not in name) for group in groups if group}


def test_every_pairing_of_all_ten_ports_can_be_made(talker: Talker) -> None:
    """Five joins of two, of whatever kinds: the switch never runs out of spares."""
    for line in range(4):
        answered(talker, line, line + 1)
    ports = [(LINE, i) for i in range(4)] + [(HEADSET, i) for i in range(4)] + [(TIE, 0), (TIE, 1)]

    def pairings(left: list[Port]) -> list[list[tuple[Port, Port]]]:
        if not left:
            return [[]]
        first, *rest = left
        return [
            [(first, other), *more] for other in rest for more in pairings([port for port in rest if port != other])
        ]

    def number(port: Port) -> int:
        return port[1] + 1 if port[0] is LINE else 0

    for pairing in pairings(ports)[::23]:
        for a, b in pairing:
            assert join(talker, a, b, number(a), number(b)) is Status.OK
        together = {frozenset((f"{a[0].name} {a[1]}".lower(), f"{b[0].name} {b[1]}".lower())) for a, b in pairing}
        assert heard_together(talker.board.points()) == together
        for a, b in pairing:
            assert part(talker, b, a) is Status.OK
        assert talker.board.points() == set()


def test_a_snapshot_tells_what_is_joined(talker: Talker) -> None:
    join(talker, (TIE, 0), (TIE, 1))
    join(talker, (HEADSET, 0), (HEADSET, 2))
    talker.ask(m.SnapshotGet(talker.next_command()).encode())
    told = [(j.a_kind, j.a, j.b_kind, j.b, j.joined) for j in talker.told if isinstance(j, m.PortsJoined)]
    assert told == [(TIE, 0, TIE, 1, True), (HEADSET, 0, HEADSET, 2, True)]


def test_a_call_that_is_over_frees_its_line(talker: Talker) -> None:
    answered(talker, 0, 7)
    join(talker, (LINE, 0), (HEADSET, 0), 7)
    release(talker, 0, 7)
    talker.board.line(0, NORMAL)
    assert join(talker, (HEADSET, 0), (TIE, 0)) is Status.OK
    talker.wait(1.0)
    answered(talker, 0, 8)
    assert join(talker, (LINE, 0), (HEADSET, 1), 8) is Status.OK
