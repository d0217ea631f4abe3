"""The viewer as pages have it: called again and again."""

import base64
import json

import numpy as np
import pytest
from playwright.sync_api import expect

from flowcore.types import FlowField, FramePair
from flowcore.viz.viewer_page import viewer_script, viewer_style
from flowcore.viz.viewer_payload import ViewerLane, pack_viewer
from pages.components.drawing import WITNESS_SCRIPT
from tests.browser.viewing import HEIGHT, WIDTH, constant, drawn, place_in
from tests.patience import wait_until

pytestmark = pytest.mark.browser


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
