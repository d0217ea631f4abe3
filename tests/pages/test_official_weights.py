"""Official weights by download, on a page."""

import pytest

from pages.components.work import shared_queue
from tests.models.mirror import Mirror
from tests.pages.waiting import opened
from tests.patience import wait_until

pytestmark = pytest.mark.usefixtures("server_queues")

NAME = "raft_small.c_t_v2"


@pytest.fixture(scope="module")
def mirror():
    """What all downloads of this process come from: its workers are told once."""
    with pytest.MonkeyPatch.context() as patch, Mirror(b"no weights" * 1000) as mirror:
        patch.setenv("FLOWSCOPE_DOWNLOADS", mirror.address)
        yield mirror
        shared_queue("downloads").shutdown()


def asked_for(mirror, manner):
    mirror.manner = manner
    app = opened("compare", lanes="1", model1="dis_fast")
    assert "FlyingChairs" in " ".join(caption.value for caption in app.caption)
    return app.button(key="weights-download").click().run()


def until(app, is_there, what):
    wait_until(lambda: is_there(app.run()), seconds=60, what=what)
    assert not app.exception


def test_what_comes_is_told_and_a_wrong_file_is_a_sentence(mirror):
    app = asked_for(mirror, "well")
    until(app, lambda page: page.error, "the end of the download")
    assert "is not raft_small_C_T_V2-01064c6d.pth, by its sha256" in app.error[0].value
    app = asked_for(mirror, "nothing here")  # the button begins anew
    until(app, lambda page: page.error and "404" in page.error[0].value, "the second answer")


def test_a_slow_download_can_be_cancelled(mirror):
    app = asked_for(mirror, "slow")
    until(app, lambda page: any(b.key == "weights-cancel" for b in page.button), "a way to cancel")
    app.button(key="weights-cancel").click().run()
    until(app, lambda page: "nothing was kept" in " ".join(i.value for i in page.info), "its end")
    assert not shared_queue("downloads").active()


def test_an_operator_can_forbid_it(monkeypatch):
    monkeypatch.setenv("FLOWSCOPE_DOWNLOADS", "off")
    app = opened("compare", lanes="1", model1="dis_fast")
    assert "switched off" in " ".join(info.value for info in app.info)
    assert not any(button.key == "weights-download" for button in app.button)
