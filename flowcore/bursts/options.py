"""The arguments of ``python -m flowcore burst``, apart from its work so that help comes quickly."""

import argparse
from pathlib import Path

__all__ = ["DEFAULT_NET", "add_burst_options"]

DEFAULT_NET = "burst.dynamic"


def add_burst_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("frames", nargs="*", type=Path, metavar="FRAME", help="an odd number")
    parser.add_argument("--video", type=Path, metavar="FILE", help="take the frames from a video")
    parser.add_argument("--start", type=int, default=0, metavar="N", help="its first frame (0)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every Nth frame (1)")
    parser.add_argument("--photo", type=Path, metavar="FILE", help="make a burst from one picture")
    parser.add_argument("--sample", metavar="NAME", help="make it from a photo such as chelsea")
    parser.add_argument("--motion", type=float, default=5.0, metavar="PX", help="in all (5)")
    parser.add_argument("--angle", type=float, default=30.0, metavar="DEG", help="its direction")
    parser.add_argument(
        "--noise", type=float, default=25.0, metavar="SIGMA", help="gray levels (25)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the noise")
    parser.add_argument("--num-frames", type=int, default=5, metavar="N", help="odd (5)")
    parser.add_argument(
        "--value-range",
        default="auto",
        metavar="NAME",
        help="of frames deeper than 8 bits: full, used, auto",
    )
    parser.add_argument("--clean", type=Path, metavar="FILE", help="the true middle frame")
    parser.add_argument(
        "--method", nargs="+", default=[DEFAULT_NET], metavar="NAME", help="nets and baselines"
    )
    parser.add_argument("--stride", type=int, metavar="PX", help="overlap target patches (nets)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the first method's frame")
    parser.add_argument(
        "--flow", type=Path, metavar="FILE", help="the flow that the first net's attention implies"
    )
    parser.add_argument(
        "--to", type=int, metavar="N", help="to this frame, counted from 0 (the last)"
    )
