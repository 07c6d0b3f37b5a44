"""Settings and what templates are given as plain data."""

import datetime
import json
from collections import UserDict

import pytest

from backprop.site.building.plain import as_json, named, plain


class Held:
    def __str__(self):
        return "held"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        ({"b": 1, "a": (2, None)}, [["b", 1], ["a", [2, None]]]),
        (UserDict(a=[1]), [["a", [1]]]),
        ({"b", "a"}, ["a", "b"]),
        (datetime.date(2017, 3, 30), "2017-03-30"),
        (len, "builtins.len"),
        (dict, "builtins.dict"),  # which has `keys`, and is no mapping
        (Held(), f"{__name__}.Held held"),
    ],
)
def test_a_value_as_plain_data(value, expected):
    assert plain(value, named) == expected
    assert json.loads(as_json(value)) == expected


def test_an_object_without_a_text_of_its_own_is_its_class():
    """Its address is another one in every process."""
    assert plain([object()], named) == ["builtins.object"]


def test_of_what_is_no_container_its_reader_decides():
    def refuse(value):
        raise LookupError(value)

    with pytest.raises(LookupError):
        plain({"a": [len]}, refuse)
