"""The examples on the protocol's page: a board written after the page does what they show."""

import pytest

from firmware_bridge import messages as m
from firmware_bridge.frames import Frame, FrameReader
from firmware_bridge.generate import PAGE
from firmware_bridge.mirror import Port
from firmware_bridge.vectors import BOOT_NONCE, BUILD, Side, Step, bad_vectors, worked_session
from tests.firmware_bridge.model_board import ModelBoard
from tests.firmware_bridge.model_ports import Timing

FIRST_DIGIT_OUT_S = 2.66
HELLO = worked_session()[0].frame.encode()


def model() -> ModelBoard:
    capabilities = m.Capabilities.REVERSAL | m.Capabilities.DTMF
    board = ModelBoard(lines=1, headsets=1, ties=0, capabilities=capabilities, timing=Timing(digit_s=0.13999))
    board.boot_nonce, board.build = BOOT_NONCE, BUILD
    return board


@pytest.mark.parametrize(("what", "data"), bad_vectors())
def test_what_is_wrong_is_dropped_and_counted(what: str, data: bytes) -> None:
    board = model()
    board.receive(HELLO, 2.0)
    board.data_to_send(2.0)
    good = board.reader.counts.good
    board.receive(data, 2.1)
    assert board.data_to_send(2.1) == b"", what
    assert (board.reader.counts.good, board.reader.counts.bad) == (good, 1)
    assert f"| `{data.hex(' ')}` | {what} |" in PAGE.read_text()


class TestWorkedSession:
    def test_the_model_board_plays_its_part_byte_for_byte(self) -> None:
        board, reader, steps = model(), FrameReader(), worked_session()
        for at_s in sorted({FIRST_DIGIT_OUT_S, *(step.at_s for step in steps)}):
            for step in steps:
                if step.at_s == at_s and step.side is Side.HOST:
                    board.receive(step.frame.encode(), at_s)
            if at_s == 3.0:
                board.lines[0].reverse(at_s)
            board.handle_timer(at_s)
            said = reader.feed(board.data_to_send(at_s))
            assert said == [step.frame for step in steps if step.at_s == at_s and step.side is Side.BOARD]
            if at_s == 3.005:
                assert board.crosspoints == {frozenset((Port(m.PortKind.LINE, 0), Port(m.PortKind.HEADSET, 0)))}
        assert board.link is None
        assert not board.lines[0].off_hook
        assert board.reader.counts.bad == 0

    def test_each_frame_acknowledges_what_has_come(self) -> None:
        steps = worked_session()
        for side, other in ((Side.HOST, Side.BOARD), (Side.BOARD, Side.HOST)):
            seen: set[int] = set()
            for step in steps:
                if step.side is other and step.frame.kind is m.FrameKind.DATA and not step.lost:
                    seen.add(step.frame.seq)
                elif step.side is side and step.frame.kind in (m.FrameKind.DATA, m.FrameKind.ACK, m.FrameKind.BYE):
                    assert (step.frame.ack, step.frame.sack) == acknowledged(seen), step.what

    def test_it_is_on_the_page(self) -> None:
        page = PAGE.read_text()
        for step in worked_session():
            assert f"`{wire(step)}`" in page


def acknowledged(seen: set[int]) -> tuple[int, int]:
    ack = next(seq for seq in range(256) if seq not in seen)
    return ack, sum(1 << seq - ack - 1 for seq in seen if seq > ack)


def wire(step: Step) -> str:
    frame: Frame = step.frame
    return frame.encode().hex(" ")
