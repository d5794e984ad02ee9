// What the model is, for whom, and how good: all of it from its card.

import { el, entry } from "./elements.js";
import { language, number, readable, t, table } from "./language.js";

const TEXTS = ["intended_use", "population", "training_data", "limits", "licence"];
/** The service's own sentences, whichever language the page speaks. */
const OF_SERVICE = "en";
const MOST_SHOWN = 300;
const SHARES = ["accuracy", "balanced_accuracy", "sensitivity", "specificity", "f1"];

export function aboutOf({ card, conclusions }) {
  const groups = Object.entries(card.figures).filter(([, group]) => isTable(group));
  return [
    el("h2", { id: "about-title" }, t("about")),
    el(
      "dl",
      {},
      ...entry(t("model"), `${readable(card.name)} · ${t("version")} ${card.version}`),
      ...TEXTS.flatMap((name) => entry(t(name), card[name] && written(card[name], card.language))),
    ),
    ...(conclusions.length > 0 ? [concluded(conclusions)] : []),
    ...groups.map(([name, group]) => figures(name, group)),
  ];
}

/** Reasons to doubt the model, whatever the picture. */
export function doubtsOf({ warnings }) {
  return [
    el("strong", { id: "doubts-title" }, t("doubts")),
    ...warnings.map((sentence) => el("p", { lang: OF_SERVICE }, sentence)),
  ];
}

/** The notice in the page's language, else in the card's, and which that is. */
export function noticeOf({ card: { notice = "", language: own } }) {
  if (typeof notice === "string") return { text: notice, lang: own };
  const codes = Object.keys(notice);
  const lang =
    codes.find((code) => code === language()) ??
    codes.find((code) => code.startsWith(`${language()}-`)) ??
    codes.find((code) => code === own) ??
    codes[0];
  return { text: notice[lang] ?? "", lang };
}

/** A screen reader reads the card in the card's own language, whichever the page speaks. */
const written = (text, lang) => el("span", { lang }, text);

/** One sentence for those who read no tables; empty where the card has not measured enough. */
export function measuredOf({ card }) {
  const group = Object.values(card.figures).find(
    (figures) => isTable(figures) && "sensitivity" in figures && "specificity" in figures,
  );
  if (!group || !group.pictures) return "";
  const ofHundred = (figure) => number(100 * (figure.value ?? figure), { maximumFractionDigits: 0 });
  return t("measured", {
    pictures: number(group.pictures),
    label: card.positive ?? card.labels[1],
    sensitivity: ofHundred(group.sensitivity),
    specificity: ofHundred(group.specificity),
  });
}

const isTable = (value) => value !== null && typeof value === "object" && !("value" in value);

function figures(name, group) {
  const rows = Object.entries(group).map(([figure, value]) =>
    el("tr", {}, el("th", { scope: "row" }, nameOf(figure)), el("td", {}, shown(figure, value))),
  );
  return tableOf("figures", nameOf(name), [t("figure"), t("value")], rows);
}

/** Where nobody wrote a card: what it says, and how that is known. */
function concluded(conclusions) {
  const rows = conclusions.map(({ field, value, why }) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, table("cardFields")[field] ?? readable(field)),
      el("td", {}, value.length > MOST_SHOWN ? `${value.slice(0, MOST_SHOWN)} …` : value),
      el("td", { lang: OF_SERVICE }, why),
    ),
  );
  return tableOf("concluded", t("conclusions"), [t("cardField"), t("cardValue"), t("known")], rows);
}

function tableOf(kind, caption, columns, rows) {
  const head = columns.map((text) => el("th", { scope: "col" }, text));
  return el(
    "table",
    { class: kind },
    el("caption", {}, caption),
    el("thead", {}, el("tr", {}, head)),
    el("tbody", {}, rows),
  );
}

const nameOf = (figure) => table("figureNames")[figure] ?? readable(figure);

function shown(figure, value) {
  if (typeof value === "number") return format(figure, value);
  if (value === null || typeof value !== "object") return String(value);
  if ("value" in value && "low" in value) {
    const [middle, low, high] = [value.value, value.low, value.high].map((v) => format(figure, v));
    return `${middle} (${low} – ${high})`;
  }
  return Object.entries(value)
    .map(([label, count]) => `${label} ${shown(figure, count)}`)
    .join(", ");
}

function format(figure, value) {
  if (SHARES.includes(figure)) return number(value, { style: "percent", maximumFractionDigits: 1 });
  const digits = Number.isInteger(value) ? 0 : 3;
  return number(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
