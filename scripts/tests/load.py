"""Imports a script of scripts/ or of a folder there, whose name has no .py."""
import importlib.machinery
import importlib.util
import pathlib
import sys

sys.dont_write_bytecode = True


def load(name):
    scripts = pathlib.Path(__file__).resolve().parents[1]
    path = next(path for path in (scripts / name, *sorted(scripts.glob(f"*/{name}"))) if path.is_file())
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module
