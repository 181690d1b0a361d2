"""Random messages, made from the schema."""

from typing import Any

from hypothesis import strategies as st

from firmware_bridge import messages as m
from firmware_bridge.python_side import class_name
from firmware_bridge.schema import Field, Record, load

SCHEMA = load()
RECORDS = (SCHEMA.header, *SCHEMA.frames, *SCHEMA.messages)


def of_field(field: Field) -> st.SearchStrategy[Any]:
    """Values that a field can hold."""
    if field.enum is not None:
        kind: Any = getattr(m, field.enum.name)
        if field.enum.flags:
            return st.integers(0, 2 ** (8 * field.size) - 1).map(kind)
        return st.sampled_from(list(kind))
    match field.type:
        case "bool":
            return st.booleans()
        case "text":
            return st.text(st.characters(max_codepoint=127), max_size=field.size)
        case "blob":
            return st.binary(max_size=field.size)
        case "bytes":
            return st.binary(min_size=field.size, max_size=field.size)
    return st.integers(0, 2 ** (8 * field.size) - 1)


def of_record(record: Record) -> st.SearchStrategy[Any]:
    """Values of a record's class."""
    kind = getattr(m, class_name(record))
    return st.builds(kind, **{field.name: of_field(field) for field in record.fields})


records = st.sampled_from(RECORDS).flatmap(of_record)
messages = st.sampled_from(SCHEMA.messages).flatmap(of_record)
commands = st.sampled_from([record for record in SCHEMA.messages if record.sender == "host"]).flatmap(of_record)
told = st.sampled_from([record for record in SCHEMA.messages if record.sender == "board"]).flatmap(of_record)
