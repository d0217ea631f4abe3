"""The probe in a real browser: a click shows what every lane matched there."""

import pytest
from playwright.sync_api import expect

from tests.browser.waiting import settled

pytestmark = pytest.mark.browser
NET = "scope_035.scenes, 3 iterations"


def lane_picture(page, title):
    return page.get_by_role("img", name=f"{title}: Flow", exact=True)


@pytest.mark.slow
def test_a_click_shows_what_every_lane_matched(page, server):
    page.goto(
        f"{server}/compare?sample=Sub-pixel&lanes=2&model1=scope_035.scenes&iterations1=3&model2=dis_fast"
    )
    picture = lane_picture(page, NET)
    expect(picture).to_be_visible()
    expect(settled(page).get_by_text("Click a pixel in the viewer")).to_be_visible()
    box = picture.bounding_box()
    picture.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    for title in (NET, "dis_fast"):
        expect(page.get_by_alt_text(f"Attention of {title}").first).to_be_visible()
        expect(page.get_by_alt_text(f"{title}: patches of both frames")).to_be_visible()
    x = page.get_by_role("spinbutton", name="Probe x, px")
    expect(x).to_have_value("225")
    page.wait_for_url("**px=225**")
    page.get_by_role("button", name="Clear", exact=True).click()
    page.wait_for_url(lambda address: "px=" not in address)
    expect(settled(page).get_by_text("Click a pixel in the viewer")).to_be_visible()


@pytest.mark.slow
def test_maps_of_the_matching_are_layers_of_the_viewer(page, server):
    page.goto(f"{server}/compare?sample=Sub-pixel&lanes=1&model1=scope_035.scenes&iterations1=3")
    expect(lane_picture(page, NET)).to_be_visible()
    page.get_by_text("Maps of the matching").click()
    expect(lane_picture(page, f"argmax of {NET}")).to_be_visible()
    page.get_by_label("All panes").select_option("map:Matching entropy")
    expect(page.get_by_role("img", name=f"{NET}: Matching entropy")).to_be_visible()
    expect(page.get_by_text("Matching entropy, 0 to")).to_be_visible()
