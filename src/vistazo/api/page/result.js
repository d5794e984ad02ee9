// One picture's result: the picture to look at, the verdict, the probabilities.

import { el, entry } from "./elements.js";
import { fill, percent, readable, t, table, words } from "./language.js";
import { picture, viewer } from "./viewer.js";

const MOST_BARS = 8;
const GRAVITY = { out_of_distribution: 0, uncertain: 1 };

/** `on` holds what the viewer asks for, and `onAgain()`, which sends the picture again. */
export function resultOf(item, model, on) {
  if (item.problem) return [fileName(item), ...failure(item, on.onAgain)];
  if (!item.answer) return [fileName(item), picture(item), progress(item)];
  return [
    fileName(item),
    el(
      "div",
      { class: "reading" },
      el(
        "div",
        { class: "verdict" },
        ...verdict(item.answer, model.card),
        details(item),
        againButton("sendAgain", on.onAgain),
      ),
      viewer(item, model, on),
    ),
  ];
}

export function progress(item) {
  const bar = el("progress", {
    "aria-label": t("progressOf", { file: item.file.name }),
    max: 1,
    ...(item.state === "sending" && { value: item.progress }),
  });
  return el("div", { class: "progress" }, el("span", {}, stateText(item)), bar);
}

export function stateText(item) {
  return t(item.state, { percent: percent(item.progress) });
}

/** What happened, and what to do, in words. */
export function problemText(problem) {
  const pair = table("problems")[problem.code] ?? table("problemOther");
  return pair.map((text) => fill(text, { detail: problem.detail }));
}

/** Takes the focus where what had it is gone. */
const fileName = (item) => el("h2", { id: "shown", class: "file", tabindex: "-1" }, item.file.name);

const againButton = (text, onclick, isMain = false) =>
  el("button", { id: "again", type: "button", class: isMain ? "main" : null, onclick }, t(text));

function failure(item, onAgain) {
  const [what, todo] = problemText(item.problem);
  return [
    el("div", { class: "banner problem" }, el("strong", {}, what), el("p", {}, todo)),
    againButton("again", onAgain, item.problem.canPass),
    el("dl", { class: "details" }, ...entry(t("request"), item.problem.request)),
  ];
}

function verdict(answer, card) {
  const label = answer.predicted_class;
  const values = { label, percent: percent(answer.confidence), words: words(answer.confidence) };
  const isUnknown = answer.warnings.includes("out_of_distribution");
  const [headline, sentence] = isUnknown
    ? [null, t("verdictUnknown", values)]
    : [el("p", { class: "label" }, label), t("verdict", values)];
  const parts = [...warnings(answer.warnings, card), headline, el("p", { class: "said" }, sentence)];
  return [...(isUnknown ? parts : [...parts.slice(-2), ...parts.slice(0, -2)]), bars(answer, card)];
}

/** The gravest first. */
function warnings(codes, card) {
  const gravity = (code) => GRAVITY[code] ?? 2;
  return [...codes]
    .sort((one, other) => gravity(one) - gravity(other))
    .map((warning) => {
      const pair = table("warnings")[warning] ?? table("warningOther");
      const values = { title: card.title || readable(card.name), warning };
      const [what, todo] = pair.map((text) => fill(text, values));
      return el("div", { class: `banner ${warning}` }, el("strong", {}, what), el("p", {}, todo));
    });
}

function bars(answer, card) {
  const shares = Object.entries(answer.probabilities);
  const isBinary = shares.length === 2 && card.output.kind !== "multilabel";
  if (!isBinary) shares.sort((one, other) => other[1] - one[1]);
  const rest = shares.slice(MOST_BARS);
  const positive = card.positive ?? card.labels[1];
  const threshold = { label: positive, percent: percent(card.output.threshold) };
  return el(
    "section",
    { class: "probabilities" },
    el("h3", {}, t("probabilities")),
    el("ul", {}, shares.slice(0, MOST_BARS).map(([label, share]) => bar(label, share, answer))),
    rest.length > 0
      ? el("p", { class: "hint" }, t("others", { count: rest.length, percent: percent(rest[0][1]) }))
      : null,
    isBinary ? el("p", { class: "hint" }, t("threshold", threshold)) : null,
  );
}

function bar(label, share, answer) {
  const fillOf = el("span", { class: "fill" });
  fillOf.style.setProperty("--share", share);
  return el(
    "li",
    { class: label === answer.predicted_class ? "chosen" : null },
    el("span", { class: "name" }, label),
    el("span", { class: "words" }, words(share)),
    el("span", { class: "number" }, percent(share)),
    el("span", { class: "bar", "aria-hidden": "true" }, fillOf),
  );
}

function details(item) {
  const { answer } = item;
  const { model } = answer;
  return el(
    "details",
    { open: item.isOpen, ontoggle: (event) => (item.isOpen = event.target.open) },
    el("summary", {}, t("details")),
    el(
      "dl",
      { class: "details" },
      ...entry(t("file"), answer.filename),
      ...entry(t("model"), `${model.name} ${model.version}`),
      ...entry(t("weights"), model.sha256),
      ...entry(t("request"), answer.request_id),
    ),
  );
}
