"""The hopper's source: the next leads that may be called now, by lists, their order and their shares."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

from campaigns import filters
from campaigns.clashes import clashes
from campaigns.counts import ReasonCount, reasons
from campaigns.database import Database
from campaigns.gates import Gate
from campaigns.hours import Learner
from campaigns.instants import seconds_of
from campaigns.leads import NEW, RETRY, LeadRow, load, move_on, stirs
from campaigns.lists import LeadList, of_campaign, successes
from campaigns.model import Blocked, CampaignSettings, Candidate
from campaigns.ordering import Ordering, Turns
from campaigns.profiles import Profiles
from campaigns.queues import Queue, View

# A lead is put off for so long when nobody knows when what stands against it ends.
PUT_OFF_S = 24 * 3600

# Leads that a refill looks at before it answers with what it has: so many times what it was asked for, and at least so
# many. The next refill goes on from there.
_LOOKS, _LEAST_LOOKS = 4, 1000

# One lead in so many is looked at beyond what is asked for, so that a few that are put off cost no second look.
_SPARE = 64

# How often a list's groups are looked up anew even when nobody said that they changed; and after how long in any case
# when there are too few leads: looking up a filtered list means to read all leads that its filter leaves out.
_RESCAN_S, _FILTERED_RESCAN_S = 1800, 60

# Retries that became due are looked up from so long before the last time on: a commit may come a little after its time.
_OVERLAP_S = 10
_LONG_PAUSE_S = 3600

# How many due retries are lined up by their last attempt in one refill.
_LINED_UP = 500

_CLASSES_S = 600


@dataclass(frozen=True, slots=True)
class Refill:
    """Leads that may be called now; when there is none, `next_at` is when the next is due (None: none will be)."""

    leads: tuple[Candidate, ...]
    next_at: datetime | None


@dataclass(slots=True)
class _State:
    """What is known of a campaign's waiting leads between two refills."""

    learner: Learner
    queues: dict[int, Queue] = field(default_factory=dict)
    left: set[int] = field(default_factory=set)
    turns: defaultdict[int, Turns] = field(default_factory=lambda: defaultdict(Turns))
    rollbacks: int = 0
    stirs: int = -1
    newest_lead: int = 0
    due_to: int = 0
    open_for: tuple[object, ...] = ()
    open_ids: frozenset[int] = frozenset()
    opening: dict[int, datetime | None] = field(default_factory=dict)
    classes_for: int = -1
    classes: dict[str, int] = field(default_factory=dict)


class Hopper:
    """Finds the leads to call next, for all campaigns of a store. Its memory is a cache: every answer is checked."""

    def __init__(self, database: Database, profiles: Profiles) -> None:
        self._database = database
        self._profiles = profiles
        self._states: dict[int, _State] = {}

    def refill(
        self, campaign: CampaignSettings, n: int, wall_now: datetime, exclude: Collection[int], gate: Gate
    ) -> Refill:
        """Up to `n` leads outside `exclude` that may be called at `wall_now` (aware).

        Lists of a higher priority come first; those of one priority share by weight; each offers its leads in its
        order, as far as its filter lets them through and its quota is not reached. A lead whose turn falls on a number
        that is barred or invalid moves to its next number, or ends as DNCL or ADC when none is left. A lead whose
        number is another lead's matter at the moment, or that the gate's judge blocks, is put off until that is over,
        `held_by` the reason's word. Nothing else is written, but the order of retries in lists of `oldest_attempt`.
        None of it waits for the disk: what a power cut undoes, the next refill finds out again.
        """
        now = math.floor(seconds_of(wall_now))
        if n <= 0:
            return Refill((), None)
        state = self._state(campaign.campaign_id)
        self._profiles.refresh()
        lists = self._lists(campaign.campaign_id)
        self._open(state, campaign, wall_now, gate)
        self._notice(state, campaign.campaign_id, lists, now)
        run = _Run(self._database, self._profiles, campaign, state, lists, now, gate, n, set(exclude))
        run.fill(wall_now)
        if run.short and self._scan(state, [each for each in lists if self._stale(state, each, now)], now):
            run.fill(wall_now)
        if run.found:
            return Refill(tuple(run.found), None)
        if not run.short:
            return Refill((), wall_now + timedelta(seconds=1))
        return Refill((), self._next_at(state, lists, now, gate))

    def left(self, campaign_id: int, lead_ids: Iterable[int]) -> None:
        """These leads do not wait any more: a hint, which saves the next refill a look at each."""
        if campaign_id in self._states:
            self._states[campaign_id].left.update(lead_ids)

    def reasons(self, campaign: CampaignSettings, wall_now: datetime, gate: Gate) -> list[ReasonCount]:
        """All leads of the campaign by what keeps them from being offered at `wall_now`, the most first."""
        self._profiles.refresh()
        return reasons(self._database, self._profiles, campaign, wall_now, gate)

    def _state(self, campaign_id: int) -> _State:
        """What is known, or nothing when a rollback may have undone it."""
        state = self._states.get(campaign_id)
        if state is None or state.rollbacks != self._database.rollbacks:
            learner = Learner(self._database, self._profiles, campaign_id)
            state = _State(learner, rollbacks=self._database.rollbacks)
            self._states[campaign_id] = state
        return state

    def _lists(self, campaign_id: int) -> list[LeadList]:
        """The lists that are called from."""
        return [
            each
            for each in of_campaign(self._database, campaign_id)
            if each.active and (each.quota is None or successes(self._database, each) < each.quota)
        ]

    def _open(self, state: _State, campaign: CampaignSettings, wall_now: datetime, gate: Gate) -> None:
        profiles = self._profiles.items()
        wanted = (gate.span(wall_now), gate, len(profiles))
        if state.open_for == wanted:
            return
        if state.open_for[1:2] != (gate,):
            state.opening.clear()
        state.open_for = wanted
        state.open_ids = frozenset(row_id for row_id, profile in profiles if gate.opens(profile, wall_now))

    # What changed since the last refill.

    def _notice(self, state: _State, campaign_id: int, lists: list[LeadList], now: int) -> None:
        for queue in state.queues.values():
            queue.drop(state.left)
        state.left.clear()
        newest = int(self._database.value("SELECT COALESCE(MAX(id), 0) FROM leads"))
        stirred = stirs(self._database)
        if state.stirs != stirred or not state.due_to <= now <= state.due_to + _LONG_PAUSE_S:
            state.queues.clear()
        state.queues = {
            each.list_id: state.queues.get(each.list_id) or Queue(self._database, campaign_id, each.list_id)
            for each in lists
        }
        known = {list_id for list_id, queue in state.queues.items() if queue.scanned_at is not None}
        self._scan(state, [each for each in lists if each.list_id not in known], now)
        if known:
            self._rescan_one(state, lists, now)
            if newest > state.newest_lead:
                self._came_by_import(state, campaign_id)
            self._became_due(state, campaign_id, now)
        state.newest_lead, state.stirs, state.due_to = newest, stirred, now
        oldest_first = [each.list_id for each in lists if each.ordering is Ordering.OLDEST_ATTEMPT]
        if oldest_first:
            self._line_up(state, campaign_id, oldest_first, now)
        if any(each.ordering is Ordering.BEST_HOUR for each in lists):
            state.learner.learn()

    def _scan(self, state: _State, lists: Sequence[LeadList], now: int) -> bool:
        for each in lists:
            state.queues[each.list_id].scan(now)
        return bool(lists)

    def _stale(self, state: _State, of: LeadList, now: int) -> bool:
        scanned_at = state.queues[of.list_id].scanned_at
        return scanned_at is None or not of.condition or now - scanned_at >= _FILTERED_RESCAN_S

    def _rescan_one(self, state: _State, lists: list[LeadList], now: int) -> None:
        """A refill never pays for more than one list, nor is anything overlooked for long."""
        due = [
            (scanned_at, each.list_id)
            for each in lists
            if (scanned_at := state.queues[each.list_id].scanned_at) is not None and now - scanned_at >= _RESCAN_S
        ]
        if due:
            state.queues[min(due)[1]].scan(now)

    def _came_by_import(self, state: _State, campaign_id: int) -> None:
        for list_id, profile_id, priority, key in self._database.rows(
            "SELECT list_id, profile_id, priority, MIN(next_at) FROM leads"
            " WHERE id > ? AND +campaign_id = ? AND next_at IS NOT NULL AND priority >= 0"
            " GROUP BY list_id, profile_id, priority",
            (state.newest_lead, campaign_id),
        ):
            if list_id in state.queues:
                state.queues[list_id].came(priority, profile_id, key, None)

    def _became_due(self, state: _State, campaign_id: int, now: int) -> None:
        for next_at, list_id, profile_id, lead_id in self._database.rows(
            "SELECT next_at, list_id, profile_id, id FROM leads WHERE campaign_id = ? AND priority = 0"
            " AND next_at IS NOT NULL AND next_at > ? AND next_at <= ?",
            (campaign_id, state.due_to - _OVERLAP_S, now),
        ):
            if list_id in state.queues:
                state.queues[list_id].came(RETRY, profile_id, next_at, lead_id)

    def _line_up(self, state: _State, campaign_id: int, list_ids: list[int], now: int) -> None:
        """Due retries of these lists wait in the order of their last attempts, behind the new leads."""
        rows = self._database.rows_in(
            "SELECT id, list_id, profile_id, CAST(last_attempt_at AS INTEGER) FROM leads"  # noqa: S608
            " WHERE campaign_id = ? AND priority = 0 AND next_at IS NOT NULL AND next_at <= ?"
            f" AND last_attempt_at IS NOT NULL AND list_id IN (:values) LIMIT {_LINED_UP}",
            list_ids,
            (campaign_id, now),
        )
        if not rows:
            return
        with self._database.transaction(durable=False):
            self._database.many(
                f"UPDATE leads SET priority = {NEW}, next_at = ? WHERE id = ?",  # noqa: S608
                [(last_at, lead_id) for lead_id, _, _, last_at in rows],
            )
        for list_id in list_ids:
            state.queues[list_id].drop([lead_id for lead_id, *_ in rows])
        for lead_id, list_id, profile_id, last_at in rows:
            state.queues[list_id].came(NEW, profile_id, last_at, lead_id)

    # When nothing can be called.

    def _next_at(self, state: _State, lists: list[LeadList], now: int, gate: Gate) -> datetime | None:
        """When the first waiting lead is both due and inside its hours."""
        best: datetime | None = None
        for due, each, priority, profile_id in sorted(self._heads(state, lists, now), key=lambda head: head[0]):
            if best is not None and due >= best.timestamp():
                break
            exact = due
            if each.condition or profile_id in state.open_ids:
                after = now if profile_id in state.open_ids else -1
                first = state.queues[each.list_id].first(priority, profile_id, after, _filter_of(each))
                if first is None:
                    continue
                exact = max(now, first)
            opens = self._opens(state, profile_id, exact, now, gate)
            if opens is not None and (best is None or opens < best):
                best = opens
        return best

    def _heads(self, state: _State, lists: list[LeadList], now: int) -> Iterator[tuple[int, LeadList, int, int]]:
        for each in lists:
            for (priority, profile_id), key in state.queues[each.list_id].heads():
                yield max(now, key), each, priority, profile_id

    def _opens(self, state: _State, profile_id: int, due: int, now: int, gate: Gate) -> datetime | None:
        at = datetime.fromtimestamp(due, UTC)
        if due > now:
            return gate.next_open(self._profiles.get(profile_id), at)
        known = state.opening.get(profile_id)
        if known is None or known <= at:
            known = state.opening[profile_id] = gate.next_open(self._profiles.get(profile_id), at)
        return known


def _filter_of(of: LeadList) -> filters.Filter | None:
    return filters.parse(of.condition) if of.condition else None


class _Run:
    """One refill: takes leads from the queues by tier, share and order, and keeps those that may be called."""

    def __init__(
        self,
        database: Database,
        profiles: Profiles,
        campaign: CampaignSettings,
        state: _State,
        lists: list[LeadList],
        now: int,
        gate: Gate,
        n: int,
        passed: set[int],
    ) -> None:
        self._database = database
        self._profiles = profiles
        self._campaign = campaign
        self._state = state
        self._lists = {each.list_id: each for each in lists}
        self._now = now
        self._gate = gate
        self._n = n
        self._passed = passed
        self._looks = max(_LOOKS * n, _LEAST_LOOKS)
        self._gone: set[int] = set()
        self.found: list[Candidate] = []

    @property
    def short(self) -> bool:
        """Whether all leads were looked at and there are less than were asked for."""
        return len(self.found) < self._n and self._looks > 0

    def fill(self, wall_now: datetime) -> None:
        """Add to `found` from the queues as they are now."""
        for each in self._lists.values():
            self._state.queues[each.list_id].arrange(self._view(each, wall_now), self._now)
        picks = self._picks()
        while self.short:
            wanted = self._n - len(self.found)
            batch = dict(islice(picks, wanted + wanted // _SPARE))
            if not batch:
                break
            self._looks -= len(batch)
            offered = dict(islice(self._admitted(list(batch)).items(), wanted))
            self.found += offered.values()
            for lead_id in batch.keys() - offered.keys():
                list_id = batch[lead_id]
                self._state.turns[self._lists[list_id].priority].give_back(list_id)
        for queue in self._state.queues.values():
            queue.drop(self._gone)

    def _view(self, of: LeadList, wall_now: datetime) -> View:
        state, condition = self._state, _filter_of(of)
        if of.ordering is Ordering.BEST_HOUR:
            classes = self._classes(wall_now)
            profiles = self._profiles

            def by_hour(priority: int, profile_id: int) -> int:
                zones = profiles.get(profile_id).zones
                return 2 * (classes.get(zones[0], 0) if zones else 0) + priority

            return View(state.open_ids, condition, (of.ordering, classes), by_hour)
        if of.ordering in (Ordering.FRESH_FIRST, Ordering.OLDEST_ATTEMPT):
            return View(state.open_ids, condition, of.ordering, lambda priority, _: NEW - priority)
        return View(state.open_ids, condition, of.ordering, lambda priority, _: priority)

    def _classes(self, wall_now: datetime) -> Mapping[str, int]:
        state = self._state
        if state.classes_for != self._now // _CLASSES_S:
            state.classes_for = self._now // _CLASSES_S
            zones = {
                profile.zones[0]
                for row_id, profile in self._profiles.items()
                if row_id in state.open_ids and profile.zones
            }
            state.classes = state.learner.hours.classes(zones, wall_now, self._campaign.window)
        return state.classes

    def _picks(self) -> Iterator[tuple[int, int]]:
        """Leads in turn, each with its list: lists of the highest priority until they are empty, then the next."""
        passed = self._passed
        for priority in sorted({each.priority for each in self._lists.values()}, reverse=True):
            weights = {each.list_id: each.weight for each in self._lists.values() if each.priority == priority}
            walks = {list_id: self._state.queues[list_id].walk(self._now) for list_id in weights}
            turns = self._state.turns[priority]
            turns.begin(weights)
            while (list_id := turns.take()) is not None:
                for lead_id in walks[list_id]:
                    if lead_id not in passed:
                        passed.add(lead_id)
                        yield lead_id, list_id
                        break
                else:
                    turns.leave(list_id)

    # One by one.

    def _admitted(self, ids: list[int]) -> dict[int, Candidate]:
        """Those of the leads that may be dialed; moves others on, or puts them off."""
        rows = self._fitting(self._waiting(ids))
        leads = {row.lead_id: lead for row in rows if (lead := row.candidate(row.next_phone_id)) is not None}
        off: dict[int, tuple[int, str]] = {}
        for lead_id, clash in clashes(
            self._database, {lead_id: lead.phone.e164 for lead_id, lead in leads.items()}, self._now
        ).items():
            off[lead_id] = (math.ceil(clash.until_s), clash.reason)
            del leads[lead_id]
        for lead, verdict in zip(leads.values(), self._gate.judge(list(leads.values())), strict=True):
            if isinstance(verdict, Blocked):
                until = self._now + PUT_OFF_S if verdict.until is None else math.ceil(seconds_of(verdict.until))
                off[lead.lead_id] = (max(until, self._now + 1), verdict.reason)
        held = [row.lead_id for row in rows if row.held_by and row.lead_id not in off]
        self._write(off, held)
        return {lead_id: lead for lead_id, lead in leads.items() if lead_id not in off}

    def _waiting(self, ids: list[int]) -> list[LeadRow]:
        """The leads that wait in an open profile, each with its turn on a number that may be dialed."""
        rows = self._load(ids)
        moved = {row.lead_id for row in rows if row.must_move}
        if moved:
            with self._database.transaction(durable=False):
                for row in rows:
                    if row.lead_id in moved:
                        move_on(self._database, row)
            rows = self._load(ids)
        here = []
        for row in rows:
            if row.profile_id in self._state.open_ids:
                here.append(row)
            else:
                assert row.next_at is not None
                self._state.queues[row.list_id].came(row.priority, row.profile_id, row.next_at, row.lead_id)
        self._gone.update(set(ids) - {row.lead_id for row in here})
        return here

    def _load(self, ids: list[int]) -> list[LeadRow]:
        rows = load(self._database, self._profiles, ids, self._now, due_only=True)
        return [row for row in rows if row.priority in (NEW, RETRY) and row.list_id in self._lists]

    def _fitting(self, rows: list[LeadRow]) -> list[LeadRow]:
        """Those that still pass the filter of their list."""
        for each in self._lists.values():
            condition = _filter_of(each)
            of_list = [row.lead_id for row in rows if row.list_id == each.list_id] if condition is not None else []
            if condition is None or not of_list:
                continue
            sql = f"SELECT id FROM leads WHERE ({condition.sql}) AND id IN (:values)"  # noqa: S608
            fits = {lead_id for (lead_id,) in self._database.rows_in(sql, of_list, condition.params)}
            self._gone.update(set(of_list) - fits)
            rows = [row for row in rows if row.list_id != each.list_id or row.lead_id in fits]
        return rows

    def _write(self, off: Mapping[int, tuple[int, str]], held: Sequence[int]) -> None:
        if not off and not held:
            return
        with self._database.transaction(durable=False):
            self._database.many(
                f"UPDATE leads SET next_at = ?, priority = {RETRY}, held_by = ? WHERE id = ? AND next_at <= ?"  # noqa: S608
                f" AND priority IN ({NEW}, {RETRY})",
                [(until, reason, lead_id, self._now) for lead_id, (until, reason) in off.items()],
            )
            self._database.many("UPDATE leads SET held_by = '' WHERE id = ?", [(lead_id,) for lead_id in held])
        self._gone.update(off)
