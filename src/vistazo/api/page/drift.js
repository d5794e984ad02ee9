// Whether what is asked and answered is still as it was in the baseline. Loaded for those who may know.

import { WORDS } from "./drift_words.js";
import { byId, el } from "./elements.js";
import { fill, labelOf, language, number, problemText, spoken } from "./language.js";
import { loadDrift } from "./service.js";

const MOST_BINS = 24;
const BOTH = ["baseline", "window"];

let found = null;
let fault = null;
let card = null;

/** What was found of the model of a card, and asked for again whenever somebody opens it. */
export function watch(first, served) {
  [found, card] = [first, served];
  document.head.append(el("link", { rel: "stylesheet", href: "/page/drift.css" }));
  byId("drift").addEventListener("toggle", () => byId("drift").open && look());
  showDrift();
}

async function look() {
  try {
    [found, fault] = [await loadDrift(), null];
  } catch (problem) {
    if (!problem.code) throw problem;
    fault = problem;
  }
  showDrift();
}

export function showDrift() {
  const { quantities = [], feedback } = found;
  const state = feedback?.concept_drift?.state === "drifting" ? "drifting" : found.state;
  const changed = quantities.filter((each) => each.is_drifting);
  byId("drift").hidden = [401, 403, 404].includes(fault?.status);
  byId("drift-title").textContent = w("title");
  byId("drift-state").textContent = w("states")[state];
  byId("drift-found").replaceChildren(
    ...(fault ? [el("p", { class: "banner problem" }, problemText(fault).join(" "))] : []),
    el("p", {}, sentence()),
    ...Object.keys(w("kinds")).map((kind) => whatToDo(kind, changed)).filter(Boolean),
    ...(quantities.length > 0 ? [legend(), el("ul", { class: "quantities" }, quantities.map(quantityOf))] : []),
    ...(feedback?.labelled ? told(feedback) : []),
  );
}

const w = (key) => WORDS[language()][key];

function sentence() {
  const [answers, of] = [found.window?.answers, found.window?.of].map((count) => number(count ?? 0));
  const baseline = number(found.baseline?.answers ?? 0);
  return fill(w(found.state), { answers, of, baseline });
}

const nameOf = ({ name }) => w("quantities")[name] ?? name;

/** Once for all quantities of a kind. */
function whatToDo(kind, changed) {
  const those = changed.filter((each) => each.kind === kind);
  const lines = those.map((each) => fill(w("since"), { name: nameOf(each), time: clock().format(new Date(each.since)) }));
  return those.length > 0 && advice(w("kinds")[kind], lines, those[0].what_to_do);
}

function advice(what, lines, todo) {
  const { text, lang } = spoken(todo, "en");
  return el(
    "div",
    { class: "banner" },
    el("strong", {}, what),
    el("ul", {}, lines.map((line) => el("li", {}, line))),
    el("p", { lang }, text),
  );
}

const legend = () =>
  el("p", { class: "legend hint" }, BOTH.map((which) => el("span", { class: which }, w("which")[which])));

function quantityOf(quantity) {
  const bins = binsOf(quantity);
  const most = Math.max(...bins.flatMap(({ shares }) => shares)) || 1;
  const summary = el("summary", {}, w("asTable"), el("span", { class: "unseen" }, `: ${nameOf(quantity)}`));
  return el(
    "li",
    { class: quantity.is_drifting ? "drifting" : null },
    el("h3", {}, nameOf(quantity)),
    el("div", { class: "chart", "aria-hidden": "true" }, bins.map((bin) => el("span", {}, bin.shares.map(column(most))))),
    el("details", {}, summary, tableOf(quantity, bins)),
  );
}

/** Each with its name and its two shares; of many labels those that come most. */
function binsOf({ edges = [], labels, baseline, window }) {
  const bins = (baseline ?? []).map((share, place) => ({
    name: labels ? labelOf(labels[place], card).text : between(edges[place - 1], edges[place]),
    shares: [share, window?.[place] ?? 0],
  }));
  if (!labels || bins.length <= MOST_BINS) return bins;
  return bins.sort((one, other) => Math.max(...other.shares) - Math.max(...one.shares)).slice(0, MOST_BINS);
}

/** A bin of a single value, such as a size that most have, is called by it. */
function between(...edges) {
  const [low, high] = edges.map((edge) => edge !== undefined && number(edge, { maximumSignificantDigits: 4 }));
  if (low && high) return low === high ? low : `${low} – ${high}`;
  return low ? `≥ ${low}` : high ? `< ${high}` : "";
}

const column = (most) => (share, place) => {
  const node = el("i", { class: BOTH[place] });
  node.style.setProperty("--share", share / most);
  return node;
};

function tableOf(quantity, bins) {
  const { psi, threshold_psi: least } = quantity;
  const limit = least === null ? "" : fill(w("limit"), { least: number(least) });
  return grid(
    fill(w("distance"), { psi: number(psi), limit }),
    [nameOf(quantity), ...BOTH.map((which) => w("which")[which])],
    bins.map(({ name, shares }) => [name, ...shares.map(percent)]),
  );
}

function grid(caption, heads, rows) {
  const row = ([first, ...rest]) =>
    el("tr", {}, el("th", { scope: "row" }, first), rest.map((text) => el("td", {}, text)));
  return el(
    "table",
    {},
    el("caption", {}, caption),
    el("thead", {}, el("tr", {}, heads.map((text) => el("th", { scope: "col" }, text)))),
    el("tbody", {}, rows.map(row)),
  );
}

/** Of those answers of which somebody said what was true. */
function told({ labelled, accuracy, expected_calibration_error: error, over_time: times = [], concept_drift: concept }) {
  const rows = times.map((each) => [timeOf(each), number(each.answers), interval(each.accuracy, each)]);
  return [
    el("h3", {}, fill(w("toldRight"), { count: number(labelled) })),
    accuracy && el("p", {}, interval(accuracy.value, accuracy)),
    error != null && el("p", { class: "hint" }, fill(w("calibration"), { error: number(error) })),
    concept && concluded(concept),
    rows.length > 1 && el("details", {}, el("summary", {}, w("overTime")), grid(w("overTime"), w("overTimeHeads"), rows)),
  ].filter(Boolean);
}

function concluded({ state, what_to_do: todo }) {
  if (state === "drifting") return advice(w("concept")[state], [], todo);
  const { text, lang } = todo ? spoken(todo, "en") : { text: w("concept")[state] };
  return el("p", { lang }, text);
}

const interval = (value, { low, high }) => `${percent(value)} (${percent(low)} – ${percent(high)})`;
const percent = (value) => number(value, { style: "percent", maximumFractionDigits: 1 });

const timeOf = ({ from, to }) => clock().formatRange(new Date(from), new Date(to));

/** Times in the visitor's own zone and, where that speaks the language, manner. */
function clock() {
  const manner = navigator.languages.find((tag) => tag.startsWith(language())) ?? language();
  return new Intl.DateTimeFormat(manner, { dateStyle: "medium", timeStyle: "short" });
}
