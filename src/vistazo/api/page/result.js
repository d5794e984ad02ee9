// One picture's result: the film under its heatmap, the verdict, the probabilities.

import { el, entry } from "./elements.js";
import { fill, number, percent, readable, t, table, words } from "./language.js";

const MOST_BARS = 8;
const GRAVITY = { out_of_distribution: 0, uncertain: 1 };

/** `onLabel(label)` asks for another heatmap, `onAgain()` for another try. */
export function resultOf(item, model, { onLabel, onAgain }) {
  if (item.problem) return [fileName(item), ...failure(item, onAgain)].filter(Boolean);
  if (!item.answer) return [fileName(item), film(item), progress(item)];
  return [
    fileName(item),
    el(
      "div",
      { class: "reading" },
      el("div", { class: "verdict" }, ...verdict(item.answer, model.card), details(item.answer)),
      viewer(item, model, onLabel),
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

const fileName = (item) => el("h2", { class: "file" }, item.file.name);

function failure(item, onAgain) {
  const [what, todo] = problemText(item.problem);
  return [
    el("div", { class: "banner problem" }, el("strong", {}, what), el("p", {}, todo)),
    item.problem.canPass
      ? el("button", { type: "button", class: "main", onclick: onAgain }, t("again"))
      : null,
    el("dl", { class: "details" }, ...entry(t("request"), item.problem.request)),
  ];
}

function film(item) {
  const image = el("img", { class: "film", src: item.url, alt: t("picture", { file: item.file.name }) });
  image.addEventListener("error", () => image.replaceWith(el("p", { class: "blind" }, t("noPreview"))));
  return el("div", { class: "stage" }, image);
}

function viewer(item, model, onLabel) {
  const { heatmap } = item.answer;
  const stage = film(item);
  if (!heatmap) return el("figure", {}, stage);
  const heat = el("img", { class: "heat", src: `data:image/png;base64,${heatmap.image}`, alt: "" });
  stage.append(heat);
  const isEmpty = !heatmap.grid.some((row) => row.some((value) => value > 0));
  const caption = t(isEmpty ? "heatNothing" : "heatCaption", { label: heatmap.label });
  return el(
    "figure",
    {},
    stage,
    el(
      "div",
      { class: "controls" },
      choice(model.card.labels, heatmap.label, onLabel),
      slider(item, heat),
    ),
    el(
      "figcaption",
      {},
      item.heatFailed ? el("strong", {}, `${t("heatFailed")} `) : null,
      `${caption} `,
      el("cite", {}, table("methods")[heatmap.method] ?? readable(heatmap.method)),
    ),
  );
}

function choice(labels, chosen, onLabel) {
  const options = labels.map((label) => el("option", { selected: label === chosen }, label));
  const select = el("select", { id: "heat-label", onchange: () => onLabel(select.value) }, options);
  return el("label", { for: "heat-label" }, el("span", {}, t("heatOf")), select);
}

function slider(item, heat) {
  const output = el("output", { for: "heat-strength" });
  const show = (value) => {
    item.opacity = value;
    heat.style.opacity = value / 100;
    output.textContent = percentOf(value);
    input.setAttribute("aria-valuetext", output.textContent);
  };
  const input = el("input", {
    id: "heat-strength",
    type: "range",
    min: 0,
    max: 100,
    step: 5,
    value: item.opacity,
    oninput: () => show(Number(input.value)),
  });
  show(item.opacity);
  return el("label", { for: "heat-strength" }, el("span", {}, t("heatStrength")), input, output);
}

const percentOf = (value) => number(value / 100, { style: "percent" });

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

function details(answer) {
  const { model } = answer;
  return el(
    "details",
    {},
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
