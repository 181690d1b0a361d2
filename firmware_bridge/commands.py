"""Commands on their way to the board: numbered, in order, few at once, each with one Result."""

from collections import OrderedDict, deque
from dataclasses import dataclass, replace

from firmware_bridge import messages as m

MAX_WAITING = 256
RESULT_WITHIN_S = 10.0


class CommandsFullError(Exception):
    """More commands wait than are kept: the board takes none, or it is asked too much."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a command; `command` is as it was asked, with its number."""

    command: m.HostMessage
    status: m.Status


@dataclass(frozen=True, slots=True)
class _Sent:
    command: m.HostMessage
    at: float


class Commands:
    """The queue and what is under way. One per session: `clear` when it ends."""

    def __init__(self, result_within_s: float = RESULT_WITHIN_S) -> None:
        self.unknown_results = 0
        self._result_within_s = result_within_s
        self._waiting: deque[m.HostMessage] = deque()
        self._sent: OrderedDict[int, _Sent] = OrderedDict()
        self._number = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._sent)

    def ask(self, command: m.HostMessage) -> None:
        """Queue a command; its number is given later. Raises `CommandsFullError`."""
        if len(self._waiting) >= MAX_WAITING:
            raise CommandsFullError(f"{MAX_WAITING} commands wait for the board")
        self._waiting.append(command)

    def ask_latest(self, command: m.HeadsetSet) -> None:
        """Queue a headset's setting, in place of one for it that still waits. Raises `CommandsFullError`."""
        for place, other in enumerate(self._waiting):
            if isinstance(other, m.HeadsetSet) and other.headset == command.headset:
                self._waiting[place] = command
                return
        self.ask(command)

    def headset_under_way(self, headset: int) -> list[m.HeadsetSet]:
        """The settings of a headset that were sent and have no Result yet."""
        sent = (one.command for one in self._sent.values())
        return [command for command in sent if isinstance(command, m.HeadsetSet) and command.headset == headset]

    def due(self, now: float) -> list[m.HostMessage]:
        """The commands to send now, with their numbers."""
        out = []
        while self._waiting and len(self._sent) < m.MAX_COMMANDS:
            self._number = (self._number + 1) % 0x10000
            command = replace(self._waiting.popleft(), command=self._number)
            self._sent[self._number] = _Sent(command, now)
            out.append(command)
        return out

    def result(self, result: m.Result) -> Done | None:
        """What a Result tells; None (and counted) when nothing with that number is under way."""
        sent = self._sent.pop(result.command, None)
        if sent is None:
            self.unknown_results += 1
            return None
        return Done(sent.command, result.status)

    def deadline(self) -> float | None:
        """When the oldest command has waited too long for its Result."""
        oldest = next(iter(self._sent.values()), None)
        return None if oldest is None else oldest.at + self._result_within_s

    def overdue(self, now: float) -> m.HostMessage | None:
        """A command whose Result has not come in time."""
        oldest = next(iter(self._sent.values()), None)
        return oldest.command if oldest is not None and now >= oldest.at + self._result_within_s else None

    def clear(self) -> None:
        """The session is over: nothing waits any more, and no Result will come."""
        self._waiting.clear()
        self._sent.clear()
