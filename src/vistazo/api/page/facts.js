// What a picture that leaves the page, on paper or as a file, says about itself.

import { entry } from "./elements.js";
import { headerLine } from "./header.js";
import { labelOf, language, number, readable, spoken, t, table } from "./language.js";
import { w } from "./sheet_words.js";

// What of a file's name is seen on paper.
const LONG_NAME = 60;

/** With its zone, in the page's language, as the browser's country writes it. */
export function timeOf(when) {
  const locale = navigator.languages.find((tag) => tag.startsWith(language())) ?? language();
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "long" }).format(when);
}

/** Terms and descriptions: the model that answered, which answer, and when. */
export function factsOf({ file, answer, at, told }, { card }) {
  const { model } = answer;
  return [
    [t("file"), file.name.length > LONG_NAME && file.name],
    ...headerLine(answer),
    [t("model"), `${model.name} ${model.version}`],
    [t("weights"), model.sha256],
    [t("request"), answer.request_id],
    [w("at"), at && timeOf(at)],
    [t("whichIsTrue"), told && labelOf(told.label, card).text],
  ].filter(([, description]) => description);
}

export const entriesOf = (facts) => facts.flatMap(([term, description]) => entry(term, description));

export const noticeOf = ({ card }) => spoken(card.notice, card.language);

/** What the layer shows: for which label, and how it was found. */
export function layerText({ answer: { heatmap }, opacity }, { card }) {
  const percent = number(opacity / 100, { style: "percent" });
  const shown = w("heatAt", { label: labelOf(heatmap.label, card).text, percent });
  return `${shown} ${table("methods")[heatmap.method] ?? readable(heatmap.method)}`;
}

/** What is shown of it: the file itself, or as the service drew it. */
export const urlOf = ({ shown, url }) => shown ?? url;

export const heatUrl = ({ image }) => `data:image/png;base64,${image}`;
