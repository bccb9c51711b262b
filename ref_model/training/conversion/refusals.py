# SPDX-License-Identifier: Apache-2.0
"""What an ordinary PyTorch model may not hold, and what to use instead."""

from __future__ import annotations

from torch import fx

from ref_model.training.errors import UnsupportedLayerError

_ACTIVATION = "use nn.ReLU or nn.ReLU6, which are a clip of the codes"
_SOFTMAX = "leave it out of forward: it changes no class, and nn.CrossEntropyLoss computes it"
_CONCATENATION = "add branches of equal shape (x + y) instead of joining them"
_SCALING = (
    "leave gates and constant factors out; a normalisation of the image belongs before the model "
    "(quantize takes mean= and std=)"
)
_RESIZE = "maps do not grow on the core; use strides and pools only"
_NORM = "use nn.BatchNorm2d behind the convolution, which folds into integers"
_POOL = "use nn.MaxPool2d(2), a convolution of stride 2, or nn.AdaptiveAvgPool2d(1) before the end"
_PART = "layers read whole tensors; use a convolution for each part"
_ORDER = "tensors keep their order of channels, rows and columns"
_PRODUCT = "tensors meet in additions only; use convolutions and linear layers with fixed weights"
_PAD = "give the 3x3 convolution padding=1, with zeros"
_CONV = "use nn.Conv2d"
_OTHER = (
    "use nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.ReLU6, additions, nn.MaxPool2d(2), "
    "nn.AdaptiveAvgPool2d(1), nn.Flatten and nn.Linear"
)

_INSTEAD = {
    _ACTIVATION: (
        "silu gelu hardswish hardsigmoid sigmoid tanh leaky_relu prelu elu selu celu mish softplus "
        "softshrink hardshrink threshold log_sigmoid glu rrelu clamp clamp_min clamp_max hardtanh "
        "abs"
    ),
    _SOFTMAX: "softmax log_softmax argmax",
    _CONCATENATION: "cat stack concat concatenate",
    _SCALING: "mul div sub rsub true_divide addcmul square pow sqrt",
    _RESIZE: (
        "upsample_nearest2d upsample_bilinear2d upsample_bicubic2d pixel_shuffle conv_transpose2d "
        "_upsample_nearest_exact2d"
    ),
    _NORM: "layer_norm group_norm instance_norm local_response_norm rms_norm",
    _POOL: (
        "max_pool2d avg_pool2d adaptive_avg_pool2d adaptive_max_pool2d max_pool2d_with_indices "
        "mean max amax sum"
    ),
    _PART: "split chunk slice select index narrow unbind split_with_sizes getitem",
    _ORDER: "permute transpose t channel_shuffle flip roll",
    _PRODUCT: "matmul mm bmm einsum scaled_dot_product_attention addmm baddbmm",
    _PAD: "pad constant_pad_nd reflection_pad2d replication_pad2d",
    _CONV: "conv1d conv3d lstm gru embedding bilinear",
}
_ADVICE = {name: advice for advice, names in _INSTEAD.items() for name in names.split()}


def place(node: fx.Node) -> str:
    """Where ``node`` comes from, for people: "layer features.3 (SiLU)" or "silu in features.3"."""
    path, kind = _module(node)
    short = kind.rpartition(".")[2]
    if path and kind.startswith("torch.nn."):
        return f"layer {path} ({short})"
    return f"{operation(node)} in {path or short}.forward"


def module_path(node: fx.Node) -> str:
    """Path of the module whose forward calls ``node``; "" for the model itself."""
    return _module(node)[0]


def operation(node: fx.Node) -> str:
    """Name of what ``node`` computes, as in ``torch.nn.functional``: "relu" for "aten.relu_"."""
    schema = getattr(node.target, "_schema", None)
    if schema is None:
        return str(getattr(node.target, "__name__", node.target))
    return str(schema.name).rpartition("::")[2].rstrip("_")


def refusal(node: fx.Node, reason: str = "", instead: str = "") -> UnsupportedLayerError:
    """The error for ``node``: its place, why it has no integer form, and what to use."""
    reason = reason or f"{operation(node)} has no integer form here"
    return refuse(place(node), reason, instead or _ADVICE.get(operation(node), _OTHER))


def refuse(where: str, reason: str, instead: str) -> UnsupportedLayerError:
    """The error for a place that has words already."""
    return UnsupportedLayerError(f"{where}: {reason}; {instead}")


def _module(node: fx.Node) -> tuple[str, str]:
    """Path and class of the innermost module around ``node``."""
    stack = list((node.meta.get("nn_module_stack") or {"": ("", "model")}).values())
    path, kind = stack[-1]
    return str(path), kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"
