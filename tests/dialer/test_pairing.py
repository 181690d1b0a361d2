"""Which trunks and stations can be joined is known from the configuration, before any call."""

from dataclasses import replace
from pathlib import Path

import pytest

from campaigns.lint import Shown
from campaigns.model import CampaignSettings, Kind, Mode
from dialer.config import Config, ConfigError, load_config
from dialer.pairing import (
    address_of,
    caller_ids_of,
    campaign_problem,
    shown_by,
    station_problem,
    tie_shortages,
    trunks_of,
    why_apart,
)
from dialer.site import Site, campaign_problems, make_site

CAMPAIGN = CampaignSettings(1, "spring", Kind.TELESALES, Mode.PREDICTIVE)
SIP = """
[[trunk]]
name = "carrier"
kind = "sip"
target = "sip:{number}@127.0.0.1:5070"
caller_ids = ["+12125550100"]
"""
MODEM = '[[trunk]]\nname = "gsm"\nkind = "modem"\nport = "/dev/ttyUSB0"\n'
HEARD_MODEM = MODEM + 'audio = "serial:/dev/ttyUSB1"\n'
BOARD = '[[trunk]]\nname = "board"\nkind = "gateway"\nport = "/dev/ttyACM0"\n'
TIED_BOARD = BOARD + 'ties = ["alsa:plughw:CARD=Board"]\n'
PHONE = '[[station]]\nname = "phone"\nkind = "sip"\naddress = "sip:anna@127.0.0.1:5080"\n'
HEADSET = '[[station]]\nname = "headset"\nkind = "gateway"\nheadset = 2\n'
WIRELESS = '[[station]]\nname = "wireless"\nkind = "hfp"\nport = "/dev/rfcomm0"\n'
HEARD_WIRELESS = WIRELESS + 'audio = "alsa:plughw:CARD=Headset"\n'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    make_site(tmp_path / "site", name="s", region="US")
    return tmp_path / "site"


def config_of(site: Path, *sections: str) -> Config:
    (site / "dialer.toml").write_text("\n".join(sections), encoding="utf-8")
    return load_config(site)


@pytest.mark.parametrize(
    ("trunk", "station", "joined"),
    [
        (SIP, PHONE, True),
        (SIP, HEARD_WIRELESS, True),
        (SIP, WIRELESS, False),
        (MODEM, PHONE, False),
        (HEARD_MODEM, PHONE, True),
        (HEARD_MODEM, HEARD_WIRELESS, True),
        (BOARD, PHONE, False),
        (TIED_BOARD, PHONE, True),
        (BOARD, HEADSET, True),
        (TIED_BOARD, HEARD_WIRELESS, True),
    ],
)
def test_who_can_be_joined(site: Path, trunk: str, station: str, joined: bool) -> None:
    config = config_of(site, trunk, station)
    why = why_apart(config, config.trunk[0], config.station[0])
    assert (why is None) == joined
    if why is not None:
        assert f"trunk {config.trunk[0].name} and station {config.station[0].name} cannot be joined" in why


@pytest.mark.parametrize(("board", "joined"), [(BOARD, False), (TIED_BOARD, True)])
def test_a_headset_of_a_board_takes_calls_of_other_kinds_over_its_ties(site: Path, board: str, joined: bool) -> None:
    config = config_of(site, SIP, board, HEADSET)
    assert (why_apart(config, config.trunk[0], config.station[0]) is None) == joined


@pytest.mark.parametrize(
    ("sections", "remedy"),
    [
        ((MODEM, PHONE), "give [[trunk]] gsm an audio device"),
        ((SIP, WIRELESS), "give [[station]] wireless an audio device"),
        ((BOARD, PHONE), "give the board ties to this box"),
    ],
)
def test_a_campaign_that_nobody_can_take_is_told_how_to_mend_it(
    site: Path, sections: tuple[str, ...], remedy: str
) -> None:
    config = config_of(site, *sections)
    problem = campaign_problem(config, CAMPAIGN)
    assert problem is not None and remedy in problem
    (told,) = campaign_problems(Site(site), config, CAMPAIGN)
    assert "campaign spring: trunks: no station can take all its calls" in told


def test_one_station_for_all_is_enough_and_the_others_are_refused(site: Path) -> None:
    config = config_of(site, SIP, BOARD, PHONE, HEADSET)
    campaign = replace(CAMPAIGN, trunks=("board",))
    assert campaign_problem(config, campaign) is None
    phone, headset = config.station
    assert station_problem(config, campaign, headset) is None
    assert station_problem(config, campaign, phone) is not None
    assert campaign_problem(config, replace(CAMPAIGN, trunks=())) is not None


TWO_LINES = TIED_BOARD + "max_lines = 2\n"


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ((SIP, PHONE), ""),
        ((TWO_LINES, HEADSET), ""),
        ((TWO_LINES, PHONE), ""),
        (
            (TWO_LINES, PHONE, PHONE.replace("phone", "second")),
            "2 of its calls and headsets may want a tie to this box at once, and it has 1",
        ),
        ((SIP, TWO_LINES, HEADSET), ""),
        (
            (SIP, TWO_LINES, HEADSET, PHONE),
            "2 of its calls and headsets may want a tie to this box at once, and it has 1",
        ),
        ((BOARD, HEADSET), "has no tie to this box: people who are called on it"),
    ],
)
def test_boards_that_may_want_more_ties_than_they_have(site: Path, sections: tuple[str, ...], said: str) -> None:
    told = tie_shortages(config_of(site, *sections), CAMPAIGN)
    assert len(told) == bool(said)
    assert said in "".join(told)


def test_lines_and_headsets_of_a_board_that_are_kept_apart_want_no_ties(site: Path) -> None:
    config = config_of(site, SIP, TWO_LINES, HEADSET, PHONE)
    assert tie_shortages(config, replace(CAMPAIGN, trunks=("carrier",))) == []
    assert tie_shortages(config, CAMPAIGN) != []


def test_a_site_without_stations_yet_can_start_its_campaign(site: Path) -> None:
    assert campaign_problem(config_of(site, MODEM), CAMPAIGN) is None


def test_addresses_by_kind(site: Path) -> None:
    config = config_of(site, BOARD, PHONE, HEADSET, WIRELESS)
    addresses = [address_of(config, station) for station in config.station]
    assert addresses == ["sip:anna@127.0.0.1:5080", "gateway:board/2", "hfp:wireless"]


@pytest.mark.parametrize(
    ("sections", "text"),
    [
        ((SIP, HEADSET), 'no \\[\\[trunk\\]\\] has kind = "gateway"'),
        ((BOARD, HEADSET + 'board = "bord"\n'), "'bord' is no gateway board; the gateway trunks are: board"),
        ((BOARD, BOARD.replace('"board"', '"second"').replace("ACM0", "ACM1"), HEADSET), "say which board"),
    ],
)
def test_a_headset_of_no_board_is_refused(site: Path, sections: tuple[str, ...], text: str) -> None:
    config = config_of(site, *sections)
    with pytest.raises(ConfigError, match=text):
        address_of(config, config.station[0])


def test_the_trunks_of_a_campaign_and_what_they_show(site: Path) -> None:
    config = config_of(site, SIP, MODEM)
    assert [trunk.name for trunk in trunks_of(config, CAMPAIGN)] == ["carrier", "gsm"]
    assert caller_ids_of(config, CAMPAIGN) == ["+12125550100"]
    assert caller_ids_of(config, replace(CAMPAIGN, trunks=("gsm",))) == []


NUMBERLESS = SIP.replace('"carrier"', '"plain"').replace('caller_ids = ["+12125550100"]', "")
HIDDEN = MODEM + 'caller_id = "hide"\n'


@pytest.mark.parametrize(
    ("sections", "caller_id", "shown"),
    [
        ((SIP,), "", Shown(("+12125550100",))),
        ((SIP,), "+12125550177", Shown(("+12125550177",))),
        ((MODEM,), "", Shown((), ("gsm",))),
        ((MODEM,), "+12125550177", Shown((), ("gsm",))),
        ((BOARD,), "", Shown((), ("board",))),
        ((MODEM + 'caller_ids = ["+12125550100"]\n', BOARD), "", Shown((), ("gsm", "board"))),
        ((SIP, MODEM), "", Shown(("+12125550100",), ("gsm",))),
        ((NUMBERLESS,), "+12125550177", Shown(("+12125550177",))),
    ],
)
def test_what_people_see_as_the_number(site: Path, sections: tuple[str, ...], caller_id: str, shown: Shown) -> None:
    assert shown_by(config_of(site, *sections), replace(CAMPAIGN, caller_id=caller_id)) == shown


def test_trunks_that_show_no_number_are_told_with_the_key_to_mend(site: Path) -> None:
    shown = shown_by(config_of(site, SIP, NUMBERLESS, HIDDEN, BOARD), CAMPAIGN)
    assert shown.numbers == ("+12125550100",) and shown.own == ("board",)
    assert shown.hidden == {
        "plain": "caller_ids of [[trunk]] plain in dialer.toml, or dialer campaign set spring caller_id=+...",
        "gsm": '[[trunk]] gsm has caller_id = "hide" in dialer.toml: set it to "show"',
    }
    assert set(shown_by(config_of(site, HIDDEN), replace(CAMPAIGN, caller_id="+12125550177")).hidden) == {"gsm"}


def test_a_headset_of_no_known_board_takes_no_calls_and_hides_no_other_station(site: Path) -> None:
    lost = HEADSET + 'board = "bord"\n'
    problem = campaign_problem(config_of(site, BOARD, lost), CAMPAIGN)
    assert problem is not None and "[[station]] headset: board: 'bord' is no gateway board" in problem
    config = config_of(site, SIP, TWO_LINES, lost, PHONE, PHONE.replace("phone", "second"))
    assert campaign_problem(config, CAMPAIGN) is None
    assert len(tie_shortages(config, CAMPAIGN)) == 1
