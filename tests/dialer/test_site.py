"""A site's files and its lock."""

import fcntl
import subprocess
import sys
import threading
import time
import wave
from dataclasses import replace
from pathlib import Path

import pytest

from campaigns.model import CampaignSettings, Mode
from dialer.site import Site, SiteError, SiteLock, campaign_problems, make_site, running_dialer


def test_a_new_site_is_private(tmp_path: Path) -> None:
    site = make_site(tmp_path / "deep" / "site")
    assert site.path.stat().st_mode & 0o777 == 0o700
    assert not site.open_to_others()


def test_an_empty_directory_becomes_private(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir(mode=0o755)
    assert not make_site(folder).open_to_others()


def test_a_directory_of_other_things_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("mine")
    tmp_path.chmod(0o755)
    assert make_site(tmp_path).open_to_others()
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_look_at_the_lock_does_not_keep_a_dialer_from_starting(site: Site) -> None:
    site.lock_file.touch()
    looker = site.lock_file.open("r")
    fcntl.flock(looker, fcntl.LOCK_SH)
    threading.Timer(0.2, looker.close).start()
    lock = SiteLock(site)
    lock.take()
    lock.release()


def test_two_dialers_do_not_run_on_a_site(site: Site) -> None:
    program = (
        "import sys, time; from pathlib import Path; from dialer.site import Site, SiteLock\n"
        "lock = SiteLock(Site(Path(sys.argv[1]))); lock.take(); print('taken', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", program, str(site.path)], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "taken\n"
        with pytest.raises(SiteError, match=f"process {other.pid}"):
            SiteLock(site).take()
        assert (running_dialer(site) or {}).get("pid") == other.pid
    finally:
        other.kill()
        other.communicate()
    SiteLock(site).take()


def test_a_starting_dialer_gives_up_after_a_while(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dialer.site._LOCK_PATIENCE_S", 0.05)
    site.lock_file.touch()
    started_at = time.monotonic()
    with site.lock_file.open("r") as looker:
        fcntl.flock(looker, fcntl.LOCK_SH)
        with pytest.raises(SiteError, match="process unknown"):
            SiteLock(site).take()
    assert time.monotonic() - started_at >= 0.05


def write_wav(path: Path, channels: int) -> None:
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(bytes(3200))


def test_what_a_campaign_cannot_do_on_a_site(site: Site) -> None:
    write_wav(site.path / "stereo.wav", 2)
    write_wav(site.path / "mono.wav", 1)
    config = site.config()
    good = CampaignSettings(1, "spring", trunks=("carrier",), abandon_message="mono.wav")
    assert list(campaign_problems(site, config, good)) == []
    bad = replace(good, mode=Mode.MANUAL, trunks=("carrier", "nix"), abandon_message="stereo.wav")
    mode, trunks, message = campaign_problems(site, config, bad)
    assert "mode manual" in mode
    assert "'nix' is not in dialer.toml; known: carrier" in trunks
    assert "stereo.wav: 2 channels of 16 bits" in message
    assert list(campaign_problems(site, config, bad, {"trunks"})) == [trunks]
