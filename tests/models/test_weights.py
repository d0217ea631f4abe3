"""Import of weights: round trips of public layouts, and files that mean harm."""

import io
import pickle
import re
import zipfile

import pytest
import torch
from safetensors.torch import save

from flowcore import models
from flowcore.errors import ConfigError, UnknownModelError, WeightsError
from flowcore.io.flow_files import read_flow
from flowcore.io.frames import read_frame
from flowcore.models import weights
from flowcore.models.raft import raft_large, raft_small
from flowcore.ops.convert import flow_to_array, frame_to_tensor
from flowcore.ops.pad import crop, pad, padding_to_stride

TO_PRINCETON = [
    (r"_encoder\.convnormrelu\.0", "_encoder.conv1"),
    (r"_encoder\.convnormrelu\.1", "_encoder.norm1"),
    (r"_encoder\.conv\.(weight|bias)", r"_encoder.conv2.\1"),
    (r"convnormrelu(\d)\.0", r"conv\1"),
    (r"convnormrelu(\d)\.1", r"norm\1"),
    (r"motion_encoder\.convcorr(\d)\.0", r"encoder.convc\1"),
    (r"motion_encoder\.convflow(\d)\.0", r"encoder.convf\1"),
    (r"motion_encoder\.conv2", "encoder.conv"),
    (r"motion_encoder\.conv\.0", "encoder.conv"),
    (r"mask_predictor\.convrelu\.0", "update_block.mask.0"),
    (r"mask_predictor\.conv\.", "update_block.mask.2."),
    ("feature_encoder", "fnet"),
    ("context_encoder", "cnet"),
]


def to_princeton(state, *, is_large):
    """The state dict as the authors' code saves it."""
    renamed = {}
    for key, tensor in state.items():
        for pattern, replacement in TO_PRINCETON:
            key = re.sub(pattern, replacement, key)
        gru = r"gru.\2\1" if is_large else r"gru.\2"
        key = re.sub(r"recurrent_block\.convgru(\d)\.(conv[zrq])", gru, key)
        renamed[f"module.{key}"] = tensor
        if "downsample.1" in key:
            renamed[f"module.{key.replace('downsample.1', 'norm3')}"] = tensor
    return renamed


def saved(content):
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def random_net(builder):
    torch.manual_seed(5)
    net = builder()
    for name, buffer in net.named_buffers():
        if name.endswith("running_var"):
            buffer.uniform_(0.5, 2)
    return net.eval()


def assert_same_output(net, name):
    pair = torch.rand(2, 1, 3, 64, 64).unbind(0)
    with torch.inference_mode():
        assert torch.equal(
            net(*pair, iterations=2).flow, models.create(name)(*pair, iterations=2).flow
        )


@pytest.mark.parametrize("layout", ["princeton", "plain", "wrapped", "safetensors"])
@pytest.mark.parametrize("builder", [raft_small, raft_large])
def test_round_trip(builder, layout):
    net = random_net(builder)
    state = net.state_dict()
    if layout == "princeton":
        state = to_princeton(state, is_large=builder is raft_large)
        assert len(state) == (179 if builder is raft_large else 106)
    content = (
        save(state)
        if layout == "safetensors"
        else saved({"model": state, "step": 7} if layout == "wrapped" else state)
    )
    card = models.import_weights(content, name=f"{builder.__name__}.mine")
    assert card.available
    assert card.num_bytes > 4 * card.num_params
    assert card.name in models.available()
    assert models.describe(card.name) == card
    assert_same_output(net, card.name)


def test_princeton_names():
    names = to_princeton(raft_small().state_dict(), is_large=False)
    assert "module.update_block.gru.convz.weight" in names
    assert "module.fnet.layer2.0.downsample.0.bias" in names
    assert "module.cnet.conv2.weight" in names
    assert "module.update_block.encoder.convc1.weight" in names
    large = to_princeton(raft_large().state_dict(), is_large=True)
    assert "module.update_block.gru.convq2.weight" in large
    assert "module.cnet.layer3.0.norm3.running_mean" in large
    assert "module.update_block.mask.2.bias" in large


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_other_precisions_become_float32(dtype):
    net = random_net(raft_small).to(dtype)
    models.import_weights(saved(net.state_dict()), name="raft_small.other")
    created = models.create("raft_small.other").state_dict()
    assert all(tensor.dtype == torch.float32 for tensor in created.values())
    key = "feature_encoder.conv.weight"
    assert torch.equal(created[key], net.state_dict()[key].float())


def faulty(change):
    state = dict(raft_small().state_dict())
    change(state)
    return saved(state)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a checkpoint"),
        (b"not a checkpoint at all", "not a checkpoint"),
        (saved({})[:-100], "not a checkpoint"),
        (saved([1, 2]), "no state dict"),
        (saved({}), "no state dict"),
        (saved({"a": 1}), "'a' of the file is not a plain tensor"),
        (saved({3: torch.zeros(1)}), "'3' of the file is not a plain tensor"),
        (saved({"a": torch.zeros(2, 2).to_sparse()}), "not a plain tensor"),
        (saved({"a": torch.zeros(2)}), r"fits no known architecture.*; and \d+ more"),
        (
            faulty(lambda state: state.pop("feature_encoder.conv.bias")),
            "raft_small in the flowscope layout, where feature_encoder.conv.bias is missing",
        ),
        (faulty(lambda state: state.update(more=torch.zeros(1))), "more is unexpected"),
        (
            faulty(lambda state: state.update({"feature_encoder.conv.bias": torch.zeros(9)})),
            r"feature_encoder.conv.bias is \(9,\), expected \(128,\)",
        ),
        (
            faulty(lambda state: state["feature_encoder.conv.bias"].fill_(float("nan"))),
            "feature_encoder.conv.bias holds values that are not finite",
        ),
        (
            faulty(
                lambda state: state.update(
                    {"feature_encoder.conv.bias": torch.full((128,), 1e300, dtype=torch.float64)}
                )
            ),
            "not finite in float32",
        ),
    ],
)
def test_refused_content(content, message, weights_folder):
    with pytest.raises(WeightsError, match=message):
        models.import_weights(content)
    assert not weights_folder.exists()


def test_code_in_a_file_is_not_run(tmp_path):
    class Harm:
        def __reduce__(self):
            return (open, (str(tmp_path / "harm"), "w"))

    for content in (pickle.dumps(Harm()), saved({"a": Harm()})):
        with pytest.raises(WeightsError, match="read safely"):
            models.import_weights(content)
    assert not (tmp_path / "harm").exists()


def test_size_is_limited_before_reading(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "MAX_CHECKPOINT_BYTES", 1000)
    path = tmp_path / "large.pth"
    path.write_bytes(bytes(1001))
    for data in (path, bytes(1001)):
        with pytest.raises(WeightsError, match=r"1\.00 kB.*at most"):
            models.import_weights(data)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(50_000))
    with pytest.raises(WeightsError, match=r"unpacks to 50\.0 kB"):
        models.import_weights(buffer.getvalue())


def test_missing_file():
    with pytest.raises(WeightsError, match="No such file"):
        models.import_weights("/no/such/file.pth")


@pytest.mark.parametrize(
    "name", ["", "raft_small", "../a.b", "raft_small.", "Raft.x", "a.b.c", "a.b\n"]
)
def test_refused_names(name):
    with pytest.raises(ConfigError, match=r"named architecture\.tag"):
        models.import_weights(b"", name=name)


def test_a_name_of_another_architecture_is_refused():
    content = saved(raft_small().state_dict())
    with pytest.raises(ConfigError, match=r"holds raft_small weights, not those of raft_large\.x"):
        models.import_weights(content, name="raft_large.x")


@pytest.mark.parametrize(
    ("file", "tag"),
    [
        ("raft-things.pth", "things"),
        ("RAFT_Sintel.pth", "sintel"),
        ("raft_small_C_T_V2-01064c6d.pth", "c_t_v2"),
        ("raft_large_C_T_SKHT_K_V2-b5c70766.pth", "c_t_skht_k_v2"),
        ("mine.pth", "imported"),
    ],
)
def test_tag_from_the_file_name(tmp_path, file, tag):
    path = tmp_path / file
    path.write_bytes(saved(raft_small().state_dict()))
    assert models.import_weights(path).name == f"raft_small.{tag}"


def test_a_default_name_does_not_replace_other_weights():
    first, second = (saved(raft_small().state_dict()) for _ in range(2))
    name = models.import_weights(first).name
    assert models.import_weights(first).name == name
    with pytest.raises(ConfigError, match=r"raft_small\.imported already names other weights"):
        models.import_weights(second)
    before = models.describe(name).sha256
    assert models.import_weights(second, name=name).sha256 != before


def test_a_folder_that_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FLOWCORE_WEIGHTS", str(tmp_path / "file" / "weights"))
    with pytest.raises(WeightsError, match="FLOWCORE_WEIGHTS"):
        models.import_weights(saved(raft_small().state_dict()))


def test_weights_not_here_say_how_to_bring_them():
    for name in ("raft_small.things", "raft_small"):
        with pytest.raises(WeightsError, match=r"weights import FILE --name raft_small\.things"):
            models.create(name)
    models.import_weights(saved(raft_small().state_dict()))
    with pytest.raises(WeightsError, match=r"use raft_small\.imported"):
        models.create("raft_small")
    with pytest.raises(UnknownModelError, match="Did you mean raft_small"):
        models.create("raft_smal")


def test_state_of_one_architecture_alone(tmp_path):
    state = raft_small().state_dict()
    path = tmp_path / "start.pth"
    path.write_bytes(saved({"model": state}))
    found = weights.read_state(path, "raft_small")
    assert all(torch.equal(found[key], state[key]) for key in state)
    with pytest.raises(WeightsError, match="does not hold weights of raft_large"):
        weights.read_state(path, "raft_large")


@pytest.mark.data
def test_the_official_checkpoint(real_data):
    """This code gives the authors' code's mean EPE on the whole data set, 0.32 px on this pair."""
    card = models.import_weights(real_data / "checkpoints" / "raft-small.pth")
    assert (card.name, card.num_params, card.licence) == (
        "raft_small.things",
        990_162,
        "BSD-3-Clause",
    )
    model = models.create(card.name)
    folder = real_data / "flow" / "middlebury" / "RubberWhale"
    first, second = (frame_to_tensor(read_frame(folder / f"frame{i}.png")) for i in (1, 2))
    padding = padding_to_stride(*first.shape[-2:], stride=model.stride, min_size=model.min_size)
    with torch.inference_mode():
        flow = crop(model(pad(first, padding), pad(second, padding)).flow, padding)
    truth = read_flow(folder / "flow.flo")
    epe = ((flow_to_array(flow) - truth.uv) ** 2).sum(-1) ** 0.5
    assert epe[truth.valid].mean() == pytest.approx(0.3202, rel=0.01)
