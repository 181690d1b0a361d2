import pytest

from bench.hil.emulated.dialects import DIALECTS, CallFacts, result_of
from bench.hil.emulated.exchange import Progress
from hw.modem.profiles import PROFILES, profile_of


def test_there_is_a_dialect_for_each_profile_and_its_maker_gives_it_away() -> None:
    assert set(DIALECTS) == set(PROFILES)
    for name, dialect in DIALECTS.items():
        assert profile_of(dialect.maker, dialect.model).name == name


@pytest.mark.parametrize("name", ["quectel", "simcom", "huawei"])
@pytest.mark.parametrize("progress", [Progress.ACTIVE, Progress.RELEASED])
def test_what_a_modem_says_is_understood_by_the_driver(name: str, progress: Progress) -> None:
    facts = CallFacts(1, False, "+12125550101", 75, 16, False)
    for _, says in DIALECTS[name].says:
        lines = says(facts, progress)
        assert lines
        for line in lines:
            assert PROFILES[name].news(line) is not None


def test_results_by_cause() -> None:
    assert [result_of(cause) for cause in (17, 18, 19, 1, 16)] == [
        "BUSY",
        "NO ANSWER",
        "NO ANSWER",
        "NO CARRIER",
        "NO CARRIER",
    ]
