"""Image data sets that come with the program."""

from __future__ import annotations

import numpy as np

import resources
from geomodel.datasets.dataset import Dataset

_FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


def fashion_mnist() -> Dataset:
    """The first 1,000 training images of each class of Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017), (1, 28, 28)."""
    with np.load(resources.path("data", "fashion-mnist-10k.npz"), allow_pickle=False) as archive:
        images, labels = archive["images"][:, None], archive["labels"].astype(np.int64)
    return Dataset(name="fashion-mnist", kind="images", stored=images, labels=labels, label_names=_FASHION)
