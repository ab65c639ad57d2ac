"""Prints the numbers that tests/metric.rs expects, from scikit-image (0.26.0) and NumPy.

Run: python crates/uncanny-texture/tests/metric_reference.py
"""

import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity


def picture(salt):
    """The test's two pictures; the same formula in tests/metric.rs."""
    y, x = np.mgrid[0:24, 0:32].astype(np.int64)
    channels = [(x * x * (3 + c) + y * (7 + 2 * c) + x * y * (1 + salt) + 40 * c * salt) % 251 for c in range(3)]
    return np.stack(channels, axis=2).astype(np.uint8)


def luma(image):
    return image.astype(np.float64) @ np.array([0.299, 0.587, 0.114])


a = picture(0)
noise = np.indices(a.shape).sum(0) % 17
b = np.clip(a.astype(np.int64) + noise - 8, 0, 255).astype(np.uint8)
c = picture(1)

for name, other in [("near", b), ("far", c)]:
    print(name, "psnr", repr(float(peak_signal_noise_ratio(a, other, data_range=255))))
    print(name, "ssim", repr(float(structural_similarity(luma(a), luma(other), data_range=255))))

l = luma(a)
across = np.abs(np.roll(l, -1, axis=1) - l)
down = np.abs(np.roll(l, -1, axis=0) - l)
seam = np.concatenate([across[:, -1], down[-1, :]]).mean()
inside = np.concatenate([across[:, :-1].ravel(), down[:-1, :].ravel()]).mean()
print("seam", repr(float(seam / inside)))
laplacian = l[1:-1, :-2] + l[1:-1, 2:] + l[:-2, 1:-1] + l[2:, 1:-1] - 4 * l[1:-1, 1:-1]
print("sharpness", repr(float(np.abs(laplacian).mean())))
