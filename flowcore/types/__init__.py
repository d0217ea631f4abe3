"""The values that flow through the library: a pair, a config, an estimate.

Arrays held by these values are read-only, so that one value can be shared by threads, lanes and
caches. Frames are RGB ``(H, W, 3) uint8``; flow is ``(H, W, 2) float32``, channel 0 = u (right),
channel 1 = v (down), in pixels of its own grid, pointing from the first frame to the second.
"""

from flowcore.types.arrays import BoolArray, FloatArray, IntArray, UInt8Array
from flowcore.types.box import Box
from flowcore.types.config import MAX_PASSES, Blend, ChunkGrid, PipelineConfig, Precision
from flowcore.types.estimate import Estimate, FeatureMap, Prediction, Timing, Weights, timing_fields
from flowcore.types.frames import Burst, FlowField, FramePair

__all__ = [
    "MAX_PASSES",
    "Blend",
    "BoolArray",
    "Box",
    "Burst",
    "ChunkGrid",
    "Estimate",
    "FeatureMap",
    "FloatArray",
    "FlowField",
    "FramePair",
    "IntArray",
    "PipelineConfig",
    "Precision",
    "Prediction",
    "Timing",
    "UInt8Array",
    "Weights",
    "timing_fields",
]
