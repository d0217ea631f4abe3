"""The viewer's files can be joined to one script: all of them, and each after what it needs."""

import re

import pytest

from flowcore.viz.viewer_page import SCRIPTS, STYLES, VIEWER, viewer_script, viewer_style

IMPORT = re.compile(r'^import \{.*\} from "\./(\w+)\.js";$', re.MULTILINE)
NAME = re.compile(r"^(?:export )?(?:async )?(?:const|let|class|function) (\w+)", re.MULTILINE)


def source(name):
    return (VIEWER / f"{name}.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(("names", "suffix"), [(SCRIPTS, "js"), (STYLES, "css")])
def test_every_file_is_joined_once(names, suffix):
    assert sorted(names) == sorted(path.stem for path in VIEWER.glob(f"*.{suffix}"))


def test_every_class_that_is_styled_is_one_of_the_scripts():
    styled = set(re.findall(r"\.([a-z][\w-]*)", re.sub(r"/\*.*?\*/", "", viewer_style())))
    assert [name for name in styled if not re.search(rf"\b{name}\b", viewer_script())] == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_file_stands_after_those_that_it_imports(name):
    before = SCRIPTS[: SCRIPTS.index(name)]
    assert [other for other in IMPORT.findall(source(name)) if other not in before] == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_imports_are_lines_that_joining_removes(name):
    words = re.findall(r"\bimport\b", re.sub(r"//.*", "", source(name)))
    assert len(words) == len(IMPORT.findall(source(name)))


def test_no_two_files_use_one_name():
    names = [found for name in SCRIPTS for found in NAME.findall(source(name))]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("name", ["color", "layers", "painters", "paint", "legend", "readings"])
def test_layers_have_no_colors_but_the_palettes(name):
    assert re.findall(r"#[0-9a-f]{3,8}\b|\brgb\(\d|\bpack\(\d.*", source(name)) == []


def test_the_script_is_one_module_without_imports():
    script = viewer_script()
    assert not IMPORT.search(script)
    assert not re.search(r"^\s*/\*\*", script, re.MULTILINE)  # what only the type check reads
    assert re.findall(r"^export .*", script, re.MULTILINE) == [
        "export default function ({ data, parentElement, setTriggerValue }) {"
    ]
