"""The marks beside the rows of a derivation, in a browser."""

import pytest

from tests.derivations.helpers import SOFTMAX, site
from tests.derivations.helpers import page as derivation

RIGHT = derivation(SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= p_i (\delta_{ij} - p_j)")


@pytest.mark.browser
def test_focus_and_tap_open_the_explanation(tmp_path, browser):
    done = site(tmp_path, RIGHT, "backprop/mathematics", "backprop/derivations")
    assert done.returncode == 0, done.stderr
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto((tmp_path / "site" / "index.html").as_uri())
    mark = page.locator("button.bp-mark")
    why = page.locator(".bp-mark-why")
    assert not why.is_visible()
    assert "proved for all sizes" in mark.get_attribute("aria-label")
    mark.focus()
    page.keyboard.press("Enter")
    assert why.is_visible()
    assert "4 random instances" in why.inner_text()
    page.keyboard.press("Escape")
    assert not why.is_visible()
    mark.click()
    assert why.is_visible()
    page.close()


@pytest.mark.browser
def test_a_mark_on_a_phone_stands_clear_of_the_number_and_of_its_explanation(tmp_path, browser):
    row = (
        r"\frac{\partial p_i}{\partial z_j} = p_i \delta_{ij} - p_i p_j"
        r" = p_i (\delta_{ij} - p_j) \label{eq:p}"
    )
    text = derivation(SOFTMAX, row).replace("align*", "equation") + "\n\n\n" + "Text.\n\n" * 40
    done = site(tmp_path, text, "backprop/mathematics", "backprop/derivations")
    assert done.returncode == 0, done.stderr
    page = browser.new_page(viewport={"width": 390, "height": 800}, has_touch=True)
    page.goto((tmp_path / "site" / "index.html").as_uri())
    mark = page.locator("button.bp-mark")
    place = mark.bounding_box()
    number = page.locator("mjx-labels mjx-itable").bounding_box()
    assert place["x"] + place["width"] <= number["x"]
    mark.tap()
    why = page.locator(".bp-mark-why").bounding_box()
    assert why["y"] + why["height"] <= place["y"] or why["y"] >= place["y"] + place["height"]
    assert why["x"] >= 0
    assert why["x"] + why["width"] <= 390
    page.close()
