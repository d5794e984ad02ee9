"""How a model's pictures were scaled in training, as far as the model itself remembers it.

A batch normalisation near the input keeps the mean and the variance of the activations of training
(Ioffe and Szegedy 2015, arXiv:1502.03167). Pictures that are scaled as those were reach it with
about the same ones: each way of scaling is tried, on any photographs, and its distance measured.
Where one way is far nearer than all others, it is the one. A wrong verdict is much worse than
none, so the limits are strict. On 93 small models, trained on leaves, castings and X-rays in five
ways, none was wrong; 87 had a verdict with pictures of their own kind, 37 with those made by code.
Of 60 more, which the limits were not chosen on, 56 and 28 had one, and again none was wrong. With
pictures of another kind than the model's, 2 of 306 were.

Of the same 153 models, with pictures made by code alone, no right card was doubted; of cards that
took values of 0..255 for small ones or the other way round 185 of 212 were, of those that were off
by 2 to 4 times 50 of 134.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.answers.photographs import photographs
from vistazo.engines.base import Engine, Probe
from vistazo.models.card import Colour, InputSpec, Scale, Standardization
from vistazo.pictures import Picture
from vistazo.pictures.preprocessing import prepare

Floats = NDArray[np.float64]

# What the networks of ImageNet were given: keras.applications.imagenet_utils, its modes "torch" and
# "caffe"; the latter takes the colours as blue, green, red.
TORCH = Standardization(divide_by=255, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
CAFFE = Standardization(divide_by=1, mean=(103.939, 116.779, 123.68), std=(1, 1, 1))
_PLAIN: tuple[Scale, ...] = ("none", "1/255", "1/127.5-1")

_PHOTOGRAPHS = 12
MOST_PICTURES = 40
# Singled out: near enough, and all others this many times as far, by this much at least.
_NEAR, _TIMES, _FARTHER = 0.8, 3.0, 0.5
_COLOUR_TIMES, _COLOUR_FARTHER = 2.0, 0.1
# A card is left in peace where its own way is nearer than this. With a factor of 55 between the
# variances it is wrong, even where it stays open which one of the fair ways is right.
_GOOD_ENOUGH, _FAIR, _HOPELESS = 1.0, 1.5, 4.0
# Pictures made by code are a poor likeness of some (leaves cut out on black): then the best way is
# no nearer than this, and the card's is wrong where it is so many times as far.
_POOR, _MANY_TIMES = 3.0, 20.0
_SOUND_CHANNELS = 0.5
_NEGLIGIBLE = 1e-6
_MANY = 10  # beyond this no decimal is shown
# How much of a moving statistic may be left of what it was before training.
_LEFT_OVER = 1 - np.geomspace(1, 0.001, 48)


@dataclass(frozen=True)
class ScaleFit:
    """One way of scaling, and how far from training the pictures are that were scaled so.

    ``mean_distance`` is the median over the channels of the difference of the means in standard
    deviations, ``variance_distance`` that of |log(ratio of the variances)|.
    """

    scale: Scale
    colour: Colour
    mean_distance: float
    variance_distance: float

    @property
    def distance(self) -> float:
        return self.mean_distance + self.variance_distance


@dataclass(frozen=True)
class ScaleEvidence:
    """``fits`` are the ways that were tried, the nearest first.

    ``singled_out`` is the one that is far nearer than all others, None where none is. It is also
    the ``verdict``, unless the layer ``is_frozen``: then it is how the pictures of an earlier
    training were scaled, and the last layers may have been trained otherwise. ``colour`` is the
    order of the colours, where the pictures show it. ``layer`` is the batch normalisation's name.
    """

    fits: tuple[ScaleFit, ...]
    singled_out: Scale | None
    colour: Colour | None
    layer: str
    is_frozen: bool

    @property
    def verdict(self) -> Scale | None:
        return None if self.is_frozen else self.singled_out


def scale_evidence(
    engine: Engine, spec: InputSpec, pictures: Sequence[Picture] = ()
) -> ScaleEvidence | None:
    """Compare the ways of scaling on these pictures; where there are none, on some made by code.

    Pictures of the kind that the model was made for tell much more. ``spec`` gives size, colour and
    way of resizing, and its own scale is tried too. None where the model has no batch normalisation
    near its input, or one that was never trained or is damaged.
    """
    scales = _Scales.of(engine.probe, spec, pictures)
    if scales is None:
        return None
    return _evidence(scales, scales.fit(spec.scale, spec.colour))


def scale_warning(evidence: ScaleEvidence, spec: InputSpec) -> str | None:
    """A sentence where the card's scale cannot be that of training, and what to do about it."""
    own, best = _own(evidence.fits, spec), evidence.fits[0]
    if evidence.is_frozen or own is None:
        return None
    better = _better(evidence, own)
    if not better:
        return _colour_warning(evidence, spec)
    names = " or ".join(dict.fromkeys(f"'{scale_name(fit.scale)}'" for fit in better))
    return (
        f"The card says input.scale '{scale_name(own.scale)}', but the model was trained on "
        f"pictures scaled otherwise: its layer '{evidence.layer}' remembers their mean and "
        f"variance. Scaled as the card says, pictures miss these by {_in_words(own)}; scaled "
        f"'{scale_name(best.scale)}', by {_in_words(best)}. Set input.scale in the card to {names}."
    )


def _better(evidence: ScaleEvidence, own: ScaleFit) -> list[ScaleFit]:
    """What may be right where the card's way cannot be."""
    best = evidence.fits[0]
    if own.distance < _GOOD_ENOUGH:
        return []
    if evidence.verdict is not None and evidence.verdict != own.scale:
        return [best]
    is_hopeless = own.variance_distance > _HOPELESS
    is_far = own.distance > _TIMES * best.distance and best.distance < _FAIR
    is_absurd = own.distance > _MANY_TIMES * best.distance and best.distance < _POOR
    if is_hopeless and (is_far or is_absurd):
        return [fit for fit in evidence.fits if fit.variance_distance < _HOPELESS / 2]
    return []


def _colour_warning(evidence: ScaleEvidence, spec: InputSpec) -> str | None:
    if evidence.verdict != spec.scale or evidence.colour in (None, spec.colour):
        return None
    return (
        f"The card says input.colour '{spec.colour}', but what the model's layer "
        f"'{evidence.layer}' remembers of training fits these pictures with their colours in the "
        f"order '{evidence.colour}'. Set input.colour in the card to '{evidence.colour}'."
    )


def doubt_scale(engine: Engine, spec: InputSpec) -> str | None:
    """The same sentence at the least cost: where the card's scale fits, no other is tried."""
    scales = _Scales.of(engine.probe, spec, ())
    if scales is None or scales.probe.is_frozen:
        return None
    own = scales.fit(spec.scale, spec.colour)
    if own.distance < _GOOD_ENOUGH:
        return None
    evidence = _evidence(scales, own)
    return scale_warning(evidence, spec) if evidence is not None else None


def scale_name(scale: Scale) -> str:
    """As a person writes it into a card."""
    if not isinstance(scale, Standardization):
        return scale
    return f"{{divide_by: {scale.divide_by:g}, mean: {[*scale.mean]}, std: {[*scale.std]}}}"


@dataclass(frozen=True, eq=False)
class _Scales:
    """Measures one way of scaling after the other. ``sound`` are the channels that can be used."""

    probe: Probe
    sound: NDArray[np.bool_]
    spec: InputSpec
    pictures: Sequence[Picture]
    is_made_by_code: bool

    @staticmethod
    def of(probe: Probe | None, spec: InputSpec, pictures: Sequence[Picture]) -> _Scales | None:
        """None where there is nothing to compare with."""
        if probe is None:
            return None
        mean, variance = probe.mean, probe.variance
        is_damaged = not (np.isfinite(mean).all() and np.isfinite(variance).all())
        if is_damaged or (variance < 0).any() or (np.all(mean == 0) and np.all(variance == 1)):
            return None
        sound = variance > _NEGLIGIBLE * np.median(variance)
        if np.mean(sound) < _SOUND_CHANNELS:
            return None
        shown = pictures or photographs(_PHOTOGRAPHS, spec.height, spec.width)
        return _Scales(probe, sound, spec, shown[:MOST_PICTURES], not pictures)

    def fit(self, scale: Scale, colour: Colour) -> ScaleFit:
        spec = self.spec.model_copy(update={"scale": scale, "colour": colour})
        rows = [self.probe.measure(prepare(some, spec)[np.newaxis]) for some in self.pictures]
        means, variances = (np.concatenate(part).astype(float) for part in zip(*rows, strict=True))
        mean = means.mean(axis=0)[self.sound]
        variance = (variances.mean(axis=0) + means.var(axis=0))[self.sound]
        remembered = (a[self.sound].astype(float) for a in (self.probe.mean, self.probe.variance))
        return ScaleFit(scale, colour, *_distance(mean, variance, *remembered))


def _distance(
    mean: Floats, variance: Floats, moving_mean: Floats, moving_variance: Floats
) -> tuple[float, float]:
    """Between measured and remembered channels (c,): of their means, and of their variances.

    After a short training some of the moving statistics is still what they began with, mean 0 and
    variance 1: a share that nobody knows, but that is no larger than the least variance. The share
    is taken that fits best.
    """
    least = min(1.0, float(moving_variance.min()))
    share = (least * _LEFT_OVER)[:, np.newaxis]
    # What is as small as the step from share to share is lost beside it.
    unknown = (1 - _LEFT_OVER[-1]) * least / (1 - share)
    own_mean = moving_mean / (1 - share)
    own_variance = (moving_variance - share) / (1 - share) + unknown
    of_means = np.median(np.abs(mean - own_mean) / np.sqrt(own_variance), axis=1)
    of_variances = np.median(np.abs(np.log((variance + unknown) / own_variance)), axis=1)
    total = np.nan_to_num(of_means + of_variances, nan=np.inf)
    best = int(total.argmin())
    if not np.isfinite(total[best]):
        return np.inf, np.inf
    return float(of_means[best]), float(of_variances[best])


def _evidence(scales: _Scales, own: ScaleFit) -> ScaleEvidence | None:
    """``own`` is the card's way, which was tried already."""
    # Of pictures made by code, nobody can say which colour should be the stronger one.
    ways = _usual_ways(own.colour, in_both_orders=not scales.is_made_by_code)
    others = dict.fromkeys(ways)
    others.pop((own.scale, own.colour), None)
    fits = [own, *(scales.fit(*way) for way in others)]
    fits.sort(key=lambda fit: fit.distance)
    if not np.isfinite(fits[0].distance):
        return None
    singled_out = _singled_out(fits)
    colour, probe = _colour(fits, singled_out), scales.probe
    return ScaleEvidence(tuple(fits), singled_out, colour, probe.layer, probe.is_frozen)


def _usual_ways(colour: Colour, *, in_both_orders: bool) -> Iterator[tuple[Scale, Colour]]:
    is_colour = colour != "grey"
    colours: tuple[Colour, ...] = ("rgb", "bgr") if is_colour and in_both_orders else (colour,)
    for scale in _PLAIN:
        for order in colours:
            yield scale, order
    if is_colour:
        yield TORCH, "rgb"
        yield CAFFE, "bgr"


def _singled_out(fits: Sequence[ScaleFit]) -> Scale | None:
    best = fits[0]
    others = [fit.distance for fit in fits if fit.scale != best.scale]
    limit = max(_TIMES * best.distance, best.distance + _FARTHER)
    is_alone = best.distance <= _NEAR and all(other >= limit for other in others)
    return best.scale if is_alone else None


def _colour(fits: Sequence[ScaleFit], scale: Scale | None) -> Colour | None:
    """The nearest first: of one scale, one order of the colours may be far nearer."""
    of_scale = [fit for fit in fits if fit.scale == scale and fit.colour != "grey"]
    if len(of_scale) != 2:
        return None
    best, other = of_scale
    limit = max(_COLOUR_TIMES * best.distance, best.distance + _COLOUR_FARTHER)
    return best.colour if other.distance >= limit else None


def _own(fits: Sequence[ScaleFit], spec: InputSpec) -> ScaleFit | None:
    wanted = (spec.scale, spec.colour)
    return next((fit for fit in fits if (fit.scale, fit.colour) == wanted), None)


def _in_words(fit: ScaleFit) -> str:
    """Numbers beyond all sense are cut: with them nobody can do more."""
    shift, factor = min(fit.mean_distance, 999.0), np.exp(min(fit.variance_distance, 13.8))
    numbers = [f"{number:.{0 if number > _MANY else 1}f}" for number in (shift, factor)]
    return f"{numbers[0]} standard deviations and a factor of {numbers[1]}"
