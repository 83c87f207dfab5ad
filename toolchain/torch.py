"""Stands in for PyTorch, which the vendor's compiler imports but does not use for ONNX models (2 GB less).

``make board`` copies it into .venv-board; nothing else imports it.
"""

import sys
import types

_SUBMODULES = ("onnx", "onnx.utils", "onnx.symbolic_helper", "onnx.symbolic_opset9", "nn", "jit", "utils")
__path__ = []  # a package, so that its sub-modules can be imported
__version__ = "0"


def __getattr__(name):
    """Return an empty class for every name of PyTorch: no value is an instance of it."""
    if name.startswith("__"):
        raise AttributeError(name)
    return type(name, (), {"__init__": lambda *_arguments, **_options: None})


for _name in _SUBMODULES:
    _module = types.ModuleType(f"torch.{_name}")
    _module.__dict__.update(__path__=[], __getattr__=__getattr__)
    _parent, _, _child = _module.__name__.rpartition(".")
    setattr(sys.modules[_parent], _child, _module)
    sys.modules[_module.__name__] = _module
# a decorator that the vendor's code puts on its own functions
sys.modules["torch.onnx.symbolic_helper"].parse_args = lambda *_kinds: lambda function: function
