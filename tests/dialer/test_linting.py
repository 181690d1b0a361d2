"""`campaign lint` tells what of the site keeps a campaign from being dialed, beside its own contradictions."""

from datetime import UTC, datetime

import pytest

from campaigns.lint import Problem, Severity
from dialer.linting import lint
from dialer.site import Site
from tests.dialer.conftest import add_leads

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
MODEM = '[[trunk]]\nname = "gsm"\nkind = "modem"\nport = "/dev/no-modem"\n'
BOARD = '[[trunk]]\nname = "board"\nkind = "gateway"\nport = "/dev/no-board"\n'
TIE = 'ties = ["serial:/dev/no-tie"]\n'
PLUGGED = '[[station]]\nname = "plugged"\nkind = "gateway"\n'


def problems(site: Site, sections: str, **settings: object) -> list[Problem]:
    """Of campaign `spring` with one lead, on the site with more sections."""
    file = site.path / "dialer.toml"
    file.write_text(f"{file.read_text()}\n{sections}")
    add_leads(site, "+12125550101")
    config = site.config()
    with site.open_store(config) as store:
        store.update_campaign("spring", **settings)
        return lint(site, config, store, store.campaign("spring"), NOW)


def of_key(found: list[Problem], key: str) -> list[tuple[Severity, str]]:
    assert all(each.text and each.mend for each in found)
    return [(each.severity, each.text) for each in found if each.key == key]


def test_a_site_that_fits(site: Site) -> None:
    found = problems(site, "")
    assert of_key(found, "trunks") == of_key(found, "ties") == []


def test_no_station_can_take_the_calls(site: Site) -> None:
    ((severity, text),) = of_key(problems(site, MODEM, trunks="gsm"), "trunks")
    assert severity is Severity.ERROR
    assert text.startswith("no station can take all its calls: trunk gsm and station desk1 cannot be joined")


def test_a_trunk_that_is_gone_and_a_message_that_cannot_be_played(site: Site) -> None:
    found = problems(site, "", trunks="nix", abandon_message="missing.wav")
    assert of_key(found, "trunks") == [(Severity.ERROR, "'nix' is not in dialer.toml; known: carrier")]
    ((severity, text),) = [each for each in of_key(found, "abandon_message") if "missing.wav" in each[1]]
    assert severity is Severity.ERROR and "cannot be read" in text


def test_stations_that_cannot_take_the_calls_though_others_can(site: Site) -> None:
    found = of_key(problems(site, BOARD + PLUGGED, trunks="board"), "trunks")
    assert [severity for severity, _ in found] == [Severity.NOTE, Severity.NOTE]
    assert [text.split(" cannot")[0] for _, text in found] == [
        "trunk board and station desk1",
        "trunk board and station desk2",
    ]


@pytest.mark.parametrize(
    ("sections", "trunks", "told"),
    [
        (BOARD + PLUGGED, "board", "board board has no tie to this box"),
        (BOARD + TIE, "board", "2 of its calls and headsets may want a tie to this box at once, and it has 1"),
        (BOARD + TIE + PLUGGED, "carrier", ""),
    ],
)
def test_boards_with_too_few_ties(site: Site, sections: str, trunks: str, told: str) -> None:
    found = of_key(problems(site, sections, trunks=trunks), "ties")
    assert [severity for severity, _ in found] == [Severity.WARNING] * bool(told)
    assert told in "".join(text for _, text in found)


@pytest.mark.parametrize(
    ("sections", "trunks", "told"),
    [
        ("", "carrier", "trunk carrier shows no number, and the law asks for one"),
        (MODEM + 'audio = "serial:/dev/no-voice"\n', "gsm", ""),
        (BOARD + TIE, "board", ""),
        (
            MODEM + 'audio = "serial:/dev/no-voice"\ncaller_id = "hide"\n',
            "gsm",
            "trunk gsm shows no number, and the law asks for one",
        ),
    ],
)
def test_numbers_that_people_see(site: Site, sections: str, trunks: str, told: str) -> None:
    found = of_key(problems(site, sections, trunks=trunks, purpose="sales"), "caller_id")
    assert found == ([(Severity.WARNING, told)] if told else [])
