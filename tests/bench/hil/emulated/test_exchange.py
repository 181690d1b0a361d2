import asyncio
from collections.abc import Awaitable, Callable

from bench.hil.emulated.exchange import Exchange, ExchangeCall, FarEnd, Progress

NUMBER = "+12125550101"


class Caller:
    def __init__(self) -> None:
        self.told: list[Progress | str] = []
        self.over = asyncio.Event()

    def progress(self, call: ExchangeCall, progress: Progress) -> None:
        self.told.append(progress)
        if progress is Progress.RELEASED:
            self.over.set()

    def key(self, call: ExchangeCall, key: str) -> None:
        self.told.append(key)


def call(
    far_end: FarEnd, then: Callable[[Exchange, ExchangeCall], Awaitable[None]] | None = None
) -> tuple[Caller, ExchangeCall]:
    async def main() -> tuple[Caller, ExchangeCall]:
        caller, exchange = Caller(), Exchange({NUMBER: far_end})
        made = exchange.dial(caller, "sim", NUMBER)
        if then is not None:
            await then(exchange, made)
        await asyncio.wait_for(caller.over.wait(), 5)
        await asyncio.sleep(0.05)
        assert exchange.calls == [made]
        return caller, made

    return asyncio.run(main())


def test_a_call_to_its_end() -> None:
    caller, made = call(FarEnd(ring_s=0.01, answer_s=0.02, hang_up_s=0.2, keys="1#"))
    assert caller.told == [Progress.ALERTING, Progress.ACTIVE, "1", "#", Progress.RELEASED]
    assert (made.released_by, made.cause) == ("far end", 16)
    assert made.answered_at is not None


def test_a_refusal() -> None:
    caller, made = call(FarEnd(ring_s=None, fail_s=0.02, cause=34))
    assert caller.told == [Progress.RELEASED]
    assert (made.released_by, made.cause, made.answered_at) == ("network", 34, None)


def test_the_caller_gives_up() -> None:
    async def then(exchange: Exchange, made: ExchangeCall) -> None:
        exchange.release(made)
        exchange.release(made)

    caller, made = call(FarEnd(ring_s=0.2, answer_s=0.3), then)
    assert caller.told == [Progress.RELEASED]
    assert made.released_by == "caller"


def test_an_answer_that_crosses_the_release() -> None:
    async def then(exchange: Exchange, made: ExchangeCall) -> None:
        exchange.release(made)

    caller, _ = call(FarEnd(ring_s=None, crosses=True), then)
    assert caller.told == [Progress.ACTIVE, Progress.RELEASED]


def test_keys_are_heard_in_an_answered_call_only() -> None:
    async def then(exchange: Exchange, made: ExchangeCall) -> None:
        exchange.hear_key(made, "1")
        await asyncio.sleep(0.1)
        exchange.hear_key(made, "2")
        exchange.lose(made)
        exchange.hear_key(made, "3")

    _, made = call(FarEnd(ring_s=None, answer_s=0.02), then)
    assert (made.keys_heard, made.released_by) == ("2", "lost")


def test_numbers_that_are_not_named_do_as_the_default() -> None:
    assert Exchange(default=FarEnd(fail_s=1.0)).far_end("anything").fail_s == 1.0
