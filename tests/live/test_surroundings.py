"""What user code may disturb is as before."""

from __future__ import annotations

import random
import sys
import warnings

import numpy as np
import pytest
import torch

from gnet_audit.live.surroundings import undisturbed


def _random() -> tuple[float, float, float]:
    return float(torch.rand(1)), random.random(), float(np.random.rand())  # noqa: NPY002 - as users do


def _fails() -> None:
    _random()
    raise ZeroDivisionError


def test_random_numbers_go_on_as_if_nothing_had_been() -> None:
    torch.manual_seed(1)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    expected = _random()
    torch.manual_seed(1)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    with pytest.raises(ZeroDivisionError), undisturbed():
        _fails()
    assert _random() == expected


def test_defaults_and_modes_are_restored() -> None:
    with undisturbed():
        torch.set_default_dtype(torch.float64)
        torch.set_default_device("meta")
        torch.set_grad_enabled(False)
    assert torch.get_default_dtype() is torch.float32
    assert torch.get_default_device() == torch.device("cpu")
    assert torch.is_grad_enabled()
    assert torch.empty(1).device.type == "cpu"


def test_a_default_device_of_the_caller_stays() -> None:
    torch.set_default_device("meta")
    try:
        with undisturbed():
            torch.set_default_device("cpu")
        assert torch.get_default_device() == torch.device("meta")
    finally:
        torch.set_default_device(None)
        vars(torch._GLOBAL_DEVICE_CONTEXT).pop("device_context", None)  # noqa: SLF001 - torch 2.6 stumbles over None


def test_warnings_are_silent_and_prints_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    filters = list(warnings.filters)
    with undisturbed():
        warnings.warn("careful", stacklevel=1)
        print("hello")
    assert warnings.filters == filters
    assert capsys.readouterr() == ("", "hello\n")
    assert sys.stdout is not sys.stderr
