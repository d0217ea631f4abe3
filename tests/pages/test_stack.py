"""How FlowNet2 sees the pair, and hardships, on Compare as a script."""

import pytest

from flowcore.robustness.hardships import HARDSHIPS
from tests.pages.waiting import finished, opened

pytestmark = pytest.mark.usefixtures("server_queues")


def page(name, **query):
    return finished(opened(name, **query))


def test_every_network_has_its_station():
    app = page("compare", sample="Sub-pixel", lanes="1", model1="dis_fast", stack="true")
    assert not app.error
    headers = [header.value for header in app.subheader]
    assert [words.partition(":")[0] for words in headers[:5]] == [
        "FlowNetC", "FlowNetS 1", "FlowNetS 2", "FlowNetSD", "Fusion",
    ]  # fmt: skip
    assert "Are there rotations in FlyingChairs?" in headers
    table = next(frame.value for frame in app.dataframe if "moved" in frame.value)
    words = " ".join(element.value for element in app.markdown)
    assert f"**{table.loc['Fusion', 'epe']:.2f} px**" in words
    assert "follows FlowNetSD on" in words


def test_without_weights_it_says_so(monkeypatch):
    monkeypatch.setattr("pages.components.stack.names_of_stacks", list)
    app = page("compare", sample="Sub-pixel", lanes="1", model1="dis_fast", stack="true")
    assert "No weights of a FlowNet2" in app.info[0].value


@pytest.mark.parametrize("kind", ["jpeg", "texture"])
def test_hardships_on_compare(kind):
    app = page(
        "compare", sample="Sub-pixel", lanes="2", model1="dis_fast", model2="dis_medium",
        harder="true", hardship=HARDSHIPS[kind].label,
    )  # fmt: skip
    assert not app.error
    assert any(control.key == "harder-curve" for control in app.get("button_group"))
    assert app.select_slider(key=f"level-{kind}").value == {"jpeg": 50, "texture": 0.25}[kind]
