"""What a person does on Compare."""

import re

from playwright.sync_api import expect

from flowcore.io.frames import encode_frame
from tests.browser.waiting import settled


def png(name, frame):
    return {"name": name, "mimeType": "image/png", "buffer": encode_frame(frame)}


def open_compare(page, server, query=""):
    page.goto(f"{server}/compare{query}")
    expect(page.get_by_role("heading", name="Compare", exact=True)).to_be_visible()


def frames_drawer(page):
    """Where frames are dropped, opened once the page rests: an upload into a page that is still
    being built is lost."""
    settled(page).get_by_role("button", name=re.compile("^Frames")).click()
    return page.get_by_test_id("stFileUploaderDropzoneInput")


def choose(page, group, option):
    page.get_by_role("radiogroup", name=group).get_by_text(option, exact=True).click()


def lane_picture(page, layer, title):
    return page.get_by_role("img", name=f"{title}: {layer}", exact=True)
