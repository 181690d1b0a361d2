"""`python -m firmware_bridge.generate [--check]`: writes what follows from protocol.toml.

That is messages.py, firmware/protocol.h, and the tables and test vectors of docs/gateway-protocol.md.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from firmware_bridge.c_header import c_header
from firmware_bridge.markdown import MarkdownError, markdown
from firmware_bridge.python_side import python_side
from firmware_bridge.schema import SCHEMA_PATH, SchemaError, load

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "gateway-protocol.md"


def outputs(schema_path: Path = SCHEMA_PATH) -> Mapping[Path, str]:
    """What each generated file shall hold. Raises `SchemaError` or `MarkdownError`."""
    schema = load(schema_path)
    return {
        PAGE: markdown(PAGE.read_text(), schema),
        ROOT / "firmware_bridge" / "messages.py": python_side(schema),
        ROOT / "firmware_bridge" / "firmware" / "protocol.h": c_header(schema),
    }


def main(arguments: list[str] | None = None) -> int:
    """Write the files, or with --check tell which are not current. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m firmware_bridge.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is not current")
    check = parser.parse_args(arguments).check
    try:
        wanted = outputs()
    except (SchemaError, MarkdownError) as wrong:
        print(wrong, file=sys.stderr)
        return 1
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if check:
            print(f"{path}: not current; run `python -m firmware_bridge.generate`", file=sys.stderr)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(wanted[path])
            print(f"wrote {path}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
