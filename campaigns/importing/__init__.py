"""Lists of leads from files: read whatever people have, load it all or nothing, and say what was left out and why."""

from campaigns.importing.importer import ListSettings, import_leads
from campaigns.importing.layout import Format
from campaigns.importing.report import Duplicates, ImportFileError, ImportReport
from campaigns.importing.staging import recover

__all__ = [
    "Duplicates",
    "Format",
    "ImportFileError",
    "ImportReport",
    "ListSettings",
    "import_leads",
    "recover",
]
