"""Whether torch computes as it should: whatever code has left in it would falsify both sides of a proof alike."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit

WHY = "torch computes otherwise than it should, with the model's code loaded"


def computes() -> bool:
    """Nine numbers, 0 to 8 in a square, through the functions of which networks are made, against arithmetic."""
    square = torch.tensor([[[[0.0, 1, 2], [3, 4, 5], [6, 7, 8]]]], dtype=torch.float64, device="cpu")
    kernel = square.new_tensor([[[[1.0, 2], [3, 4]]]])
    row = square.new_tensor([[1.0, 2, 3, 4]])
    mean, variance = square.new_tensor([4.0]), square.new_tensor([4.0])
    found = (
        (F.conv2d(square, kernel), [27, 37, 57, 67]),
        (F.linear(row, row, mean), [34]),
        (F.max_pool2d(square, 2, 1), [4, 5, 7, 8]),
        (F.avg_pool2d(square, 2, 1), [2, 3, 5, 6]),
        (F.adaptive_avg_pool2d(square, 1), [4]),
        (F.relu(square - 4), [0, 0, 0, 0, 0, 1, 2, 3, 4]),
        (torch.cat([row, row], 1), [1, 2, 3, 4, 1, 2, 3, 4]),
        (F.batch_norm(square, mean, variance, eps=0), [-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2]),
        # Each number over 1 + itself squared.
        (F.local_response_norm(square, 1, alpha=1, beta=1, k=1) * (1 + square * square), list(range(9))),
    )
    return all(
        len(told := value.flatten().tolist()) == len(wanted)
        and all(abs(one - two) < 1e-12 for one, two in zip(told, wanted, strict=True))
        for value, wanted in found
    )
