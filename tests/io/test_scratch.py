"""Temporary folders, and what killed processes leave of them."""

import os

from flowcore.io.scratch import scratch_folder, sweep


def test_a_folder_is_there_and_then_gone(tmp_path):
    with scratch_folder(tmp_path) as folder:
        assert folder.parent == tmp_path
        assert folder.name.startswith(f"flowscope-{os.getpid()}-")
    assert not folder.exists()


def test_only_what_nobody_uses_any_more_is_swept(tmp_path):
    names = {
        "flowscope-999999999-old": (0, False),
        "flowscope-999999999-new": (None, True),  # of another machine, perhaps
        f"flowscope-{os.getpid()}-mine": (0, True),
        "flowscope-notes": (0, True),
    }
    for name, (time, _) in names.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"left")
        if time is not None:
            os.utime(tmp_path / name, (time, time))
    sweep(tmp_path)
    assert {name: (tmp_path / name).exists() for name in names} == {
        name: stays for name, (_, stays) in names.items()
    }
