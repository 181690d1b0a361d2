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


def test_links_in_the_documents_lead_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    links = [
        (page, link) for page in pages for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    ]
    relative = [(page, link) for page, link in links if not re.match(r"[a-z]+:", link)]
    assert relative
    for page, link in relative:
        file, _, section = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), f"{page.relative_to(ROOT)} links to {link}"
        if section:
            assert section in _sections(target), f"{page.relative_to(ROOT)} links to {link}"


def test_the_readme_names_targets_that_there_are() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    named = re.findall(r"(?:^|`)make ([a-z]+)\b", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert {"demo", "test", "install"} <= set(named) <= set(targets)


def _sections(page: Path) -> set[str]:
    """Names by which a page's headings can be linked to."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_numbers_in_tests_and_demo_are_fictional() -> None:
    pattern = re.compile(r"\+1[2-9]\d{9}\b")
    for folder in ("tests", "dialer/sim", "dialer/cli", "dialer/farend"):
        for file in (ROOT / folder).rglob("*"):
            if file.suffix not in (".py", ".txt", ".csv", ".toml"):
                continue
            for number in pattern.findall(file.read_text(encoding="utf-8", errors="replace")):
                assert number[5:10] == "55501" or number[2:5] in ("800", "888"), f"{file}: {number} may be somebody's"
