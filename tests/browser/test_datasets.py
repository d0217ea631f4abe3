"""A journey in a real browser: a data set of one's own, its worst pair, and that in Compare."""

import io
import zipfile

import numpy as np
import pytest
from playwright.sync_api import expect

from flowcore.data.synthetic import make_pair
from flowcore.io.flow_files import encode_flow
from flowcore.io.frames import encode_frame
from tests.browser.dropping import drop_dataset
from tests.browser.waiting import settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def packed():
    """mine/{easy, hard}: a texture that moves by 1 px, and by 30."""
    texture = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    texture = np.ascontiguousarray(texture.repeat(8, 0).repeat(8, 1))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, dx in (("easy", 1), ("hard", 30)):
            pair = make_pair(texture, dx=dx)
            archive.writestr(f"mine/{name}/frame1.png", encode_frame(pair.first))
            archive.writestr(f"mine/{name}/frame2.png", encode_frame(pair.second))
            archive.writestr(f"mine/{name}/flow.flo", encode_flow(pair.truth, "flo"))
    return stream.getvalue()


def test_a_zip_is_measured_and_its_worst_pair_compared(page, server):
    page.goto(f"{server}/datasets?lanes=1&model1=dis_fast")
    drop_dataset(page, "mine.zip", packed())
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("heading", name="mine")).to_be_visible()
    settled(page)
    expect(page.get_by_text("worst:").first).to_be_visible()
    page.get_by_role("link", name="hard").click()
    expect(page.get_by_role("heading", name="Compare")).to_be_visible()
    expect(page.get_by_text("mine/hard, 128 x 96 px, with truth")).to_be_visible()
    expect(page.get_by_role("img", name="dis_fast: Flow")).to_be_visible()
    assert "model1=dis_fast" in page.url
    expect(page.get_by_role("alert")).to_have_count(0)
