from pathlib import Path

import pytest

from firmware_bridge.schema import SCHEMA_PATH, SchemaError, load


def broken(tmp_path: Path, old: str, new: str) -> Path:
    text = SCHEMA_PATH.read_text()
    assert old in text
    path = tmp_path / "protocol.toml"
    path.write_text(text.replace(old, new, 1))
    return path


class TestSchema:
    def test_the_largest_size_of_a_record_counts_id_and_length_byte(self) -> None:
        sizes = {record.name: record.largest for record in load().messages}
        assert sizes["Call"] == 1 + 2 + 1 + 2 + 1 + 1 + 32
        assert sizes["SnapshotGet"] == 3

    @pytest.mark.parametrize(
        ("old", "new", "complaint"),
        [
            ('line = "u8"\n', 'line = "u9"\n', r"message.Call.line: unknown type 'u9'"),
            ("id = 0x02", "id = 0x01", "message: two messages have the same id"),
            ('from = "host"', 'from = "nobody"', "message.Call.from: must be host or board"),
            ("id = 0x01", "id = 0x100", "message.Call.id: must be 1 to 255"),
            ("id = 0x01\n", "", "message.Call: 'id' is missing"),
            ("[frame.HELLO]", "[frame.HALLO]", "frame.HALLO: not a FrameKind"),
            ('command = "u16"', 'number = "u16"', "message.Call: what the host sends must begin with"),
            ('data = { type = "blob", max = 192 }', 'data = { type = "blob", max = 250 }', "max_payload is 240"),
            (
                'data = { type = "blob", max = 192 }',
                'data = { type = "blob" }',
                "message.UpdateChunk.data: .* need `max`",
            ),
            ("WATCHDOG = { value = 1", "WATCHDOG = { value = 0", "enum.ResetCause: two members have the same value"),
            ("UNKNOWN = { value = 255", "UNKNOWN = { value = 256", "enum.ResetCause: a value does not fit in u8"),
            ("window = 8", "window = 9", "protocol.window"),
            ("[header]", "[head]", "head: no such table"),
            ('type = "u32"', 'type = "u24"', "flags.Capabilities.type"),
        ],
    )
    def test_a_contradiction_is_named(self, tmp_path: Path, old: str, new: str, complaint: str) -> None:
        with pytest.raises(SchemaError, match=f"^protocol.toml: .*{complaint}|^protocol.toml: {complaint}"):
            load(broken(tmp_path, old, new))

    def test_a_text_that_is_not_last_is_refused(self, tmp_path: Path) -> None:
        swapped = 'digits = { type = "text", max = 32 }\nmode = "DialMode"\n'
        path = broken(tmp_path, 'mode = "DialMode"\ndigits = { type = "text", max = 32 }\n', swapped)
        with pytest.raises(SchemaError, match=r"message\.Call: text and blob can only be the last field"):
            load(path)

    def test_a_file_that_is_no_toml_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "protocol.toml"
        path.write_text("[protocol\n")
        with pytest.raises(SchemaError, match=r"protocol\.toml: .*line 1"):
            load(path)
