# SPDX-License-Identifier: Apache-2.0
"""Image sets in their official binary layout, read with numpy alone, and pictures (`pictures`)."""

from ref_model.datasets.cifar import (
    CIFAR10,
    CIFAR100,
    CLASS_NAMES,
    CifarSet,
    DatasetError,
    Images,
    dataset_by_name,
    load_test,
    load_train,
    read_records,
)

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "CLASS_NAMES",
    "CifarSet",
    "DatasetError",
    "Images",
    "dataset_by_name",
    "load_test",
    "load_train",
    "read_records",
]
