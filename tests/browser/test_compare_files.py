"""What goes into Compare and what leaves it: one drop of all files, a video, figures, reports."""

import io
import re

import cv2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from flowcore.data import samples
from flowcore.io.flow_files import encode_flow
from tests.browser.comparing import frames_drawer, open_compare, png
from tests.browser.viewing import MINUS, drawn
from tests.browser.waiting import settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]

QUICK = "lanes=2&model1=dis_fast&model2=dis_ultrafast"
REPORT_BYTES = 3_000_000


def gray(name, values):
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": stream.getvalue()}


def role_of(page, name):
    return page.get_by_role("combobox", name=re.compile(re.escape(name)))


def test_one_drop_of_all_files_shows_what_each_is_and_lets_it_be_changed(page, server):
    pair = samples.load("occluder")
    open_compare(page, server, f"?{QUICK}&source=Two+frames")
    kitti = {"name": "flow_occ.png", "mimeType": "", "buffer": encode_flow(pair.truth, "kitti")}
    labels = np.uint8(1) + np.indices(pair.size)[0].astype(np.uint8) // 60
    files = [
        png("frame_9.png", pair.first),
        png("frame_10.png", pair.second),
        kitti,
        gray("occlusions.png", pair.occluded.astype(np.uint8) * 255),
        gray("labels.png", labels),
    ]
    frames_drawer(page).first.set_input_files(files)
    expect(page.get_by_text("451 x 300 px, with truth, labels, occlusions.")).to_be_visible()
    for name, role in (("frame_9.png", "Frame"), ("flow_occ", "True flow"), ("labels", "^Labels")):
        expect(role_of(page, name).first).to_have_value(re.compile(role))
    role_of(page, "labels.png").first.fill("occl")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("are both taken for")
    expect(page.get_by_text("451 x 300 px, with truth.")).to_be_visible()


def film(num_frames):
    """A GIF in which a texture moves right by 2 px a frame."""
    texture = (
        np.random.default_rng(0).integers(0, 256, (12, 16), np.uint8).repeat(8, 0).repeat(8, 1)
    )
    first, *others = (Image.fromarray(np.roll(texture, 2 * i, 1)) for i in range(num_frames))
    stream = io.BytesIO()
    first.save(stream, "GIF", save_all=True, append_images=others, duration=100)
    return {"name": "film.gif", "mimeType": "image/gif", "buffer": stream.getvalue()}


def test_a_video_is_stepped_through_pair_by_pair(page, server):
    open_compare(page, server, f"?{QUICK}&source=Video")
    frames_drawer(page).first.set_input_files(film(9))
    expect(page.get_by_text("Frames 0 and 1 of 9, counted from 0.")).to_be_visible()
    expect(page.get_by_test_id("stImageContainer").filter(has_text="8")).to_be_visible()
    settled(page).get_by_role("button", name="Next pair").click()
    expect(page.get_by_text("film.gif, frames 1 and 2, 128 x 96 px")).to_be_visible()
    page.wait_for_url("**video-first=1**")
    settled(page).get_by_role("button", name="Previous pair").click()
    expect(page.get_by_text("Frames 0 and 1 of 9, counted from 0.")).to_be_visible()
    expect(page.get_by_role("button", name="Previous pair")).to_be_disabled()


def test_a_clip_of_a_video_is_played_in_the_viewer(page, server):
    open_compare(page, server, f"?{QUICK}&source=Video&clip=3")
    frames_drawer(page).first.set_input_files(film(9))
    expect(page.get_by_text("film.gif, frames 0 and 1, 128 x 96 px")).to_be_visible()
    page.keyboard.press("Escape")
    place = settled(page).locator(".clip-place")
    expect(place).to_have_text("Pair 1 of 3, frames 0 and 1")
    settled(page).get_by_role("button", name="Next pair of the clip").click()
    expect(place).to_contain_text("Pair 2 of 3, frames 1 and 2; numbers below")
    drawn(page).get_by_role("application").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Of frames 1 and 2.")).to_be_visible()
    settled(page).get_by_role("button", name="Next pair of the clip").click()
    expect(page.get_by_text("Of frames 2 and 3.")).to_be_visible()
    settled(page).get_by_role("button", name="Previous pair of the clip").click()
    expect(page.get_by_text("Of frames 1 and 2.")).to_be_visible()
    drawn(page).get_by_role("button", name="Play the clip").click()
    expect(place).to_contain_text("Pair 3 of 3")
    expect(place).to_have_text("Pair 1 of 3, frames 0 and 1")
    page.get_by_role("button", name="Pause the clip").click()
    expect(page.get_by_role("button", name="Play the clip")).to_be_visible()


def test_exact_numbers_of_a_large_frame_are_fetched_from_the_server(page, server):
    photo = cv2.resize(samples.load("large").first, (1024, 436), interpolation=cv2.INTER_AREA)
    motion = "&source=One+image&dx=8&dy=-3"
    open_compare(page, server, f"?{QUICK}{motion}")
    frames_drawer(page).first.set_input_files(png("photo.png", photo))
    expect(page.get_by_text("1024 x 436 px, with truth")).to_be_visible()
    page.keyboard.press("Escape")
    with page.expect_response(lambda reply: "/media/" in reply.url and reply.status == 206):
        settled(page).get_by_role("application").focus()
        page.keyboard.press("c")
        for _ in range(8):
            page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    cells = drawn(page).get_by_role("row", name="Truth").get_by_role("cell").all_inner_texts()
    assert cells[:2] == ["8.00", f"{MINUS}3.00"]


def test_panels_of_a_figure_are_put_in_another_order(page, server):
    open_compare(page, server, f"?{QUICK}&sample=Sub-pixel")
    settled(page).get_by_text("Figure for a paper").click()
    expect(page.get_by_role("img", name=re.compile(r"\(c, e\) dis_fast"))).to_be_visible()
    order = page.get_by_role("group", name="Order of the lanes")
    order.get_by_text("dis_ultrafast").drag_to(order.get_by_text("dis_fast", exact=True))
    expect(page.get_by_role("img", name=re.compile(r"\(c, e\) dis_ultrafast"))).to_be_visible()
    order.get_by_text("dis_ultrafast").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("img", name=re.compile(r"\(c, e\) dis_fast"))).to_be_visible()
    expect(order.get_by_text("dis_ultrafast")).to_be_focused()


def test_a_report_of_four_lanes_is_small_and_opens_on_its_pictures(page, server, tmp_path):
    photo = cv2.resize(samples.load("large").first, (1024, 436), interpolation=cv2.INTER_AREA)
    lanes = "lanes=4&model1=dis_fast&model2=dis_medium&model3=farneback&model4=dis_ultrafast"
    open_compare(page, server, f"?{lanes}&source=One+image&occluder=true")
    frames_drawer(page).first.set_input_files(png("photo.png", photo))
    expect(page.get_by_text("1024 x 436 px, with truth")).to_be_visible()
    page.keyboard.press("Escape")
    with page.expect_download() as download:
        settled(page).get_by_role("button", name="Report (HTML)").click()
    path = tmp_path / "report.html"
    download.value.save_as(path)
    assert path.stat().st_size < REPORT_BYTES
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    picture = drawn(page).get_by_role("img", name="dis_medium: Flow", exact=True)
    assert picture.bounding_box()["y"] < 900
    expect(page.get_by_text("mean end-point error").first).to_be_visible()
    assert not [url for url in requests if url.startswith("http")]


def test_animations_and_the_command_are_taken_away(page, server):
    open_compare(page, server, f"?{QUICK}&sample=Sub-pixel")
    settled(page).get_by_role("button", name="Animations").click()
    for label, magic in (("GIF", b"GIF8"), ("MP4", b"ftyp")):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Wipe between the lanes ({label})").click()
        assert magic in download.value.path().read_bytes()[:12]
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Copy as command or Python").click()
    expect(page.get_by_text("flowcore estimate pair/").first).to_be_visible()
