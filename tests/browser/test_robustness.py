"""One journey through the page Robustness in a real browser."""

import csv
import io

import numpy as np
import pytest
from playwright.sync_api import expect

from flowcore.data import samples
from flowcore.io.frames import encode_frame, read_frame
from tests.browser.comparing import choose, lane_picture
from tests.browser.waiting import settled

pytestmark = pytest.mark.browser
NET, CLASSICAL = "scope_035.scenes", "dis_fast"


def downloaded(page, button):
    with page.expect_download() as download:
        page.get_by_role("button", name=button, exact=True).click()
    return download.value.path()


def test_corruptions_an_attack_that_is_stopped_and_a_patch(page, server, request):
    lanes = f"models={NET}&models={CLASSICAL}"
    attack = f"steps-pgd=9999&attack-seed={request.node.execution_count}"  # new at every try
    page.goto(f"{server}/robustness?sample=Sub-pixel&{lanes}&kind=Banding&{attack}")
    expect(lane_picture(settled(page), "Flow", f"{NET}, corrupted")).to_be_visible()
    choose(page, "Severity", "5")
    page.wait_for_url("**severity=5**")
    rows = list(csv.DictReader(io.StringIO(downloaded(settled(page), "Curves (CSV)").read_text())))
    assert {(row["lane"], row["severity"]) for row in rows} == {
        (lane, str(severity)) for lane in (NET, CLASSICAL) for severity in range(6)
    }

    choose(page, "Part", "Attacks")
    page.wait_for_url("**part=Attacks**")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("the best so far")).to_be_visible()
    settled(page).get_by_role("button", name="Attacked frames (PNG)").click()
    attacked = read_frame(downloaded(page, "First (PNG)"))
    clean = samples.load("subpixel").first
    assert 0 < np.abs(attacked.astype(int) - clean).max() <= 1  # 0.005 of 255, towards the clean
    page.keyboard.press("Escape")

    page.goto(f"{server}/robustness?sample=Sub-pixel&{lanes}&part=Attacks&attack=own+patch")
    patch = np.random.default_rng(0).integers(0, 256, (51, 51, 3), np.uint8)
    settled(page).get_by_test_id("stFileUploaderDropzoneInput").last.set_input_files(
        {"name": "patch.png", "mimeType": "image/png", "buffer": encode_frame(patch)}
    )
    picture = lane_picture(page, "Flow", f"{CLASSICAL}, attacked")
    box = picture.bounding_box()
    picture.click(position={"x": box["width"] / 4, "y": box["height"] / 2})
    page.wait_for_url("**patch-x=2*")
    settled(page)
    picture.scroll_into_view_if_needed()  # on a slow machine the page was short for a while
    box = picture.bounding_box()
    middle = {"x": box["x"] + box["width"] / 4, "y": box["y"] + box["height"] / 2}
    page.mouse.move(middle["x"] + 5, middle["y"])
    page.mouse.down()
    page.mouse.move(middle["x"] + 5 + box["width"] / 2, middle["y"], steps=4)
    page.mouse.up()
    page.wait_for_url("**patch-x=7*")
    expect(settled(page).get_by_role("alert")).to_have_count(0)
