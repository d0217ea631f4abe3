"""Moving pictures can be read back."""

import io

import numpy as np
import pytest
from PIL import Image

from flowcore.errors import InputError, ShapeMismatchError
from flowcore.io.video import decode_video_frames, probe_video
from flowcore.viz.animation import (
    encode_gif,
    encode_mp4,
    encode_webm,
    flip_frames,
    wipe_frames,
    with_words,
)
from flowcore.viz.flow_color import color_wheel
from flowcore.viz.lettering import wrap

RED = np.full((33, 48, 3), (255, 0, 0), np.uint8)
BLUE = np.full((33, 48, 3), (0, 0, 255), np.uint8)


def test_wipe_wanders_over_and_back():
    frames = wipe_frames(RED, BLUE)
    reds = [int((frame == (255, 0, 0)).all(-1).sum()) for frame in frames]
    assert reds[0] == 0
    assert max(reds) >= 33 * 46
    top = reds.index(max(reds))
    assert reds[: top + 1] == sorted(reds[: top + 1])
    assert reds[top:] == sorted(reds[top:], reverse=True)


def test_gif_comes_back():
    gif = Image.open(io.BytesIO(encode_gif(flip_frames(RED, BLUE, RED), seconds_per_frame=0.4)))
    assert gif.n_frames >= 4
    assert gif.info["duration"] == 400
    assert gif.info["loop"] == 0


def test_mp4_comes_back():
    frames = wipe_frames(RED, BLUE)
    video = encode_mp4(frames, frames_per_second=12)
    info = probe_video(video)
    assert (info.num_frames, info.height, info.width) == (len(frames), 32, 48)
    (first,) = decode_video_frames(video, [0])
    assert np.abs(first[:, 4:].astype(int) - BLUE[:32, 4:]).mean() < 12


def test_a_film_for_browsers_is_vp8():
    video = encode_webm(wipe_frames(RED, BLUE), frames_per_second=12)
    assert video[:4] == b"\x1a\x45\xdf\xa3"
    assert b"webm" in video[:64]
    assert b"V_VP8" in video[:1024]


def test_what_cannot_move_is_named():
    with pytest.raises(ShapeMismatchError, match="differ in size"):
        wipe_frames(RED, BLUE[:5])
    with pytest.raises(InputError, match="16 px or more"):
        encode_mp4([RED[:4]], frames_per_second=1)


def test_words_and_legend_stand_around_the_picture():
    """Long names are cut, so that both are there whatever the width."""
    legend = np.full((30, 200, 3), 7, np.uint8)
    for width in (24, 300):
        picture = np.full((20, width, 3), 99, np.uint8)
        framed = with_words(picture, "dis_medium, 2x2, overlap 32", "farneback", legend)
        top = framed.shape[0] - 50
        assert framed.shape[1] == width
        assert (framed[top : top + 20] == picture).all()
        assert (framed[top + 20 :, : min(width, 200)] == 7).all()
        head = framed[:top].min(axis=(0, 2))
        assert head.min() < 100
        assert (head[[0, -1]] == 255).all()
    assert with_words(picture, "First frame").shape[0] == top + 20


def test_a_long_name_takes_more_lines_or_says_that_it_is_cut():
    picture = np.full((20, 300, 3), 99, np.uint8)
    heights = [
        len(with_words(picture, "dis_medium, 2x2, overlap 32", "farneback", max_lines=lines))
        for lines in (1, 2, 3)
    ]
    assert heights == [48, 68, 68]
    assert wrap("dis_medium, 2x2, overlap 32", 138, 16, max_lines=1)[0].endswith("…")


def test_a_legend_in_a_gif_keeps_its_hues():
    """Beside a picture that has no place for them, in the same 256 colors."""
    wheel = color_wheel(64, max_magnitude=8)
    ramp = np.tile(np.arange(1024) % 256, (300, 1))
    picture = np.stack([255 - ramp // 8, 200 + ramp // 8, 255 - ramp // 16], -1).astype(np.uint8)
    frames = [with_words(shown, "a", "b", wheel) for shown in (picture, picture[:, ::-1])]
    gif = Image.open(io.BytesIO(encode_gif(frames, seconds_per_frame=0.1)))
    gif.seek(1)
    off = np.abs(np.asarray(gif.convert("RGB")).astype(int) - frames[1]).max(-1)
    assert off[-len(wheel) :].max() <= 64
    assert off.mean() < 8
