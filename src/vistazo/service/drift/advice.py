"""What somebody can do about each kind of drift."""

from __future__ import annotations

from vistazo.service.drift.quantities import Kind

WHAT_TO_DO: dict[Kind, dict[str, str]] = {
    "input": {
        "en": "What is sent is not like what the model was measured on. Look at some of it: "
        "another device, exposure, crop, format or source? Undo that if it was not meant. If it is "
        "to stay, measure the model on new labelled examples (vistazo evaluate), train it on them "
        "if it has become worse, and make its baseline again.",
        "es": "Lo que se envía no se parece a aquello con lo que se midió el modelo. Mira algunos "
        "casos: ¿otro aparato, exposición, recorte, formato u origen? Deshazlo si no era lo que se "
        "quería. Si va a quedarse así, mide el modelo con ejemplos nuevos etiquetados (vistazo "
        "evaluate), entrénalo con ellos si ha empeorado y vuelve a hacer su línea de base.",
    },
    "output": {
        "en": "The classes are not answered as often as they used to be. Check some answers. If "
        "the classes really come so often now, put the shares that are to be expected into "
        "drift.class_share of the model's card; if not, the model errs: measure it on new labelled "
        "examples (vistazo evaluate).",
        "es": "Las clases no se responden con la frecuencia de antes. Comprueba algunas "
        "respuestas. Si las clases se presentan de verdad así ahora, pon las proporciones que cabe "
        "esperar en drift.class_share de la ficha del modelo; si no, el modelo se equivoca: mídelo "
        "con ejemplos nuevos etiquetados (vistazo evaluate).",
    },
    "confidence": {
        "en": "The model is not as sure of its answers as where it was measured. Have uncertain "
        "ones checked by somebody, and measure the model on new labelled examples (vistazo "
        "evaluate) before its probabilities are relied on.",
        "es": "El modelo no está tan seguro de sus respuestas como donde se midió. Haz que alguien "
        "revise las dudosas y mide el modelo con ejemplos nuevos etiquetados (vistazo evaluate) "
        "antes de fiarte de sus probabilidades.",
    },
}
