"""A journey in a real browser: frames of one's own followed, looked at, taken away, compared."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from flowcore.io.frames import encode_frame
from tests.browser.dropping import drop_dataset
from tests.browser.waiting import settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def packed():
    """Six frames of a texture that moves by 2 px a frame, in a folder."""
    texture = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8).repeat(8, 0)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for index in range(6):
            frame = np.ascontiguousarray(np.roll(texture.repeat(8, 1), 2 * index, 1))
            archive.writestr(f"walk/shot{index}.png", encode_frame(frame))
    return stream.getvalue()


def taken(page, label):
    with page.expect_download() as download:
        page.get_by_role("button", name=label, exact=True).click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_a_sequence_is_followed_and_its_pair_compared(page, server):
    page.goto(f"{server}/datasets?lanes=1&model1=dis_fast&scale1=0.5&view=Sequences")
    drop_dataset(page, "walk.zip", packed())
    page.get_by_text("Sequences", exact=True).click()
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".stPlotlyChart .scatterlayer .trace")).to_have_count(1)
    expect(page.get_by_role("img", name="dis_fast, scale 0.5: Flow")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Pair 4", exact=True).click()
    page.wait_for_url("**at=4**")
    settled(page)
    name, numbers = taken(page, "Numbers (CSV)")
    assert name == "sequence.csv"
    assert len(numbers.splitlines()) == 1 + 5
    page.get_by_role("button", name="Make film (MP4)").click()
    name, film = taken(page, "Film (MP4)")
    assert name.endswith(".mp4")
    assert film[4:8] == b"ftyp"
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("link", name="Open in Compare").click()
    expect(page.get_by_role("heading", name="Compare")).to_be_visible()
    expect(page.get_by_text("shot3, 128 x 96 px")).to_be_visible()
    expect(page.get_by_role("img", name="dis_fast, scale 0.5: Flow")).to_be_visible()
    assert {"model1=dis_fast", "scale1=0.5"} <= set(page.url.partition("?")[2].split("&"))
