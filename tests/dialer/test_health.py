"""What `dialer doctor` finds, each with its remedy."""

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
import serial

from dialer.app import build
from dialer.config import ConfigError
from dialer.health import Finding, Level, examine
from dialer.site import Site, SiteLock
from hw.sip.probe import ProbeResult
from hw.tty import open_tty


def findings(site: Site) -> dict[str, Finding]:
    return {finding.check: finding for finding in examine(site, lambda uri: ProbeResult(True, "answers"))}


def rows(site: Site, *levels: Level) -> list[str]:
    """Details of the findings of these levels, of all levels when none is given."""
    found = examine(site, lambda uri: ProbeResult(True, "answers"))
    return [finding.detail for finding in found if finding.level in (levels or tuple(Level))]


def add(site: Site, *sections: str) -> None:
    file = site.path / "dialer.toml"
    file.write_text("\n".join((file.read_text(), *sections)))


@pytest.fixture
def port() -> Iterator[str]:
    """The path of a pty, which can be opened as a serial port can."""
    ours, theirs = os.openpty()
    yield os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


GSM = '[[trunk]]\nname = "gsm"\nkind = "modem"\n'
BOARD = '[[trunk]]\nname = "board"\nkind = "gateway"\n'
WIRELESS = '[[station]]\nname = "wireless"\nkind = "hfp"\n'
PLUGGED = '[[station]]\nname = "plugged"\nkind = "gateway"\n'


def test_a_sound_site(site: Site) -> None:
    assert all(finding.level is Level.OK for finding in findings(site).values())


def test_a_site_open_to_others(site: Site) -> None:
    site.path.chmod(0o750)
    found = findings(site)["privacy"]
    assert found.level is Level.WARNING
    assert f"chmod 700 {site.path}" in found.detail


def test_an_agent_at_a_station_that_is_gone(site: Site) -> None:
    with site.open_store(site.config()) as store:
        store.add_agent("carl", "desk9")
    found = findings(site)["agents"]
    assert found.level is Level.ERROR
    assert "dialer agent move carl --station" in found.detail
    assert "dialer agent remove carl" in found.detail


def test_an_active_campaign_that_cannot_be_dialed_as_asked(site: Site) -> None:
    with site.open_store(site.config()) as store:
        store.update_campaign("spring", trunks="nix")
    found = findings(site)["campaigns"]
    assert found.level is Level.ERROR
    assert "'nix' is not in dialer.toml" in found.detail


@pytest.mark.parametrize(
    ("switches", "told"),
    [
        ('enforce = ["us.no.such"]', "no pack has the rule us.no.such"),
        ('[rules.off]\n"us.sales.hours" = ""', "us.sales.hours: give the reason"),
    ],
)
def test_switches_of_rules_that_cannot_be_used(site: Site, switches: str, told: str) -> None:
    file = site.path / "dialer.toml"
    file.write_text(f"{file.read_text()}[rules]\n{switches}\n")
    found = findings(site)["rules"]
    assert found.level is Level.ERROR and told in found.detail


def test_a_rule_pack_that_is_no_toml(site: Site) -> None:
    site.rules.mkdir()
    (site.rules / "ours.toml").write_text("[pack\n")
    found = findings(site)["rules"]
    assert found.level is Level.ERROR and "ours.toml" in found.detail


@pytest.mark.parametrize(
    ("audio", "told"),
    [
        ("serial:/dev/no-such-port@921600", "audio: there is no /dev/no-such-port"),
        ("alsa:no_such_card", "audio: "),
        ("usb:1", "audio: audio 'usb:1' must look like"),
    ],
)
def test_audio_that_is_not_there(site: Site, audio: str, told: str) -> None:
    file = site.path / "dialer.toml"
    modem = f'[[trunk]]\nname = "gsm"\nkind = "modem"\nport = "/dev/null"\naudio = "{audio}"\n'
    file.write_text(f"{file.read_text()}{modem}")
    found = findings(site)["trunk gsm"]
    assert found.level is Level.ERROR and f"[[trunk]] gsm: {told}" in found.detail


def test_a_board_with_fewer_ties_than_may_be_wanted(site: Site) -> None:
    file = site.path / "dialer.toml"
    ties = '[[trunk]]\nname = "board"\nkind = "gateway"\nport = "/dev/ttyACM0"\nties = ["alsa:plughw:CARD=Board"]\n'
    headset = '[[station]]\nname = "headset"\nkind = "gateway"\n'
    file.write_text(f"{file.read_text()}{ties}{headset}")
    found = findings(site)["campaigns"]
    assert found.level is Level.WARNING and "campaign spring: board board" in found.detail


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (WIRELESS, "[[station]] wireless: port: give the headset's serial port"),
        (GSM + 'port = "imei:123"\n', "[[trunk]] gsm: modem 'gsm': port 'imei:123' must be a device path"),
        (GSM + 'port = "ttyUSB0"\n', "[[trunk]] gsm: modem 'gsm': port 'ttyUSB0' must be a device path"),
        (GSM + 'port = "imei:490154203237518"\nprofile = "sierra"\n', "profile 'sierra' is not known"),
        (GSM + 'port = "imei:490154203237518"\naudio = "usb:1"\n', "[[trunk]] gsm: audio: audio 'usb:1' must"),
        (BOARD + 'port = "COM3"\n', "[[trunk]] board: gateway 'board': port 'COM3' must be a device path"),
        (BOARD + 'port = "/dev/null"\nbefore = "x"\n', "[[trunk]] board: gateway 'board': before 'x' may have"),
        (BOARD + 'port = "/dev/null"\nties = ["sierra:1"]\n', "[[trunk]] board: ties: audio 'sierra:1' must"),
        (BOARD + 'port = "/dev/null"\nlines = [0]\n', "[[trunk]] board: gateway 'board': lines are counted from 1"),
        (
            BOARD + 'port = "/dev/null"\n' + PLUGGED + 'board = "bord"\n',
            "[[station]] plugged: board: 'bord' is no gateway board",
        ),
        (
            '[[trunk]]\nname = "tcp"\nkind = "sip"\ntarget = "sip:{number}@127.0.0.1:9;transport=tcp"\n',
            "[[trunk]] tcp: trunk 'tcp': target",
        ),
        (
            "".join(
                f'[[trunk]]\nname = "c{number}"\nkind = "sip"\ntarget = "sip:{{number}}@127.0.0.1:9"\n'
                'username = "u"\npassword_file = "password"\n'
                for number in range(7)
            ),
            "[[trunk]]: at most 6 trunks can have a username",
        ),
    ],
)
def test_where_run_refuses_doctor_tells_it_in_the_same_words(site: Site, section: str, told: str) -> None:
    (site.path / "password").touch(0o600)
    add(site, section)
    with pytest.raises(ConfigError) as refused:
        build(site, site.config())
    assert told in str(refused.value)
    assert str(refused.value) in rows(site, Level.ERROR)


def test_a_bad_section_hides_no_other(site: Site) -> None:
    with site.open_store(site.config()) as store:
        store.add_agent("carl", "desk9")
    add(site, GSM + 'port = "imei:123"\n', BOARD + 'port = "/dev/no-board"\n')
    add(site, PLUGGED + 'board = "bord"\n', WIRELESS)
    errors = "\n".join(rows(site, Level.ERROR))
    for told in (
        "port 'imei:123' must be",
        "[[trunk]] board: port: there is no /dev/no-board",
        "[[station]] plugged: board: 'bord' is no gateway board; the gateway trunks are: board",
        "[[station]] wireless: port: give",
        "agent carl is at station 'desk9'",
    ):
        assert told in errors
    assert {finding.check for finding in examine(site, lambda uri: ProbeResult(True, "answers"))} >= {
        "python", "privacy", "rules", "store", "trunk carrier", "station desk1", "dialer"
    }  # fmt: skip


def test_ports_that_can_be_opened(site: Site, port: str) -> None:
    add(site, GSM + f'port = "{port}"\n')
    assert findings(site)["trunk gsm"] == Finding("trunk gsm", Level.OK, f"{port} is there")
    open_tty(port, 115200).close()


@pytest.mark.parametrize(
    ("section", "where"),
    [
        (GSM + 'port = "{port}"\n', "[[trunk]] gsm: port"),
        (GSM + 'port = "imei:490154203237518"\naudio = "serial:{port}@115200"\n', "[[trunk]] gsm: audio"),
        (BOARD + 'port = "{port}"\n', "[[trunk]] board: port"),
        (BOARD + 'port = "/dev/no-board"\nties = ["serial:{port}"]\n', "[[trunk]] board: ties"),
        (WIRELESS + 'port = "{port}"\n', "[[station]] wireless: port"),
        (WIRELESS + 'port = "/dev/no-headset"\naudio = "serial:{port}"\n', "[[station]] wireless: audio"),
    ],
)
def test_ports_that_another_program_has(site: Site, port: str, section: str, where: str) -> None:
    add(site, section.format(port=port))
    other = open_tty(port, 115200)
    told = [detail for detail in rows(site, Level.ERROR) if detail.startswith(f"{where}: {port}: ")]
    other.close()
    assert len(told) == 1 and told[0].endswith("another program has it open")
    assert not [detail for detail in rows(site, Level.ERROR) if port in detail]


def test_ports_that_another_program_has_without_a_lock(site: Site, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    add(site, GSM + f'port = "{port}"\n', WIRELESS + 'port = "/dev/no-headset"\n')
    monkeypatch.setattr("dialer.health.other_users", lambda path: ["minicom (4711)"] if path == port else [])
    told = [finding for finding in examine(site, lambda uri: ProbeResult(True, "")) if finding.check == "trunk gsm"]
    detail = (
        f"{port} is open in minicom (4711) too, which may take what comes from it or write into it; end that program"
    )
    assert told == [Finding("trunk gsm", Level.WARNING, f"[[trunk]] gsm: port: {detail}")]


def test_ports_that_the_user_may_not_open(site: Site, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise serial.SerialException(errno.EACCES, f"could not open port {port}")

    add(site, WIRELESS + f'port = "{port}"\n')
    monkeypatch.setattr(serial, "Serial", refuse)
    (told,) = [detail for detail in rows(site, Level.ERROR) if port in detail]
    assert told == f"[[station]] wireless: port: {port}: Permission denied; add the dialer's user to the group dialout"


def test_ports_of_a_running_dialer_are_left_alone(site: Site, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    add(site, GSM + f'port = "{port}"\naudio = "alsa:no_such_card"\n', WIRELESS + 'port = "/dev/no-headset"\n')
    monkeypatch.setattr(serial, "Serial", lambda *_, **__: pytest.fail("a port was opened"))
    lock = SiteLock(site)
    lock.take()
    told = [finding for finding in examine(site, lambda uri: ProbeResult(True, "")) if "gsm" in finding.check]
    assert [(finding.level, finding.detail) for finding in told] == [
        (Level.OK, f"{port} is in use by the running dialer"),
        (Level.OK, "alsa:no_such_card is in use by the running dialer"),
    ]
    assert "[[station]] wireless: port: there is no /dev/no-headset" in rows(site, Level.ERROR)
    lock.release()


def test_one_port_under_two_names(site: Site, port: str, tmp_path: Path) -> None:
    other = tmp_path / "by-id"
    other.symlink_to(port)
    add(site, GSM + f'port = ["{port}", "{other}"]\n')
    assert f"[[trunk]] gsm: port: {other} is the same device as {port} of [[trunk]] gsm: port; give each its own" in (
        rows(site, Level.ERROR)
    )


@pytest.mark.parametrize(
    ("pin", "mode", "level", "told"),
    [
        (None, 0, Level.ERROR, "cannot be read"),
        ("12", 0o600, Level.ERROR, "must hold a PIN of 4 to 8 digits"),
        ("1234\n", 0o644, Level.WARNING, "others can read it; run: chmod 600"),
    ],
)
def test_pin_files_that_will_not_do(site: Site, pin: str | None, mode: int, level: Level, told: str) -> None:
    if pin is not None:
        (site.path / "pin").write_text(pin)
        (site.path / "pin").chmod(mode)
    add(site, GSM + 'port = "imei:490154203237518"\npin_file = "pin"\n')
    (row,) = [detail for detail in rows(site, level) if detail.startswith("[[trunk]] gsm: pin_file: ")]
    assert told in row and str(site.path / "pin") in row


def test_a_pin_file_as_it_should_be(site: Site) -> None:
    (site.path / "pin").write_text("1234\n")
    (site.path / "pin").chmod(0o600)
    add(site, GSM + 'port = "imei:490154203237518"\npin_file = "pin"\n')
    assert not [detail for detail in rows(site) if detail.startswith("[[trunk]] gsm: pin_file")]


def test_a_modem_by_its_imei_has_its_row(site: Site) -> None:
    add(site, GSM + 'port = "imei:490154203237518"\n')
    found = findings(site)["trunk gsm"]
    assert found.level is Level.OK and found.detail.startswith("imei:490154203237518 is looked for")


def test_a_headset_of_a_board_has_its_row(site: Site) -> None:
    add(site, BOARD + 'port = "/dev/no-board"\n', PLUGGED + "headset = 3\n")
    found = findings(site)["station plugged"]
    assert found.level is Level.OK and found.detail.startswith("headset 3 of board board; whether the board has it")


def test_a_headset_of_no_board(site: Site) -> None:
    add(site, PLUGGED)
    found = findings(site)["station plugged"]
    assert found.level is Level.ERROR and "[[station]] plugged: board: say which board" in found.detail


def test_the_address_of_the_api_is_taken(site: Site) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        file = site.path / "dialer.toml"
        file.write_text(file.read_text().replace('[api]\nbind = "127.0.0.1:0"', f'[api]\nbind = "{taken}"'))
        assert f"[api]: bind: {taken} cannot be used: Address already in use" in rows(site, Level.ERROR)
