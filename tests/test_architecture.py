"""Imports point down only, and the library has no side effects when it is imported."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LEVELS = {
    "flowcore.types": 0, "flowcore.errors": 0, "flowcore.places": 0,
    "flowcore.ops": 1, "flowcore.io": 1, "flowcore.settings": 1,
    "flowcore.metrics": 2, "flowcore.losses": 2, "flowcore.chunking": 2, "flowcore.viz": 2,
    "flowcore.cost": 2, "flowcore.hardware": 2, "flowcore.energy": 2,
    "flowcore.operations": 2, "flowcore.published": 2,
    "flowcore.models": 3, "flowcore.data": 3,
    "flowcore.budget": 4, "flowcore.pipeline": 4, "flowcore.features": 4,
    "flowcore.gradient": 4, "flowcore.knobs": 4, "flowcore.lane": 4, "flowcore.scores": 4,
    "flowcore.evaluation": 5, "flowcore.export": 5, "flowcore.bursts": 5,
    "flowcore.store": 5, "flowcore.store_schema": 5, "flowcore.run_records": 5,
    "flowcore.leaderboard": 5, "flowcore.history": 5,
    "flowcore.refinement": 5, "flowcore.probe": 5, "flowcore.stack_walk": 5,
    "flowcore.robustness": 5, "flowcore.training": 5, "flowcore.size_points": 5,
    "flowcore.sweeps": 5, "flowcore.sequences": 5,
    "flowcore.digits": 5, "flowcore.jobs": 5, "flowcore.tasks": 5,
    "flowcore.__main__": 6, "flowcore.commands": 6,
    "pages.components": 7,
    "pages": 8, "app": 8,
}  # fmt: skip
FILES = sorted([*ROOT.glob("flowcore/**/*.py"), *ROOT.glob("pages/**/*.py"), ROOT / "app.py"])
REGISTRATIONS = {"register_layout"}  # calls that a module may make for their effect
SETTERS = {
    "basicConfig", "chdir", "filterwarnings", "manual_seed", "putenv", "seed", "setNumThreads",
    "set_default_device", "set_default_dtype", "set_grad_enabled", "set_num_interop_threads",
    "set_num_threads", "set_start_method", "simplefilter", "use_deterministic_algorithms",
}  # fmt: skip
NOT_ON_IMPORT = {"__name__ == '__main__'", "TYPE_CHECKING"}


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


def test_tables_leave_the_pages_through_one_guard(source):
    module, tree = source
    if module.startswith("pages"):
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert "to_csv" not in names, "flowcore.export.table.csv_of keeps formulas out"


def run_on_import(node):
    """Everything below a node that is executed on import, which bodies of functions are not."""
    is_later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or (
        isinstance(node, ast.If) and ast.unparse(node.test) in NOT_ON_IMPORT
    )
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not (is_later and name == "body"):
                yield child
                yield from run_on_import(child)


def side_effects(tree):
    """What changes something elsewhere on import: setters, values thrown away, foreign targets."""

    def called(node):
        return getattr(node.func, "attr", getattr(node.func, "id", ""))

    for node in run_on_import(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            happens = called(node.value) not in REGISTRATIONS
        elif isinstance(node, ast.Call):
            happens = called(node) in SETTERS
        else:
            is_target = isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)
            happens = is_target and isinstance(node, ast.Attribute | ast.Subscript)
        if happens:
            yield ast.unparse(node)


def test_nothing_happens_at_import_time(source):
    module, tree = source
    if level_of(module) != 8:
        assert not list(side_effects(tree)), f"{module} does this when imported"
    text = ast.unparse(tree)
    assert "sys.path" not in text
    assert module.startswith(("flowcore.__main__", "flowcore.commands")) or "print(" not in text


@pytest.mark.parametrize(
    "text",
    [
        "cv2.setNumThreads(0)",
        "_ = torch.set_num_threads(1)",
        "import os; os.environ['OMP_NUM_THREADS'] = '1'",
        "os.environ.setdefault('OMP_NUM_THREADS', '1')",
        "torch.backends.cudnn.benchmark = True",
        "sys.path += ['core']",
        "del os.environ['HOME']",
        "if torch.cuda.is_available():\n    torch.backends.cuda.matmul.allow_tf32 = True",
        "if TYPE_CHECKING:\n    import os\nelse:\n    np.random.seed(0)",
        "with warnings.catch_warnings():\n    warnings.filterwarnings('ignore')",
        "for path in ('core',):\n    sys.path.append(path)",
        "try:\n    import cv2\nexcept ImportError:\n    os.chdir('..')",
        "class Net:\n    rng = torch.manual_seed(0)",
        "class Net:\n    warnings.simplefilter('ignore')",
        "def run(seed=np.random.seed(0)): pass",
        "@decorated(torch.set_grad_enabled(False))\ndef run(): pass",
        "cv2 and cv2.setNumThreads(0)",
    ],
)
def test_what_happens_at_import_time_is_seen(text):
    assert list(side_effects(ast.parse(text)))


@pytest.mark.parametrize(
    "text",
    [
        "def run():\n    cv2.setNumThreads(0)\n    os.environ['A'] = 'b'",
        "class Net:\n    def run(self):\n        self.steps = seed()",
        "run = lambda: torch.set_num_threads(1)",
        "if __name__ == '__main__':\n    sys.exit(main())",
        "LIMITS: dict[str, int] = dict(a=1)\nLIMIT, *REST = LIMITS['a'], 2",
        "for name in 'ab':\n    register_layout(Layout(name))",
        'class Net:\n    """A net."""\n    ...',
    ],
)
def test_what_happens_later_is_left_alone(text):
    assert not list(side_effects(ast.parse(text)))


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
