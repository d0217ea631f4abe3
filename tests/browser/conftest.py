"""A real server and a real Chromium."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from flowcore.types import FlowField, FramePair
from flowcore.viz.viewer_page import viewer_page
from flowcore.viz.viewer_payload import ViewerLane, ViewerMap, pack_viewer
from tests.browser.viewing import HEIGHT, WIDTH, constant, drawn
from tests.patience import patient, wait_until
from tests.programs import missing

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
JOBS = "/test/jobs"

expect.set_options(timeout=patient(60) * 1000)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answer(url, *, method="GET"):
    """What the server says, or None while it says nothing."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=5) as reply:
            return reply.read()
    except OSError:
        return None


@contextlib.contextmanager
def running(command, port, *, folder):
    """The address of a server, up, with an empty weights folder."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={
            "FLOWSCOPE_STORE": str(folder / "runs.sqlite"),
            **os.environ,
            "FLOWCORE_WEIGHTS": str(folder),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def is_up():
        assert process.poll() is None, "the server ended by itself"
        return answer(f"http://127.0.0.1:{port}/_stcore/health")

    try:
        wait_until(is_up, seconds=60, pause=0.1, what=f"an answer of {command[0]}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(patient(20))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def session_server(tmp_path_factory):
    port = free_port()
    command = [
        "uvicorn",
        "--factory",
        "tests.browser.served:build",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with running(command, port, folder=tmp_path_factory.mktemp("weights")) as address:
        yield address


@pytest.fixture
def fresh_server(tmp_path):
    """The address of a server that nobody has asked for anything, started as ``make run`` does."""
    port = free_port()
    options = {"port": port, "address": "127.0.0.1", "headless": "true", "fileWatcherType": "none"}
    command = ["streamlit", "run", "app.py", *(f"--server.{k}={v}" for k, v in options.items())]
    with running(command, port, folder=tmp_path) as address:
        yield address


@pytest.fixture
def server(session_server, browser):
    """The address of a server on which nothing is on its way, and nothing is left on it."""

    def is_at_rest():
        return answer(session_server + JOBS, method="DELETE") == b"[]"

    wait_until(is_at_rest, seconds=60, pause=0.1, what="a server at rest")
    yield session_server
    for context in browser.contexts:  # before the jobs, or a page might ask for more
        context.close()
    wait_until(is_at_rest, seconds=60, pause=0.1, what="a server at rest after the test")


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        missing("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(patient(60) * 1000)
    yield context.new_page()
    context.close()


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
