// What the header of a DICOM file said of its picture: codes of the standard, in the page's words.

import { el, entry } from "./elements.js";
import { modalityText, partText } from "./header_codes.js";
import { fill, language, number } from "./language.js";

export const WORDS = {
  en: {
    title: "What the file's header says",
    header: "Header",
    view: "View",
    age: "Age",
    laterality: "Side",
    modality: "Modality",
    part: "Body part",
    window: "Grey levels",
    frame: "Frame",
    underOneMonth: "under {month}",
    frameOf: "{frame} of {frames}",
    position: "Position",
    turned: "turned, as the file asks",
    windows: {
      linear: "by the window in the file",
      linear_exact: "by the exact window in the file",
      sigmoid: "by the sigmoid window in the file",
      lut: "by the table in the file",
      min_max: "from its darkest to its brightest value",
      whole: "all that its bits can hold",
    },
    views: {
      AP: "anteroposterior",
      PA: "posteroanterior",
      LL: "left lateral",
      RL: "right lateral",
      LLD: "left lateral decubitus",
      RLD: "right lateral decubitus",
      LLO: "left lateral oblique",
      RLO: "right lateral oblique",
      LAO: "left anterior oblique",
      RAO: "right anterior oblique",
      LPO: "left posterior oblique",
      RPO: "right posterior oblique",
      FRONTAL: "frontal",
      LATERAL: "lateral",
      OBLIQUE: "oblique",
      AXIAL: "axial",
    },
    sides: { R: "right", L: "left", U: "unpaired", B: "both" },
  },
  es: {
    title: "Lo que dice la cabecera del archivo",
    header: "Cabecera",
    view: "Proyección",
    age: "Edad",
    laterality: "Lado",
    modality: "Modalidad",
    part: "Parte del cuerpo",
    window: "Niveles de gris",
    frame: "Fotograma",
    underOneMonth: "menos de {month}",
    frameOf: "{frame} de {frames}",
    position: "Posición",
    turned: "enderezada, como pide el archivo",
    windows: {
      linear: "según la ventana del archivo",
      linear_exact: "según la ventana exacta del archivo",
      sigmoid: "según la ventana sigmoide del archivo",
      lut: "según la tabla del archivo",
      min_max: "de su valor más oscuro al más claro",
      whole: "todos los que caben en sus bits",
    },
    views: {
      AP: "anteroposterior",
      PA: "posteroanterior",
      LL: "lateral izquierda",
      RL: "lateral derecha",
      LLD: "decúbito lateral izquierdo",
      RLD: "decúbito lateral derecho",
      LLO: "oblicua lateral izquierda",
      RLO: "oblicua lateral derecha",
      LAO: "oblicua anterior izquierda",
      RAO: "oblicua anterior derecha",
      LPO: "oblicua posterior izquierda",
      RPO: "oblicua posterior derecha",
      FRONTAL: "frontal",
      LATERAL: "lateral",
      OBLIQUE: "oblicua",
      AXIAL: "axial",
    },
    sides: { R: "derecho", L: "izquierdo", U: "impar", B: "ambos" },
  },
};

const YOUNG_YEARS = 2;
// The service tells a hundredth of a year at least, and rounds down.
const LOST_MONTHS = 0.12;

const words = () => WORDS[language()];

/** As ages are told: in months below two years. */
export function ageText(years) {
  const unit = (count, name) => number(count, { style: "unit", unit: name, unitDisplay: "long" });
  if (years >= YOUNG_YEARS) return unit(Math.floor(years), "year");
  const months = Math.min(23, Math.floor(years * 12 + LOST_MONTHS));
  return months < 1 ? fill(words().underOneMonth, { month: unit(1, "month") }) : unit(months, "month");
}

const viewText = (view) => (words().views[view] ? `${words().views[view]} (${view})` : view);

/** Terms and descriptions, some with a shorter one; none where the picture was no DICOM file. */
export function headerFacts({ dicom }) {
  if (!dicom) return [];
  const { view, age_years: age, laterality, modality, body_part: part, window, frame, frames, turned } = dicom;
  const w = words();
  return [
    [w.view, view && viewText(view)],
    [w.age, age != null && ageText(age)],
    [w.laterality, laterality && (w.sides[laterality] ?? laterality)],
    [w.modality, modality && modalityText(modality), modality],
    [w.part, part && partText(part)],
    [w.window, window && (w.windows[window] ?? window)],
    [w.frame, frames > 1 && fill(w.frameOf, { frame: number(frame), frames: number(frames) })],
    [w.position, turned && w.turned],
  ].filter(([, description]) => description);
}

/** For the result. */
export function headerOf(answer) {
  const facts = headerFacts(answer);
  if (facts.length === 0) return null;
  const rows = facts.flatMap(([term, description]) => entry(term, description));
  return el("section", { id: "header-said" }, el("h3", {}, words().title), el("dl", { class: "details" }, rows));
}

/** For paper and file, in a line: of whom, from where, and which. */
export function headerLine(answer) {
  const further = [words().part, words().window];
  const facts = headerFacts(answer).filter(([term]) => !further.includes(term));
  const said = facts.map(([term, description, short]) => `${term}: ${short ?? description}`).join("; ");
  return facts.length > 0 ? [[words().header, said]] : [];
}

/** For a line of the list: view and age. */
export function inShort({ dicom }) {
  if (!dicom) return "";
  return [dicom.view, dicom.age_years != null && ageText(dicom.age_years)].filter(Boolean).join(" · ");
}
