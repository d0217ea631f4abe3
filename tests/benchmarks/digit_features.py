"""Why argmax features are not the points: ``python -m tests.benchmarks.digit_features``.

On 1000 canvases of unseen digits each, over the rows that hold ink: how often, and by how much, the
argmax of a row is not its first ink; how far the box of all that is not zero is from that of the
ink; and the same after the threshold that defines the ink.
"""

from pathlib import Path

from flowcore.digits.argmax import argmax_features, corner_features, to_px
from flowcore.digits.canvases import load_digits, render
from flowcore.digits.tasks import points_of, two_numbers
from flowcore.digits.training import NUM_TEST, TEST_SEED

MNIST = Path("../shared/data/mnist")


def main() -> None:
    for name, folder in (("shipped", None), ("mnist", MNIST)):
        canvas = render(load_digits(mnist=folder)["test"], NUM_TEST, seed=TEST_SEED).images
        ink = (canvas > canvas.amax((2, 3), keepdim=True) / 2).float()
        corner = points_of(canvas)[:, 0]
        first, has_ink = ink[:, 0].argmax(-1).float(), ink[:, 0].any(-1)
        for kind, image in (("as it is", canvas), ("ink alone", ink)):
            found = to_px(argmax_features(image)[:, :64], 64)
            gaps = (found - first)[has_ink].abs()
            box = to_px(corner_features(image)[:, :2], 64)
            print(
                f"{name}, {kind}: {100 * (gaps > 0.5).float().mean():.1f} % of the rows, by "
                f"{gaps.mean():.2f} px on average; top-left corner of what is not zero "
                f"{(box - corner).norm(dim=-1).mean():.2f} px away"
            )
        print(f"{name}, two numbers: {(two_numbers(canvas) - corner).norm(dim=-1).max():.3f} px")


if __name__ == "__main__":
    main()
