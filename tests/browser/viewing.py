"""What tests of the viewer know of its page, and how they act on it."""

import base64
import io

import numpy as np
from PIL import Image
from playwright.sync_api import expect

HEIGHT, WIDTH = 60, 80
MINUS = "\N{MINUS SIGN}"
DRAWN = ".flow-viewer[data-drawn]"
HINT = "Point at a pixel"
KEY = "root.firstChild.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))"


def constant(u, v):
    return np.broadcast_to(np.float32((u, v)), (HEIGHT, WIDTH, 2)).copy()


def drawn(page):
    """The page once its viewer shows all that was asked for."""
    expect(page.locator(DRAWN)).to_be_attached()
    return page


def picture(page, pane):
    """The canvas of a pane, (H, W, 3)."""
    return decode(page.locator("canvas.picture").nth(pane).evaluate("canvas => canvas.toDataURL()"))


def decode(data_url):
    png = base64.b64decode(data_url.split(",", 1)[1])
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), int)


def scale_of(width, height):
    """Of the frame in a pane of that size, in whose middle it stands."""
    return min(width / WIDTH, height / HEIGHT)


def place_in(width, height, x, y):
    """Where a pane of that size has the middle of pixel (x, y) of the whole frame, as x and y."""
    scale = scale_of(width, height)
    return (
        width / 2 + (x + 0.5 - WIDTH / 2) * scale,
        height / 2 + (y + 0.5 - HEIGHT / 2) * scale,
    )


def place_of(image, x, y):
    """The same of a canvas."""
    height, width, _ = image.shape
    return place_in(width, height, x, y)


def pixel_of(page, pane, x, y):
    """RGB of the canvas of a pane where it shows pixel (x, y) of the frame."""
    image = picture(page, pane)
    column, row = place_of(image, x, y)
    return image[round(row), round(column)].tolist()


def point_at(page, x, y):
    """Move the mouse over a pixel of the lane "right"."""
    box = page.get_by_role("img", name="right: Flow").bounding_box()
    left, top = place_in(box["width"], box["height"], x, y)
    page.mouse.move(box["x"] + left, box["y"] + top)


def press(page, *keys):
    page.get_by_role("application").focus()
    for key in keys:
        page.keyboard.press(key)
    return drawn(page)


def row(page, lane):
    return page.get_by_role("row", name=lane).get_by_role("cell").all_inner_texts()


def where(page):
    """What the read-out says of the pixel that it reads."""
    return page.locator(".place > span").all_inner_texts()


def reads(page, x, y, *more):
    """The read-out has pixel (x, y), by name and by its numbers."""
    assert where(page) == [f"x {x}", f"y {y}", "class sky <b>", *more]
    v = f"{MINUS}{y / 4:.2f}" if y else "0.00"
    assert row(page, "place")[:2] == [f"{x / 4:.2f}", v]


def crosshair(before, after):
    """Where two lines through the whole canvas cross that were not there before, as x and y."""
    changed = np.abs(after - before).sum(-1)
    profiles = (np.median(changed, axis=0), np.median(changed, axis=1))
    return tuple(np.average(np.arange(len(p)) + 0.5, weights=p) for p in profiles)


def spot(before, after):
    """The middle of what differs, as x and y, and its extent."""
    rows, columns = np.nonzero(np.abs(after - before).sum(-1))
    ends = [(at.min(), at.max() + 1) for at in (columns, rows)]
    return [(low + high) / 2 for low, high in ends], [high - low for low, high in ends]
