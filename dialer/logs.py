"""Where log lines go: a bounded file in the site, and stderr."""

import logging
import logging.handlers
import sys
from pathlib import Path

_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def log_to(folder: Path, *, verbose: bool = False, console: bool = True) -> None:
    """Log to `folder`/dialer.log (5 files of 2 MB at most) and, unless told otherwise, to stderr."""
    folder.mkdir(parents=True, exist_ok=True)
    to_file = logging.handlers.RotatingFileHandler(
        folder / "dialer.log", maxBytes=2_000_000, backupCount=4, encoding="utf-8"
    )
    to_file.setLevel(logging.INFO)
    handlers: list[logging.Handler] = [to_file]
    if console:
        to_stderr = logging.StreamHandler(sys.stderr)
        to_stderr.setLevel(logging.DEBUG if verbose else logging.INFO)
        handlers.append(to_stderr)
    for handler in handlers:
        handler.setFormatter(logging.Formatter(_FORMAT))
    root = logging.getLogger()
    root.handlers = handlers
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    for chatty in ("httpx", "httpcore", "uvicorn", "asyncio", "numba", "peewee"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
