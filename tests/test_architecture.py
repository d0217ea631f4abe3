"""Imports point down only, and the library has no side effects when it is imported."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LEVELS = {
    "flowcore.types": 0, "flowcore.errors": 0,
    "flowcore.ops": 1, "flowcore.io": 1,
    "flowcore.metrics": 2, "flowcore.losses": 2, "flowcore.chunking": 2, "flowcore.viz": 2,
    "flowcore.cost": 2, "flowcore.energy": 2, "flowcore.operations": 2, "flowcore.published": 2,
    "flowcore.models": 3, "flowcore.data": 3,
    "flowcore.budget": 4, "flowcore.pipeline": 4, "flowcore.features": 4,
    "flowcore.comparison": 5, "flowcore.panels": 5, "flowcore.report": 5, "flowcore.evaluation": 5,
    "flowcore.bursts": 5,
    "flowcore.recipes": 5, "flowcore.refinement": 5, "flowcore.stage_panels": 5,
    "flowcore.probe": 5,
    "flowcore.figure": 5, "flowcore.stack_walk": 5, "flowcore.robustness": 5,
    "flowcore.training": 5, "flowcore.attacks": 5, "flowcore.sweep": 5,
    "flowcore.digits": 5, "flowcore.jobs": 5,
    "flowcore.__main__": 6, "flowcore.commands": 6,
    "pages.components": 7,
    "pages": 8, "app": 8,
}  # fmt: skip
FILES = sorted([*ROOT.glob("flowcore/**/*.py"), *ROOT.glob("pages/**/*.py"), ROOT / "app.py"])
SIDE_EFFECTS = {"setNumThreads", "set_grad_enabled", "set_num_threads", "filterwarnings", "seed"}


def module_name(path):
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def level_of(module):
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        if (name := ".".join(parts[:length])) in LEVELS:
            return LEVELS[name]
    return None


def imports_of(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.fixture(params=FILES, ids=module_name)
def source(request):
    return module_name(request.param), ast.parse(request.param.read_text(encoding="utf-8"))


def test_imports_point_down(source):
    module, tree = source
    if module == "flowcore":
        return
    own = level_of(module)
    assert own is not None, f"{module} has no level in DESIGN's table"
    for imported in imports_of(tree):
        level = level_of(imported)
        assert level is None or level <= own, f"{module} imports {imported}, which lies above it"


def test_streamlit_stays_in_the_pages(source):
    module, tree = source
    uses = any(name.split(".")[0] == "streamlit" for name in imports_of(tree))
    assert not uses or level_of(module) >= 7


def test_nothing_happens_at_import_time(source):
    module, tree = source
    for node in tree.body:
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and level_of(module) != 8
        ):
            name = getattr(node.value.func, "attr", getattr(node.value.func, "id", ""))
            assert name not in SIDE_EFFECTS, f"{module} calls {name} when imported"
    text = ast.unparse(tree)
    assert "sys.path" not in text
    assert module.startswith(("flowcore.__main__", "flowcore.commands")) or "print(" not in text


def test_neighbors_form_no_circle():
    graph = {}
    for path in FILES:
        module = module_name(path)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        graph[module] = set(imports_of(ast.Module(top, []))) - {module}
    done = set()

    def visit(module, path):
        assert module not in path, f"circle: {' -> '.join((*path, module))}"
        if module in done or module not in graph:
            return
        for imported in graph[module]:
            if imported in graph and not module.startswith(f"{imported}."):
                visit(imported, (*path, module))
        done.add(module)

    for module in graph:
        visit(module, ())
