"""What in a picture speaks for a label: evidence from the model, and its picture."""

from vistazo.answers.explanation.evidence import Evidence, Explainer
from vistazo.answers.explanation.heatmap import OVERLAY_PX, Frame, heat_layer, overlay

__all__ = ["OVERLAY_PX", "Evidence", "Explainer", "Frame", "heat_layer", "overlay"]
