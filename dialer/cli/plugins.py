"""Commands that other installed packages add to `dialer`, by the entry point group `ringpace.commands`."""

from functools import cached_property
from importlib.metadata import EntryPoint, entry_points

import click

from dialer.cli.context import Failure, Failures

GROUP = "ringpace.commands"


class Plugged(Failures):
    """A group that also has the commands of entry points; each is imported only when it is asked for.

    A command of its own comes before an entry point of the same name. One that cannot be imported says so when called,
    and harms no other.
    """

    @cached_property
    def _points(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=GROUP)}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self._points})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        if own is not None or cmd_name not in self._points:
            return own
        return _load(self._points[cmd_name])


def _load(point: EntryPoint) -> click.Command:
    try:
        command = point.load()
    except (ImportError, AttributeError) as error:
        return _broken(point, str(error))
    if not isinstance(command, click.Command):
        return _broken(point, f"{point.value} is no click command")
    return command


def _broken(point: EntryPoint, because: str) -> click.Command:
    """A command that can only tell why it is not there."""

    def tell() -> None:
        raise Failure(f"the command {point.name!r} ({point.value}) cannot be loaded: {because}")

    return click.Command(
        point.name,
        callback=tell,
        help=f"Cannot be loaded: {because}",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
