"""ZIP files of strangers: what is unpacked, and what is refused before anything is written."""

import stat
import zipfile
from io import BytesIO

import pytest

from flowcore.errors import InputError
from flowcore.io import archive
from flowcore.io.archive import unpack_zip


def packed(files, *, mode=None):
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if mode is not None:
                info.external_attr = mode << 16
            target.writestr(info, content)
    return stream.getvalue()


def test_files_come_out_as_they_went_in(tmp_path):
    files = {"set/one/frame1.png": b"abc", "set/.DS_Store": b"x", "__MACOSX/set/._a": b"x"}
    assert unpack_zip(packed(files), tmp_path) == 3
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [
        tmp_path / "set/one/frame1.png"
    ]
    assert (tmp_path / "set/one/frame1.png").read_bytes() == b"abc"


@pytest.mark.parametrize(
    "name",
    ["../out.png", "/etc/out.png", "a/../../out.png", ".ssh/config", "a/.hidden", "C:\\out.png",
     "a<b>.png", "x" * 101, "/".join("abcdefghijk"), "a\n.png"],
)  # fmt: skip
def test_no_name_leads_out(tmp_path, name):
    with pytest.raises(InputError, match="not taken"):
        unpack_zip(packed({name: b"x"}), tmp_path)
    assert not list(tmp_path.iterdir())


def test_bombs_links_and_rubbish_are_refused(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="times its size"):
        unpack_zip(packed({"zeros.flo": bytes(5_000_000)}), tmp_path)
    with pytest.raises(InputError, match="holds a link"):
        unpack_zip(packed({"a": b"/etc/passwd"}, mode=stat.S_IFLNK | 0o777), tmp_path)
    with pytest.raises(InputError, match="damaged"):
        unpack_zip(b"no archive", tmp_path)
    data = packed({"a/b.png": bytes(range(256)) * 9})
    with pytest.raises(InputError, match="damaged"):
        unpack_zip(data[:-30], tmp_path)
    with pytest.raises(InputError, match="no file"):
        unpack_zip(packed({}), tmp_path)
    monkeypatch.setattr(archive, "MAX_FILES", 1)
    with pytest.raises(InputError, match="2 files"):
        unpack_zip(packed({"a": b"", "b": b""}), tmp_path)
    monkeypatch.setattr(archive, "MAX_BYTES", 2)
    with pytest.raises(InputError, match="GB"):
        unpack_zip(packed({"a": b"abc"}), tmp_path)


def test_a_file_that_holds_more_than_it_declares(tmp_path):
    data = bytearray(packed({"a.png": b"abcdefgh" * 500}))
    real = (4000).to_bytes(4, "little")
    data = bytes(data).replace(real, (40).to_bytes(4, "little"))
    with pytest.raises(InputError):
        unpack_zip(data, tmp_path)
