"""What a module promises in ``__all__`` is there and complete; ruff keeps it sorted."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = [
    path
    for path in sorted([*ROOT.glob("flowcore/**/*.py"), *ROOT.glob("pages/components/*.py")])
    if path.name != "__init__.py" and path.stat().st_size
]


@pytest.fixture(params=FILES, ids=lambda path: str(path.relative_to(ROOT)))
def tree(request):
    return ast.parse(request.param.read_text(encoding="utf-8"))


def assigned_names(node):
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def test_all_is_true(tree):
    defined, exported = set(), None
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            if "__all__" in assigned_names(node):
                exported = ast.literal_eval(node.value)
            defined |= assigned_names(node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            defined |= {alias.asname or alias.name for alias in node.names}
    assert exported is not None, "no __all__"
    assert set(exported) <= defined
    public = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    }
    assert public <= set(exported), f"missing in __all__: {sorted(public - set(exported))}"
