"""The words of the package, counted: ``python -m tests.support.vocabulary [--tree FOLDER] [--list]``.

``--tree`` counts another copy of the repository, such as one of an older commit; ``--list`` shows what was counted.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import statistics
import sys
import tokenize
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

TOWER = (
    *("Reading", "Read", "Asking", "Question", "Query", "Workshop", "Expanded", "Shown"),
    *("Gathered", "Watched", "Opened"),
)
"""Class names that only their author could tell apart; of these, `Query` stays, for one thing."""

IRREGULAR = frozenset(
    """
    begun bound bought broken brought built caught chosen dealt done drawn driven fallen fed felt found given gone
    got grown heard held hidden kept known laid led left lent lost made meant met paid said seen sent shown sold
    sought spent spoken stood stuck taken taught thought thrown told torn understood won written
    """.split()  # noqa: SIM905 - words are read best as a text
)
VERBS_IN_ED = frozenset(["need", "feed", "seed", "speed", "embed", "exceed", "proceed", "succeed", "shed"])
NOUNS_IN_ING = frozenset(["string", "strings", "bring", "thing", "spring", "encoding", "paging", "warning"])

RIDDLE = re.compile(
    r"\b(?:whoever|what there (?:is|was)|what comes|what (?:it )?(?:is|was) (?:there|asked|given|told|wanted))\b",
    re.IGNORECASE,
)
"""Words in place of a subject, whose reader must guess it."""
NO_SUBJECT = re.compile(r"(?:What|Who|Do what)\b")
"""The beginning of a docstring that does not name its subject or object; of a comment it may be."""

EXEMPTION = re.compile(r"(?:# noqa: [A-Z0-9]+(?:, [A-Z0-9]+)*|# type: ignore(?:\[[a-z, -]+\])?)(.*)")
"""A line that a check leaves out, and the reason."""

SHORTEST = 4
"""Letters of the shortest word that an ending makes a participle: not red, not ring."""


@dataclass(frozen=True)
class Module:
    """A module of the package."""

    path: Path
    name: str
    """Its path from the package, as in imports, without the package."""

    @cached_property
    def text(self) -> str:
        """Its source."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.text)

    @property
    def room(self) -> str:
        """The folder that it is in, as in imports."""
        return self.name.rpartition(".")[0]

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return self.text.count("\n")

    @property
    def head_lines(self) -> int:
        """How many lines it takes until the last import at its top."""
        last = 0
        for number, node in enumerate(self.tree.body):
            doc = number == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if doc or isinstance(node, ast.Import | ast.ImportFrom) or _is_for_types(node):
                last = node.end_lineno or last
        return last

    def imported_rooms(self) -> set[str]:
        """Name the rooms of the package that it imports from."""
        found = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mstr_arrow."):
                found.add(str(node.module).removeprefix("mstr_arrow.").rpartition(".")[0])
        return found - {"", self.room}


def _is_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def modules_of(tree: Path) -> list[Module]:
    """List the modules of a copy of the repository."""
    package = tree / "mstr_arrow"
    paths = sorted(package.rglob("*.py"))
    return [Module(path, ".".join(path.relative_to(package).with_suffix("").parts)) for path in paths]


def classes_in(modules: list[Module]) -> Iterator[tuple[str, str]]:
    """Give the name of each class, and of its module; aliases of types, too."""
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                yield node.name, module.name
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and _is_alias(node):
                yield node.target.id, module.name


def _is_alias(node: ast.AnnAssign) -> bool:
    return isinstance(node.annotation, ast.Name) and node.annotation.id == "TypeAlias"


def variables_in(modules: list[Module]) -> Counter[str]:
    """Count where names are bound: variables, parameters, attributes; without their leading underscores."""
    found: Counter[str] = Counter()
    for module in modules:
        for node in ast.walk(module.tree):
            match node:
                case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                    found[name.lstrip("_")] += 1
                case ast.arg(arg=name):
                    found[name.lstrip("_")] += 1
    return found


def participles_in(modules: list[Module], *, present: bool = False) -> Iterator[tuple[str, str]]:
    """Give functions and methods whose name begins with a participle, and their modules.

    A predicate may have such a name: a property, and what returns a bool. ``present``: those in -ing.
    """
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _is_predicate(node):
                word = node.name.strip("_").partition("_")[0]
                if is_present(word) if present else is_past(word):
                    yield node.name, module.name


def is_past(word: str) -> bool:
    """Tell a past participle: in -ed, or irregular."""
    return word in IRREGULAR or (word.endswith("ed") and len(word) > SHORTEST and word not in VERBS_IN_ED)


def is_present(word: str) -> bool:
    """Tell a present participle: in -ing."""
    return word.endswith("ing") and len(word) > SHORTEST and word not in NOUNS_IN_ING


def docstrings_in(module: Module) -> Iterator[tuple[int, str]]:
    """Give the docstrings of a module, each as one line, and the numbers of their first lines.

    Any text that stands by itself is one, so those of variables and fields are, too.
    """
    for node in ast.walk(module.tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, " ".join(text.split())


def comments_in(module: Module) -> Iterator[tuple[int, str]]:
    """Give the comments of a module, those below each other as one, and the numbers of their first lines."""
    block, start = [], 0
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type == tokenize.COMMENT:
            start = start if block else token.start[0]
            block.append(token.string.lstrip("# "))
        elif block and token.type != tokenize.NL:
            yield start, " ".join(block)
            block = []


def exemptions_without_reason(module: Module) -> list[int]:
    """Return the numbers of lines that are left out of a check without a reason."""
    found: list[int] = []
    if not EXEMPTION.search(module.text):
        return found
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type == tokenize.COMMENT and (match := EXEMPTION.search(token.string)):
            found += [] if re.search(r"\w", match[1]) else [token.start[0]]
    return found


def riddles_in(modules: list[Module]) -> Iterator[str]:
    """Give the places where a docstring or comment has words in place of a subject, and these words."""
    for module in modules:
        docstrings = list(docstrings_in(module))
        found = [(line, match) for line, text in docstrings if (match := NO_SUBJECT.match(text))]
        suspect = RIDDLE.search(re.sub(r"[\s#]+", " ", module.text))  # to read tokens takes long
        for line, text in (*docstrings, *(comments_in(module) if suspect else ())):
            found += [(line, match) for match in RIDDLE.finditer(text)]
        yield from (f"{module.name}:{line}: {match[0]}" for line, match in found)


def _is_predicate(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    decorators = {re.split(r"[.(]", ast.unparse(each))[-1] for each in node.decorator_list}
    returns = "" if node.returns is None else ast.unparse(node.returns)
    return bool(decorators & {"property", "cached_property", "setter"}) or returns in {
        "bool",
        "TypeGuard",
        "TypeIs",
    }


def repeated_in(modules: list[Module]) -> dict[str, set[str]]:
    """Return the names that modules of neighbouring rooms share, and where these are.

    Rooms are neighbours where one imports from the other, or where both are folders of one room.
    """
    uses: dict[str, set[str]] = defaultdict(set)
    for module in modules:
        uses[module.room] |= module.imported_rooms()
    found: dict[str, set[str]] = defaultdict(set)
    for one, other in combinations(
        (module for module in modules if module.room and module.path.stem != "__init__"), 2
    ):
        if one.path.stem == other.path.stem and _are_neighbours(one.room, other.room, uses):
            found[one.path.stem] |= {one.name, other.name}
    return dict(sorted(found.items()))


def _are_neighbours(one: str, other: str, uses: dict[str, set[str]]) -> bool:
    house = one.rpartition(".")[0]
    return other in uses[one] or one in uses[other] or (bool(house) and house == other.rpartition(".")[0])


def _client(modules: list[Module]) -> list[Module]:
    return [module for module in modules if not module.name.startswith("simulator.")]


def _print(what: str, found: list[str], *, names: bool) -> None:
    print(f"{what}: {len(found)}")
    for each in found if names else ():
        print(f"  {each}")


def main(arguments: list[str] | None = None) -> int:
    """Print the counts."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.vocabulary", description=__doc__)
    parser.add_argument("--tree", type=Path, default=ROOT, help="a copy of the repository; this one")
    parser.add_argument("--list", action="store_true", help="show what was counted, too")
    chosen = parser.parse_args(arguments)
    modules = modules_of(chosen.tree)
    classes, variables = list(classes_in(modules)), variables_in(modules)
    print("word        as a class  as a variable")
    for word in TOWER:
        places = [place for name, place in classes if name == word]
        where = f"  {', '.join(places)}" if chosen.list and places else ""
        print(f"  {word:<10}{len(places):>10}  {variables[word.lower()]:>13}{where}")
    client = _client(modules)
    for title, part in (
        ("the client", client),
        ("the simulator", [each for each in modules if each not in client]),
    ):
        for tense, present in (("-ed, irregular", False), ("-ing", True)):
            found = list(participles_in(part, present=present))
            print(f"functions that begin with a participle ({tense}), {title}: {len(found)}")
            if chosen.list:
                print(*(f"  {place}: {name}" for name, place in found), sep="\n")
        repeated = repeated_in(part)
        print(f"names that modules of neighbouring rooms share, {title}: {len(repeated)}")
        if chosen.list:
            print(*(f"  {name}: {', '.join(sorted(places))}" for name, places in repeated.items()), sep="\n")
    riddles = list(riddles_in(modules))
    print(f"words in place of a subject, in docstrings and comments: {len(riddles)}")
    if chosen.list:
        print(*(f"  {each}" for each in riddles), sep="\n")
    files = [module for module in modules if module.path.stem != "__init__"]
    total, heads = sum(each.lines for each in files), sum(each.head_lines for each in files)
    print(f"files: {len(files)}, median length: {statistics.median(each.lines for each in files):.0f} lines")
    print(f"lines: {total:,}, of which headers and imports: {heads / total:.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
