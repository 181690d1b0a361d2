"""Links with stable names to ptys, as udev makes them by id. What is there already is never replaced."""

from contextlib import suppress
from pathlib import Path

from bench.hil.files import BenchError

_PTYS = "/dev/pts/"


def make_link(link: Path, pty: str) -> None:
    """Let `link` lead to a pty.

    Raises BenchError when something is there, except for a link that was left behind: to a pty that is gone.
    """
    try:
        if _left_behind(link, pty):
            link.unlink(missing_ok=True)
        link.symlink_to(pty)
    except FileExistsError:
        raise BenchError(f"{link}: {_what_is_there(link)}") from None
    except OSError as error:
        raise BenchError(f"{link}: no link can be made there: {error.strerror}") from error


def drop_link(link: Path, pty: str) -> None:
    """Take the link away, if it is still the one that leads to this pty."""
    with suppress(OSError):
        if str(link.readlink()) == pty:
            link.unlink()


def _left_behind(link: Path, pty: str) -> bool:
    """Whether it is a link to a pty that nobody has any more; the kernel gives their names out again."""
    if not link.is_symlink():
        return False
    there = str(link.readlink())
    return there == pty or (there.startswith(_PTYS) and not Path(there).exists())


def _what_is_there(link: Path) -> str:
    if link.is_symlink():
        there = str(link.readlink())
        if there.startswith(_PTYS):
            return (
                f"in use: it leads to {there}, which some program has open; end that program, or name another path "
                f"(if none of the bench runs there any more: rm {link})"
            )
        return f"it is a link to {there}, which is not replaced; name a path where nothing is"
    kind = "directory" if link.is_dir() else "file" if link.is_file() else "device"
    return f"there is a {kind}, which is not replaced; name a path where nothing is"
