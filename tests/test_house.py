"""The rules of the house: which room may import which, what an import may load, what must not be there at all."""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path

import pytest

import textmill
from textmill import errors

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SOURCE = ROOT / "src" / "textmill"
FILES = sorted(SOURCE.rglob("*.py"))

# Data walk one way: a room may import rooms to its left
ROOMS = (
    *("errors", "types", "threads", "settings", "names", "config", "plugins", "_native"),
    *("read", "text", "annotate", "features", "models", "evaluate", "registry", "flow", "serve", "cli"),
)
# A leaf that scikit-learn's users import, beside what it wraps
HEAVY = (
    "numpy",
    "scipy",
    "pyarrow",
    "sklearn",
    "torch",
    "spacy",
    "transformers",
    "pandas",
    "polars",
    "rich",
    "tokenizers",
    "regex",
)


def name_of(file: Path) -> str:
    return file.relative_to(SOURCE).as_posix()


every_file = pytest.mark.parametrize("file", FILES, ids=name_of)


@functools.cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def room_of(file: Path) -> str:
    """Of ``read/corpus.py``, ``read``; of ``errors.py``, ``errors``; of the package's own file, ``textmill``."""
    first = file.relative_to(SOURCE).parts[0].removesuffix(".py")
    return "textmill" if first == "__init__" else first


def module_of(file: Path) -> str:
    parts = ["textmill", *file.relative_to(SOURCE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_in(nodes: Iterator[ast.AST], file: Path) -> Iterator[str]:
    """Full names of what is imported, by statement or by `import_module` with a name written out."""
    package = module_of(file).split(".")
    if file.name != "__init__.py":
        package = package[:-1]
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*package[: len(package) - node.level + 1], *([base] if base else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif (
            isinstance(node, ast.Call)
            and node.args
            and ast.unparse(node.func).endswith(("import_module", "__import__"))
        ):
            first = node.args[0].values[0] if isinstance(node.args[0], ast.JoinedStr) else node.args[0]
            if isinstance(first, ast.Constant):
                yield str(first.value)


def rooms_in(nodes: Iterator[ast.AST], file: Path) -> set[str]:
    """The rooms that are imported; a name that the package itself hands on counts as its room's."""
    found = set()
    for name in imports_in(nodes, file):
        package, _, rest = name.partition(".")
        if package == "textmill" and rest:
            first = rest.split(".")[0]
            found.add(textmill._ROOM.get(first, first))
    return found & {*ROOMS}


def test_what_is_built_runs_on_every_cpu_of_its_kind_and_gives_the_same() -> None:
    """No code for the CPU that builds; where a newer one helps, the choice is made at run time."""
    files = [ROOT / "pyproject.toml", ROOT / "Makefile", ROOT / ".ci" / "run", *ROOT.glob("**/CMakeLists.txt")]
    texts = {file: file.read_text(encoding="utf-8") for file in files if "build" not in file.relative_to(ROOT).parts}
    faults = [
        f"{file.relative_to(ROOT)}: {found[0]}"
        for file, text in texts.items()
        for found in re.finditer(r"-m(?:arch|tune|cpu|avx|sse|fma|bmi)\S*|-ffast-math|-Ofast|-funsafe\S*", text)
    ]
    assert not faults, "\n".join(faults)
    # a * b + c in one rounding on one CPU and in two on another would be two results
    assert "-ffp-contract=off" in texts[ROOT / "CMakeLists.txt"]


@every_file
def test_imports_only_look_upstream(file: Path) -> None:
    room = room_of(file)
    if room == "textmill":
        pytest.skip("the package's own file hands names on from every room")
    assert room in ROOMS, f"{room} is no room of the house; the rooms are {', '.join(ROOMS)}"
    later = {name for name in rooms_in(ast.walk(tree_of(file)), file) if ROOMS.index(name) > ROOMS.index(room)}
    assert not later, f"{name_of(file)} imports downstream: {', '.join(sorted(later))}"


def test_the_test_of_imports_sees_each_way_to_import(tmp_path: Path) -> None:
    source = (
        "import textmill.cli\n"
        "from textmill import _native, Store\n"
        "from ..evaluate.gate import check_gate\n"
        "def f():\n    from textmill.serve import Service\n    import_module(f'textmill.flow.{1}')\n"
        "if TYPE_CHECKING:\n    from textmill.models import TextClassifier\n"
    )
    found = rooms_in(ast.walk(ast.parse(source)), SOURCE / "read" / "corpus.py")
    assert found == {"cli", "_native", "registry", "evaluate", "serve", "flow", "models"}


def test_no_room_imports_itself_in_a_circle() -> None:
    """Of what is imported when a module is first read; imports inside functions break a circle."""
    modules = {module_of(file): file for file in FILES}

    def at_once(file: Path) -> set[str]:
        names = set(imports_in(iter(tree_of(file).body), file))
        return {m for name in names for m in (name, name.rpartition(".")[0]) if m in modules} - {
            "textmill",
            module_of(file),
        }

    after = {name: at_once(file) for name, file in modules.items()}
    while leaves := {name for name, needs in after.items() if not needs}:
        after = {name: needs - leaves for name, needs in after.items() if name not in leaves}
    assert not after, f"these import each other in a circle, or hang on such: {', '.join(sorted(after))}"


@pytest.mark.parametrize("folder", ["src", "tests", "benches", "native", "examples", "docs"])
def test_no_file_is_called_after_nothing_in_particular(folder: str) -> None:
    nothing = re.compile(r"(^|_)(utils?|helpers?|common|misc|stuff)(_|$)|_v[0-9]+$", re.IGNORECASE)
    found = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".pyi", ".cpp", ".hpp"} and nothing.search(path.stem)
    ]
    assert not found


@pytest.mark.parametrize("folder", ["src", "tests", "benches", "native", "docs"])
def test_no_file_is_longer_than_600_lines(folder: str) -> None:
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".cpp", ".hpp"}
        and "generated" not in (text := path.read_text(encoding="utf-8"))[:400].lower()
        and (lines := text.count("\n")) > 600
    }
    assert not long


@every_file
def test_nothing_that_is_read_can_run_code(file: Path) -> None:
    """No pickle, no eval, no shell: opening a model, a data set or a project file runs nothing that lies in it."""
    modules = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    calls = {"eval", "exec", "compile", "os.system", "os.popen", "pickle.load", "pickle.loads"}
    found = {name for name in imports_in(ast.walk(tree_of(file)), file) if name.split(".")[0] in modules}
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Call):
            found |= {ast.unparse(node.func)} & calls
            found |= {
                f"{word.arg}=True"
                for word in node.keywords
                if word.arg in {"shell", "allow_pickle"} and ast.unparse(word.value) != "False"
            }
    assert not found


def test_importing_a_room_loads_no_heavy_guest() -> None:
    modules = ["textmill", *(f"textmill.{room}" for room in ROOMS if room != "_native" and is_there(room))]
    code = (
        "import sys\nfrom importlib import import_module\n"
        f"for name in {modules}:\n"
        "    before = {*sys.modules}; import_module(name); print(name, *{*sys.modules} - before)"
    )
    for line in fresh(code).splitlines():
        module, *loaded = line.split()
        heavy = {name.split(".")[0] for name in loaded} & {*HEAVY}
        assert not heavy, f"import {module} loads {', '.join(sorted(heavy))}"


def test_importing_the_package_loads_no_room() -> None:
    loaded = fresh("import sys, textmill; print(*sys.modules)").split()
    assert not [name for name in loaded if name.startswith("textmill.")]


def test_importing_the_package_is_quick() -> None:
    # What is loaded is checked above; this notices only something absurd. The processor's time, not the clock's: a busy
    # machine is no fault of the code
    code = "import time; t = time.process_time(); import textmill; print(time.process_time() - t)"
    assert min(float(fresh(code)) for _ in range(3)) < 0.15


def fresh(code: str) -> str:
    """What an interpreter of its own prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def is_there(room: str) -> bool:
    return (SOURCE / room).is_dir() or (SOURCE / f"{room}.py").exists()


def packages_of(distribution: str) -> set[str]:
    """The names under which it is imported; its list of files, which may be long, is read where its own is none."""
    own = distribution.replace("-", "_")
    try:
        if find_spec(own) is not None:
            return {own}
        return {file.parts[0].split(".")[0] for file in metadata.files(distribution) or ()}
    except metadata.PackageNotFoundError:
        return set()


def may_import(code: str) -> set[str]:
    """All packages that it imports, and more: also what is in strings, and "" where it may be said in another way."""
    said = re.findall(r"\bfrom\s+(\w+)[\w.]*\s+import\b|(?:^|;)[ \t]*import[ \t]+([^\n;#]+)", code, re.MULTILINE)
    found = {one for one, _ in said} - {""}
    found |= {name.strip().split(".")[0].split(" ")[0] for _, names in said for name in names.split(",") if names}
    return found | ({""} if "import_module" in code or "__import__" in code else set())


def test_tests_import_only_what_their_extra_installs() -> None:
    """What happens to be on a developer's machine is not on a new one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    declared = [*project["dependencies"], *extras["test"], *extras["serve"], *extras["estimators"]]
    declared += [*extras["shared"], *extras["dask"], *extras["languages"], *extras["subword"], *extras["regex"]]
    declared += [*extras["networks"], *extras["onnx"]]
    names = {re.split(r"[^A-Za-z0-9-]", line)[0].lower() for line in declared} | {"anyio"}  # starlette runs on it
    ours = {path.stem for path in (ROOT / "tests").rglob("*.py")} | {"tests", "textmill", "benches", "oracle"}
    known = sys.stdlib_module_names | ours | {top for name in names for top in packages_of(name)}
    undeclared = {
        f"{file.relative_to(ROOT)}: {top}"
        for file in (ROOT / "tests").rglob("*.py")
        if not may_import(file.read_text(encoding="utf-8")) <= known  # only those are parsed
        for name in imports_in(ast.walk(tree_of(file)), SOURCE / "__init__.py")
        if (top := name.split(".")[0]) not in known
    }
    assert not undeclared


def public_names() -> list[str]:
    modules = ["textmill", *(f"textmill.{room}" for room in ROOMS if room != "_native" and is_there(room))]
    return [f"{module}.{name}" for module in modules for name in sorted(import_module(module).__all__)]


def public_thing(name: str) -> object:
    module, _, attribute = name.rpartition(".")
    return getattr(import_module(module), attribute)


def test_public_names_are_those_of_the_golden_list() -> None:
    """A name that goes or comes is a change for users: it belongs into the list and into the changelog."""
    golden = (HERE / "golden" / "names.txt").read_text(encoding="utf-8").split()
    named = public_names()
    assert not set(golden) - {*named}, "gone, though users may use them"
    assert not {*named} - set(golden), "new; add them to tests/golden/names.txt, or keep them private"
    assert golden == named, "sort tests/golden/names.txt as the rooms stand"


def test_every_public_name_is_there_and_listed() -> None:
    for name in public_names():
        module, _, attribute = name.rpartition(".")
        assert public_thing(name) is not None
        assert attribute in dir(import_module(module)), f"dir({module}) leaves {attribute} out"


def test_the_drawn_tree_of_errors_is_the_real_one() -> None:
    drawn: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"    ([│├└─ ]*)([A-Z]\w+)( \((\w+)\))?(  +\S|$)", line)
        if match:
            depth = len(match[1]) // 4
            path = [*path[:depth], match[2]]
            drawn[match[2]] = path[-2] if depth else "Exception"
            if match[4]:
                drawn[match[2]] += f" {match[4]}"
    # AttributeError is only there because scikit-learn's contract asks for it, and would spoil the drawing
    real = {
        name: " ".join(base.__name__ for base in cls.__bases__ if base is not AttributeError)
        for name in errors.__all__
        if isinstance(cls := getattr(errors, name), type)
    }
    assert drawn == real


def documented() -> dict[str, object]:
    """Every public class and function by its name, with the public methods of its own."""
    found: dict[str, object] = {}
    for name in public_names():
        thing = public_thing(name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            found[name] = thing
        if inspect.isclass(thing):
            for method, value in vars(thing).items():
                value = getattr(value, "__func__", getattr(value, "fget", value))
                if inspect.isfunction(value) and not method.startswith("_"):
                    found[f"{name}.{method}"] = value
    return found


def section(thing: object, title: str) -> list[str]:
    """The names that a section of a docstring speaks of, in its order."""
    text = inspect.cleandoc(getattr(thing, "__doc__", None) or "")
    body = re.search(rf"^{title}\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", text + "\n", re.DOTALL | re.MULTILINE)
    named = re.findall(r"^([*\w][*\w, ]*?)(?: : |$)", body[1], re.MULTILINE) if body else []
    return [name.strip().lstrip("*") for line in named for name in line.split(",")]


def test_docstrings_say_what_is_there() -> None:
    """What is said must be true and stand in the order of the signature; what goes without saying may be left out."""
    faults = []
    for name, thing in documented().items():
        if not thing.__doc__:
            faults.append(f"{name}: no docstring")
            continue
        said, real = section(thing, "Parameters"), [*inspect.signature(thing).parameters]  # type: ignore[arg-type]
        faults += [f"{name}: no parameter is called {word}" for word in said if word not in real]
        if inspect.isfunction(thing) and {*said} <= {*real} and said != sorted(said, key=real.index):
            faults.append(f"{name}: parameters in another order than in the signature: {', '.join(said)}")
        if inspect.isclass(thing):
            ours = (cls for cls in thing.__mro__ if cls.__module__.startswith("textmill."))
            source = "".join(inspect.getsource(cls) for cls in ours)
            known = {
                *dir(thing),
                *re.findall(r"self\.(\w+)", source),
                *re.findall(r"^    (\w+):", source, re.MULTILINE),
            }
            faults += [f"{name}: no attribute is called {word}" for word in {*section(thing, "Attributes")} - known]
    assert not faults, "\n".join(faults)


def test_docstrings_name_errors_that_exist() -> None:
    known = {*dir(builtins), *errors.__all__, *(name.rpartition(".")[2] for name in public_names())}
    faults = [
        f"{name}: no error is called {word}"
        for name, thing in documented().items()
        for word in section(thing, "Raises")
        if word[:1].isupper() and " " not in word and word not in known
    ]
    assert not faults, "\n".join(faults)
