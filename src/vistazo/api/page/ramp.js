// The colours of the heatmap, as the service draws it (vistazo/answers/explanation/heatmap.py), and
// what they mean.

import { el } from "./elements.js";
import { w } from "./sheet_words.js";

/** Strength, red, green, blue, opacity. */
export const RAMP = [
  [0, 190, 40, 20, 0],
  [0.15, 196, 48, 22, 0.06],
  [0.45, 230, 92, 20, 0.45],
  [0.75, 252, 164, 36, 0.68],
  [1, 255, 236, 130, 0.8],
];

/** On black, as on a dark place of a picture, at the `strength` (0..1) that the layer is shown with. */
export const stops = (strength) =>
  RAMP.map(([at, ...colour]) => [at, `rgb(${colour.slice(0, 3).map((part) => part * colour[3] * strength).join(" ")})`]);

/** A bar of them, from what spoke little to what spoke most. */
export function legendOf(item) {
  const bar = el("span", { class: "ramp", "aria-hidden": "true" });
  const legend = el("p", { class: "shades" }, el("span", {}, w("little")), bar, el("span", {}, w("much")));
  colour(legend, item);
  return legend;
}

export function colour(legend, { opacity }) {
  const colours = stops(opacity / 100).map(([at, shade]) => `${shade} ${100 * at}%`);
  legend.querySelector(".ramp").style.backgroundImage = `linear-gradient(90deg, ${colours.join(", ")})`;
}
