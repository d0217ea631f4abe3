"""The viewer on a page of its own: exact numbers, exact colors, every key, no server."""

import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from flowcore.types import FlowField, FramePair
from flowcore.viz.error import error_to_color
from flowcore.viz.flow_color import flow_to_color
from flowcore.viz.viewer_page import viewer_page
from flowcore.viz.viewer_payload import ViewerLane, ViewerMap, pack_viewer
from tests.patience import wait_until

pytestmark = pytest.mark.browser

HEIGHT, WIDTH = 60, 80
MINUS = "\N{MINUS SIGN}"
CANVAS = "document.querySelector('flow-viewer').shadowRoot.querySelectorAll('canvas.picture')"


def constant(u, v):
    return np.broadcast_to(np.float32((u, v)), (HEIGHT, WIDTH, 2)).copy()


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    """Truth (3, -4); lane "right" agrees but for a hole, lane "wrong" is off by (3, 4)."""
    rng = np.random.default_rng(0)
    first = rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    hole = np.ones((HEIGHT, WIDTH), bool)
    hole[:10, :10] = False
    labels = np.ones((HEIGHT, WIDTH), np.int32)
    pair = FramePair(first, first, FlowField(constant(3, -4)), labels=labels)
    entropy = ViewerMap("Entropy", np.full((HEIGHT, WIDTH), 3, np.float32), 12.0, "bits")
    lanes = [
        ViewerLane("right", FlowField(constant(3, -4), hole), hole, (entropy,)),
        ViewerLane("wrong", FlowField(constant(6, 0)), hole),
        ViewerLane("left", FlowField(constant(-2, 0)), hole),
    ]
    payload = pack_viewer(pair, lanes, max_magnitude=8, class_names={1: "sky <b>"})
    path = tmp_path_factory.mktemp("viewer") / "page.html"
    path.write_text(viewer_page(payload, title="A <test>"), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def viewer(page, html):
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "request", lambda request: errors.append(request.url) if "http" in request.url else None
    )
    page.goto(html)
    expect(page.get_by_role("img", name="right: Flow")).to_be_visible()
    yield page
    assert errors == []


def pixel_of(page, pane, x, y):
    """RGB of the canvas of a pane where it shows pixel (x, y) of the frame."""
    return page.evaluate(
        f"""([pane, x, y, width, height]) => {{
            const canvas = {CANVAS}[pane];
            const at = [(x + 0.5) / width * canvas.width, (y + 0.5) / height * canvas.height];
            const context = canvas.getContext("2d");
            return [...context.getImageData(...at.map(Math.round), 1, 1).data].slice(0, 3);
        }}""",
        [pane, x, y, WIDTH, HEIGHT],
    )  # fmt: skip


def row(page, lane):
    return page.get_by_role("row", name=lane).get_by_role("cell").all_inner_texts()


def test_hover_reads_every_lane_exactly(viewer):
    box = viewer.get_by_role("img", name="right: Flow").bounding_box()
    viewer.mouse.move(
        box["x"] + (40.5 / WIDTH) * box["width"], box["y"] + (30.5 / HEIGHT) * box["height"]
    )
    expect(viewer.get_by_text("x 40", exact=True)).to_be_visible()
    expect(viewer.get_by_text("class sky <b>")).to_be_visible()
    assert row(viewer, "Truth")[:3] == ["3.00", f"{MINUS}4.00", "5.00"]
    assert row(viewer, "right")[4] == "0.00"
    wrong = row(viewer, "wrong")
    assert wrong[:3] == ["6.00", "0.00", "6.00"]
    assert wrong[4] == "5.00"
    assert wrong[6] == "46.0, 30.0"
    assert row(viewer, "left")[0] == f"{MINUS}2.00"


def test_colors_are_those_of_the_library(viewer):
    for pane, flow in ((1, (3, -4)), (3, (6, 0)), (4, (-2, 0))):
        expected = flow_to_color(constant(*flow), max_magnitude=8)[0, 0]
        assert pixel_of(viewer, pane, 40, 30) == pytest.approx(expected, abs=1)
    assert pixel_of(viewer, 2, 3, 3) == [128, 128, 128]  # the hole


def test_the_scale_recolors_every_pane(viewer):
    field = viewer.get_by_role("spinbutton").first
    field.fill("16")
    field.press("Enter")
    expected = flow_to_color(constant(6, 0), max_magnitude=16)[0, 0]
    wait_until(lambda: pixel_of(viewer, 3, 40, 30) == pytest.approx(expected, abs=1))


def test_layers_change_for_all_panes(viewer):
    viewer.get_by_label("All panes").select_option("error")
    expect(viewer.get_by_role("img", name="wrong: Error")).to_be_visible()
    dark, bright = pixel_of(viewer, 2, 40, 30), pixel_of(viewer, 3, 40, 30)
    assert sum(dark) < 20 < sum(bright)


def test_maps_of_a_lane_are_layers_with_their_scale(viewer):
    viewer.get_by_label("All panes").select_option("map:Entropy")
    expect(viewer.get_by_role("img", name="right: Entropy")).to_be_visible()
    expect(viewer.get_by_role("img", name="wrong: Flow")).to_be_visible()  # has no such map
    expect(viewer.get_by_text("Entropy, 0 to 12 bits")).to_be_visible()
    expected = error_to_color(np.float32([[3]]), max_error=12)[0, 0]
    assert pixel_of(viewer, 2, 40, 30) == pytest.approx(expected, abs=2)


def test_keys_lead_through_modes_and_pixels(viewer):
    stage = viewer.get_by_role("application")
    stage.focus()
    for key, pressed in (("w", "Wipe"), ("b", "Blink"), ("s", "Single"), ("g", "Grid")):
        viewer.keyboard.press(key)
        expect(viewer.get_by_role("button", name=f"{pressed} of panes")).to_have_attribute(
            "aria-pressed", "true"
        )
    viewer.keyboard.press("ArrowRight")
    expect(viewer.get_by_text("x ", exact=False).first).to_be_visible()
    viewer.keyboard.press("Enter")
    viewer.keyboard.press("?")
    expect(viewer.get_by_role("dialog")).to_be_visible()
    viewer.keyboard.press("Escape")
    expect(viewer.get_by_role("dialog")).to_be_hidden()


def test_zoom_is_shared(viewer):
    viewer.get_by_role("application").focus()
    viewer.keyboard.press("+")
    expect(viewer.get_by_role("status", name="Zoom")).to_have_text(re.compile(r"^1\.3"))
    viewer.keyboard.press("0")
    expect(viewer.get_by_role("status", name="Zoom")).to_have_text(re.compile(r"^1\.0"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_bars_a_screen_reader(viewer, scheme):
    viewer.emulate_media(color_scheme=scheme)
    assert [rule["id"] for rule in Axe().run(viewer).response["violations"]] == []


def test_a_phone_shows_it_without_sideways_scrolling(viewer):
    viewer.set_viewport_size({"width": 400, "height": 800})
    wait_until(lambda: viewer.evaluate("document.documentElement.scrollWidth") <= 400)


def test_a_broken_payload_is_a_sentence(page, tmp_path):
    path = tmp_path / "broken.html"
    path.write_text(viewer_page(b"\x10\0\0\0not json at all.."), encoding="utf-8")
    page.goto(path.as_uri())
    expect(page.get_by_role("alert")).to_contain_text("These flows cannot be shown")
