"""Firmware upload: an image in pieces, from where the board has it, then its digest. Sans-I/O."""

import enum
import hashlib

from firmware_bridge import messages as m
from firmware_bridge.commands import Done

CHUNK = 192
UNDER_WAY = 4


class UpdateError(Exception):
    """The board did not take the image; the text says why and what to do."""


class Stage(enum.Enum):
    """How far an upload is."""

    BEGIN = "begin"
    SENDING = "sending"
    CHECKING = "checking"
    TAKEN = "taken"


class Upload:
    """One image. `due` gives commands, their `Done` comes to `done`, the board's UpdateIs to `told`.

    When the session is lost, `restart`: the board goes on where it was if it still has the pieces.
    """

    def __init__(self, image: bytes) -> None:
        if not image:
            raise UpdateError("the image is empty")
        self.stage = Stage.BEGIN
        self.sent = 0
        self.taken = 0
        self._image = image
        self._begun = False
        self._under_way = 0

    @property
    def size(self) -> int:
        """Bytes of the image."""
        return len(self._image)

    def restart(self) -> None:
        """A new session: ask the board where it is."""
        self.stage = Stage.BEGIN
        self._begun = False
        self._under_way = 0

    def due(self) -> list[m.HostMessage]:
        """The commands to ask of the board now."""
        match self.stage:
            case Stage.BEGIN if not self._begun:
                self._begun = True
                return [m.UpdateBegin(0, self.size, hashlib.sha256(self._image).digest())]
            case Stage.SENDING:
                return self._chunks()
        return []

    def told(self, update: m.UpdateIs) -> None:
        """The board tells what it has."""
        if self.stage is Stage.BEGIN and self._begun:
            self.sent = self.taken = min(update.received, self.size)

    def done(self, done: Done) -> None:
        """A command of this upload came back. Raises `UpdateError` when the board refused it."""
        command = done.command
        if not isinstance(command, m.UpdateBegin | m.UpdateChunk | m.UpdateEnd):
            return
        explain(done)
        match command:
            case m.UpdateBegin():
                self.stage = Stage.SENDING
            case m.UpdateChunk():
                self._under_way -= 1
                self.taken = max(self.taken, command.offset + len(command.data))
            case m.UpdateEnd():
                self.stage = Stage.TAKEN

    def _chunks(self) -> list[m.HostMessage]:
        out: list[m.HostMessage] = []
        while self._under_way < UNDER_WAY and self.sent < self.size:
            out.append(m.UpdateChunk(0, self.sent, self._image[self.sent : self.sent + CHUNK]))
            self.sent = min(self.size, self.sent + CHUNK)
            self._under_way += 1
        if self.taken == self.size and self._under_way == 0:
            self.stage = Stage.CHECKING
            out.append(m.UpdateEnd(0))
        return out


def explain(done: Done) -> None:
    """Raise `UpdateError` when the board refused a command of an update."""
    if done.status is not m.Status.OK:
        raise UpdateError(_explain(done.command, done.status))


def check_started(image: bytes, before: m.Welcome | None, after: m.Welcome, told: m.UpdateIs | None) -> None:
    """Raise `UpdateError` unless what runs after the reboot is the new image, on trial."""
    same = before is not None and before.build == after.build != hashlib.sha256(image).digest()[:8]
    if same or told is None or told.confirmed:
        raise UpdateError(
            f"the new image did not start: the board runs build {after.build.hex()} as before; is it for this board?"
        )


def _explain(command: m.HostMessage, status: m.Status) -> str:
    step = type(command).__name__
    match status:
        case m.Status.UNSUPPORTED:
            return f"{step}: this board's firmware cannot be replaced over the link; use its programmer"
        case m.Status.CALLS_UP if isinstance(command, m.Reboot):
            return f"{step}: calls are up on this board; it has the image: update again when its lines are free"
        case m.Status.BAD_IMAGE if isinstance(command, m.UpdateConfirm):
            return (
                f"{step}: the board could not note that the new image works; the former one is back at its next reset"
            )
        case m.Status.CALLS_UP:
            return f"{step}: calls are up on this board; try again when its lines are free"
        case m.Status.BAD_IMAGE if isinstance(command, m.UpdateBegin):
            return f"{step}: the board has no room for an image of {command.size} bytes; is it for this board?"
        case m.Status.BAD_IMAGE:
            return f"{step}: the board found the image damaged; start again"
    return f"{step}: the board answered {status.name}"
