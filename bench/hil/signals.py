"""SIGTERM and SIGHUP end a run as Ctrl-C does: in order, with nothing left behind."""

import os
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click


@contextmanager
def ended_like_ctrl_c() -> Iterator[None]:
    """Within, the first SIGTERM or SIGHUP is a Ctrl-C, whose exit code is then 128 and the signal's number.

    Later ones change nothing, as a closed terminal sends several; the second Ctrl-C still ends at once. A signal that
    was ignored before stays so (nohup), but for SIGINT, which shells ignore for what they start in the background.
    """
    if threading.current_thread() is not threading.main_thread():  # Python has signals in the main thread only.
        yield
        return
    ended_by: list[int] = []

    def take(number: int, frame: FrameType | None) -> None:
        if not ended_by:
            ended_by.append(number)
            if number == signal.SIGHUP:
                _let_go_of_the_terminal()
            ctrl_c = signal.getsignal(signal.SIGINT)
            assert callable(ctrl_c)
            ctrl_c(signal.SIGINT, frame)

    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    if former[signal.SIGINT] is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if former[number] is signal.SIG_DFL:
            signal.signal(number, take)
    try:
        yield
    except KeyboardInterrupt:
        if not ended_by:
            raise
        click.echo(f"ended by {signal.Signals(ended_by[0]).name}", err=True)
        raise SystemExit(128 + ended_by[0]) from None
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _let_go_of_the_terminal() -> None:
    """What is said from now on goes nowhere: writing to a terminal that is gone is an error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        if stat.S_ISCHR(os.fstat(descriptor).st_mode):
            os.dup2(nowhere, descriptor)
    os.close(nowhere)
