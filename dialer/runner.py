"""The asyncio shell around the engine: feeds it, commits its records, performs its actions, arms one timer."""

import asyncio
import contextlib
import logging
import math
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from campaigns.hopper import Refill
from campaigns.model import Candidate
from campaigns.store import Store, StoreError
from dialer.core import actions as act
from dialer.core import events as ev
from dialer.core import records as rec
from dialer.core.engine import Engine
from dialer.core.states import AgentState
from dialer.journal import Journal
from hw.contract import Lamp, LineDriver

log = logging.getLogger("dialer.runner")
T = TypeVar("T")

# How long a stop waits for the last lines to come down; what is still open then is closed as lost at the next start.
STOP_GRACE_S = 3.0
# A commit that takes longer than this eats a good part of the two seconds a person may wait.
SLOW_COMMIT_S = 0.5
UPKEEP_EVERY_S = 3600
# How often the log says of each campaign why its lines are dialed as they are.
PACING_LOGGED_S = 60.0
LAMPS = {AgentState.READY: Lamp.READY, AgentState.INCALL: Lamp.TALKING, AgentState.LOGGED_OUT: Lamp.OFF}


class CommandRefused(Exception):
    """The engine refused a command; the text says why and what to do instead."""


class StoreFailed(Exception):
    """Records could not be committed, so nothing more may be dialed."""


def _step_of(steps: Iterator[None]) -> Callable[[Store], bool]:
    """One step of an upkeep; False when it was the last."""
    return lambda store: next(steps, store) is None


class Runner:
    """Runs one engine on one line driver and one store until it is drained or stopped.

    The store is used from one thread only, in the order in which commits and queries were asked for.
    """

    def __init__(
        self,
        engine: Engine,
        store: Store,
        driver: LineDriver,
        message_of: Callable[[int], Path],
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.engine = engine
        self._store = store
        self._journal = Journal(store)
        self._driver = driver
        self._message_of = message_of
        self._clock = clock
        self._wall_clock = wall_clock
        self._queue: deque[tuple[object, float, datetime]] = deque()
        self._wake = asyncio.Event()
        self._db = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._replies: dict[int, asyncio.Future[str]] = {}
        self._next_request = 1
        self._tasks: set[asyncio.Task[None]] = set()
        self._over = False
        self._pacing_logged: dict[int, float] = {}
        self.first_dial_at: float | None = None

    def post(self, event: object) -> None:
        """Queue an event, stamped with the time of its arrival. Call from the event loop."""
        self._queue.append((event, self._clock(), self._wall_clock()))
        self._wake.set()

    async def ask(self, command: Callable[[int], object]) -> str:
        """Post the command made by `command(request)` and wait until what it caused is on disk.

        Raises CommandRefused.
        """
        self._refuse_when_over()
        request = self._next_request
        self._next_request += 1
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._replies[request] = future
        self.post(command(request))
        try:
            return await future
        finally:
            self._replies.pop(request, None)

    async def in_store(self, query: Callable[[Store], T]) -> T:
        """Run `query` in the store's thread, after the commits asked for so far. Raises CommandRefused at the end."""
        self._refuse_when_over()
        return await asyncio.get_running_loop().run_in_executor(self._db, query, self._store)

    def leave_in_store(self, what: str, write: Callable[[Store], None]) -> None:
        """Run `write` in the store's thread in its turn; nobody waits for it, and a failure is logged with `what`."""

        def written() -> None:
            try:
                write(self._store)
            except Exception:
                log.exception("%s could not be written", what)

        if self._over:
            log.warning("%s came too late to be written", what)
        else:
            self._db.submit(written)

    async def run(self) -> None:
        """Work until drained (after `DrainRequested`) or stopped. Raises StoreFailed, DriverError."""
        try:
            await self._driver.start(self.post)
            self._spawn(self._keep_house())
            await self._work()
        finally:
            await self._driver.close()
            self._over = True
            for task in self._tasks:
                task.cancel()
            for future in self._replies.values():
                if not future.done():
                    future.set_exception(CommandRefused("the dialer has stopped"))
            self._db.shutdown(wait=True)

    def _refuse_when_over(self) -> None:
        if self._over:
            raise CommandRefused("the dialer has stopped")

    async def _work(self) -> None:
        stop_by: float | None = None
        while True:
            deadline = await self._commit_and_perform_all()
            if self.engine.stopping:
                stop_by = stop_by or self._clock() + STOP_GRACE_S
                if not self.engine.lines or self._clock() >= stop_by:
                    return
                deadline = stop_by if deadline is None else min(deadline, stop_by)
            elif self.engine.draining and self.engine.idle:
                self.post(ev.StopRequested())
            await self._sleep_until(deadline)

    async def _commit_and_perform_all(self) -> float | None:
        """Step what has come, commit, perform, until nothing is left to do; gives the next deadline."""
        ready = self._collect()
        while ready.records or ready.actions:
            await self._commit_and_perform(ready)
            ready = self._collect()
        return ready.deadline

    async def _sleep_until(self, deadline: float | None) -> None:
        """Until `deadline` or an event, whichever is first."""
        timeout_s = None if deadline is None else max(0.0, deadline - self._clock())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), timeout_s)
        self._wake.clear()

    def _collect(self) -> act.Ready:
        while self._queue:
            self.engine.step(*self._queue.popleft())
        self.engine.handle_timer(self._clock(), self._wall_clock())
        return self.engine.ready()

    async def _commit_and_perform(self, ready: act.Ready) -> None:
        vetoed: frozenset[int] = frozenset()
        if ready.records:
            vetoed = await self._commit(ready)
        for action in ready.actions:
            if isinstance(action, act.Originate) and action.attempt_id in vetoed:
                continue
            self._perform(action)

    async def _commit(self, ready: act.Ready) -> frozenset[int]:
        loop = asyncio.get_running_loop()
        began = self._clock()
        try:
            vetoes = await loop.run_in_executor(self._db, self._journal.commit, ready.records)
        except Exception as error:
            raise StoreFailed(f"{len(ready.records)} records could not be written: {error}") from error
        took_s = self._clock() - began
        if took_s > SLOW_COMMIT_S:
            log.warning("writing to the store took %.1f s, and calls wait for it; is the disk slow?", took_s)
            self.post(ev.StoreWasSlow(took_s))
        for veto in vetoes:
            log.info("attempt %s not placed: %s", veto.attempt_id, veto.reason)
            self.post(ev.AttemptVetoed(veto.attempt_id, veto.reason))
        for record in ready.records:
            if isinstance(record, rec.PacingSampled):
                self._log_pacing(record)
            elif isinstance(record, rec.AgentStateChanged):
                self._light(record)
        return frozenset(v.attempt_id for v in vetoes)

    def _light(self, record: rec.AgentStateChanged) -> None:
        agent = self.engine.agents.get(record.agent)
        if agent is not None and agent.leg is not None:
            self._driver.show(agent.leg.call_id, LAMPS.get(AgentState(record.state), Lamp.NOT_READY))

    def _log_pacing(self, record: rec.PacingSampled) -> None:
        now = self._clock()
        if now - self._pacing_logged.get(record.campaign_id, -math.inf) >= PACING_LOGGED_S:
            self._pacing_logged[record.campaign_id] = now
            name = self.engine.runs[record.campaign_id].settings.name
            log.info("campaign %s: %s", name, record.sample.because)

    def _perform(self, action: act.Action) -> None:
        match action:
            case act.Originate():
                self._originate(action)
            case act.CallStation():
                self._driver.call_station(action.call_id, action.address)
            case act.HangUp():
                self._driver.hang_up(action.call_id)
            case act.Bridge():
                self._driver.join(action.call_id, action.station_call_id, tone=True)
            case act.Unbridge():
                self._driver.part(action.call_id, action.station_call_id)
            case act.PlayMessage():
                self._driver.play(action.call_id, self._message_of(action.campaign_id))
            case act.RefillLeads():
                self._spawn(self._load_leads(action))
            case act.LoadCallbacks():
                self._spawn(self._load_callbacks(action))
            case act.Reply():
                self._answer(action)
            case act.Warn():
                log.warning("%s", action.text)
            case act.Note():
                log.info("%s", action.text)

    def _originate(self, action: act.Originate) -> None:
        """Dial, unless hours have ended since the attempt was decided: to write it may have taken long."""
        blocked = self.engine.stands_against(action.attempt_id, self._wall_clock())
        if blocked is not None:
            log.warning("attempt %s not placed: %s", action.attempt_id, blocked.detail or blocked.reason)
            self.post(ev.AttemptNotPlaced(action.attempt_id, blocked.reason))
            return
        if self.first_dial_at is None:
            self.first_dial_at = self._clock()
        self._driver.dial(action.call_id, action.trunk, action.phone, action.caller_id)

    async def _load_leads(self, action: act.RefillLeads) -> None:
        wall_now = self._wall_clock()
        try:
            refill = await self.in_store(
                lambda store: store.refill(action.campaign_id, action.count, wall_now, action.exclude)
            )
        except StoreError as error:
            log.error("campaign %s: leads could not be loaded: %s. Tried again in a moment", action.campaign_id, error)
            refill = Refill((), None)
        self.post(ev.LeadsLoaded(action.campaign_id, refill.leads, refill.next_at))

    async def _keep_house(self) -> None:
        """Let the store do now and then what time alone brings; a failure is told, and tried again."""
        while True:
            try:
                steps = self._store.upkeep(self._wall_clock())
                while await self.in_store(_step_of(steps)):
                    pass
            except StoreError as error:
                log.error("upkeep of the store: %s. Tried again in %d minutes", error, UPKEEP_EVERY_S // 60)
            await asyncio.sleep(UPKEEP_EVERY_S)

    async def _load_callbacks(self, action: act.LoadCallbacks) -> None:
        wall_now = self._wall_clock()
        leads: list[Candidate] = []
        try:
            leads = await self.in_store(
                lambda store: store.due_callbacks(action.campaign_id, wall_now, action.agents, action.exclude)
            )
        except StoreError as error:
            log.error("campaign %s: callbacks could not be loaded: %s. Tried again soon", action.campaign_id, error)
        self.post(ev.CallbacksLoaded(action.campaign_id, tuple(leads)))

    def _answer(self, reply: act.Reply) -> None:
        future = self._replies.get(reply.request)
        if future is None or future.done():
            return
        if reply.error is None:
            future.set_result(reply.text)
        else:
            future.set_exception(CommandRefused(reply.error))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("loading leads failed: %s", task.exception())
            self.post(ev.StopRequested())
