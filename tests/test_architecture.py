"""The map holds: who may import whom, and that tests mirror the code."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_import_contracts_are_kept() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_nothing_imports_tests_or_bench() -> None:
    for package in ("dialer", "hw", "pacing", "campaigns", "firmware_bridge"):
        for file in (ROOT / package).rglob("*.py"):
            for line in file.read_text(encoding="utf-8").splitlines():
                assert not line.startswith(("import tests", "from tests", "import bench", "from bench")), file


def test_the_documents_name_what_there_is() -> None:
    code = "\n".join(
        file.read_text(encoding="utf-8")
        for package in ("dialer", "hw", "pacing", "campaigns")
        for file in (ROOT / package).rglob("*.py")
    )
    for page in ("README.md", "docs/architecture.md", "docs/operations.md", "docs/compliance.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        for path in re.findall(r"`((?:dialer|hw|pacing|campaigns|tests|bench|docs)/[\w/.-]*)`", text):
            assert (ROOT / path).exists(), f"{page} names {path}"
        for owner, name in re.findall(r"`([A-Z]\w+)\.(\w+)(?:\([^`]*\))?`", text):
            assert re.search(rf"class {owner}\b", code), f"{page} names {owner}"
            assert re.search(rf"def {name}\b", code), f"{page} names {owner}.{name}"


def test_numbers_in_tests_and_demo_are_fictional() -> None:
    pattern = re.compile(r"\+1[2-9]\d{9}\b")
    for folder in ("tests", "dialer/sim", "dialer/cli", "dialer/farend"):
        for file in (ROOT / folder).rglob("*"):
            if file.suffix not in (".py", ".txt", ".csv", ".toml"):
                continue
            for number in pattern.findall(file.read_text(encoding="utf-8")):
                assert number[5:10] == "55501" or number[2:5] in ("800", "888"), f"{file}: {number} may be somebody's"
