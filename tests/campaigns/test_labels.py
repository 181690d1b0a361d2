"""Which labels of lists mean a number at work, and that one place decides it for calls to come and of the past."""

import pytest

from campaigns.labels import place_of
from campaigns.model import Place


@pytest.mark.parametrize(
    "label",
    [
        *("work_phone", "office_phone", "work", "phone:work", "phone:office", "Work", " Work Phone ", "OFFICE-PHONE"),
        *("work phone 2", "phone:work_2", "work2", "business", "employer's", "workplace", "work mobile"),
    ],
)
def test_labels_of_numbers_at_work(label: str) -> None:
    assert place_of(label) is Place.WORK


@pytest.mark.parametrize("label", ["home_phone", "home", "phone:home", "Home Phone"])
def test_labels_of_numbers_at_home(label: str) -> None:
    assert place_of(label) is Place.HOME


@pytest.mark.parametrize(
    "label", ["", "phone", "phone2", "mobile", "other_phone", "network", "coworker", "home office"]
)
def test_labels_that_do_not_say(label: str) -> None:
    assert place_of(label) is None
