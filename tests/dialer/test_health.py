"""What `dialer doctor` finds, each with its remedy."""

import pytest

from dialer.health import Finding, Level, examine
from dialer.site import Site
from hw.sip.probe import ProbeResult


def findings(site: Site) -> dict[str, Finding]:
    return {finding.check: finding for finding in examine(site, lambda uri: ProbeResult(True, "answers"))}


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
