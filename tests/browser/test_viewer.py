"""The viewer on a page of its own: exact numbers, exact colors, every key, no server."""

import base64
import io
import json
import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

from flowcore.types import FlowField, FramePair
from flowcore.viz.error import error_to_color
from flowcore.viz.flow_color import flow_to_color
from flowcore.viz.viewer_page import viewer_page, viewer_script, viewer_style
from flowcore.viz.viewer_payload import ViewerLane, ViewerMap, pack_viewer
from tests.patience import patient, wait_until

pytestmark = pytest.mark.browser

HEIGHT, WIDTH = 60, 80
MINUS = "\N{MINUS SIGN}"
DRAWN = ".flow-viewer[data-drawn]"
HINT = "Point at a pixel"
KEY = "root.firstChild.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))"


def constant(u, v):
    return np.broadcast_to(np.float32((u, v)), (HEIGHT, WIDTH, 2)).copy()


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    """Truth (3, -4); lane "right" agrees but for a hole, lane "wrong" is off by (3, 4).

    The vectors of the lane "place" tell their pixel: (x / 4, -y / 4).
    """
    rng = np.random.default_rng(0)
    first = rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    hole = np.ones((HEIGHT, WIDTH), bool)
    hole[:10, :10] = False
    labels = np.ones((HEIGHT, WIDTH), np.int32)
    y, x = np.indices((HEIGHT, WIDTH), np.float32)
    pair = FramePair(first, first, FlowField(constant(3, -4)), labels=labels)
    entropy = ViewerMap("Entropy", np.full((HEIGHT, WIDTH), 3, np.float32), 12.0, "bits")
    lanes = [
        ViewerLane("right", FlowField(constant(3, -4), hole), hole, (entropy,)),
        ViewerLane("wrong", FlowField(constant(6, 0)), hole),
        ViewerLane("left", FlowField(constant(-2, 0)), hole),
        ViewerLane("place", FlowField(np.stack([x / 4, -y / 4], -1))),
    ]
    payload = pack_viewer(pair, lanes, max_magnitude=8, class_names={1: "sky <b>"})
    path = tmp_path_factory.mktemp("viewer") / "page.html"
    path.write_text(viewer_page(payload, title="A <test>"), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def tab(browser):
    """One for all tests: what a test has set is undone, then the page is loaded again."""
    context = browser.new_context()
    context.set_default_timeout(patient(60) * 1000)
    yield context.new_page()
    context.close()


@pytest.fixture
def viewer(tab, html):
    errors = []

    def note_error(error):
        errors.append(str(error))

    def note_request(request):
        if "http" in request.url:
            errors.append(request.url)

    tab.on("pageerror", note_error)
    tab.on("request", note_request)
    tab.set_viewport_size({"width": 1280, "height": 900})
    tab.emulate_media(color_scheme="light")
    tab.mouse.move(0, 0)
    tab.goto(html)
    yield drawn(tab)
    tab.remove_listener("pageerror", note_error)
    tab.remove_listener("request", note_request)
    assert errors == []


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


def place_of(image, x, y):
    """Where a canvas has the middle of pixel (x, y) of the whole frame, as x and y."""
    height, width, _ = image.shape
    return (x + 0.5) * width / WIDTH, (y + 0.5) * height / HEIGHT


def pixel_of(page, pane, x, y):
    """RGB of the canvas of a pane where it shows pixel (x, y) of the frame."""
    image = picture(page, pane)
    column, row = place_of(image, x, y)
    return image[round(row), round(column)].tolist()


def point_at(page, x, y):
    """Move the mouse over a pixel of the lane "right"."""
    box = page.get_by_role("img", name="right: Flow").bounding_box()
    page.mouse.move(
        box["x"] + (x + 0.5) / WIDTH * box["width"], box["y"] + (y + 0.5) / HEIGHT * box["height"]
    )


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


def test_hover_reads_every_lane_exactly(viewer):
    point_at(viewer, 40, 30)
    drawn(viewer)
    reads(viewer, 40, 30)
    assert row(viewer, "Truth")[:3] == ["3.00", f"{MINUS}4.00", "5.00"]
    assert row(viewer, "right")[4] == "0.00"
    wrong = row(viewer, "wrong")
    assert wrong[:3] == ["6.00", "0.00", "6.00"]
    assert wrong[4] == "5.00"
    assert wrong[6] == "46.0, 30.0"
    assert row(viewer, "left")[0] == f"{MINUS}2.00"


def drag(page, start, end):
    """Over the lane "right", from pixel to pixel."""
    point_at(page, *start)
    page.mouse.down()
    point_at(page, *end)
    page.mouse.up()


def test_a_rectangle_is_dragged_told_and_removed(viewer):
    before = picture(viewer, 0)
    viewer.keyboard.down("Shift")
    drag(viewer, (20, 10), (39, 29))
    viewer.keyboard.up("Shift")
    remove = viewer.get_by_role("button", name="Remove the rectangle")
    expect(remove).to_have_text(re.compile("20.20 px"))
    drawn(viewer)
    assert row(viewer, "wrong")[6] == "5.00"
    assert row(viewer, "right")[6] == "0.00"
    viewer.mouse.move(0, 0)
    drawn(viewer)
    (x, y), (width, height) = spot(before, picture(viewer, 0))
    scale = before.shape[1] / WIDTH
    assert (x, y) == pytest.approx((30 * scale, 20 * scale), abs=1)
    assert (width, height) == pytest.approx((20 * scale, 20 * scale), abs=5)  # and its lines
    remove.click()
    expect(remove).to_be_hidden()
    assert len(row(viewer, "wrong")) == 7
    viewer.get_by_role("button", name="Mark a rectangle").click()
    drag(viewer, (79, 59), (70, 50))
    expect(remove).to_have_text(re.compile("10.10 px"))


def test_a_rectangle_by_keys_is_stretched_finished_or_given_up(viewer):
    point_at(viewer, 40, 30)
    press(viewer, "r", "ArrowRight", "Shift+ArrowDown", "r", "ArrowLeft")
    remove = viewer.get_by_role("button", name="Remove the rectangle")
    expect(remove).to_have_text(re.compile("2.17 px"))
    press(viewer, "r", "ArrowLeft", "Escape")
    expect(remove).to_have_text(re.compile("2.17 px"))
    press(viewer, "Shift+R")
    expect(remove).to_be_hidden()


def test_an_unknown_pixel_has_no_numbers(viewer):
    point_at(viewer, 9, 9)
    drawn(viewer)
    reads(viewer, 9, 9)
    assert row(viewer, "right") == ["\N{EN DASH}"] * 7
    assert row(viewer, "wrong")[4] == "5.00"


def test_colors_are_those_of_the_library(viewer):
    for pane, flow in ((1, (3, -4)), (3, (6, 0)), (4, (-2, 0))):
        expected = flow_to_color(constant(*flow), max_magnitude=8)[0, 0]
        assert pixel_of(viewer, pane, 40, 30) == pytest.approx(expected, abs=1)
    assert pixel_of(viewer, 2, 3, 3) == [128, 128, 128]  # the hole


def test_the_scale_recolors_every_pane(viewer):
    field = viewer.get_by_role("spinbutton").first
    field.fill("16")
    field.press("Enter")
    drawn(viewer)
    for pane, flow in ((1, (3, -4)), (3, (6, 0)), (4, (-2, 0))):
        expected = flow_to_color(constant(*flow), max_magnitude=16)[0, 0]
        assert pixel_of(viewer, pane, 40, 30) == pytest.approx(expected, abs=1)


def test_layers_change_for_all_panes(viewer):
    viewer.get_by_label("All panes").select_option("error")
    drawn(viewer)
    expect(viewer.get_by_role("img", name="wrong: Error")).to_be_visible()
    expect(viewer.get_by_role("img", name="Truth: Flow")).to_be_visible()  # has no error
    for pane, error in ((2, 0), (3, 5)):  # the largest is a quarter of the largest speed
        expected = error_to_color(np.float32([[error]]), max_error=2)[0, 0]
        assert pixel_of(viewer, pane, 40, 30) == expected.tolist()


def test_maps_of_a_lane_are_layers_with_their_scale(viewer):
    viewer.get_by_label("All panes").select_option("map:Entropy")
    drawn(viewer)
    expect(viewer.get_by_role("img", name="right: Entropy")).to_be_visible()
    expect(viewer.get_by_role("img", name="wrong: Flow")).to_be_visible()  # has no such map
    expect(viewer.get_by_text("Entropy, 0 to 12 bits")).to_be_visible()
    expected = error_to_color(np.float32([[3]]), max_error=12)[0, 0]
    assert pixel_of(viewer, 2, 40, 30) == expected.tolist()


def test_a_wipe_opens_on_the_first_two_lanes_with_no_click_before(viewer):
    viewer.keyboard.press("w")
    expect(viewer.get_by_role("img", name="right: Flow | wrong: Flow")).to_be_visible()
    viewer.keyboard.press("ArrowRight")  # scrolls the page
    drawn(viewer)
    expect(viewer.get_by_text(HINT)).to_be_visible()


def test_keys_lead_through_modes(viewer):
    press(viewer)
    for key, pressed in (("w", "Wipe"), ("b", "Blink"), ("s", "Single"), ("g", "Grid")):
        viewer.keyboard.press(key)
        expect(viewer.get_by_role("button", name=f"{pressed} of panes")).to_have_attribute(
            "aria-pressed", "true"
        )
    viewer.keyboard.press("?")
    expect(viewer.get_by_role("dialog")).to_be_visible()
    viewer.keyboard.press("Escape")
    expect(viewer.get_by_role("dialog")).to_be_hidden()


def test_arrows_move_the_crosshair_by_a_pixel_and_with_shift_by_sixteen(viewer):
    before = [picture(viewer, pane) for pane in (1, 5)]
    for key, x, y in (
        ("ArrowRight", 41, 30),
        ("ArrowDown", 41, 31),
        ("ArrowLeft", 40, 31),
        ("ArrowUp", 40, 30),
        ("Shift+ArrowLeft", 24, 30),
        ("Shift+ArrowUp", 24, 14),
    ):
        press(viewer, key)
        reads(viewer, x, y)
        for pane, image in zip((1, 5), before, strict=True):  # in every pane
            seen = crosshair(image, picture(viewer, pane))
            assert seen == pytest.approx(place_of(image, x, y), abs=0.3)


def test_the_crosshair_stops_at_the_edges(viewer):
    press(viewer, *["Shift+ArrowRight"] * 4, *["Shift+ArrowDown"] * 3)
    reads(viewer, 79, 59)
    press(viewer, *["Shift+ArrowLeft"] * 5, *["Shift+ArrowUp"] * 4)
    reads(viewer, 0, 0)


def test_what_the_crosshair_reads_is_said_aloud(viewer):
    press(viewer, "ArrowRight")
    expect(viewer.locator(".unseen[role=status]")).to_have_text(
        f"x 41, y 30: Truth 3.00, {MINUS}4.00; right 3.00, {MINUS}4.00, error 0.00; "
        f"wrong 6.00, 0.00, error 5.00; left {MINUS}2.00, 0.00, error 6.40; "
        f"place 10.25, {MINUS}7.50, error 8.05"
    )


def test_enter_pins_the_pixel_and_the_crosshair_moves_on(viewer):
    press(viewer, *["ArrowRight"] * 4, *["ArrowDown"] * 4)
    without = picture(viewer, 3)
    press(viewer, *["ArrowLeft"] * 4, *["ArrowUp"] * 4, "Enter")
    reads(viewer, 40, 30)
    press(viewer, *["ArrowRight"] * 4, *["ArrowDown"] * 4)
    reads(viewer, 44, 34)
    middle, extent = spot(without, picture(viewer, 3))
    assert middle == pytest.approx(place_of(without, 40, 30), abs=0.6)
    assert extent == pytest.approx([20, 20], abs=2)


def test_a_click_pins_what_it_hits_until_another_one(viewer):
    before = picture(viewer, 3)
    for x, y in ((20, 15), (61, 44)):
        point_at(viewer, x, y)
        viewer.mouse.down()
        viewer.mouse.up()
        viewer.mouse.move(0, 0)  # no crosshair any more
        drawn(viewer)
        reads(viewer, x, y, "pinned")
        middle, extent = spot(before, picture(viewer, 3))
        assert middle == pytest.approx(place_of(before, x, y), abs=0.6)
        assert extent == pytest.approx([20, 20], abs=2)


def test_a_pin_stays_while_others_are_read(viewer):
    press(viewer, "ArrowRight", "Enter")
    point_at(viewer, 10, 50)
    reads(drawn(viewer), 10, 50)
    viewer.mouse.move(0, 0)
    reads(drawn(viewer), 41, 30, "pinned")


def test_escape_removes_pin_and_crosshair(viewer):
    before = picture(viewer, 3)
    press(viewer, "ArrowRight", "Enter", "ArrowDown")
    assert (picture(viewer, 3) != before).any()
    press(viewer, "Escape")
    assert (picture(viewer, 3) == before).all()
    assert where(viewer)[0].startswith(HINT)
    assert row(viewer, "place") == ["\N{EN DASH}"] * 7


def test_zoom_is_shared(viewer):
    zoom = viewer.get_by_role("status", name="Zoom")
    before = [picture(viewer, pane) for pane in range(6)]
    press(viewer, "+")
    expect(zoom).to_have_text(re.compile(r"^1\.3"))
    assert (picture(viewer, 0) != before[0]).any()
    assert (picture(viewer, 5) != before[5]).any()
    press(viewer, "0")
    expect(zoom).to_have_text(re.compile(r"^1\.0"))
    assert all((picture(viewer, pane) == image).all() for pane, image in enumerate(before))


def test_drawn_is_taken_back_until_all_is_drawn_again(viewer):
    root = viewer.locator(".flow-viewer")
    assert re.fullmatch(r"[0-9a-f]{64}", root.get_attribute("data-drawn"))
    assert root.evaluate(f"(root, key) => ({KEY}, root.dataset.drawn ?? null)", ".") is None
    drawn(viewer)


def test_drawn_waits_for_what_only_a_close_look_shows(page, tmp_path):
    """Columns of a large frame move to and fro; the picture of the whole frame has every other."""
    frame = np.zeros((600, 900, 3), np.uint8)
    uv = np.zeros((600, 900, 2), np.float32)
    uv[..., 0] = np.where(np.arange(900) % 2, -5, 5)
    payload = pack_viewer(FramePair(frame, frame), [ViewerLane("lane", FlowField(uv))])
    path = tmp_path / "large.html"
    path.write_text(viewer_page(payload), encoding="utf-8")
    page.goto(path.as_uri())
    press(drawn(page), *["+"] * 8)
    when_drawn = f"""(root, key) => new Promise((resolve) => {{
        const look = () => root.dataset.drawn && resolve(root.querySelector('[aria-label="lane: Flow"] canvas').toDataURL());
        new MutationObserver(look).observe(root, {{ attributes: true }});
        {KEY};
    }})"""  # noqa: E501  JavaScript
    image = decode(page.locator(".flow-viewer").evaluate(when_drawn, "."))  # another scale
    height, width, _ = image.shape
    scale = 1.25**8 * min(width / 900, height / 600)
    for column, expected in ((450.5, (5, 0)), (451.5, (-5, 0))):
        color = flow_to_color(np.float32([[expected]]), max_magnitude=6.25)[0, 0]
        x = int(width / 2 + (column - 450) * scale)
        assert image[height // 2, x] == pytest.approx(color, abs=1)


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


class Component:
    """The viewer as pages have it: called again and again, with one payload after the other."""

    def __init__(self, page):
        self.page = page
        page.set_content(
            f"<div><style>{viewer_style()}</style><div class='flow-viewer'></div></div>"
        )
        page.evaluate(
            """async (script) => {
                const blob = new Blob([script], { type: "text/javascript" });
                const { default: call } = await import(URL.createObjectURL(blob));
                const parentElement = document.querySelector("body > div");
                const setTriggerValue = (name, value) => picked.push([name, value]);
                window.picked = [];
                window.taken = []; // what takes a call back
                window.call = (base64) => {
                    const data = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
                    taken.push(call({ data, parentElement, setTriggerValue }));
                };
            }""",
            viewer_script(),
        )

    def call(self, *payloads):
        data = [base64.b64encode(payload).decode() for payload in payloads]
        self.page.evaluate("data => data.forEach(call)", data)

    def show(self, *lanes, **more):
        """The page once it shows lanes of these titles."""
        payload = payload_of(*lanes, **more)
        self.call(payload)
        return self.drawn(payload)

    def drawn(self, payload):
        header = json.loads(payload[4 : 4 + int.from_bytes(payload[:4], "little")])
        expect(self.page.locator(f".flow-viewer[data-drawn='{header['id']}']")).to_be_attached()
        return self.page

    def is_still(self, picture, element):
        """The lane's picture of this name is that element, as it was."""
        canvas = self.page.get_by_role("img", name=f"{picture}: Flow")
        return canvas.evaluate("(canvas, element) => canvas === element", element)

    def element(self, picture):
        return self.page.get_by_role("img", name=f"{picture}: Flow").element_handle()


def payload_of(*lanes, **more):
    frame = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    field = FlowField(constant(3, -4))
    return pack_viewer(FramePair(frame, frame), [ViewerLane(t, field) for t in lanes], **more)


@pytest.fixture
def component(page):
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield Component(page)
    assert errors == []


def test_panes_stay_what_they_are_through_new_payloads(component):
    page = component.show("b")
    b = component.element("b")
    component.show("a", "b", "c")
    c = component.element("c")
    region = page.get_by_role("region", name="c: Flow")
    menu = region.get_by_label("Layer of this pane").first
    menu.focus()
    component.show("c", "d")
    assert component.is_still("c", c)
    expect(menu).to_be_focused()
    assert not b.evaluate("canvas => canvas.isConnected")
    region.get_by_label("Shown in this pane").first.select_option("lane:d")
    drawn(page)
    assert c.get_attribute("aria-label") == "d: Flow"


def test_a_press_outlasts_a_new_payload_that_moves_its_pane(component):
    page = component.show("a")
    box = page.get_by_role("img", name="a: Flow").bounding_box()
    x, y = box["x"] + 20.5 / WIDTH * box["width"], box["y"] + 15.5 / HEIGHT * box["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    component.show("a", "b", "c", "d", "e")
    assert page.get_by_role("img", name="a: Flow").bounding_box() != box
    page.mouse.move(x + 1, y)
    page.mouse.up()
    assert page.evaluate("picked") == [["picked", {"x": 20, "y": 15}]]


def test_a_call_taken_back_late_leaves_the_viewer_to_the_next(component):
    first, second = payload_of("a"), payload_of("a", "b")
    component.call(first, second)
    component.page.evaluate("taken[0]()")
    page = component.drawn(second)
    a = component.element("a")
    width = a.bounding_box()["width"]
    component.show("a", "b", "c")
    assert component.is_still("a", a)
    page.set_viewport_size({"width": 700, "height": 900})
    wait_until(lambda: a.bounding_box()["width"] != width)
    page.evaluate("taken.at(-1)()")
    component.show("a")
    assert not component.is_still("a", a)


def test_a_payload_that_comes_twice_is_no_error(component):
    payload = payload_of("a")
    component.call(payload, payload)
    page = component.drawn(payload)
    component.call(payload)
    component.drawn(payload)
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_broken_payload_stays_broken_until_a_good_one_comes(component):
    good = payload_of("a")
    broken = payload_of("a", "b")[:-99]
    page = component.show("a")
    for _ in range(2):
        component.call(broken)
        expect(page.get_by_role("alert")).to_contain_text("These flows cannot be shown")
        expect(page.get_by_role("application")).to_be_hidden()
    component.call(good)
    component.drawn(good)
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.get_by_role("application")).to_be_visible()


def test_of_two_payloads_on_their_way_the_last_is_shown(component):
    broken, good = payload_of("a", "b")[:-99], payload_of("a")
    component.call(payload_of("c"), broken, good)
    page = component.drawn(good)
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.get_by_role("img", name="a: Flow")).to_be_visible()


def test_a_scale_follows_the_payload_until_a_person_sets_it(component):
    page = component.show("a", max_magnitude=8, max_error=3)
    component.show("a", max_magnitude=2, max_error=3)
    scale, floor = (page.get_by_role("spinbutton").nth(i) for i in range(2))
    assert (scale.input_value(), floor.input_value()) == ("2", "0.05")
    scale.fill("5")
    scale.press("Enter")
    component.show("a", max_magnitude=16, noise_floor=0.5)
    assert (scale.input_value(), floor.input_value()) == ("5", "0.5")
