"""Break off a step of a training in its middle, as if it had never begun."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook

from ml.objectives import Objective


class Interrupted(Exception):
    """The step was broken off, and has changed nothing."""


@contextmanager
def breakable(objective: Objective, urgent: Callable[[], bool] | None) -> Iterator[None]:
    """A step of ``objective`` that ends where ``urgent`` says so, asked at every layer on the way there and back.

    One that takes several optimisers is not broken off: the first may have done its part. Raises Interrupted.
    """
    if urgent is None or len(objective.optimizers) > 1:
        yield
        return

    step = threading.get_ident()

    def ask(*_: Any) -> None:
        if urgent():
            raise Interrupted

    def ask_both_ways(_module: nn.Module, _input: Any, output: Any) -> None:
        if threading.get_ident() != step:
            return  # another network, which only works beside this one
        ask()
        if isinstance(output, Tensor) and output.requires_grad:
            cast(Any, output).register_hook(ask)

    # What the way there changes: the means of batch norm.
    buffers = [buffer for module in objective.modules.values() for buffer in module.buffers()]
    before = [buffer.clone() for buffer in buffers]
    hook = register_module_forward_hook(ask_both_ways)
    try:
        yield
    except Interrupted:
        for buffer, value in zip(buffers, before, strict=True):
            buffer.copy_(value)
        raise
    finally:
        hook.remove()
