"""A running dialer put together from a site: engine, store, lines; and the desk that people's commands go through."""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from campaigns.importing import recover as recover_imports
from campaigns.instants import instant_of
from campaigns.lint import Severity
from campaigns.model import CallbackAsked, CampaignSettings, CampaignState, PromiseAsked
from campaigns.periods import period_at
from campaigns.store import Store, StoreError, UnknownAgent, UnknownCampaign, UnknownLead
from dialer.config import CONFIG_NAME, Config, ConfigError
from dialer.core import events as ev
from dialer.core.dialing import CampaignRun, TrunkSettings
from dialer.core.engine import Engine, EngineConfig
from dialer.core.keeping import counting
from dialer.core.snapshot import engine_agent_state, logged_out, snapshot
from dialer.core.why import why_lines
from dialer.lines import site_lines
from dialer.linting import lint
from dialer.pairing import address_of, campaign_problem, station_problem
from dialer.runner import CommandRefused, Runner
from dialer.selling import Selling
from dialer.site import Site, campaign_problems, default_message
from dialer.texting import Texting
from hw.audio.wav import wav_seconds
from hw.contract import LineDriver
from hw.contract.driver import DriverError
from hw.lines import Lines

log = logging.getLogger("dialer")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class UnknownName(Exception):
    """No agent or campaign has this name; the text lists those that exist."""


@dataclass(slots=True)
class Dialer:
    """Everything of one running site."""

    site: Site
    config: Config
    store: Store
    engine: Engine
    runner: Runner
    desk: "Desk"
    end_asked: bool = False

    async def run(self) -> None:
        """Work until drained or stopped. Raises DriverError, StoreFailed."""
        await self.runner.run()

    def drain_or_stop(self) -> None:
        """The first call drains (no new calls, talks finish); the second stops at once."""
        if self.end_asked:
            self.runner.post(ev.StopRequested())
        else:
            self.drain()

    def drain(self) -> None:
        """No new calls; talks finish. Asking again changes nothing."""
        if not self.end_asked:
            self.end_asked = True
            log.warning("draining: no new calls; talks finish. Ask again to stop at once")
            self.runner.post(ev.DrainRequested())


def build(
    site: Site,
    config: Config,
    *,
    driver_for: "Callable[[Site, Config], LineDriver] | None" = None,
) -> Dialer:
    """Put a site's dialer together and close what an earlier run left open. Raises ConfigError."""
    _warn_of_no_lines(site, config)
    driver = (driver_for or site_lines)(site, config)
    store = site.open_store(config)
    lost = store.close_lost_attempts(datetime.now(UTC))
    if lost:
        log.warning("%d attempts were open when the dialer last went down; closed as lost", len(lost))
    unknown = store.texts.close_lost(datetime.now(UTC))
    if unknown:
        log.warning("whether %d text messages were sent is not known; closed as failed, not sent again", unknown)
    store.close_agent_sessions(datetime.now(UTC))
    for sentence in recover_imports(store.database, store.profiles):
        log.warning("%s", sentence)
    trunks = tuple(TrunkSettings(t.name, t.max_lines, t.starts_per_s, t.caller_ids) for t in config.trunk)
    rulebook = store.law.rulebook if store.law is not None else None
    engine = Engine(EngineConfig(trunks, first_attempt_id=store.last_attempt_id() + 1, rulebook=rulebook))
    # Before anybody can ask, so that whoever does is told of all campaigns.
    for settings in store.campaigns():
        _warn_of_obstacles(site, config, settings)
        engine.step(_loaded(store, settings), time.monotonic(), datetime.now(UTC))
    runner = Runner(engine, store, driver, _message_finder(site, engine))
    texting = Texting(runner, driver if isinstance(driver, Lines) else Lines(()))
    return Dialer(site, config, store, engine, runner, Desk(site, config, runner, texting))


def _warn_of_obstacles(site: Site, config: Config, settings: CampaignSettings) -> None:
    """Say what of `dialer.toml` keeps an active campaign from being dialed: it may have changed since the start."""
    if settings.state is CampaignState.ACTIVE:
        for problem in campaign_problems(site, config, settings):
            log.warning("%s", problem)


def _warn_of_no_lines(site: Site, config: Config) -> None:
    missing = [name for name, there in (("[[trunk]]", config.trunk), ("[[station]]", config.station)) if not there]
    file = site.path / CONFIG_NAME
    if len(missing) == 2:
        raise ConfigError(
            f"{file} has no [[trunk]] and no [[station]], so nobody can be called and nobody can talk: add a "
            "[[trunk]] (name, kind, target) for your carrier and a [[station]] (name, kind, address) for each agent's "
            "phone; every key stands in docs/configuration.md"
        )
    for name in missing:
        log.error("%s has no %s: %s", file, name, "nothing is dialed" if name == "[[trunk]]" else "no agent can log in")


def _loaded(store: Store, settings: CampaignSettings) -> ev.CampaignLoaded:
    now, first = datetime.now(UTC), store.first_call_at(settings.campaign_id)
    period = period_at(settings.abandon_window, settings.timezone, first, now)
    live, abandoned = store.ledger(settings.campaign_id, period.start)
    learned = store.pacer_state(settings.campaign_id)
    return ev.CampaignLoaded(settings, live, abandoned, counted_at=now, first_call_at=first, learned=learned)


def _message_finder(site: Site, engine: Engine) -> Callable[[int], Path]:
    def find(campaign_id: int) -> Path:
        settings = engine.runs[campaign_id].settings
        if not settings.abandon_message:
            return default_message()
        path = site.file(settings.abandon_message)
        try:
            wav_seconds(path)
        except DriverError as error:
            log.error("campaign %s: abandon_message: %s. The default is played instead", settings.name, error)
            return default_message()
        return path

    return find


class Desk:
    """What agents and managers may ask of a running dialer."""

    def __init__(self, site: Site, config: Config, runner: Runner, texting: Texting) -> None:
        self._site = site
        self._config = config
        self._runner = runner
        self._engine = runner.engine
        self._selling = Selling(runner)
        self._texting = texting
        self._counted = {run.settings.campaign_id: counting(run.settings) for run in runner.engine.runs.values()}

    async def state(self) -> dict[str, Any]:
        return snapshot(self._engine, time.monotonic())

    async def why_lines(self, name: str | None = None) -> dict[str, Any]:
        """The latest pacing decision of one campaign, or of each that is active. Raises UnknownName."""
        runs = list(self._engine.runs.values())
        if name is None:
            chosen = [run for run in runs if run.settings.state is CampaignState.ACTIVE]
        else:
            chosen = [run for run in runs if run.settings.name == name]
            if not chosen:
                names = ", ".join(run.settings.name for run in runs) or "none"
                raise UnknownName(f"the running dialer knows no campaign '{name}'; it knows: {names}")
        return {"running": True, "campaigns": [self._why_lines(run) for run in chosen]}

    def _why_lines(self, run: CampaignRun) -> dict[str, Any]:
        """A campaign's decision; what no station can join stands beside the engine's own obstacles."""
        answer = why_lines(run, time.monotonic(), self._engine.trunks.values())
        apart = campaign_problem(self._config, run.settings)
        return {**answer, "obstacles": [*answer["obstacles"], *([apart] if apart else [])]}

    async def agents(self) -> list[dict[str, Any]]:
        """Every agent of the site with state."""
        known = await self._runner.in_store(lambda store: [a.name for a in store.agents()])
        return [self._agent_state(name) for name in known]

    async def agent(self, name: str) -> dict[str, Any]:
        """Raises UnknownName."""
        await self._station_of(name)
        return self._agent_state(name)

    async def agent_script(self, name: str) -> dict[str, Any]:
        """What the agent says now, and what is asked. Raises UnknownName, CommandRefused."""
        await self._station_of(name)
        return await self._selling.shown(name)

    async def agent_command(self, name: str, verb: str, body: dict[str, Any]) -> str:
        """Raises UnknownName, ValueError for a body that does not fit, CommandRefused."""
        _check_texts(body)
        station = await self._station_of(name)
        if verb == "login":
            return await self._log_in(name, station, body.get("campaign"))
        if verb == "answer":
            return await self._selling.answer(name, body)
        sale = promise = None
        if verb == "dispose":
            sale = await self._selling.sale(name, _status(body), body)
            promise = await self._promise(name, body)
        makers: dict[str, Callable[[int], object]] = {
            "ready": lambda request: ev.MakeReady(name, request),
            "pause": lambda request: ev.Pause(name, _pause_code(body), request),
            "logout": lambda request: ev.LogOut(name, request),
            "hangup": lambda request: ev.HangUpCustomer(name, request),
            "dispose": lambda request: ev.Dispose(
                name, _status(body), self._callback(name, body), request, sale, promise
            ),
        }
        if verb not in makers:
            raise UnknownName(f"unknown verb '{verb}'; known: login, answer, {', '.join(makers)}")
        maker = makers[verb]
        maker(0)
        return await self._runner.ask(maker)

    async def _promise(self, name: str, body: dict[str, Any]) -> PromiseAsked | None:
        """What the agent's person promised to pay, checked against what is owed. Raises CommandRefused."""
        amount, by, debt = body.get("promise"), body.get("by"), body.get("debt")
        live = self._engine.agents.get(name)
        if amount is None or live is None or live.attempt is None:
            return None
        try:
            due_on = date.fromisoformat(str(by))
        except ValueError:
            raise CommandRefused(f"a promise needs the day by which it is paid, as 2026-12-01, not {by!r}") from None
        attempt, now = live.attempt, datetime.now(UTC)
        campaign, lead = attempt.campaign.campaign_id, attempt.candidate.lead_id
        try:
            return await self._runner.in_store(
                lambda store: store.promise_asked(
                    campaign, lead, str(amount), due_on, None if debt is None else str(debt), now
                )
            )
        except StoreError as error:
            raise CommandRefused(str(error)) from None

    def _callback(self, name: str, body: dict[str, Any]) -> CallbackAsked | None:
        """When the agent's person asked to be called again; in the person's own time unless an offset is given."""
        text = body.get("callback_at")
        if text is None:
            if body.get("consented"):
                raise ValueError("'consented' goes with 'callback_at': the person asked for a call at that time")
            return None
        agent = self._engine.agents.get(name)
        zones = agent.attempt.candidate.phone.zones if agent and agent.attempt else ()
        zone, comments, consented = body.get("zone", ""), body.get("comments", ""), body.get("consented", False)
        if not all(isinstance(value, str) for value in (text, zone, comments)):
            raise ValueError("'callback_at', 'zone' and 'comments' must be texts")
        if not isinstance(consented, bool):
            raise ValueError("'consented' must be true or false: whether the person asked for this call")  # noqa: TRY004
        at, meant = instant_of(text, zones, zone)
        return CallbackAsked(at.astimezone(UTC), meant, name if body.get("mine") else "", comments, consented)

    async def set_campaign_state(self, name: str, state: CampaignState) -> str:
        """Raises UnknownName, CommandRefused."""
        settings = await self.reload_campaign(name)
        if state is CampaignState.ACTIVE:
            for problem in campaign_problems(self._site, self._config, settings):
                raise CommandRefused(problem)
            now = datetime.now(UTC)
            check = partial(lint, self._site, self._config, settings=settings, at=now)
            for found in await self._runner.in_store(check):
                if found.severity is Severity.ERROR:
                    raise CommandRefused(f"{found.key}: {found.text}. {found.mend}")
        return await self._runner.ask(lambda request: ev.SetCampaignState(settings.campaign_id, state, request))

    async def send_text(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a text message to a lead of a campaign: {"text_id", "refused"}, one of them None.

        Raises UnknownName, ValueError for a body that does not fit, CommandRefused when no modem takes it.
        """
        _check_texts(body)
        try:
            settings = await self._runner.in_store(lambda store: store.campaign(name))
            return await self._texting.send(settings, body)
        except (UnknownCampaign, UnknownLead) as error:
            raise UnknownName(str(error)) from None
        except StoreError as error:
            raise CommandRefused(str(error)) from None

    async def reload_campaign(self, name: str) -> CampaignSettings:
        """Take over a campaign's settings from the store. Raises UnknownName.

        What its window holds is counted only when the engine does not know it: that takes a while in a large store.
        """
        try:
            settings = await self._runner.in_store(lambda store: store.campaign(name))
            loaded = ev.CampaignLoaded(settings)
            if self._counted.get(settings.campaign_id) != counting(settings):
                loaded = await self._runner.in_store(lambda store: _loaded(store, store.campaign(name)))
        except UnknownCampaign as error:
            raise UnknownName(str(error)) from None
        self._counted[settings.campaign_id] = counting(loaded.settings)
        self._runner.post(loaded)
        return loaded.settings

    async def _log_in(self, name: str, station: str, campaign: object) -> str:
        target = self._config.station_named(station)
        if target is None:
            known = ", ".join(s.name for s in self._config.station) or "none"
            raise CommandRefused(
                f"agent {name} is at station '{station}', which dialer.toml does not have; known: {known}. "
                f"Give another with: dialer agent move {name} --station STATION"
            )
        settings = await self._campaign_for(campaign)
        try:
            address, apart = address_of(self._config, target), station_problem(self._config, settings, target)
        except ConfigError as error:
            raise CommandRefused(str(error)) from None
        if apart is not None:
            raise CommandRefused(f"agent {name} cannot take the calls of campaign {settings.name}: {apart}")
        return await self._runner.ask(lambda request: ev.LogIn(name, address, settings.campaign_id, request))

    async def _campaign_for(self, campaign: object) -> CampaignSettings:
        if isinstance(campaign, str):
            return await self.reload_campaign(campaign)
        active = [r.settings for r in self._engine.runs.values() if r.settings.state is CampaignState.ACTIVE]
        if len(active) == 1:
            return active[0]
        names = ", ".join(r.settings.name for r in self._engine.runs.values()) or "none exists"
        which = "no campaign is active" if not active else "several campaigns are active"
        raise CommandRefused(f"{which}: say which one to log in to ({names})")

    async def _station_of(self, name: str) -> str:
        try:
            agent = await self._runner.in_store(lambda store: store.agent(name))
        except UnknownAgent as error:
            raise UnknownName(str(error)) from None
        return agent.station

    def _agent_state(self, name: str) -> dict[str, Any]:
        agent = self._engine.agents.get(name)
        return engine_agent_state(self._engine, agent, time.monotonic()) if agent else logged_out(name)


def _check_texts(value: object, path: str = "") -> None:
    """Raises ValueError for a text, at whatever depth, with a lone surrogate: JSON can say it, no store can keep it."""
    if isinstance(value, str):
        broken = _SURROGATE.search(value)
        if broken is not None:
            code = f"\\u{ord(broken[0]):04x}"
            shown = path.encode("ascii", "backslashreplace").decode()
            raise ValueError(f"'{shown}' has {code}, half of a character: the text was cut apart; send it whole")
    elif isinstance(value, dict):
        for key, each in value.items():
            inner = f"{path}.{key}" if path else key
            _check_texts(key, inner)
            _check_texts(each, inner)
    elif isinstance(value, list):
        for each in value:
            _check_texts(each, path)


def _pause_code(body: dict[str, Any]) -> str:
    code = body.get("code", "BREAK")
    if not isinstance(code, str) or not 1 <= len(code) <= 16 or not code.isprintable():
        raise ValueError("'code' must be a pause code of 1 to 16 characters, for example BREAK")
    return code


def _status(body: dict[str, Any]) -> str:
    status = body.get("status")
    if not isinstance(status, str):
        raise ValueError("'status' is missing: an agent's status code, for example SALE")  # noqa: TRY004
    return status.strip().upper()
