import pytest

from firmware_bridge import messages as m
from firmware_bridge.commands import MAX_WAITING, RESULT_WITHIN_S, Commands, CommandsFullError, Done


def numbers(commands: list[m.HostMessage]) -> list[int]:
    return [command.command for command in commands]


class TestCommands:
    def test_each_gets_a_number_and_eight_are_under_way(self) -> None:
        commands = Commands()
        for _ in range(10):
            commands.ask(m.CountersGet(0))
        assert numbers(commands.due(0.0)) == list(range(1, 9))
        assert commands.due(0.0) == []
        assert commands.result(m.Result(3, m.Status.OK)) == Done(m.CountersGet(3), m.Status.OK)
        assert numbers(commands.due(0.0)) == [9]
        assert len(commands) == 9

    def test_a_result_of_nothing_is_counted(self) -> None:
        commands = Commands()
        assert commands.result(m.Result(3, m.Status.OK)) is None
        assert commands.unknown_results == 1

    def test_a_headset_s_later_setting_takes_the_place_of_one_that_waits(self) -> None:
        commands = Commands()
        commands.ask_latest(m.HeadsetSet(0, 1, m.Lamp.ON, False, False))
        assert numbers(commands.due(0.0)) == [1]
        for lamp in (m.Lamp.SLOW, m.Lamp.FAST):
            commands.ask_latest(m.HeadsetSet(0, 1, lamp, False, False))
            commands.ask_latest(m.HeadsetSet(0, 2, lamp, False, False))
        assert commands.due(0.0) == [
            m.HeadsetSet(2, 1, m.Lamp.FAST, False, False),
            m.HeadsetSet(3, 2, m.Lamp.FAST, False, False),
        ]

    def test_too_many_are_refused(self) -> None:
        commands = Commands()
        for _ in range(MAX_WAITING):
            commands.ask(m.CountersGet(0))
        with pytest.raises(CommandsFullError, match=f"{MAX_WAITING} commands wait"):
            commands.ask(m.CountersGet(0))

    def test_one_without_a_result_is_overdue(self) -> None:
        commands = Commands()
        commands.ask(m.CountersGet(0))
        assert commands.deadline() is None
        commands.due(5.0)
        assert commands.deadline() == 5.0 + RESULT_WITHIN_S
        assert commands.overdue(14.9) is None
        assert commands.overdue(15.0) == m.CountersGet(1)

    def test_numbers_go_round_and_clear_forgets(self) -> None:
        commands = Commands()
        for _ in range(0x10000):
            commands.ask(m.CountersGet(0))
            [command] = commands.due(0.0)
            assert commands.result(m.Result(command.command, m.Status.OK)) is not None
        commands.ask(m.CountersGet(0))
        assert numbers(commands.due(0.0)) == [1]
        commands.clear()
        assert len(commands) == 0
        assert commands.deadline() is None
