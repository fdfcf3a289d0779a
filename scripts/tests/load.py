"""Imports a script of scripts/, whose name has no .py."""
import importlib.machinery
import importlib.util
import os
import sys

sys.dont_write_bytecode = True


def load(name):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", name)
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module
