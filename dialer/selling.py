"""Scripts and sales of the calls that agents are on: what to say, what was answered, and whether a call may end so."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from campaigns.collections.disclosure import required_statements
from campaigns.model import CampaignSettings, Kind, SaleTerms, Switch
from campaigns.statuses import STATUSES
from campaigns.store import Store, StoreError
from campaigns.telesales import sheets
from campaigns.telesales.details import KEYS, SaleAsked, SaleError, details_of
from campaigns.telesales.facts import gather
from campaigns.telesales.fields import Field
from campaigns.telesales.sheets import Facts, Sheet, Unfinished
from dialer.core.attempts import Attempt
from dialer.runner import CommandRefused, Runner


class Selling:
    """A call keeps the version of the script that it began with; its answers are on disk as soon as they are given."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._sheets: dict[int, Sheet] = {}
        self._turn = asyncio.Lock()

    async def shown(self, agent: str) -> dict[str, Any]:
        """What an agent says now, and what is asked. Raises CommandRefused without a call or without a script."""
        async with self._turn:
            attempt = self._attempt(agent)
            return _shown(attempt, await self._sheet(attempt, agent))

    async def answer(self, agent: str, body: Mapping[str, Any]) -> str:
        """Take answers down, all of them or none.

        Raises CommandRefused without a call or script, ValueError for an answer that does not fit.
        """
        given = body.get("answers")
        if not isinstance(given, Mapping) or not given:
            raise ValueError('\'answers\' is missing: an object of answers by field, for example {"product": "Gold"}')
        async with self._turn:
            attempt = self._attempt(agent)
            sheet = await self._sheet(attempt, agent)
            for field, value in given.items():
                sheet = sheets.answer(sheet, field, _text(field, value))
            answers, at = dict(sheet.answers), datetime.now(UTC)
            await self._runner.in_store(lambda store: store.answers.keep(attempt.attempt_id, answers, at))
            self._sheets[attempt.attempt_id] = sheet
        return _said(sheet)

    async def sale(self, agent: str, status: str, body: Mapping[str, Any]) -> SaleAsked | None:
        """Whether the agent's call may end with a status, and what was sold on it; None when nothing was.

        Raises CommandRefused naming what is missing, ValueError for details that are no texts.
        """
        given = {key: _text(key, body[key]) for key in KEYS if body.get(key) not in (None, "")}
        live = self._runner.engine.agents.get(agent)
        flags = STATUSES.get(status)
        if live is None or live.attempt is None or flags is None:
            return None
        attempt, sheet = live.attempt, None
        settings = attempt.campaign
        if not flags.sale and given:
            raise CommandRefused(f"{', '.join(given)}: status {status} is no sale; these go with SALE")
        if settings.script:
            async with self._turn:
                sheet = await self._sheet(attempt, agent)
        answers = _finished(sheet, status)
        if not flags.sale:
            return None
        try:
            needed = sheet is not None or settings.sale_details is SaleTerms.REQUIRED
            details = details_of(given, answers, needed=needed)
        except SaleError as error:
            raise CommandRefused(f"{status}: {error}") from None
        if details is None:
            return None
        script = sheet.script if sheet is not None else None
        pending = settings.verification is Switch.ON
        return SaleAsked(details, pending, script.name if script else "", script.version if script else 0)

    def _attempt(self, agent: str) -> Attempt:
        live = self._runner.engine.agents.get(agent)
        if live is None or live.attempt is None:
            state = "not logged in" if live is None else live.state
            raise CommandRefused(f"{agent} is {state}: there is no call that a script would be for")
        return live.attempt

    async def _sheet(self, attempt: Attempt, agent: str) -> Sheet:
        """The call's sheet, a new one when the script is first looked at."""
        open_calls = {each.attempt.attempt_id for each in self._runner.engine.agents.values() if each.attempt}
        self._sheets = {key: sheet for key, sheet in self._sheets.items() if key in open_calls}
        known = self._sheets.get(attempt.attempt_id)
        if known is not None:
            return known
        settings = attempt.campaign
        if not settings.script:
            name = settings.name
            raise CommandRefused(f"campaign {name} has no script; set one with: dialer campaign set {name} script=NAME")
        try:
            sheet = await self._runner.in_store(lambda store: _begun(store, settings, attempt, agent))
        except StoreError as error:
            raise CommandRefused(f"campaign {settings.name}: {error}") from None
        self._sheets[attempt.attempt_id] = sheet
        return sheet


def _begun(store: Store, settings: CampaignSettings, attempt: Attempt, agent: str) -> Sheet:
    return sheets.start(store.scripts.get(settings.script), _facts(store, settings, attempt, agent))


def _facts(store: Store, settings: CampaignSettings, attempt: Attempt, agent: str) -> Facts:
    lead_id, phone = attempt.candidate.lead_id, attempt.candidate.phone
    if settings.kind is not Kind.COLLECTIONS:
        return gather(store.database, settings, lead_id, phone=phone.e164, agent=agent)
    statements = frozenset[str]()
    if store.law is not None:
        today = datetime.now(UTC).date()
        terms = store.law.rulebook.terms(phone.regions, settings.purpose, settings.party, today, settings.mode.value)
        statements = required_statements(settings.kind, terms.disclosures)
    debts = store.debts.of([lead_id])[lead_id]
    return gather(store.database, settings, lead_id, phone=phone.e164, agent=agent, debts=debts, statements=statements)


def _finished(sheet: Sheet | None, status: str) -> Mapping[str, str]:
    if sheet is None:
        return {}
    try:
        return sheets.finish(sheet, status)
    except Unfinished as error:
        raise CommandRefused(str(error)) from None


def _text(key: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str | int):
        raise ValueError(f"'{key}' must be text, not {value!r}")  # noqa: TRY004
    return str(value)


def _said(sheet: Sheet) -> str:
    step = sheet.step.name
    if sheet.ended:
        return f"taken down; the script is at its end, {step}: dispose as {' or '.join(sheet.step.ends)}"
    return f"taken down; the script is at {step} and asks for {', '.join(sheet.open)}"


def _shown(attempt: Attempt, sheet: Sheet) -> dict[str, Any]:
    script, step = sheet.script, sheet.step
    ends = sorted({code for each in script.steps.values() for code in each.ends})
    return {
        "script": script.name,
        "version": script.version,
        "title": script.title,
        "attempt_id": attempt.attempt_id,
        "lead_id": attempt.candidate.lead_id,
        "step": step.name,
        "say": sheet.say,
        "ask": [_asked(script.fields[name], sheet) for name in step.asks],
        "open": list(sheet.open),
        "ended": sheet.ended,
        "ends": list(step.ends),
        "missing": {code: list(sheets.missing(sheet, code)) for code in ends},
        "answers": dict(sheet.answers),
        "path": list(sheet.path),
    }


def _asked(field: Field, sheet: Sheet) -> dict[str, Any]:
    return {
        "field": field.name,
        "kind": field.kind.value,
        "prompt": field.prompt,
        "required": field.required,
        "choices": list(field.choices),
        "min": None if field.low is None else str(field.low),
        "max": None if field.high is None else str(field.high),
        "currency": field.currency or None,
        "answer": sheet.answers.get(field.name),
        "open": field.name in sheet.open,
    }
