// What the model decided, in words. Where nothing of it is worth a look, it is struck through.

import { el } from "./elements.js";
import { fill, labelOf, percent, purposeOf, spoken, t, table, titleOf, words } from "./language.js";

const GRAVITY = { out_of_distribution: 0, uncertain: 1 };

/** Unlike all that the model knows: then its answer says nothing. */
export const isStrange = ({ warnings }) => warnings.includes("out_of_distribution");

export function verdict(answer, card) {
  const { text: label, lang } = labelOf(answer.predicted_class, card);
  const share = answer.confidence;
  const kind = share === undefined ? "Plain" : "";
  const values = kind ? { label } : { label, percent: percent(share), words: words(share) };
  if (isStrange(answer)) {
    const struck = [el("span", { class: "unseen" }, `${t("notValid")} `), el("s", { lang }, label)];
    const said = t(`verdictUnknown${kind}`, values);
    return [...warnings(answer, card), el("p", { class: "label" }, struck), el("p", { class: "said" }, said)];
  }
  const purpose = purposeOf(card);
  return [
    el("p", { class: "label", lang }, label),
    el("p", { class: "said" }, t(`verdict${kind}`, values)),
    purpose.text && el("p", { class: "hint", lang: purpose.lang }, purpose.text),
    ...warnings(answer, card),
  ];
}

/** The same in a line of the list. */
export function outcomeOf(answer, card) {
  const { text: label, lang } = labelOf(answer.predicted_class, card);
  const share = percent(answer.confidence);
  if (isStrange(answer)) return [t("strange"), " ", el("s", { lang }, `${label} ${share}`)];
  return [el("b", { lang }, label), ` ${share}`];
}

/** The same, to be heard. */
export function saidOf({ file, answer }, card) {
  const label = labelOf(answer.predicted_class, card).text;
  const key = isStrange(answer) ? "saidStrange" : "said";
  return t(key, { file: file.name, label, percent: percent(answer.confidence) });
}

const warnings = (answer, card) =>
  warned(answer, card).map(({ warning, what, todo }) =>
    el("div", { class: `banner ${warning}` }, el("strong", {}, what), el("p", {}, todo)),
  );

/** What it warns of and what to do, the gravest first. */
export function warned(answer, card) {
  const gravity = (code) => GRAVITY[code] ?? 2;
  const title = spoken(card.made_for, card.language).text || titleOf(card).text;
  return [...answer.warnings]
    .sort((one, other) => gravity(one) - gravity(other))
    .map((warning) => {
      const pair = table("warnings")[warning] ?? table("warningOther");
      const [what, todo] = pair.map((text) => fill(text, { title, warning }));
      return { warning, what, todo };
    });
}
