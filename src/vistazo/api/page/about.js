// What the model is, for whom, and how good: all of it from its card.

import { byId, el, entry } from "./elements.js";
import { labelOf, number, purposeOf, readable, spoken, t, table, titleOf } from "./language.js";
import { groupName, groupsOf, worthOf } from "./worth.js";

const TEXTS = ["intended_use", "population", "training_data", "limits", "licence"];
/** The service's own sentences, whichever language the page speaks. */
const OF_SERVICE = "en";
const MOST_SHOWN = 300;
const SHARES = ["accuracy", "balanced_accuracy", "sensitivity", "specificity", "f1", "out_of_distribution"];
/** What a group says of itself, which is no figure; of another threshold the costs tell. */
const OF_THE_GROUP = ["title", "note", "best_threshold"];

/** Nothing of it where there is none. */
export function showModel(model) {
  const notice = model ? spoken(model.card.notice, model.card.language) : {};
  byId("notice").hidden = !notice.text;
  byId("about").hidden = !model;
  byId("doubts").hidden = !model?.warnings.length;
  if (!model) return;
  const title = titleOf(model.card);
  document.title = `${title.text} · Vistazo`;
  write("title", title);
  write("notice", notice);
  write("made-for", purposeOf(model.card));
  byId("example").hidden = !model.example;
  write("credit", spoken(model.card.page?.example_credit, model.card.language));
  const labels = model.card.labels.map((label) => labelOf(label, model.card).text);
  byId("lead").textContent = t("lead", { labels: labels.join(", ") });
  if (model.records?.pictures) byId("privacy").textContent = t("kept");
  byId("doubts").replaceChildren(...doubtsOf(model));
  byId("about").replaceChildren(...aboutOf(model));
}

function write(id, { text, lang = "" }) {
  Object.assign(byId(id), { textContent: text, lang });
}

function aboutOf({ card, conclusions, costs = [] }) {
  return [
    ...howGood(card),
    ...(costs.length > 0 ? costing(costs) : []),
    el("h2", { id: "about-title" }, t("about")),
    el(
      "dl",
      {},
      ...entry(t("model"), `${readable(card.name)} · ${t("version")} ${card.version}`),
      ...TEXTS.flatMap((name) => entry(t(name), written(spoken(card[name], card.language)))),
    ),
    ...(conclusions.length > 0 ? [concluded(conclusions)] : []),
    ...(groupsOf(card).length > 0 ? [figures(card)] : []),
  ];
}

/** Reasons to doubt the model, whatever the picture. */
function doubtsOf({ warnings }) {
  return [
    el("strong", { id: "doubts-title" }, t("doubts")),
    ...warnings.map((sentence) => el("p", { lang: OF_SERVICE }, sentence)),
  ];
}

/** A screen reader reads it in its own language, whichever the page speaks. */
const written = ({ text, lang }) => text && el("span", { lang }, text);

/** For those who read no tables: a line for each group of figures. */
function howGood(card) {
  const lines = worthOf(card);
  const title = el("h2", {}, t("howGood"));
  if (lines.length === 0) return [title, el("p", { class: "worth" }, t("notMeasured"))];
  return [title, el("ul", { class: "worth" }, lines.map(worthLine)), el("p", { class: "hint" }, t("brackets"))];
}

/** In the service's sentences, each in several languages. */
function costing(costs) {
  const lines = costs.map((each) => spoken(each, OF_SERVICE)).map(({ text, lang }) => el("li", { lang }, text));
  return [el("h2", {}, t("costs")), el("ul", { class: "worth" }, lines)];
}

function worthLine({ group, count, told, note }) {
  return el(
    "li",
    {},
    el("b", { lang: group.lang }, group.text),
    `${count && ` (${count})`}: ${told}.`,
    note.text && [" ", el("span", { class: "note", lang: note.lang }, note.text)],
  );
}

/** The groups side by side: those of the same model, on other pictures. */
function figures(card) {
  const groups = groupsOf(card);
  const names = new Set(groups.flatMap(([, group]) => Object.keys(group)));
  const rows = [...names].filter((name) => !OF_THE_GROUP.includes(name)).map((name) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, nameOf(name)),
      groups.map(([, group]) => el("td", {}, name in group ? shown(name, group[name], card) : "–")),
    ),
  );
  const heads = groups.map(([name, group]) => groupName(name, group, card));
  const columns = [{ text: t("figure") }, ...heads].map(({ text, lang }) => el("th", { scope: "col", lang }, text));
  const whole = tableOf("figures", t("figures"), columns, rows);
  // Where the window is narrower than the table; a keyboard can scroll only what it can reach.
  return el("div", { class: "wide", role: "region", tabindex: 0, "aria-label": t("figures") }, whole);
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
  const columns = ["cardField", "cardValue", "known"].map((key) => el("th", { scope: "col" }, t(key)));
  return tableOf("concluded", t("conclusions"), columns, rows);
}

function tableOf(kind, caption, columns, rows) {
  return el(
    "table",
    { class: kind },
    el("caption", {}, caption),
    el("thead", {}, el("tr", {}, columns)),
    el("tbody", {}, rows),
  );
}

const nameOf = (figure) => table("figureNames")[figure] ?? readable(figure);

function shown(figure, value, card) {
  if (typeof value === "number") return format(figure, value);
  if (value === null || typeof value !== "object") return String(value);
  if ("value" in value && "low" in value) {
    const [middle, low, high] = [value.value, value.low, value.high].map((v) => format(figure, v));
    return [`${middle} `, el("span", { class: "interval" }, `(${low} – ${high})`)];
  }
  return Object.entries(value)
    .map(([label, count]) => `${labelOf(label, card).text} ${typeof count === "number" ? format(figure, count) : count}`)
    .join(", ");
}

function format(figure, value) {
  if (SHARES.includes(figure)) return number(value, { style: "percent", maximumFractionDigits: 1 });
  const digits = Number.isInteger(value) ? 0 : 3;
  return number(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
