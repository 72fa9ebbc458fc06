"""prunenet/__init__.pyi agrees with the module: names by mypy's stubtest, arguments by what pybind11 says of them.

Usage: stubs_test.py STUBTEST
"""
import ast
import inspect
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import prunenet
from support import examples

STUBTEST = sys.argv[1]
# What stubtest says of every class that pybind11 makes: it has a metaclass, and an __init__ where it cannot be called. And of a
# Literal with a name: it takes it for a Union.
ALLOWED = r"""
prunenet\.[A-Z]\w+
prunenet\.[A-Z]\w+\.__init__
prunenet\._error\.ErrorKind
"""
PACKAGE = pathlib.Path(prunenet.__file__).parent


def split(text):
    """At commas that are in no bracket and no string."""
    parts, depth, quoted, start = [], 0, False, 0
    for position, character in enumerate(text):
        quoted ^= character == "'"
        depth += 0 if quoted else (character in "([{<") - (character in ")]}>" and text[position - 1] != "-")
        if character == "," and depth == 0 and not quoted:
            parts.append(text[start:position])
            start = position + 1
    return [part.strip() for part in parts + [text[start:]] if part.strip()]


def end_of_arguments(text):
    """Where the parenthesis closes that `text` is behind."""
    depth = 1
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return position
    raise AssertionError(text)


def compiled_signatures(function, name):
    """[(names with "*" where keywords begin, {name: default})] of a function's overloads."""
    found = []
    for match in re.finditer(rf"^(?:\d+\. )?{name}\(", function.__doc__, re.MULTILINE):
        rest = function.__doc__[match.end():]
        names, defaults = [], {}
        for part in split(rest[:end_of_arguments(rest)]):
            argument, _, default = part.partition(" = ")
            names.append(argument.partition(":")[0].strip())
            if default:
                defaults[names[-1]] = default
        if not (names == ["*args", "**kwargs"]):  # the head of a list of overloads
            found.append((names, defaults))
    return found


def stub_signature(node):
    arguments = node.args
    names = [argument.arg for argument in arguments.args]
    defaults = dict(zip(names[len(names) - len(arguments.defaults):], map(ast.unparse, arguments.defaults)))
    if arguments.kwonlyargs:
        names += ["*"] + [argument.arg for argument in arguments.kwonlyargs]
        defaults |= {argument.arg: ast.unparse(value) for argument, value in
                     zip(arguments.kwonlyargs, arguments.kw_defaults) if value is not None}
    return names, defaults


def stub_functions():
    """(path of names, definitions of that name) of everything that can be called."""
    tree = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    for scope in [tree] + [node for node in tree.body if isinstance(node, ast.ClassDef)]:
        functions = {}
        for node in scope.body:
            is_property = any(isinstance(mark, ast.Name) and mark.id == "property"
                              for mark in getattr(node, "decorator_list", []))
            if isinstance(node, ast.FunctionDef) and not is_property:
                functions.setdefault(node.name, []).append(node)
        for name, nodes in functions.items():
            yield ([scope.name] if isinstance(scope, ast.ClassDef) else []) + [name], nodes


class Stubs(unittest.TestCase):
    @unittest.skipUnless(STUBTEST, "stubtest (of mypy) is not installed")
    def test_have_the_names_of_the_module(self):
        with tempfile.TemporaryDirectory() as directory:
            allowed = pathlib.Path(directory) / "allowed"
            allowed.write_text(ALLOWED)
            done = subprocess.run([STUBTEST, "prunenet", "--ignore-missing-stub", "--concise", "--allowlist", str(allowed)],
                                  check=False, capture_output=True, text=True, cwd=directory,
                                  env=dict(os.environ, MYPYPATH=str(PACKAGE.parent)))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    @unittest.skipUnless(STUBTEST, "mypy is not installed")
    def test_type_the_examples_of_the_documentation(self):
        with tempfile.TemporaryDirectory() as directory:
            for name, code in (("right.py", examples()), ("wrong.py", examples().replace("ratio=0.3", "ratio='0.3'"))):
                (pathlib.Path(directory) / name).write_text(code)
            done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "right.py", "wrong.py"], check=False,
                                  capture_output=True, text=True, cwd=directory,
                                  env=dict(os.environ, MYPYPATH=str(PACKAGE.parent)))
        self.assertNotIn("right.py", done.stdout)
        self.assertIn("wrong.py:5: error", done.stdout)

    def test_leave_no_name_out(self):
        tree = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
        stubs = {node.name: node for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
        constants = {node.target.id for node in tree.body if isinstance(node, ast.AnnAssign)} - {"__version__"}
        self.assertEqual(set(stubs) | constants | {"Error"}, set(prunenet.__all__))
        for name, node in stubs.items():
            if isinstance(node, ast.ClassDef):
                members = {member.name for member in node.body if isinstance(member, ast.FunctionDef)}
                public = {member for member in vars(getattr(prunenet, name)) if not member.startswith("_")}
                self.assertEqual({member for member in members if not member.startswith("_")}, public, name)

    def test_have_the_arguments_of_the_module(self):
        compared = 0
        for path, nodes in stub_functions():
            owner = getattr(prunenet, path[0]) if len(path) > 1 else prunenet
            if path[-1] == "__eq__":  # Python's own, whatever the type
                continue
            with self.subTest(name=".".join(path)):
                compiled = compiled_signatures(inspect.getattr_static(owner, path[-1]).__func__
                                               if isinstance(inspect.getattr_static(owner, path[-1]), staticmethod)
                                               else getattr(owner, path[-1]), path[-1])
                self.assertEqual(len(compiled), len(nodes))
                for (names, defaults), node in zip(compiled, nodes):
                    stub_names, stub_defaults = stub_signature(node)
                    self.assertEqual(stub_names, names)
                    self.assertEqual(set(stub_defaults), set(defaults))
                    for name, default in stub_defaults.items():
                        if default != "...":  # stands for an empty list or dict
                            self.assertEqual(default, defaults[name], name)
                    compared += 1
        self.assertGreater(compared, 60)


unittest.main(argv=sys.argv[:1])
