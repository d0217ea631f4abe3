"""The cards of what is no benchmark: frames without truth, and the pairs that ship."""

from flowcore.data.layout import Card

__all__ = ["SAMPLES", "SEQUENCES"]

SEQUENCES = Card(
    title="Image sequences and videos",
    size="any; each frame with the next one, in natural order of the names",
    truth="none: the warp and the round trip are measured",
    splits="none",
    licence="that of the data",
    protocol="means of the pairs' numbers",
    scores=(("psnr", "mean"), ("ssim", "mean"), ("consistent_share", "mean")),
    proved="two real image sequences and a real video",
)
"""The card of what has no truth."""

SAMPLES = Card(
    title="Samples",
    size="10 pairs that come with Flowscope",
    truth="exact, as the motion was made; of the stereo pair measured",
    splits="none",
    licence="public domain and CC0 photos; Middlebury stereo (Scharstein et al. 2014)",
    protocol="means of the pairs' means: not a benchmark",
    scores=(("epe", "mean"), ("fl_all", "mean"), ("angular_error", "mean")),
    proved="the pairs themselves",
)
"""The card of the pairs that need no download."""
