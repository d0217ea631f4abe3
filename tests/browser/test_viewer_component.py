"""The viewer as pages have it: called again and again."""

import base64
import json

import numpy as np
import pytest
from playwright.sync_api import expect

from flowcore.types import FlowField, FramePair
from flowcore.viz.viewer_address import address_viewer
from flowcore.viz.viewer_page import viewer_script, viewer_style
from flowcore.viz.viewer_payload import ViewerLane, cut_viewer, pack_viewer
from pages.components.drawing import LOOKOUT_SCRIPT, WITNESS_SCRIPT
from tests.browser.viewing import HEIGHT, MINUS, WIDTH, constant, drawn, place_in, press, row
from tests.patience import wait_until

pytestmark = pytest.mark.browser

SITE = "http://viewer.test"


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


def payload_of(*lanes, vector=(3, -4), **more):
    frame = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    field = FlowField(constant(*vector))
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


def test_panes_follow_the_lanes_order_unless_somebody_has_chosen_another(component):
    page = component.show("b", "c")

    def order():
        labels = [one.get_attribute("aria-label") for one in page.locator("canvas.picture").all()]
        return [label.removesuffix(": Flow") for label in labels if label.endswith(": Flow")]

    component.show("a", "c", "b")
    assert order() == ["a", "c", "b"]
    region = page.get_by_role("region", name="a: Flow")
    region.get_by_label("Shown in this pane").first.select_option("lane:b")
    drawn(page)
    component.show("d", "a", "c", "b")
    assert order() == ["b", "c", "b", "d"]


def test_a_press_outlasts_a_new_payload_that_moves_its_pane(component):
    page = component.show("a")
    box = page.get_by_role("img", name="a: Flow").bounding_box()
    left, top = place_in(box["width"], box["height"], 20, 15)
    x, y = box["x"] + left, box["y"] + top
    page.mouse.move(x, y)
    page.mouse.down()
    component.show("a", "b", "c", "d", "e")
    assert page.get_by_role("img", name="a: Flow").bounding_box() != box
    page.mouse.move(x + 1, y)
    page.mouse.up()
    assert page.evaluate("picked") == [["picked", {"x": 20, "y": 15, "pair": 0}]]


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


@pytest.mark.parametrize("is_early", [True, False])
def test_whoever_waits_for_the_first_drawing_is_told_once_it_was(component, is_early):
    """Also where it comes after the drawing."""
    mount = """async (script) => {
        const blob = new Blob([script], { type: "text/javascript" });
        const { default: call } = await import(URL.createObjectURL(blob));
        window.told = [];
        call({ setTriggerValue: (name, value) => told.push([name, value]) });
    }"""
    if is_early:
        component.show("a")
    component.page.evaluate(mount, WITNESS_SCRIPT)
    if not is_early:
        assert component.page.evaluate("told") == []
        component.show("a")
    wait_until(lambda: component.page.evaluate("told") == [["drawn", True]])


@pytest.mark.parametrize("is_early", [True, False])
def test_whoever_waits_for_a_table_is_told_once_it_is_there(component, is_early):
    mount = """async (script) => {
        const blob = new Blob([script], { type: "text/javascript" });
        const { default: call } = await import(URL.createObjectURL(blob));
        window.told = [];
        const setTriggerValue = (name, value) => told.push([name, value]);
        call({ data: { selector: "#there" }, setTriggerValue });
    }"""
    appear = "document.body.append(Object.assign(document.createElement('p'), {id: 'there'}))"
    if is_early:
        component.page.evaluate(appear)
    component.page.evaluate(mount, LOOKOUT_SCRIPT)
    if not is_early:
        assert component.page.evaluate("told") == []
        component.page.evaluate(appear)
    wait_until(lambda: component.page.evaluate("told") == [["drawn", True]])


def answer(route, content, status=200):
    headers = {"access-control-allow-origin": "*"}
    route.fulfill(status=status, headers=headers, body=content)


def requests_come(page, asked, count):
    wait_until(lambda: page.evaluate("true") and len(asked) == count)  # routes are told in calls


@pytest.fixture
def large(component):
    """The component, shown a frame larger than a pane, whose vectors tell their pixel; its tiles;
    and the requests for these, unanswered."""
    y, x = np.indices((520, 601), np.float32)
    frame = np.zeros((520, 601, 3), np.uint8)
    lanes = [ViewerLane("place", FlowField(np.stack([x / 4, -y / 4], -1)))]
    tiles = cut_viewer(FramePair(frame, frame), lanes)
    payload = pack_viewer(FramePair(frame, frame), lanes, tiles=tiles)
    asked = []
    component.page.set_viewport_size({"width": 560, "height": 900})
    component.page.route(f"{SITE}/**", lambda route: asked.append(route))
    component.call(address_viewer(payload, tiles=f"{SITE}/tiles"))
    component.drawn(payload)
    assert asked == []
    return component, tiles, asked


def test_a_pixel_that_was_not_sent_is_read_about_and_then_exactly(large):
    component, tiles, asked = large
    page = component.page
    page.get_by_role("application").focus()
    page.keyboard.press("ArrowRight")  # from the middle to (301, 260); every second one was sent
    cells = page.get_by_role("row", name="place").get_by_role("cell")
    expect(cells.first).to_have_text("\N{ALMOST EQUAL TO} 75.00")
    requests_come(page, asked, 1)
    start, end = tiles.offsets[4:6]  # of three tiles a row
    assert asked[0].request.headers["range"] == f"bytes={start}-{end - 1}"
    expect(page.locator(".flow-viewer:not([data-drawn])")).to_be_attached()
    answer(asked[0], tiles.content[start:end], status=206)
    assert row(drawn(page), "place")[:2] == ["75.25", f"{MINUS}65.00"]
    assert len(asked) == 1


def test_where_the_exact_flows_are_gone_a_pixel_stays_read_about(large):
    component, _, asked = large
    page = component.page
    page.get_by_role("application").focus()
    page.keyboard.press("ArrowRight")
    requests_come(page, asked, 1)
    answer(asked[0], b"", status=404)
    assert row(drawn(page), "place")[0] == "\N{ALMOST EQUAL TO} 75.00"
    press(page, "0")
    assert len(asked) == 1


def test_zoomed_in_the_exact_flows_in_sight_are_fetched(large):
    component, tiles, asked = large
    component.page.get_by_role("application").focus()
    for _ in range(6):
        component.page.keyboard.press("+")
    requests_come(component.page, asked, 4)  # around the middle
    for route in asked:
        start, end = map(int, route.request.headers["range"].removeprefix("bytes=").split("-"))
        answer(route, tiles.content[start : end + 1], status=206)
    drawn(component.page)
    assert len(asked) == 4


def clip_of(*labels):
    return [{"label": label, "url": f"{SITE}/{i}" if i else ""} for i, label in enumerate(labels)]


def test_a_clip_is_stepped_and_played_in_place_of_the_pair(component):
    page = component.page
    second = payload_of("a", vector=(6, 0))
    page.route(f"{SITE}/1", lambda route: answer(route, second))
    page.route(f"{SITE}/2", lambda route: answer(route, b"", status=404))
    first = address_viewer(payload_of("a"), clip=clip_of("frames 0 and 1", "frames 1 and 2"))
    component.call(first)
    component.drawn(first)
    press(page, "ArrowRight", "n")
    component.drawn(second)
    place = page.locator(".clip-place")
    below = "; numbers below the viewer are of pair 1"
    expect(place).to_have_text(f"Pair 2 of 2, frames 1 and 2{below}")
    assert row(page, "a")[0] == "6.00"
    component.call(first)  # the page runs again
    component.drawn(second)
    page.get_by_role("button", name="Play the clip").click()
    component.drawn(first)
    page.get_by_role("button", name="Pause the clip").click()
    more = address_viewer(payload_of("a"), clip=clip_of("one", "two", "three"))
    component.call(more)
    expect(place).to_have_text("Pair 1 of 3, one")
    press(page, "p")
    expect(place).to_have_text("This pair could not be fetched.")
    component.call(payload_of("a"))
    expect(page.get_by_role("group", name="Clip")).to_be_hidden()
