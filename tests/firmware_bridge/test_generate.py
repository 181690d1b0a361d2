import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_bridge import generate
from firmware_bridge import messages as m
from firmware_bridge.c_header import snake
from firmware_bridge.codec import MessageError
from firmware_bridge.frames import FrameReader
from firmware_bridge.markdown import MarkdownError, markdown
from firmware_bridge.python_side import class_name
from firmware_bridge.schema import Record, load
from firmware_bridge.vectors import vectors
from tests.firmware_bridge.strategies import RECORDS, records

HEADER = generate.ROOT / "firmware_bridge" / "firmware" / "protocol.h"
WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wpedantic", "-Werror"]
NAMES = {class_name(record): snake(record.name) for record in RECORDS}


def test_what_is_generated_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().err


def test_a_file_that_is_not_current_is_told_and_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = tmp_path / "messages.py"
    stale.write_text("old")
    monkeypatch.setattr(generate, "outputs", lambda: {stale: "new"})
    assert generate.main(["--check"]) == 1
    assert "not current" in capsys.readouterr().err
    assert stale.read_text() == "old"
    assert generate.main([]) == 0
    assert stale.read_text() == "new"


class TestPage:
    def test_an_unknown_part_is_named(self) -> None:
        with pytest.raises(MarkdownError, match="'generated: nonsense'"):
            markdown("<!-- generated: nonsense -->\n<!-- end -->\n", load())

    def test_every_message_and_enum_is_on_the_page(self) -> None:
        page, schema = generate.PAGE.read_text(), load()
        for record in schema.messages:
            assert f"**0x{record.id:02X} {record.name}**" in page
        for enum in schema.enums:
            assert f"`{enum.name}` (u" in page
        for frame in schema.frames:
            assert f"<!-- generated: {frame.name} -->" in page

    def test_the_vectors_on_the_page_are_read_back(self) -> None:
        page = generate.PAGE.read_text()
        for what, frame in vectors():
            found = re.search(rf"\| {re.escape(what)} \| `([0-9a-f ]+)` \|", page)
            assert found is not None
            assert FrameReader().feed(bytes.fromhex(found[1])) == [frame]


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that reads `NAME HEX` lines, and writes each message back through the C side, or `no`."""
    if shutil.which("gcc") is None:
        pytest.skip("the compiler is missing: apt-get install gcc")
    cases = "".join(
        f'if (strcmp(name, "{name}") == 0) {{ gw_{c} m; '
        f"if (gw_get_{c}(in, size, &m)) out_size = gw_put_{c}(out, room, &m); }}\n"
        for name, c in NAMES.items()
    )
    source = f"""
#include <stdio.h>
#include <string.h>
#include "{HEADER}"
int main(void) {{
    static char name[64], hex[4096];
    static uint8_t in[2048], out[2048];
    size_t room;
    while (scanf("%63s %4095s %zu", name, hex, &room) == 3) {{
        size_t size = 0, out_size = 0;
        for (const char *at = hex; at[0] != '.'; at += 2) {{
            unsigned byte;
            sscanf(at, "%2x", &byte);
            in[size++] = (uint8_t)byte;
        }}
        {cases}
        if (out_size == 0) printf("no");
        for (size_t i = 0; i < out_size; i++) printf("%02x", out[i]);
        printf("\\n");
    }}
    return 0;
}}
"""
    folder = tmp_path_factory.mktemp("echo")
    (folder / "echo.c").write_text(source)
    sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    command = ["gcc", *WARNINGS, *sanitizers, "-o", str(folder / "echo"), str(folder / "echo.c")]
    subprocess.run(command, check=True, timeout=60)
    return folder / "echo"


def through_c(echo: Path, lines: list[tuple[str, bytes, int]]) -> list[str]:
    text = "".join(f"{name} {data.hex()}. {room}\n" for name, data, room in lines)
    done = subprocess.run([echo], input=text, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.split()


class TestHeader:
    @settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(records, min_size=1, max_size=40))
    def test_c_and_python_write_the_same_bytes(self, echo: Path, values: list[Any]) -> None:
        lines = [(type(value).__name__, value.encode(), 300) for value in values]
        assert through_c(echo, lines) == [data.hex() for _, data, _ in lines]

    @settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.tuples(st.sampled_from(RECORDS), st.binary(max_size=60)), min_size=1, max_size=40), st.data())
    def test_c_and_python_refuse_the_same_bytes(
        self, echo: Path, tries: list[tuple[Record, bytes]], data: st.DataObject
    ) -> None:
        lines, expected = [], []
        for record, payload in tries:
            if record.id is not None and data.draw(st.booleans()):
                payload = bytes((record.id,)) + payload[1:]
            kind = getattr(m, class_name(record))
            lines.append((kind.__name__, payload, 300))
            wrong_id = record.id is not None and payload[:1] != bytes((record.id,))
            try:
                expected.append("no" if wrong_id else kind.decode(payload).encode().hex())
            except MessageError:
                expected.append("no")
        assert through_c(echo, lines) == expected

    def test_a_message_that_has_no_room_is_not_written(self, echo: Path) -> None:
        data = bytes.fromhex("010700012a00000b3132313235353530313031")
        lines = [("Call", data, room) for room in (0, 1, len(data) - 1, len(data))]
        assert through_c(echo, lines) == ["no", "no", "no", data.hex()]

    def test_the_board_s_compiler_takes_it(self, tmp_path: Path) -> None:
        if shutil.which("arm-none-eabi-gcc") is None:
            pytest.skip("the compiler is missing: apt-get install gcc-arm-none-eabi")
        source = tmp_path / "empty.c"
        source.write_text(f'#include "{HEADER}"\ntypedef int only;\n')
        command = ["arm-none-eabi-gcc", "-mcpu=cortex-m3", "-mthumb", "-ffreestanding", *WARNINGS, "-c", str(source)]
        subprocess.run([*command, "-o", str(tmp_path / "empty.o")], check=True, timeout=60)
