"""Runs a site's dialer together with its API, until signals or the dialer itself end it."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import uvicorn

from dialer.api.http import make_app
from dialer.app import Dialer, build
from dialer.config import Config, SipTrunk
from dialer.health import trunk_problem
from dialer.site import Site, SiteLock, api_listener

log = logging.getLogger("dialer")

Companion = Callable[[Dialer, str], Coroutine[Any, Any, None]]


class _Server(uvicorn.Server):
    """Leaves signals to the dialer."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run_site(site: Site, config: Config, companion: Companion | None = None) -> None:
    """Run until drained or stopped by SIGTERM, SIGHUP or Ctrl-C.

    `companion(dialer, api_url)` runs beside it when given.
    Raises SiteError, ConfigError, DriverError, StoreFailed.
    """
    lock = SiteLock(site)
    lock.take()
    try:
        asyncio.run(_run(site, config, lock, companion))
    finally:
        lock.release()


async def _run(site: Site, config: Config, lock: SiteLock, companion: Companion | None) -> None:
    token = site.token(config)
    listener = api_listener(config)
    url = "http://{}:{}".format(*listener.getsockname())
    dialer = build(site, config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, dialer.drain_or_stop)
    # A closed terminal drains; shell and kernel may both send it, so it never counts as the second call.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, dialer.drain)
    app = make_app(dialer.desk, token)
    farewell_s = 2
    server = _Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=farewell_s))
    serving = loop.create_task(server.serve(sockets=[listener]))
    beside = loop.create_task(companion(dialer, url)) if companion else None
    lock.tell({"pid": os.getpid(), "api": url})
    log.info("the dialer runs; API at %s", url)
    looking = loop.create_task(_look_for_trunks(config))
    try:
        await dialer.run()
    finally:
        server.should_exit = True
        looking.cancel()
        if beside is not None:
            beside.cancel()
        await asyncio.gather(serving, *([beside] if beside else []), return_exceptions=True)
        dialer.store.close()


async def _look_for_trunks(config: Config) -> None:
    """Say which trunks do not answer; the dialer runs on, as they may come back."""
    trunks = [trunk for trunk in config.trunk if isinstance(trunk, SipTrunk)]
    for problem in await asyncio.gather(*(asyncio.to_thread(trunk_problem, trunk) for trunk in trunks)):
        if problem is not None:
            log.error("dialer.toml: %s. Calls will fail until this is mended", problem)
