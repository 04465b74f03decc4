"""What the texts of the package name, read from its modules: settings, calls and advice."""

import ast
from dataclasses import fields
from functools import cache
from pathlib import Path
from string import Formatter

import mstr_arrow as ma
from mstr_arrow.session.login_modes import CREDENTIALS
from mstr_arrow.wording import naming

ROOT = Path(ma.__file__).parent
SETTINGS = (ma.Timeouts, ma.Retry, ma.Tls, ma.Proxy, ma.Network, ma.SessionSettings, ma.Limits, ma.Settings)

_TEMPLATES = {"naming": 0, "advice": 1}
"""Functions that fill in templates, and which argument the template is."""


@cache
def modules():
    """Parse the modules whose texts reach users of the library."""
    return {path: _parsed(source) for path, source in _sources().items()}


@cache
def _sources():
    files = {path.relative_to(ROOT): path for path in ROOT.rglob("*.py")}
    others = {path for path in files if path.parts[0] in {"cli", "simulator"}} | {
        Path("jobs/definition/file_wording.py")
    }
    return {str(path): files[path].read_text(encoding="utf-8") for path in files.keys() - others}


_parsed = cache(ast.parse)


def names(replaced=frozenset()):
    """Give the path of each setting and call that a text names, but for advice that a face ``replaced``."""
    found = set()
    for call in _calls(*_TEMPLATES):
        if call.func.id == "naming" or _key(call) not in replaced:
            values = {keyword.arg for keyword in call.keywords}
            fields = {field for _, field, _, _ in Formatter().parse(ast.literal_eval(_template(call))) if field}
            found |= fields - values
    return found.union(*(_spelled_out(call.args[0]) for call in _calls("name_path")))


def advice_keys():
    """Give the keys of advice."""
    return {_key(call) for call in _calls("advice")}


def plain_texts():
    """Give the texts that name nothing, each with its module: neither templates nor docstrings."""
    templates = {id(_template(call)) for call in _calls(*_TEMPLATES)} | {
        id(call.args[0]) for call in _calls("name_path")
    }
    for path, tree in modules().items():
        documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in documented | templates
            ):
                yield path, node.value


def _calls(*functions):
    return [call for call in _worded() if call.func.id in functions]


@cache
def _worded():
    """List the calls of what was imported from `mstr_arrow.wording`."""
    return [
        call
        for source in _sources().values()
        if "mstr_arrow.wording" in source  # to parse and walk through all modules takes seconds
        for call in _calls_of_imported(_parsed(source))
    ]


def _calls_of_imported(tree):
    imported = {
        alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "mstr_arrow.wording"
        for alias in node.names
    }
    return [node for node in ast.walk(tree) if getattr(getattr(node, "func", None), "id", None) in imported]


def _template(call):
    return call.args[_TEMPLATES[call.func.id]]


def _key(call):
    return ast.literal_eval(call.args[0])


def _spelled_out(path):
    """Give the paths that an argument of ``name_path`` stands for; all there are where a name is filled in."""
    if isinstance(path, ast.Constant):
        return {path.value}
    owner = next((part.value for part in path.values if isinstance(part, ast.Constant)), "").rstrip(".")
    if owner == "connect":
        return {f"connect.{name}" for name in CREDENTIALS}
    owners = (getattr(ma, owner),) if owner else SETTINGS
    return {f"{each.__name__}.{field.name}" for each in owners for field in fields(each)}


def hints(*rooms):
    """Give the hints of some rooms that name calls or their arguments, as Python says them."""
    return {
        str(naming(ast.literal_eval(template)))
        for path, tree in modules().items()
        if path.partition("/")[0] in rooms
        for template in _hint_templates(tree)
        if "{" in ast.literal_eval(template)
    }


def _hint_templates(tree):
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "hint":
            said = constants.get(getattr(node.value, "id", None), node.value)
            if isinstance(said, ast.Call) and getattr(said.func, "id", None) in _TEMPLATES:
                yield _template(said)


def named_in(text):
    """Give the paths that a hint names, in its order, but for what a face says in their place."""
    for part in getattr(text, "parts", ()):
        if not isinstance(part, str):
            yield from named_in(part.in_python) if hasattr(part.in_python, "parts") else [part.key]
