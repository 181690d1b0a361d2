import hashlib

import pytest

from firmware_bridge import messages as m
from firmware_bridge.commands import Done
from firmware_bridge.update import CHUNK, UNDER_WAY, Stage, UpdateError, Upload

IMAGE = bytes(range(256)) * 5


def begun(received: int = 0) -> Upload:
    upload = Upload(IMAGE)
    [begin] = upload.due()
    assert begin == m.UpdateBegin(0, len(IMAGE), hashlib.sha256(IMAGE).digest())
    upload.told(m.UpdateIs(received, len(IMAGE), True))
    upload.done(Done(begin, m.Status.OK))
    return upload


class TestUpload:
    def test_the_image_goes_over_in_pieces_few_at_once(self) -> None:
        upload = begun()
        got = b""
        while upload.stage is Stage.SENDING:
            due = upload.due()
            assert len(due) <= UNDER_WAY
            for command in due:
                if isinstance(command, m.UpdateChunk):
                    assert command.offset == len(got)
                    got += command.data
                upload.done(Done(command, m.Status.OK))
        assert got == IMAGE
        assert upload.stage is Stage.TAKEN
        assert upload.due() == []

    def test_the_end_is_asked_for_when_all_pieces_are_there(self) -> None:
        upload = begun(received=len(IMAGE) - CHUNK)
        [last] = upload.due()
        assert upload.due() == []
        upload.done(Done(last, m.Status.OK))
        assert upload.due() == [m.UpdateEnd(0)]
        assert upload.stage is Stage.CHECKING
        assert upload.due() == []

    def test_after_a_lost_session_it_goes_on_where_the_board_is(self) -> None:
        upload = begun()
        upload.due()
        upload.restart()
        [begin] = upload.due()
        upload.told(m.UpdateIs(2 * CHUNK, len(IMAGE), True))
        upload.done(Done(begin, m.Status.OK))
        first = upload.due()[0]
        assert isinstance(first, m.UpdateChunk)
        assert first.offset == 2 * CHUNK

    def test_other_commands_are_not_its_own(self) -> None:
        upload = begun()
        upload.done(Done(m.Release(1, 0, 1), m.Status.UNSUPPORTED))
        assert upload.stage is Stage.SENDING

    @pytest.mark.parametrize(
        ("command", "status", "complaint"),
        [
            (m.UpdateBegin(1, 5, bytes(32)), m.Status.UNSUPPORTED, "cannot be replaced over the link"),
            (m.UpdateBegin(1, 5, bytes(32)), m.Status.CALLS_UP, "calls are up"),
            (m.UpdateBegin(1, 5, bytes(32)), m.Status.BAD_IMAGE, "no room for an image of 5 bytes"),
            (m.UpdateEnd(1), m.Status.BAD_IMAGE, "found the image damaged"),
            (m.UpdateEnd(1), m.Status.UNREADABLE, "answered UNREADABLE"),
        ],
    )
    def test_a_refusal_says_why(self, command: m.HostMessage, status: m.Status, complaint: str) -> None:
        with pytest.raises(UpdateError, match=complaint):
            begun().done(Done(command, status))

    def test_an_empty_image_is_refused(self) -> None:
        with pytest.raises(UpdateError, match="empty"):
            Upload(b"")
