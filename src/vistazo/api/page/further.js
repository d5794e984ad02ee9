// What the further outputs of a model say: of classes the one that was decided on, or a number.

import { el } from "./elements.js";
import { labelOf, language, number, percent, readable, table, words } from "./language.js";
import { line } from "./result.js";

const TITLE = { en: "What else the model says", es: "Qué más dice el modelo" };

/** The first output is the answer itself. */
export function furtherParts(outputs, card) {
  const lines = Object.entries(outputs).slice(1).map(([name, answer]) => lineOf(readable(name), answer, card));
  return [el("h3", {}, TITLE[language()]), el("ul", {}, lines)];
}

function lineOf(name, { value, unit, predicted_class: label, confidence: share, warnings }, card) {
  if (label === undefined) return line(name, `${number(value)} ${unit}`, {});
  const said = warnings.length > 0 ? table("warnings").uncertain[0] : words(share);
  return line(`${name}: ${labelOf(label, card).text}`, percent(share), { share, said });
}
