"""Whether a card and its model say the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vistazo.errors import CardError
from vistazo.models.card import ModelCard
from vistazo.models.output_spec import ClassOutput, IgnoredOutput, MoreOutput, NumberOutput
from vistazo.models.outputs import OutputSignature
from vistazo.models.signature import ModelSignature

_ACTIVATION_OF = {
    "softmax": ("softmax", "unknown"),
    "sigmoid": ("sigmoid", "unknown"),
    "multilabel": ("sigmoid", "unknown"),
    "logits": ("linear", "unknown"),
}


def check_agreement(faults: Iterable[str], source: object) -> None:
    """Raise CardError where there are faults, each on a line of its own."""
    lines = [f"  {fault}" for fault in faults]
    if lines:
        raise CardError(f"The model and its card disagree ({source}):\n" + "\n".join(lines))


def disagreements(card: ModelCard, signature: ModelSignature) -> Iterator[str]:
    """Every point on which a card contradicts its model: sentences that say both sides."""
    said = (card.input.height, card.input.width, card.input.channels)
    found = (signature.height, signature.width, signature.channels)
    if said != found:
        yield (
            f"The card says input {said[0]} x {said[1]} x {said[2]} (height, width, channels of "
            f"'{card.input.colour}'), the model takes {found[0]} x {found[1]} x {found[2]}."
        )
    if signature.units not in card.units:
        yield (
            f"The card has {len(card.labels)} labels and output kind '{card.output.kind}', which "
            f"needs {' or '.join(map(str, card.units))} outputs; the model gives {signature.units}."
        )
    if signature.activation not in _ACTIVATION_OF[card.output.kind]:
        yield (
            f"The card says output kind '{card.output.kind}', but the model ends in "
            f"'{signature.activation}'."
        )
    yield from _further_disagreements(card, signature)


def _further_disagreements(card: ModelCard, signature: ModelSignature) -> Iterator[str]:
    """Of which outputs there are, and what the further ones mean."""
    if card.output.name not in (None, signature.output):
        has = f"is '{signature.output}'" if signature.output else "has no name"
        yield f"The card says output.name '{card.output.name}'; the model's output {has}."
    rows = {output.name: output for output in signature.others}
    for name, spec in card.more_outputs.items():
        if name in rows:
            yield from _of_row(rows[name], spec)
        elif name not in signature.no_rows:
            has = ", ".join((*rows, *signature.no_rows)) or "none"
            yield f"The card's more_outputs has '{name}'; the model's further outputs are: {has}."
        elif not isinstance(spec, IgnoredOutput):
            yield (
                f"The model's output '{name}' is no row of numbers for each picture. Let the card "
                f"say more_outputs: {{{name}: {{kind: ignored}}}}."
            )
    for name in (*rows, *signature.no_rows):
        if name not in card.more_outputs:
            yield (
                f"The card does not say what the model's output '{name}' is. Under more_outputs "
                f"write {name}: {{kind: value, unit: ...}} for a number, {{kind: softmax, labels: "
                "[...]}} for classes, or {kind: ignored}; 'vistazo inspect MODEL' shows them all."
            )


def _of_row(output: OutputSignature, spec: MoreOutput) -> Iterator[str]:
    of = f"more_outputs.{output.name}"
    gives = f"the model gives {output.units}"
    if isinstance(spec, ClassOutput):
        if output.units not in spec.units:
            yield (
                f"{of} has {len(spec.labels)} labels and kind '{spec.kind}', which needs "
                f"{' or '.join(map(str, spec.units))} numbers; {gives}."
            )
        if output.activation not in _ACTIVATION_OF[spec.kind]:
            yield f"{of} says kind '{spec.kind}', but the model ends in '{output.activation}'."
    elif isinstance(spec, NumberOutput):
        if (spec.kind == "value") != (output.units == 1):
            needs = "one number" if spec.kind == "value" else "several probabilities"
            yield f"{of} says kind '{spec.kind}', which needs {needs}; {gives}."
        elif spec.kind == "expectation" and output.activation not in _ACTIVATION_OF["softmax"]:
            yield (
                f"{of} says kind 'expectation', which is of probabilities; the model ends in "
                f"'{output.activation}'."
            )
