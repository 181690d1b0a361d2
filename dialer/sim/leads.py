"""Made-up leads with numbers reserved for fiction (555-0100 to 555-0199 of each area code)."""

import csv
import io
from collections.abc import Iterator

EASTERN_AREA_CODES = (
    *("201", "202", "203", "207", "212", "215", "216", "229", "234", "239", "240", "248", "252", "267", "301", "302"),
    *("305", "315", "321", "330", "336", "339", "347", "352", "386", "401", "404", "407", "410", "412", "413", "419"),
    *("434", "440", "443", "475", "478", "484", "508", "513", "516", "518", "540", "551", "561", "570", "571", "585"),
    *("603", "607", "609", "610", "614", "617", "631", "646", "678", "703", "704", "706", "716", "717", "718", "724"),
)
FIRST_NAMES = ("Ada", "Ben", "Clara", "David", "Elena", "Farid", "Grace", "Hugo", "Iris", "Jonas", "Kim", "Lena")
LAST_NAMES = ("Abbott", "Baker", "Costa", "Dietz", "Evans", "Fischer", "Garcia", "Hall", "Ivanov", "Jones", "Klein")


DISTINCT_NUMBERS = 100 * len(EASTERN_AREA_CODES)


def fictional_number(index: int) -> str:
    """The index-th number; distinct for the first DISTINCT_NUMBERS, then they come again."""
    area = EASTERN_AREA_CODES[index % len(EASTERN_AREA_CODES)]
    return f"+1{area}55501{(index // len(EASTERN_AREA_CODES)) % 100:02d}"


def fictional_lists(count: int) -> Iterator[io.StringIO]:
    """CSV files with `count` leads in all, none with a number twice: phone, names and an account number."""
    for start in range(0, count, DISTINCT_NUMBERS):
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(("phone", "first_name", "last_name", "vendor_lead_code"))
        for index in range(start, min(count, start + DISTINCT_NUMBERS)):
            first = FIRST_NAMES[index % len(FIRST_NAMES)]
            last = LAST_NAMES[(index // len(FIRST_NAMES)) % len(LAST_NAMES)]
            writer.writerow((fictional_number(index), first, last, f"A{index + 1:06d}"))
        text.seek(0)
        yield text
