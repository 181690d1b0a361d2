from dialer.core.timers import Timers


def test_due_keys_come_in_order_of_their_deadlines() -> None:
    timers: Timers[str] = Timers()
    timers.set("b", 2.0)
    timers.set("a", 1.0)
    timers.set("c", 3.0)
    assert timers.deadline == 1.0
    assert list(timers.pop_due(2.0)) == ["a", "b"]
    assert timers.deadline == 3.0


def test_the_last_setting_of_a_key_holds() -> None:
    timers: Timers[str] = Timers()
    timers.set("a", 1.0)
    timers.set("a", 5.0)
    assert list(timers.pop_due(2.0)) == []
    assert timers.deadline == 5.0


def test_cancelled_keys_do_not_come() -> None:
    timers: Timers[str] = Timers()
    timers.set("a", 1.0)
    timers.cancel("a")
    timers.cancel("never set")
    assert timers.deadline is None
    assert not timers.armed("a")


def test_a_key_set_while_popping_counts() -> None:
    timers: Timers[str] = Timers()
    timers.set("a", 1.0)
    seen = []
    for key in timers.pop_due(2.0):
        seen.append(key)
        if key == "a":
            timers.set("b", 1.5)
    assert seen == ["a", "b"]
