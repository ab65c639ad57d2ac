"""Tiles per second: Uncanny beside PyTorch eager, with the same weights, batch and threads.

Needs torch 2.11 and safetensors, and a release build of the example:

    cargo build --release -p uncanny-model --example tiles_per_second
    python tests/speed/compare.py assets/faces.safetensors --binary target/release/examples/tiles_per_second

Both sides are timed from tiles in main memory to tiles in main memory. They take turns, several
rounds of a few seconds each, because machines are noisy; the figure is the ratio of the medians.
PyTorch runs the network as its authors wrote it: batch norms, equalised learning rate, NCHW; and our finish, which theirs
has not, after it.
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).parent.parent / "fixtures" / "pfsr"))
import finish  # noqa: E402  the independent implementations of the fixtures
import make  # noqa: E402


def eager(network, side, batch, seconds):
    x = torch.rand(batch, 3, side, side)
    with torch.no_grad():
        forward = lambda: (network(x * 2 - 1, step=3) * 0.5 + 0.5).clamp(0, 1).numpy().copy()
        forward()
        start, done = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            forward()
            done += batch
        return done / (time.perf_counter() - start)


def ours(binary, checkpoint, side, batch, threads, seconds):
    command = [binary, checkpoint, side, batch, threads, seconds]
    return float(subprocess.check_output([str(part) for part in command]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--binary", default="target/release/examples/tiles_per_second")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--side", type=int, nargs="+", default=[16, 32])
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    state = {name: tensor.float() for name, tensor in load_file(options.checkpoint).items()}
    width = state["step1.0.weight"].shape[0]
    finished = any(key.startswith("finish.") for key in state)
    network = (finish.Finished(width) if finished else make.Pfsr(width)).eval()
    lacking = network.load_state_dict(state, strict=False)
    assert not lacking.unexpected_keys, lacking
    assert all(key.endswith("num_batches_tracked") for key in lacking.missing_keys), lacking

    print(f"torch {torch.__version__}, {options.threads} threads, width {width}")
    print(f"{'tile':>5} {'batch':>5} {'eager/s':>9} {'ours/s':>9} {'ratio':>6}")
    for side in options.side:
        for batch in options.batch:
            pairs = [
                (
                    eager(network, side, batch, options.seconds),
                    ours(options.binary, options.checkpoint, side, batch, options.threads, options.seconds),
                )
                for _ in range(options.rounds)
            ]
            a, b = (statistics.median(values) for values in zip(*pairs))
            print(f"{side:>5} {batch:>5} {a:>9.1f} {b:>9.1f} {b / a:>6.2f}", flush=True)


if __name__ == "__main__":
    main()
