"""Times that other work has spoilt are said, and measured again."""

import pytest

from flowcore.types import Timing
from tests.pages.waiting import finished, opened

pytestmark = [pytest.mark.usefixtures("server_queues"), pytest.mark.slow]


def test_spoilt_times_are_measured_again(monkeypatch):
    monkeypatch.setattr(Timing, "is_disturbed", True)
    app = finished(opened("compare", lanes="1", model1="dis_fast", blur1="3"))
    assert any(text.value.startswith("Gray times: other work") for text in app.caption)
    before = app.dataframe[0].value["seconds"].iloc[0]
    monkeypatch.setattr(Timing, "is_disturbed", False)
    again = next(button for button in app.button if button.label == "Measure again")
    app = finished(again.click().run())
    assert app.dataframe[0].value["seconds"].iloc[0] != before
    assert not any(text.value.startswith("Gray times") for text in app.caption)
