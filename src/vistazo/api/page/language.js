// The language of the page: the browser's, until somebody chooses another.

import { keep, recall } from "./memory.js";
import { LANGUAGES, stringsOf } from "./strings.js";

const KEPT = "vistazo-language";

let current = initial();
let strings = await stringsOf(current, (name) => import(`./${name}.js`)); // nothing is there without
let wanted = current;
let task = "image";

export const language = () => current;

/** Says what stands on the page from the start. */
export function speak() {
  document.documentElement.lang = current;
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = t(node.dataset.text);
  for (const node of document.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", t(node.dataset.label));
  }
}

/** Of what the model takes: what differs from pictures is said otherwise from now on. */
export function speakOf(taken) {
  task = taken;
  speak();
}

/** Speak it from now on, on the next visit too. False where its texts cannot be fetched. */
export async function prefer(chosen) {
  wanted = chosen;
  const texts = await stringsOf(chosen).catch(() => null);
  if (!texts) return false;
  if (wanted !== chosen) return true; // another was chosen meanwhile
  [strings, current] = [texts, chosen];
  keep("localStorage", KEPT, chosen);
  speak();
  return true;
}

/** A string, its {names} filled in. */
export function t(key, values = {}) {
  return fill(said(key), values);
}

export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** A table of strings, such as those of the problems. */
export const table = (key) => {
  const ofTask = strings[task]?.[key];
  return ofTask && typeof ofTask === "object" ? { ...strings[key], ...ofTask } : said(key);
};

const said = (key) => strings[task]?.[key] ?? strings[key];

/** What happened, and what to do, in words. */
export function problemText(problem) {
  return pairOf(problem).map((text) => fill(text, { detail: problem.detail, rules: rulesText(problem) }));
}

/** Whether what to do is told by the service, in its own language. */
export const isQuoted = (problem) => pairOf(problem)[1] === "{detail}";

const pairOf = ({ code }) => table("problems")[code] ?? table("problemOther");

/** What a picture has to be like, for each rule that it breaks. */
function rulesText({ broken = [] }) {
  const told = broken.map(({ rule, figures = [] }) => {
    const numbers = figures.map((figure) => number(figure));
    return fill(table("rules")[rule] ?? table("rules").other, numbers);
  });
  return [...new Set(told)].join(" ");
}

export function percent(share) {
  // 99.97 % is not 100 %: what is not certain is never shown as if it were.
  const digits = share > 0.99 || share < 0.01 ? 1 : 0;
  const shown = Math.min(0.999, Math.max(0.001, share));
  const sign = share > 0.999 ? "> " : share < 0.001 ? "< " : "";
  return sign + number(shown, { style: "percent", maximumFractionDigits: digits });
}

export function number(value, options = { maximumFractionDigits: 3 }) {
  return new Intl.NumberFormat(current, options).format(value);
}

/** A number of bytes: "1.8 MB". */
export function bytes(count) {
  const [unit, size] = count < 1e6 ? ["kilobyte", 1e3] : ["megabyte", 1e6];
  return number(count / size, { style: "unit", unit, maximumFractionDigits: count < 1e6 ? 0 : 1 });
}

/** A probability in words. */
export function words(share) {
  return strings.words.find(([least]) => share >= least)[1];
}

/** Of a card's text, or one for each of several languages: the page's, else the card's own. */
export function spoken(text = "", own = "") {
  if (text === null || typeof text !== "object") return { text: typeof text === "string" ? text : "", lang: own };
  const codes = Object.keys(text);
  const lang =
    codes.find((code) => code === current) ??
    codes.find((code) => code.startsWith(`${current}-`)) ??
    codes.find((code) => code === own) ??
    codes[0];
  return { text: String(text[lang] ?? ""), lang };
}

/** What people read in place of a label, and the language that it is in. */
export function labelOf(label, card) {
  const own = spoken(card?.label_titles?.[label], card?.language);
  return own.text ? own : { text: label };
}

/** Of a model: its title, else its name. */
export function titleOf(card) {
  const own = spoken(card.title, card.language);
  return own.text ? own : { text: readable(card.name), lang: card.language };
}

/** For what the model was made, as a sentence; empty where its card does not say. */
export function purposeOf(card) {
  const { text, lang } = spoken(card?.made_for, card?.language);
  return { text: text && t("madeFor", { what: text }), lang };
}

/** "plant_pathology" as a title: "Plant pathology". */
export function readable(name) {
  const text = name.replace(/[-_.]+/g, " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function initial() {
  const codes = [recall("localStorage", KEPT), ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return codes.find((code) => code in LANGUAGES) ?? "en";
}
