"""How alike pictures are to those of training, as far as a batch normalisation remembers these.

Its moving mean and variance are of the pictures as training prepared them (Ioffe and Szegedy 2015).
Where a wrong resize cuts or pads them, the means are off; where a wrong resampling smooths them,
the variances of the channels that look at fine detail are off against those of the others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.engines.base import Probe

Floats = NDArray[np.float32]

# Standard deviations, and logarithm of a ratio: further off, these are not the pictures remembered.
_ALIKE = 0.5
_NEGLIGIBLE, _FLOOR = 1e-6, 0.01
# Channels are not independent, and training may have blurred its pictures by turning them: such
# evidence may tip a balance, and not outweigh many pictures.
_SHARE, _MOST_NATS = 0.5, 6.0


def familiarity(probe: Probe, means: Floats, variances: Floats) -> float | None:
    """How likely the channels (n, c) of n pictures are, in nats; only differences mean something.

    The log-likelihood of normal deviations of unknown width: of the means about those remembered,
    and of the logarithms of the variances about a common ratio (some pictures have more contrast).
    None where pictures of this kind are not what is remembered.
    """
    sound = probe.variance > _NEGLIGIBLE * np.median(probe.variance)
    if probe.is_frozen or not sound.any():
        return None
    mean, variance = means.mean(axis=0), variances.mean(axis=0) + means.var(axis=0)
    off = ((mean - probe.mean) / np.sqrt(probe.variance))[sound]
    ratio = np.log(np.maximum(variance, 1e-12)[sound] / probe.variance[sound])
    width, count = float(np.sqrt(np.mean(off**2))), int(sound.sum())
    if not (width < _ALIKE and abs(float(np.median(ratio))) < _ALIKE):
        return None
    spread = float(ratio.std())
    return -count * float(np.log(width + _FLOOR)) - (count - 1) * float(np.log(spread + _FLOOR))


def in_nats(found: float | None, best: float) -> float:
    """What a familiarity adds to the log-likelihood of a preparation, beside the ``best`` one."""
    return -_MOST_NATS if found is None else max(_SHARE * (found - best), -_MOST_NATS)
