"""From stored bytes to what the network is fed: whole batches, on the device, no loop over images.

Every random choice follows from a seed that the caller gives for each batch, so a resumed run feeds the same images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own habit

from gnet_audit.live.stl10 import Split
from gnet_audit.network import Pair
from gnet_audit.training import Augmentation, SplitFacts

MARGIN = 14
"""Images are resized to 1/14 more than is fed (240 for 224), so that a crop can move."""
AREA = (0.08, 1.0)
ASPECT = (3 / 4, 4 / 3)
DISTORTION = 0.2
"""How far brightness, contrast and saturation are changed, as a share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """The transform of one data set for one network."""

    size: Pair
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    device: torch.device

    def __call__(self, stored: Tensor, augmentation: Augmentation | None = None, seed: int = 0) -> Tensor:
        """N×3×rows×columns, normalised; `stored` is a batch of uint8 planes, column by column."""
        images = decoded(stored.to(self.device, non_blocking=True))
        random = torch.Generator().manual_seed(seed)
        match augmentation:
            case None:
                images = cropped(resized(images, self._with_margin), self.size)
            case Augmentation.SHIFT:
                images = shifted(resized(images, self._with_margin), self.size, random)
                images = flipped(images, random)
            case Augmentation.PAPER:
                images = patches(images, self.size, random)
                images = distorted(flipped(images, random), random)
        return normalised(images, self.mean, self.deviation)

    @property
    def _with_margin(self) -> Pair:
        height, width = self.size
        return height + height // MARGIN, width + width // MARGIN


def feed(size: Pair, facts: SplitFacts, device: torch.device) -> Feed:
    """The transform that gives the training split mean 0 and deviation 1."""
    return Feed(size=size, mean=facts.mean, deviation=facts.deviation, device=device)


def batch(split: Split, indices: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """Stored bytes and labels of some images, in that order."""
    return torch.from_numpy(split.stored[indices]), torch.from_numpy(split.labels[indices])


# --- steps ---------------------------------------------------------------------------------------------------


def decoded(stored: Tensor) -> Tensor:
    """Rows and columns in their order, values from 0 to 1."""
    return stored.transpose(2, 3).to(torch.float32).div_(255)


def resized(images: Tensor, size: Pair) -> Tensor:
    """Another size by antialiased bilinear interpolation."""
    if images.shape[2:] == size:
        return images
    return F.interpolate(images, size, mode="bilinear", align_corners=False, antialias=True)


def cropped(images: Tensor, size: Pair) -> Tensor:
    """The middle."""
    top, left = ((have - want) // 2 for have, want in zip(images.shape[2:], size, strict=True))
    return images[:, :, top : top + size[0], left : left + size[1]]


def shifted(images: Tensor, size: Pair, random: torch.Generator) -> Tensor:
    """A crop anywhere, for each image its own."""
    count = len(images)
    rows, columns = (
        torch.randint(0, have - want + 1, (count, 1), generator=random) + torch.arange(want)
        for have, want in zip(images.shape[2:], size, strict=True)
    )
    rows, columns = rows.to(images.device), columns.to(images.device)
    channels = torch.arange(images.shape[1], device=images.device)
    place = torch.arange(count, device=images.device)
    return images[
        place[:, None, None, None], channels[None, :, None, None], rows[:, None, :, None], columns[:, None, None, :]
    ]


def flipped(images: Tensor, random: torch.Generator) -> Tensor:
    """Half of the images mirrored left to right."""
    mirror = (torch.rand(len(images), generator=random) < 0.5).to(images.device)
    return torch.where(mirror[:, None, None, None], images.flip(3), images)


def patches(images: Tensor, size: Pair, random: torch.Generator) -> Tensor:
    """A patch of random area and aspect from a random place of each image, at the size fed.

    The patches of an image of 96×96 are enlarged, so there is nothing to antialias.
    """
    count = len(images)

    def between(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=random)

    side = between(*AREA).sqrt()
    root = (between(*map(math.log, ASPECT)) / 2).exp()
    width, height = (side * root).clamp(max=1), (side / root).clamp(max=1)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = width, height
    theta[:, 0, 2], theta[:, 1, 2] = between(-1, 1) * (1 - width), between(-1, 1) * (1 - height)
    grid = F.affine_grid(theta.to(images.device), [count, images.shape[1], *size], align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def distorted(images: Tensor, random: torch.Generator) -> Tensor:
    """Brightness, contrast and saturation changed, for each image by amounts of its own."""
    factors = 1 + DISTORTION * (2 * torch.rand(3, len(images), 1, 1, 1, generator=random) - 1)
    brightness, contrast, saturation = factors.to(images.device)
    images = images * brightness
    grey = images.mean(dim=1, keepdim=True)
    images = grey + saturation * (images - grey)
    middle = images.mean(dim=(1, 2, 3), keepdim=True)
    distorted: Tensor = middle + contrast * (images - middle)
    return distorted.clamp(0, 1)


def normalised(images: Tensor, mean: tuple[float, ...], deviation: tuple[float, ...]) -> Tensor:
    """Each channel with the mean taken off, in deviations."""
    shape = (1, -1, 1, 1)
    centred: Tensor = images - images.new_tensor(mean).view(shape)
    scaled: Tensor = centred / images.new_tensor(deviation).view(shape)
    return scaled
