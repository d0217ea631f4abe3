"""What a net trained by ``tests.benchmarks.semantics`` is worth, on scenes and on real pairs."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from flowcore.data.classes import CLASS_SETS
from flowcore.data.datasets import open_dataset
from flowcore.data.scenes import Scenes, make_scenes
from flowcore.losses import class_smoothness, masked_mean, same_class_here
from flowcore.metrics.flow import epe, fl_all, inlier_rate, mean_epe
from flowcore.metrics.labels import confusion, iou_by_class, mean_iou
from flowcore.metrics.sparsification import SHARES, ause, sparsification
from flowcore.metrics.statistics import class_means
from flowcore.models.norm import insert_norm
from flowcore.models.registry import build_untrained
from flowcore.ops.consistency import consistency_distance
from flowcore.ops.convert import flow_to_array, frame_to_tensor
from flowcore.pipeline import predict
from flowcore.training.config import TrainingConfig
from flowcore.training.source import SceneSource
from flowcore.types import PipelineConfig

NUM = len(CLASS_SETS["scenes"].classes)


@torch.inference_mode()
def scores(net, batches: Iterable[Scenes], semantic, *, iterations: int | None = None) -> dict:
    """EPE, Fl, 1 and 3 px rates, per class, the first semantic loss, mIoU of a decoder."""
    wanted = frozenset({"classes"} if semantic.decoder else ())
    errors, hits, found, labels = [], {"fl_all": [], "inlier_1px": [], "inlier_3px": []}, [], []
    counts = np.zeros((NUM, NUM + 1), np.int64)
    smoothness = []
    for scenes in batches:
        result = net(scenes.first, scenes.second, keep=wanted, iterations=iterations)
        flow = result.flow.float()
        errors.append(epe(flow, scenes.flow).numpy())
        labels.append(scenes.classes.numpy())
        found += [mean_epe(f[None], t[None]) for f, t in zip(flow, scenes.flow, strict=True)]
        hits["fl_all"].append(fl_all(flow, scenes.flow))
        hits["inlier_1px"].append(inlier_rate(flow, scenes.flow, px=1))
        hits["inlier_3px"].append(inlier_rate(flow, scenes.flow, px=3))
        mask = same_class_here(scenes.classes, scenes.second_classes)
        smoothness.append(masked_mean(class_smoothness(flow, scenes.classes), mask).item())
        if wanted:
            size = flow.shape[-2:]
            scores_there = torch.nn.functional.interpolate(
                result.maps["classes"].values.float(), size, mode="bilinear", align_corners=False
            )
            estimate = 1 + scores_there[:, :NUM].argmax(1)
            counts += confusion(estimate.numpy(), scenes.classes.numpy(), num_classes=NUM)
    of_classes = class_means(
        np.concatenate([one.ravel() for one in errors]),
        np.concatenate([one.ravel() for one in labels]),
    )
    return {
        "epe": float(np.mean(found)),
        "epe_of_pairs": found,
        **{name: float(np.mean(values)) for name, values in hits.items()},
        "epe_by_class": {number: value for number, (value, _) in of_classes.items()},
        "v1_loss": float(np.mean(smoothness)),
        **({"miou": mean_iou(counts), "iou": iou_by_class(counts)} if wanted else {}),
    }


def still(config: TrainingConfig) -> float:
    """EPE in px of no motion at all on the held-out scenes: what a net that gave up comes to."""
    flows = [scenes.flow for scenes in held_out(SceneSource(config, device=torch.device("cpu")))]
    return float(torch.cat(flows).norm(dim=1).mean())


@torch.inference_mode()
def real_scores(net, root: Path) -> dict:
    """EPE in px and Fl in percent on real pairs, means over pairs by data set."""
    found: dict[str, list[tuple[float, float]]] = {}
    for files in open_dataset(root).pairs:
        pair = files.load()
        frames = frame_to_tensor(pair.first), frame_to_tensor(pair.second)
        flow = flow_to_array(predict(net, *frames, PipelineConfig("scope_035_4px")).flow)
        truth = pair.truth
        row = mean_epe(flow, truth.uv, truth.valid), fl_all(flow, truth.uv, truth.valid)
        found.setdefault(files.dataset, []).append(row)
    return {name: np.mean(rows, 0).tolist() for name, rows in found.items()}


def uncertainties(folder: Path, configs) -> dict:
    """AUSE and curves of four uncertainties; of those whose runs are there."""
    nets, source = {}, None
    for table, key, config in configs:
        place = folder_of(folder, key, config)
        if key.split("/")[1] not in ("base", "scale") or table not in ("methods", "uncertainty"):
            continue
        if not (place / "weights.pt").is_file():
            continue
        net = build_untrained(config.model)
        insert_norm(net)
        net.load_state_dict(torch.load(place / "weights.pt", weights_only=True))
        nets[key] = net.eval()
        source = source or SceneSource(config, device=torch.device("cpu"))
    base = [net for key, net in nets.items() if key.startswith("methods/base/")]
    scale = nets.get("uncertainty/scale/0")
    rows: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for scenes in held_out(source) if source else ():
        for name, (flow, spread) in _each(scenes, base, scale).items():
            pair = epe(flow, scenes.flow).numpy().ravel(), spread.numpy().ravel()
            rows.setdefault(name, []).append(pair)
    joined = {name: [np.concatenate(part) for part in zip(*all_, strict=True)]
              for name, all_ in rows.items()}  # fmt: skip
    return {
        "shares": list(SHARES),
        **{
            name: {
                "ause": ause(errors, spread),
                "epe": float(errors.mean()),
                "curve": sparsification(errors, spread).tolist(),
                "oracle": sparsification(errors, errors).tolist(),
            }
            for name, (errors, spread) in joined.items()
        },
    }


def folder_of(root: Path, key: str, config: TrainingConfig) -> Path:
    """Of a run: one tried with fewer steps has another."""
    return root / f"{key.replace('/', '.').replace(', ', '-')}.{config.digest[:8]}"


@torch.inference_mode()
def _each(scenes: Scenes, base: list, scale) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """The flow that each uncertainty is of, and the uncertainty, (B, H, W)."""
    found = {}
    first, second = scenes.first, scenes.second
    if base:
        one = base[0](first, second, keep=frozenset({"iterates"}))
        late = torch.stack(one.iterates[-4:])
        found["refinement steps"] = one.flow, late.var(0).sum(1).sqrt()
        back = base[0](second, first).flow
        found["forward-backward"] = one.flow, consistency_distance(one.flow, back)
    if len(base) > 1:
        flows = torch.stack([net(first, second).flow for net in base])
        found["ensemble of the seeds"] = flows.mean(0), flows.var(0).sum(1).sqrt()
    if scale is not None:
        said = scale(first, second, keep=frozenset({"log_scale"}))
        found["scale head"] = said.flow, said.maps["log_scale"].values[:, -1]
    return found


def held_out(source: SceneSource) -> Iterable[Scenes]:
    """The same 48 scenes each time, of photos that no run learns from."""
    generator = torch.Generator().manual_seed(2**33 + 1)
    for _ in range(3):
        yield make_scenes(
            source.kept,
            source.shapes,
            batch=16,
            size=(128, 192),
            config=source.config.stages[0].scenes,
            generator=generator,
            kinds=source.kinds,
        )
