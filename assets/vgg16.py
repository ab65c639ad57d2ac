"""Makes the two files by which `uncanny train` (--vgg) and `uncanny eval` (--vgg, --lpips) look at pictures as people do:
vgg16.safetensors of torchvision's VGG16, and lpips_heads.safetensors of the package lpips.

    python vgg16.py FOLDER

Needs torch, torchvision, lpips and safetensors. torchvision fetches the network's weights, 528 MB, when it has not yet.
VGG16 is by the Visual Geometry Group, Oxford (CC BY 4.0), as trained anew by torchvision (BSD-3-Clause); the heads are by
Zhang, Isola, Efros, Shechtman and Wang (BSD-2-Clause).
"""

import sys
from pathlib import Path

import torch

# What Uncanny takes off R, G and B: Oxford's means. It divides by nothing.
OURS = torch.tensor([0.485020, 0.457957, 0.407604])
# What torchvision takes off, and divides by.
MEANS, SPREADS = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
# relu4_3 is the last of the features that are looked at.
LAST = 22


def converted(features):
    """The first ten convolutions, the first of them for Uncanny's input, by torchvision's names."""
    state = {f"features.{key}": value.detach().clone() for key, value in features[: LAST + 1].state_dict().items()}
    weight = state["features.0.weight"] / SPREADS.reshape(1, 3, 1, 1)
    state["features.0.weight"] = weight
    state["features.0.bias"] += (weight * (OURS - MEANS).reshape(1, 3, 1, 1)).sum((1, 2, 3))
    return state


def check(features, state):
    """Both see the same, but for the picture's border, around which each pads with its own means."""
    picture = torch.rand(1, 3, 64, 64)
    first = torch.nn.functional.conv2d(
        picture - OURS.reshape(1, 3, 1, 1), state["features.0.weight"], state["features.0.bias"], padding=1
    )
    theirs = features[0]((picture - MEANS.reshape(1, 3, 1, 1)) / SPREADS.reshape(1, 3, 1, 1))
    off = (first - theirs)[..., 1:-1, 1:-1].abs().max() / theirs.abs().mean()
    assert off < 1e-4, off


def main(folder):
    import lpips
    from safetensors.torch import save_file
    from torchvision.models import VGG16_Weights, vgg16

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    features = vgg16(weights=VGG16_Weights.IMAGENET1K_V1).features.eval().requires_grad_(False)
    state = converted(features)
    check(features, state)
    save_file({key: value.half().contiguous() for key, value in state.items()}, folder / "vgg16.safetensors")
    heads = torch.load(Path(lpips.__file__).parent / "weights/v0.1/vgg.pth", map_location="cpu", weights_only=True)
    save_file({key: value.contiguous() for key, value in heads.items()}, folder / "lpips_heads.safetensors")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
