"""The command line keeps its promises: one JSON document, one line of error, status 2."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from flowcore.data import samples
from flowcore.io.flow_files import read_flow, write_flow
from flowcore.io.frames import read_frame
from flowcore.knobs import KNOBS, values_of
from flowcore.pipeline import DEFAULT_MODEL
from flowcore.types import ChunkGrid, Estimate, FlowField, PipelineConfig, Timing
from tests.patience import patient


def frames(folder, name="one"):
    return [folder / "root/set" / name / f"frame{number}.png" for number in (1, 2)]


def test_models_lists_every_architecture(folder, run):
    status, out, _ = run("models", "--json")
    cards = {card["name"]: card for card in json.loads(out)}
    assert status == 0
    assert set(cards["raft_small"]) == {
        "name", "family", "available", "num_params", "num_bytes", "licence", "source", "scores",
    }  # fmt: skip
    assert not cards["raft_small"]["available"]
    assert cards["raft_small"]["num_bytes"] is None
    assert cards["raft_small"]["num_params"] == 990_162
    assert cards["raft_large"]["num_params"] == 5_257_536
    assert cards["dis_medium"]["available"]


def test_one_card_tells_how_a_model_was_trained(folder, run):
    _, out, _ = run("models", DEFAULT_MODEL, "--json")
    card = json.loads(out)
    assert card["name"] == DEFAULT_MODEL
    assert {"command", "seed", "steps", "hours", "hardware", "energy"} <= set(card["training"])
    assert card["num_bytes"] <= 700_000
    _, out, _ = run("models", DEFAULT_MODEL)
    assert "W per busy core" in out


def test_a_rectangle_is_measured_alone(folder, run):
    truth = folder / "root/set/one/flow.flo"
    command = ("estimate", *frames(folder), "--truth", truth, "--model", "dis_fast", "--json")
    status, out, _ = run(*command, "--region", "10,20,40,60")
    result = json.loads(out)
    assert status == 0
    assert result["region"] == [10, 20, 40, 60]
    flow = folder / "rectangle.npy"
    run(*command, "--out", flow)
    error = np.linalg.norm(read_flow(flow).uv - read_flow(truth).uv, axis=-1)[20:60, 10:40]
    assert result["metrics"]["epe"] == pytest.approx(error.mean(), rel=1e-5)
    status, out, err = run(*command, "--region", "10,20,400,60")
    assert (status, out) == (2, "")
    assert "not inside the frame of 100x80 px" in err
    with pytest.raises(SystemExit, match="2"):
        run(*command, "--region", "10,20")


def test_estimate_against_truth(folder, run):
    truth = folder / "root/set/one/flow.flo"
    out_file, picture = folder / "out.png", folder / "picture.png"
    status, out, err = run(
        "estimate", *frames(folder), "--truth", truth, "--out", out_file, "--png", picture,
        "--threads", 1, "--json",
    )  # fmt: skip
    result = json.loads(out)
    assert (status, err) == (0, "")
    assert result["model"] == DEFAULT_MODEL
    assert (result["height"], result["width"], result["threads"]) == (80, 100, 1)
    assert 0 < result["seconds"] < 5
    assert result["metrics"]["epe"] < 0.5
    assert {"fl_all", "psnr", "psnr_identity", "consistent_share"} <= set(result["metrics"])
    error = read_flow(out_file).uv - read_flow(truth).uv
    assert np.hypot(*np.moveaxis(error, -1, 0)).mean() == pytest.approx(
        result["metrics"]["epe"], abs=0.02
    )
    assert read_frame(picture).shape[0] > 80  # the panel and its legend


def test_without_truth_only_what_needs_none(folder, run):
    _, out, _ = run("estimate", *frames(folder), "--json")
    metrics = json.loads(out)["metrics"]
    assert "epe" not in metrics
    assert metrics["psnr"] > metrics["psnr_identity"]


@pytest.mark.parametrize(
    ("model", "who"), [("dis_fast", "round trip"), ("scope_070_semantic.heads", "head")]
)
def test_how_sure_a_flow_is_goes_into_a_file(folder, run, model, who):
    file = folder / "sure.npy"
    status, _, err = run("estimate", *frames(folder), "--model", model, "--uncertainty", file)
    values = np.load(file)
    assert (status, values.shape, values.dtype) == (0, (80, 100), np.float32)
    assert f"by the {who}, px" in err
    assert (values >= 0).all()


def test_what_cannot_say_how_sure_it_is_says_why(folder, run):
    command = ("estimate", *frames(folder), "--model", "dis_fast", "--uncertainty")
    status, _, err = run(*command, folder / "sure.npy", "--flow-only")
    assert (status, "takes a backward flow" in err) == (2, True)
    status, _, err = run(*command, folder / "sure.png")
    assert (status, "written as .npy, got sure.png" in err) == (2, True)
    assert not list(folder.glob("sure.*"))


def test_a_pair_at_rest_is_valid_json(folder, run):
    first, _ = frames(folder)
    _, out, _ = run("estimate", first, first, "--json")
    assert json.loads(out)["metrics"]["psnr_identity"] is None  # infinite


SETTINGS = [
    (
        "--model dis_fast --scale 1.5 --blur 0.5 --iterations 3 --chunks 2x3 --overlap 0 "
        "--blend linear --motion-aware --halo 4 --seam-blur 1.5 --refine-share 0.5 "
        "--precision bfloat16 --passes 2",
        PipelineConfig(
            "dis_fast",
            1.5,
            0.5,
            ChunkGrid(2, 3, 0, "linear", True, halo=4, seam_blur=1.5, refine_share=0.5),
            3,
            "bfloat16",
            2,
        ),
    ),
    (
        "--chunk-size 40x50 --overlap 10%",
        PipelineConfig(DEFAULT_MODEL, chunks=ChunkGrid(overlap=0.1, chunk_size=(40, 50))),
    ),
    ("--memory 9.5", PipelineConfig(DEFAULT_MODEL, chunks=ChunkGrid(max_bytes=9_500_000))),
    ("", PipelineConfig(DEFAULT_MODEL)),
]


@pytest.fixture
def runs(monkeypatch):
    """The config, threads and device of every run; none is carried out."""
    seen = []

    def note(pair, config, *, threads, device, **_):
        seen.append((config, threads, device))
        timing = Timing(0.1, 0.1, 1, threads)
        return Estimate(FlowField(np.zeros((*pair.size, 2), np.float32)), config, timing)

    for module in ("lane", "evaluation", "pipeline"):
        monkeypatch.setattr(f"flowcore.{module}.run", note)
    return seen


@pytest.mark.parametrize(("words", "config"), SETTINGS)
@pytest.mark.parametrize("command", ["estimate", "estimate --flow-only", "evaluate"])
def test_every_setting_is_passed_on(folder, run, runs, command, words, config):
    what = [folder / "root"] if command == "evaluate" else frames(folder)
    where = ("--threads", 3, "--device", "cpu")
    assert run(*command.split(), *what, *words.split(), *where, "--json")[0] == 0
    assert runs
    assert set(runs) == {(config, 3, "cpu")}


def test_every_setting_is_among_them():
    passed = set().union(*(values_of(config) for _, config in SETTINGS))
    assert passed == set(KNOBS), "give it a row above"


def test_samples_are_listed(run):
    status, out, _ = run("sample", "--list")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == samples.names()
    assert run("sample", "opening")[0] == 2


def test_a_device_that_is_not_here_is_refused(folder, run):
    for name in ("tpu", "cuda:99"):
        status, _, err = run("estimate", *frames(folder), "--device", name)
        assert (status, name in err) == (2, True)


def test_the_flow_alone(folder, run):
    flow = folder / "flow.flo"
    arguments = ["estimate", *frames(folder), "--model", "dis_medium", "--out", flow, "--json"]
    _, out, _ = run(*arguments)
    whole = read_flow(flow).uv
    status, alone, _ = run(*arguments, "--flow-only")
    assert status == 0
    assert json.loads(alone)["metrics"] == {}
    assert json.loads(out)["metrics"]["consistent_share"] > 50
    assert np.array_equal(read_flow(flow).uv, whole)


def test_what_was_assumed_is_said_and_can_be_chosen(folder, run):
    pages = [Image.fromarray(read_frame(path)[..., 0] * np.uint16(4)) for path in frames(folder)]
    stack, truth = folder / "stack.tif", folder / "truth.png"
    pages[0].save(stack, save_all=True, append_images=pages[1:])
    write_flow(truth, FlowField(np.full((80, 100, 2), (2, 1), np.float32)), "dsec")
    words = ["estimate", stack, stack, "--model", "dis_medium", "--json", "--truth", truth]
    status, out, err = run(*words)
    assert status == 0
    assert "stack.tif holds 2 pages; the first one was taken." in err
    assert "by the range that is used, 0 to 1020 (" in err
    assert "64 steps per px; DSEC's have 128." in err
    assert json.loads(out)["metrics"]["epe"] == pytest.approx(20**0.5, abs=0.01)  # of no motion
    status, out, err = run(
        *words, "--pages", "0,1", "--value-range", "full", "--truth-format", "dsec"
    )
    assert err == (
        "16-bit values were scaled to 8 bits by the full range, 0 to 65535 (used: 0 to 1020).\n"
    )


def test_an_external_flow_is_scored_like_ours(folder, run):
    flow = folder / "other.npy"
    np.save(flow, np.broadcast_to(np.float32((2, 1)), (80, 100, 2)))
    _, out, _ = run(
        "estimate", *frames(folder), "--model", f"external:{flow}",
        "--truth", folder / "root/set/one/flow.flo", "--json",
    )  # fmt: skip
    assert json.loads(out)["metrics"]["epe"] == 0


def test_a_truth_that_knows_no_pixel_is_said_and_left_out(folder, run):
    truth = folder / "root/set/one/flow.flo"
    write_flow(truth, FlowField(np.zeros((80, 100, 2)), np.zeros((80, 100), bool)))
    status, out, err = run(
        "estimate", *frames(folder), "--truth", truth, "--model", "dis_fast", "--json"
    )
    assert status == 0
    assert "knows no pixel" in err
    assert "epe" not in json.loads(out)["metrics"]
    status, out, _ = run("evaluate", folder / "root", "--model", "dis_fast", "--json")
    result = json.loads(out)
    assert status == 1
    assert "the true flow knows no pixel" in result["failed"][0]["reason"]
    assert result["datasets"]["set"]["epe"] == result["pairs"][0]["epe"]


def test_flows_that_seem_to_be_meant_differently_are_named(folder, run):
    truth = folder / "root/set/one/flow.flo"
    write_flow(truth, FlowField(-read_flow(truth).uv))
    _, out, err = run(
        "estimate", *frames(folder), "--truth", truth, "--model", "dis_fast", "--json"
    )
    (sentence,) = json.loads(out)["suspicions"]
    assert "points from the second frame to the first" in sentence
    assert sentence in err
    _, out, err = run("evaluate", folder / "root", "--model", "dis_fast", "--json")
    assert json.loads(out)["pairs"][0]["suspicions"] == [sentence]
    assert f"set/one: {sentence}" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["estimate", "{first}", "{nothing}"], "Cannot read"),
        (["estimate", "{first}", "{second}", "--model", "raft_smal"], "raft_small"),
        (["estimate", "{first}", "{second}", "--model", "raft_small.things"], "weights import"),
        (["estimate", "{first}", "{second}", "--chunks", "99x99"], "chunks"),
        (["estimate", "{first}", "{second}", "--overlap", "8"], "--overlap: of chunks"),
        (["estimate", "{first}", "{second}", "--chunks", "2x2", "--memory", "9"], "not two of"),
        (["estimate", "{first}", "{second}", "--memory", "0.01"], "No grid of chunks keeps"),
        (["estimate", "{first}", "{second}", "--memory", "0"], "at least one byte"),
        (
            ["estimate", "{first}", "{second}", "--model", "ilk", "--iterations", "3"],
            "takes no iterations",
        ),
        (["estimate", "{first}", "{second}", "--out", "{first}.xyz"], ".flo"),
        (["estimate", "{first}", "{second}", "--truth", "{first}"], "flow"),
        (["estimate", "{first}", "{second}", "--jpeg", "0"], "in 1..100"),
        (["estimate", "{first}", "{second}", "--value-range", "best"], "auto, full, used"),
        (["estimate", "{first}", "{second}", "--pages", "0,7"], "has the pages 0 to 0"),
        (
            ["estimate", "{first}", "{second}", "--truth", "{first}", "--truth-format", "exr"],
            "Unknown flow format",
        ),
        (["estimate", "{first}", "{second}", "--texture", "2"], "in 0..1"),
        (["evaluate", "{nothing}"], "no folder"),
        (["weights", "import", "{first}"], "checkpoint"),
        (["weights", "import", "{first}", "--name", "../../etc"], "architecture.tag"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_line_and_status_2(folder, run, arguments, words):
    first, second = frames(folder)
    names = {"first": first, "second": second, "nothing": folder / "nothing"}
    status, out, err = run(*(argument.format(**names) for argument in arguments))
    assert status == 2
    assert out == ""
    assert err.startswith("flowcore: ")
    assert err.count("\n") == 1
    assert words in err


def test_it_runs_as_a_module(folder):
    command = [sys.executable, "-m", "flowcore", "estimate", *frames(folder), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=patient(120))
    assert json.loads(done.stdout)["model"] == DEFAULT_MODEL
    assert done.stderr == ""


def test_a_sample_becomes_files(folder, run):
    assert run("sample", "occluder", folder / "pair")[0] == 0
    names = sorted(path.name for path in (folder / "pair").iterdir())
    parts = ("first", "labels", "occluded", "second", "second_labels")
    assert names == [*(f"{part}.png" for part in parts), "truth.flo"]
    assert "motorcycle" in run("sample", "nothing", folder / "pair")[2]


@pytest.mark.slow
@pytest.mark.data
def test_official_raft_small_reproduces_its_published_run(real_data, run, monkeypatch, tmp_path):
    monkeypatch.setenv("FLOWCORE_WEIGHTS", str(tmp_path))
    status, out, _ = run("weights", "import", real_data / "checkpoints/raft-small.pth", "--json")
    card = json.loads(out)
    assert (status, card["name"], card["num_params"]) == (0, "raft_small.things", 990_162)
    pair = real_data / "flow/flyingchairs/0000001"
    _, out, _ = run(
        "estimate", pair / "frame1.png", pair / "frame2.png", "--truth", pair / "flow.flo",
        "--model", "raft_small.things", "--iterations", "20", "--json",
    )  # fmt: skip
    assert json.loads(out)["metrics"]["epe"] == pytest.approx(0.970, rel=0.01)


def test_harder_pairs(folder, run):
    """Compressed, or compressed and without texture: worse than as they are."""
    truth = ["--truth", folder / "root/set/one/flow.flo", "--model", "dis_fast", "--json"]
    errors = [
        json.loads(run("estimate", *frames(folder), *truth, *options)[1])["metrics"]["epe"]
        for options in ([], ["--jpeg", "5"], ["--jpeg", "5", "--texture", "0"])
    ]
    assert errors[0] < min(errors[1:])
    assert errors[1] != errors[2]
    _, out, _ = run("evaluate", folder / "root", "--model", "dis_fast", "--jpeg", "5", "--json")
    assert json.loads(out)["pairs"][0]["epe"] == pytest.approx(errors[1])


def test_help_does_not_wait_for_torch():
    code = (
        "import sys; from flowcore.__main__ import _parser; _parser().format_help();"
        "print('torch' in sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        timeout=patient(60),
    )  # fmt: skip
    assert shown.stdout == "False\n"
