"""An address, opened in a fresh browser, shows what it was taken from."""

import io
import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from flowcore.data.synthetic import make_pair
from flowcore.io.flow_files import encode_flow
from tests.browser.comparing import frames_drawer, lane_picture, open_compare, png
from tests.browser.viewing import decode, drawn
from tests.browser.waiting import settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Of everything that can be set: lanes with their names and knobs, motion, rectangle, probe, panes,
# color maximum, charts.
LANES = (
    "lanes=2&model1=dis_fast&blur1=1.5&scale1=0.5&name1=half&model2=dis_ultrafast&chunks2=2x2"
    "&overlap2=16&px=20&py=30&region=10,20,60,70&full-color=7&chart=Speed"
)
ADDRESS = "location.href"
PICTURES = "() => [...document.querySelectorAll('canvas.picture')].map(c => c.toDataURL())"


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 256, (12, 16, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    return make_pair(np.ascontiguousarray(texture), dx=3, dy=1)


def two_frames(page, pair):
    truth = {"name": "x.flo", "mimeType": "", "buffer": encode_flow(pair.truth, "flo")}
    frames = [png("a.png", pair.first), png("b.png", pair.second)]
    frames_drawer(page).first.set_input_files([*frames, truth])


def video(page, pair):
    stream = io.BytesIO()
    frames = [Image.fromarray(frame) for frame in (pair.first, pair.second, pair.first)]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:], duration=100)
    file = {"name": "v.gif", "mimeType": "image/gif", "buffer": stream.getvalue()}
    frames_drawer(page).first.set_input_files(file)


def one_image(page, pair):
    frames_drawer(page).first.set_input_files(png("photo.png", pair.first))


def nothing(page, pair):
    """The source needs no file."""


SOURCES = {
    "a sample": ("sample=Motorcycle+(real+stereo+pair)", nothing, "741 x 500 px"),
    "two frames with truth": ("source=Two+frames", two_frames, "128 x 96 px, with truth."),
    "a video": ("source=Video", video, "128 x 96 px, with no truth."),
    "the sample photo in motion": ("source=One+image&dx=4&zoom=1.05", nothing, "600 x 400 px"),
    "an image in motion": ("source=One+image&dx=-5&rotation=2", one_image, "128 x 96 px"),
}


def settings(page):
    return parse_qs(urlsplit(page.evaluate(ADDRESS)).query)


def shown(page):
    """The head's sentence, the sentence on the rectangle, and every picture of the viewer."""
    settled(page)
    sentences = [page.get_by_text(words).first for words in (" px, with ", "In the rectangle of")]
    return [sentence.inner_text() for sentence in sentences], page.evaluate(PICTURES)


@pytest.mark.parametrize("source", SOURCES)
def test_a_link_brings_back_the_screen(page, browser, server, pair, source):
    query, drop, sentence = SOURCES[source]
    open_compare(page, server, f"?{query}")
    drop(page, pair)
    expect(page.get_by_text(re.compile(re.escape(sentence)))).to_be_visible()
    page.goto(f"{settled(page).evaluate(ADDRESS)}&{LANES}")
    expect(lane_picture(page, "Flow", "half")).to_be_visible()
    settled(page)
    page.get_by_role("application").first.focus()
    page.keyboard.press("w")
    page.wait_for_url("**view=wipe**")
    before, address = shown(page), page.evaluate(ADDRESS)
    assert {"px", "region", "full-color", "name1"} <= set(settings(page))

    fresh = browser.new_context(viewport=page.viewport_size).new_page()
    fresh.goto(address)
    expect(fresh.get_by_text(re.compile(re.escape(sentence)))).to_be_visible()
    after = shown(drawn(fresh))
    assert after[0] == before[0]
    assert settings(fresh) == settings(page)
    assert [decode(url).tolist() for url in after[1]] == [decode(url).tolist() for url in before[1]]
