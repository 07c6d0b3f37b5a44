"""What was perhaps meant by a name that is not known."""

import pytest

from backprop.common.spelling import nearest


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("hiden", {"hidden", "notest"}, "hidden"),
        ("atl", {"at", "alt"}, "alt"),  # the same letters
        ("CHEKC", {"check", "at"}, "check"),
        ("\\gama", {"\\Gamma", "\\gamma"}, "\\gamma"),
        ("\\Gama", {"\\Gamma", "\\gamma"}, "\\Gamma"),
        ("quite", {"different"}, ""),
        ("", {"a"}, ""),
        ("a", set(), ""),
    ],
)
def test_the_name_that_is_most_like_a_word(word, known, meant):
    assert nearest(word, known) == meant


def test_how_much_has_to_agree():
    assert nearest("tiles", {"tile"}, 0.8) == "tile"
    assert nearest("table", {"tile"}, 0.8) == ""
    assert nearest("table", {"tile"}, 0.6) == "tile"
