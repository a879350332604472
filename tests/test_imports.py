"""The house: imports run downward only and in no circle, and each package says what it offers."""

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

import stagedoor

ROOT = Path(stagedoor.__file__).parent

LAYERS: dict[str, int] = {
    "__main__": 8,
    "cli": 7,
    "app": 6,
    "net": 5,
    "services": 5,
    "kilovolt": 4,
    "streamerbot": 4,
    "access": 3,
    "remote": 3,
    "keys": 3,
    "hub": 2,
    "errors": 1,
    "json_text": 1,
    "private_file": 1,
    "strimertul": 1,
    "wire": 1,
    "types": 0,
    "version": 0,
}
"""A module imports from its own part and from lower layers. Parts of one layer do not know each other."""

LOOSE = {
    "archive",
    "audit",
    "bot",
    "comparison",
    "control",
    "fake_twitch",
    "kept",
    "options",
    "parameters",
    "readmission",
    "redaction",
    "templates",
    "tls",
    "uploads",
}
"""Modules below ``app`` that stand beside the layers; they know hub and access at most, and no socket."""


def modules() -> dict[str, Path]:
    """Every module by its dotted name without ``stagedoor.``; the package itself is the empty name."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports_of(name: str, *, also_deferred: bool = True) -> set[str]:
    """Which modules of ours a module imports, those for type checking alone left out."""
    tree = ast.parse(MODULES[name].read_text("utf-8"))
    found: set[str] = set()
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            pending += node.orelse
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            if (node.module or "").split(".")[0] == "stagedoor":
                found |= {target_of(f"{node.module}.{alias.name}") for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {target_of(alias.name) for alias in node.names if alias.name.split(".")[0] == "stagedoor"}
        elif also_deferred or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            pending += ast.iter_child_nodes(node)
    return found - {name}


def target_of(dotted: str) -> str:
    """The module that holds what is imported."""
    name = dotted.removeprefix("stagedoor").removeprefix(".")
    return name if name in MODULES else name.rpartition(".")[0]


def part_of(module: str) -> str:
    return module.partition(".")[0]


def test_there_are_modules() -> None:
    assert {"hub.hub", "access", "kilovolt.session", "net.head", "app", "cli"} <= MODULES.keys()


def test_every_module_has_a_place() -> None:
    assert {part_of(name) for name in MODULES if name} <= LAYERS.keys() | LOOSE


@pytest.mark.parametrize("name", [name for name in MODULES if part_of(name) in LAYERS])
def test_imports_run_downward(name: str) -> None:
    own = part_of(name)
    for imported in imports_of(name):
        part = part_of(imported)
        if part in ("", own):
            continue
        if part in LOOSE:
            assert LAYERS[own] > LAYERS["kilovolt"], f"{name} imports {imported}"
        else:
            assert LAYERS[part] < LAYERS[own], f"{name} imports {imported}"


@pytest.mark.parametrize("name", sorted(LOOSE))
def test_modules_beside_the_layers_know_hub_and_access_at_most(name: str) -> None:
    assert {part_of(imported) for imported in imports_of(name)} <= {
        "",
        "hub",
        "keys",
        "access",
        "types",
        "errors",
        "private_file",
        "strimertul",
    } | LOOSE


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("services.")])
def test_no_service_imports_another(name: str) -> None:
    service = ".".join(name.split(".")[:2])
    others = {imported for imported in imports_of(name) if part_of(imported) == "services"}
    assert all(imported.startswith(service) for imported in others)


@pytest.mark.parametrize("name", ["kilovolt.messages", "kilovolt.session"])
def test_a_protocol_session_does_no_io(name: str) -> None:
    tree = ast.parse(MODULES[name].read_text("utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {part_of(module) for module in imported} & {"asyncio", "socket", "picows", "aiohttp", "time", "random"}


def test_imports_go_in_no_circle() -> None:
    graph = {name: imports_of(name, also_deferred=False) for name in MODULES}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join((*path, name))
        if name not in done:
            for imported in sorted(graph[name]):
                visit(imported, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("name", sorted(name for name in MODULES if not name.endswith("__main__")))
def test_every_module_can_be_imported_and_says_what_it_is(name: str) -> None:
    module = importlib.import_module(f"stagedoor.{name}".rstrip("."))
    assert (module.__doc__ or "").strip()


def packages() -> list[str]:
    found = [package.name for package in pkgutil.walk_packages([str(ROOT)], "stagedoor.") if package.ispkg]
    return ["stagedoor", *found]


@pytest.mark.parametrize("name", packages())
def test_public_names_are_sorted_and_there(name: str) -> None:
    package = importlib.import_module(name)
    public = getattr(package, "__all__", None)
    if public is None:
        assert part_of(name.removeprefix("stagedoor.")) in ("net", "services"), f"{name} says nothing of its names"
        return
    assert len(set(public)) == len(public)
    # Constants, then classes, then functions: the order in which ruff sorts them.
    assert list(public) == sorted(public, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    for public_name in public:
        assert getattr(package, public_name) is not None


@pytest.mark.parametrize("name", ["stagedoor.hub", "stagedoor.access"])
def test_what_lower_packages_offer_is_what_they_export(name: str) -> None:
    package = importlib.import_module(name)
    own = {
        found
        for found, value in vars(package).items()
        if not found.startswith("_") and getattr(value, "__module__", "").startswith(name)
    }
    assert own <= set(package.__all__)
