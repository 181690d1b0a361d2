"""Bringing a device to a state, rung by rung."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bench.hil.files import BenchError
from bench.hil.scenario import State
from bench.hil.strategy import Strategy
from bench.hil.timeline import Timeline
from tests.bench.hil.fakes import NotedDevice


def play(story: Callable[[Strategy, NotedDevice], Awaitable[None]]) -> None:
    async def main() -> None:
        device = NotedDevice(Timeline(asyncio.get_running_loop()))
        await story(Strategy(device), device)

    asyncio.run(main())


def test_every_rung_on_the_way_is_taken_in_order_and_once() -> None:
    async def story(strategy: Strategy, device: NotedDevice) -> None:
        await strategy.reach(State.READY)
        await strategy.reach(State.READY)
        assert device.rungs == ["switch_on", "link", "make_ready"]
        await strategy.reach(State.OFF)
        assert device.rungs[3:] == ["unlink", "switch_off"]

    play(story)


def test_from_linked_to_on_and_back() -> None:
    async def story(strategy: Strategy, device: NotedDevice) -> None:
        await strategy.reach(State.LINKED)
        await strategy.reach(State.ON)
        await strategy.reach(State.LINKED)
        assert device.rungs == ["switch_on", "link", "unlink", "link"]

    play(story)


def test_anew_goes_by_way_of_off() -> None:
    async def story(strategy: Strategy, device: NotedDevice) -> None:
        await strategy.reach(State.ON)
        await strategy.anew(State.ON)
        assert device.rungs == ["switch_on", "switch_off", "switch_on"]

    play(story)


def test_a_rung_that_breaks_leaves_the_state_below_it() -> None:
    async def story(strategy: Strategy, device: NotedDevice) -> None:
        device.fails = "link"
        with pytest.raises(BenchError, match="link is broken"):
            await strategy.reach(State.READY)
        assert strategy.state is State.ON

    play(story)


def test_a_rung_that_takes_too_long_is_given_up_with_where_it_stands() -> None:
    async def story(strategy: Strategy, device: NotedDevice) -> None:
        device.hangs = "make_ready"
        with pytest.raises(BenchError, match=r"lines is not ready within 0\.05 s \(it is linked\)"):
            await strategy.reach(State.READY, limit_s=0.05)

    play(story)
