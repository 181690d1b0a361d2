import hashlib
import random

import pytest

from firmware_bridge import messages as m
from firmware_bridge.messages import Status
from tests.firmware_bridge.firmware.logic import Logic, Talker

IMAGE = random.Random(1).randbytes(1000)
DIGEST = hashlib.sha256(IMAGE).digest()
SLOT = 4096


def begin(talker: Talker, size: int = len(IMAGE), digest: bytes = DIGEST) -> Status:
    return talker.ask(m.UpdateBegin(talker.next_command(), size, digest).encode())


def chunk(talker: Talker, offset: int, data: bytes) -> Status:
    return talker.ask(m.UpdateChunk(talker.next_command(), offset, data).encode())


def end(talker: Talker) -> Status:
    return talker.ask(m.UpdateEnd(talker.next_command()).encode())


def update_is(talker: Talker) -> m.UpdateIs:
    (told,) = [told for told in talker.told if isinstance(told, m.UpdateIs)]
    return told


def upload(talker: Talker, image: bytes, since: int = 0) -> None:
    for offset in range(since, len(image), 192):
        assert chunk(talker, offset, image[offset : offset + 192]) is Status.OK


def test_an_image_is_received_and_sealed(talker: Talker) -> None:
    assert begin(talker) is Status.OK
    assert update_is(talker) == m.UpdateIs(0, 1000, True)
    upload(talker, IMAGE)
    assert end(talker) is Status.OK
    assert update_is(talker) == m.UpdateIs(1000, 1000, True)
    assert talker.board.sealed() == 1000
    assert end(talker) is Status.OK
    assert begin(talker) is Status.OK
    assert update_is(talker) == m.UpdateIs(1000, 1000, True)
    assert end(talker) is Status.OK


def test_it_goes_on_after_a_lost_session(talker: Talker) -> None:
    begin(talker)
    upload(talker, IMAGE[:384])
    talker.board.run(3.0)
    again = Talker(talker.board, session=99)
    again.open()
    again.ack()
    assert begin(again) is Status.OK
    assert update_is(again) == m.UpdateIs(384, 1000, True)
    upload(again, IMAGE, since=384)
    assert end(again) is Status.OK


def test_another_image_starts_anew(talker: Talker) -> None:
    begin(talker)
    upload(talker, IMAGE[:384])
    assert begin(talker, digest=bytes(32)) is Status.OK
    assert update_is(talker).received == 0


def test_pieces_that_are_there_and_pieces_that_do_not_fit(talker: Talker) -> None:
    assert chunk(talker, 0, b"x") is Status.BAD_IMAGE
    begin(talker)
    assert chunk(talker, 0, IMAGE[:100]) is Status.OK
    assert chunk(talker, 0, IMAGE[:100]) is Status.OK
    assert chunk(talker, 50, IMAGE[50:100]) is Status.OK
    assert chunk(talker, 50, IMAGE[50:150]) is Status.BAD_IMAGE
    assert chunk(talker, 101, IMAGE[101:110]) is Status.BAD_IMAGE
    assert chunk(talker, 0xFFFFFFFF, IMAGE[:192]) is Status.BAD_IMAGE
    upload(talker, IMAGE, since=100)
    assert chunk(talker, 1000, b"x") is Status.BAD_IMAGE
    assert end(talker) is Status.OK


@pytest.mark.parametrize("size", [0, SLOT + 1, 0xFFFFFFFF])
def test_sizes_that_cannot_be(talker: Talker, size: int) -> None:
    assert begin(talker, size=size) is Status.BAD_IMAGE


def test_an_incomplete_or_wrong_image_is_not_sealed_and_gone(talker: Talker) -> None:
    assert end(talker) is Status.BAD_IMAGE
    assert [type(told) for told in talker.told] == [m.Result]
    begin(talker)
    upload(talker, IMAGE[:-1])
    assert end(talker) is Status.BAD_IMAGE
    assert chunk(talker, 999, b"x") is Status.BAD_IMAGE
    begin(talker)
    upload(talker, IMAGE[:-1] + bytes([IMAGE[-1] ^ 1]))
    assert end(talker) is Status.BAD_IMAGE
    assert talker.board.sealed() == 0


def test_a_new_image_is_confirmed_by_the_host(talker: Talker) -> None:
    talker.board.image(confirmed=False)
    talker.ask(m.SnapshotGet(1).encode())
    assert not update_is(talker).confirmed
    assert talker.ask(m.UpdateConfirm(2).encode()) is Status.OK
    assert talker.board.image_confirmed()
    assert talker.ask(m.UpdateConfirm(3).encode()) is Status.OK


def test_a_new_image_that_no_host_speaks_with_gives_way(board: Logic) -> None:
    board.image(confirmed=False)
    board.run(59.0)
    assert board.resets() == 0
    board.run(1.5)
    assert board.resets() >= 1


def test_a_new_image_that_a_host_speaks_with_stays(board: Logic) -> None:
    board.image(confirmed=False)
    Talker(board).open()
    board.run(70.0)
    assert board.resets() == 0
