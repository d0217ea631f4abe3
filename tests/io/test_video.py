import json
import os
import subprocess
import sys
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from flowcore.errors import FrameDecodeError
from flowcore.io import video, video_worker
from flowcore.io.video import VideoInfo, decode_video_frames, probe_video, video_thumbnails
from tests.patience import patient

LEVELS = (0, 50, 100, 150, 200, 250)
SIZE = (48, 64)


def pictures():
    """Frames whose red tells the index and whose blue is constant."""
    return [np.full((*SIZE, 3), (level, 0, 90), np.uint8) for level in LEVELS]


def written(path, codec, fps=10):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), fps, SIZE[::-1])
    for picture in pictures():
        writer.write(picture[..., ::-1])
    writer.release()
    return path.read_bytes()


def gif():
    first, *others = (Image.fromarray(picture) for picture in pictures())
    stream = BytesIO()
    first.save(stream, "GIF", save_all=True, append_images=others, duration=100)
    return stream.getvalue()


@pytest.fixture(params=["mp4", "mov", "old mov", "avi", "gif"])
def data(request, tmp_path):
    """A video; an unused box stands for old QuickTime, which does not say what it is."""
    suffix = request.param.removeprefix("old ")
    if suffix == "gif":
        return gif()
    video = written(tmp_path / f"v.{suffix}", "MJPG" if suffix == "avi" else "mp4v")
    return video if suffix == request.param else video.replace(b"ftyp", b"free", 1)


def test_probe(data):
    assert probe_video(data) == VideoInfo(num_frames=6, height=48, width=64, fps=10.0)


def test_frames_come_as_rgb_in_the_order_asked_for(data):
    frames = decode_video_frames(data, [4, 0, 4, 2])
    assert [frame.shape for frame in frames] == [(48, 64, 3)] * 4
    red, green, blue = (np.array([frame[..., c].mean() for frame in frames]) for c in range(3))
    assert np.abs(red - [200, 0, 200, 100]).max() <= 6
    assert np.abs(green).max() <= 6
    assert np.abs(blue - 90).max() <= 6
    assert decode_video_frames(data, []) == []


def test_thumbnails_are_small(data):
    small = video_thumbnails(data, [5, 0], height=12)
    assert [frame.shape for frame in small] == [(12, 16, 3)] * 2
    reds = [int(frame[6, 8, 0]) for frame in small]
    assert reds == pytest.approx([250, 0], abs=12)
    assert video_thumbnails(data, []) == []


def test_an_index_outside_the_video_names_the_range(data):
    with pytest.raises(FrameDecodeError, match="frames 0 to 5, got the index 6"):
        decode_video_frames(data, [0, 6])
    with pytest.raises(FrameDecodeError, match="count from 0 to 9999, got the indices -1 to -1"):
        decode_video_frames(data, [-1])


def test_frames_are_counted_not_believed(tmp_path):
    data = written(tmp_path / "v.avi", "MJPG")
    lie = data.replace((6).to_bytes(4, "little"), (60).to_bytes(4, "little"))
    (tmp_path / "lie.avi").write_bytes(lie)
    assert cv2.VideoCapture(str(tmp_path / "lie.avi")).get(cv2.CAP_PROP_FRAME_COUNT) == 60
    assert probe_video(lie).num_frames == 6
    three_frames = b"00dc".join(data.split(b"00dc")[:5])  # the header names the stream once more
    assert probe_video(three_frames).num_frames == 3


@pytest.mark.parametrize(
    "data", [b"", b"#EXTM3U\nfile:///etc/passwd", b"\x1aE\xdf\xa3" + bytes(99)]
)
def test_other_content_is_refused(data):
    with pytest.raises(FrameDecodeError, match="expected an mp4, mov, avi or gif"):
        probe_video(data)


@pytest.mark.parametrize(
    "magic", [b"\0\0\0\x1cftypisom", b"\0\0\0\x08wide", b"RIFF\0\0\0\0AVI ", b"GIF89a\1\0\1\0"]
)
def test_a_bare_header_is_refused(magic):
    with pytest.raises(FrameDecodeError):
        probe_video(magic + bytes(64))


def test_a_gif_with_a_huge_canvas_is_refused_before_it_is_opened():
    with pytest.raises(FrameDecodeError, match="65535x65535"):
        probe_video(b"GIF89a\xff\xff\xff\xff" + gif()[10:])


def test_length_and_memory_are_bounded(monkeypatch):
    monkeypatch.setattr(video, "MAX_FRAMES", 5)
    with pytest.raises(FrameDecodeError, match="more than the 5 frames"):
        probe_video(gif())
    with pytest.raises(FrameDecodeError, match="0 to 4, got the indices 5 to 5"):
        decode_video_frames(gif(), [5])
    monkeypatch.setattr(video, "_MAX_PIXELS_KEPT", 48 * 64)
    with pytest.raises(FrameDecodeError, match="2 frames of 64x48"):
        decode_video_frames(gif(), [0, 1])


def test_a_crash_or_a_hang_of_the_decoder_is_an_error(tmp_path, monkeypatch):
    worker = tmp_path / "worker.py"
    monkeypatch.setattr(video_worker, "__file__", str(worker))
    worker.write_text("import os; os.abort()")
    with pytest.raises(FrameDecodeError, match="its decoder ended with status -6"):
        probe_video(gif())
    worker.write_text("while True: pass")
    monkeypatch.setattr(video, "_MAX_SECONDS", 0.3)
    with pytest.raises(FrameDecodeError, match=r"not decoded within 0\.3 s"):
        probe_video(gif())


@pytest.mark.data
def test_real_video(real_data):
    data = (real_data / "video/running_car.mp4").read_bytes()
    assert probe_video(data) == VideoInfo(num_frames=292, height=540, width=972, fps=25.0)


def test_the_decoder_ends_with_whoever_asked_it(tmp_path):
    command = [sys.executable, "-I", video_worker.__file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as decoder:
        fifo = tmp_path / "video.mp4"
        os.mkfifo(fifo)  # opening it waits for a writer that never comes
        request = {"path": str(fifo), "wanted": [], "last": 0, "max_pixels": 1}
        decoder.stdin.write(json.dumps(request).encode() + b"\n")
        decoder.stdin.flush()
        assert decoder.poll() is None
        decoder.stdin.close()
        assert decoder.wait(patient(30)) == 1
