from hw.sip.watch import ASK_AGAIN_S, QUIET_S, Watch


def test_a_phone_that_talks_is_not_asked() -> None:
    watch = Watch()
    assert not any(watch.must_ask(packets=50 * second, now=float(second)) for second in range(600))


def test_a_phone_that_falls_silent_is_asked_once_and_later_again() -> None:
    watch = Watch()
    watch.must_ask(100, 10.0)
    asked = [now for now in range(11, 120) if watch.must_ask(100, float(now))]
    assert asked == [10 + QUIET_S, 10 + QUIET_S + ASK_AGAIN_S, 10 + QUIET_S + 2 * ASK_AGAIN_S]


def test_a_phone_that_never_sent_audio_is_left_alone() -> None:
    watch = Watch()
    assert not any(watch.must_ask(0, float(second)) for second in range(600))


def test_a_phone_that_speaks_again_is_well() -> None:
    watch = Watch()
    watch.must_ask(100, 10.0)
    assert watch.must_ask(100, 10.0 + QUIET_S)
    assert not watch.must_ask(150, 20.0 + QUIET_S)
    assert not watch.must_ask(150, 20.0 + 1.5 * QUIET_S)
    assert watch.must_ask(150, 20.0 + 2 * QUIET_S)
