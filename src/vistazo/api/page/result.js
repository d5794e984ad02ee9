// One picture's result: the picture to look at, the verdict, the probabilities.

import { el, entry } from "./elements.js";
import { feedbackOf } from "./feedback.js";
import { fill, number, percent, problemText, readable, t, table, words } from "./language.js";
import { picture, viewer } from "./viewer.js";

const MOST_BARS = 8;
const MOST_WORDS = 10;
const GRAVITY = { out_of_distribution: 0, uncertain: 1 };

/** `on` holds what the viewer asks for, `onTruth(label)`, and `onAgain()`, which sends the picture again. */
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
        furtherOf(item.answer),
        feedbackOf(item, model, on.onTruth),
        details(item),
        againButton("sendAgain", on.onAgain),
      ),
      viewer(item, model, on),
    ),
  ];
}

export function progress(item) {
  if (item.state === "ready") return el("p", { class: "hint" }, stateText(item));
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

/** Takes the focus where what had it is gone. */
const fileName = (item) => el("h2", { id: "shown", class: "file", tabindex: "-1" }, item.file.name);

const againButton = (text, onclick, isMain = false) =>
  el("button", { id: "again", type: "button", class: isMain ? "main" : null, onclick }, t(text));

/** A text's result, or a row's: the verdict, and the words that spoke for it. */
export function sampleResultOf(item, model, on) {
  if (item.problem) return [heading(), ...failure(item, on.onAgain)];
  return [
    heading(),
    el(
      "div",
      { class: "verdict" },
      ...verdict(item.answer, model.card),
      furtherOf(item.answer),
      known(item.answer),
      wordsOf(item.answer),
      feedbackOf(item, model, on.onTruth),
      details(item),
    ),
  ];
}

const heading = () => el("h2", { id: "shown", class: "file", tabindex: "-1" }, t("result"));

function failure(item, onAgain) {
  const [what, todo] = problemText(item.problem);
  return [
    el("div", { class: "banner problem" }, el("strong", {}, what), el("p", {}, todo)),
    againButton("again", onAgain, item.problem.canPass),
    el("dl", { class: "details" }, ...entry(t("request"), item.problem.request)),
  ];
}

/** What the screen says, paper says too (report.js). */
export function verdict(answer, card) {
  const label = answer.predicted_class;
  const share = answer.confidence;
  const isShare = share !== undefined;
  const values = { label, ...(isShare && { percent: percent(share), words: words(share) }) };
  const isUnknown = answer.warnings.includes("out_of_distribution");
  const kind = isShare ? "" : "Plain";
  const [headline, sentence] = isUnknown
    ? [null, t(`verdictUnknown${kind}`, values)]
    : [el("p", { class: "label" }, label), t(`verdict${kind}`, values)];
  const parts = [...warnings(answer.warnings, card), headline, el("p", { class: "said" }, sentence)];
  return [...(isUnknown ? parts : [...parts.slice(-2), ...parts.slice(0, -2)]), bars(answer, card)];
}

/** What a model of several outputs says beside it. */
function furtherOf({ outputs }) {
  if (!outputs) return null;
  const section = el("section", { class: "probabilities" });
  import("./further.js").then(({ furtherParts }) => section.replaceChildren(...furtherParts(outputs)));
  return section;
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
  if (!answer.probabilities) return answer.scores ? scoresOf(answer) : null;
  const shares = Object.entries(answer.probabilities);
  const isBinary = shares.length === 2 && card.output.kind !== "multilabel";
  if (!isBinary) shares.sort((one, other) => other[1] - one[1]);
  const rest = shares.slice(MOST_BARS);
  const positive = card.positive ?? card.labels[1];
  const threshold = { label: positive, percent: percent(card.output.threshold ?? 0.5) };
  return el(
    "section",
    { class: "probabilities" },
    el("h3", {}, t("probabilities")),
    el("ul", {}, shares.slice(0, MOST_BARS).map(([label, share]) => bar(label, share, answer))),
    rest.length > 0
      ? el("p", { class: "hint" }, t("others", { count: rest.length, percent: percent(rest[0][1]) }))
      : null,
    isBinary && card.output.threshold ? el("p", { class: "hint" }, t("threshold", threshold)) : null,
  );
}

const bar = (label, share, answer) =>
  line(label, percent(share), { share, said: words(share), isChosen: label === answer.predicted_class });

/** A name and its number; where it is a `share` of the whole line, with a bar as long. */
export function line(name, shown, { share, said, isChosen }) {
  const fillOf = el("span", { class: "fill" });
  fillOf.style.setProperty("--share", share);
  return el(
    "li",
    { class: isChosen ? "chosen" : null },
    el("span", { class: "name" }, name),
    said && el("span", { class: "words" }, said),
    el("span", { class: "number" }, shown),
    share !== undefined && el("span", { class: "bar", "aria-hidden": "true" }, fillOf),
  );
}

/** Decision values: the largest decides, and they are no probabilities. */
function scoresOf(answer) {
  const largest = Object.entries(answer.scores).sort((one, other) => other[1] - one[1]);
  return el(
    "section",
    { class: "probabilities" },
    el("h3", {}, t("scores")),
    el(
      "ul",
      {},
      largest.slice(0, MOST_BARS).map(([label, score]) =>
        line(label, number(score), { isChosen: label === answer.predicted_class }),
      ),
    ),
  );
}

/** How many of a text's words the model knows. */
function known({ in_distribution: likeness }) {
  if (likeness?.score === undefined) return null;
  return el("p", { class: "hint" }, t("wordsKnown", { percent: percent(likeness.score), words: number(likeness.words) }));
}

function wordsOf({ explanation }) {
  if (!explanation) return null;
  const { label, words: found } = explanation;
  const strongest = Math.max(...found.map(({ weight }) => Math.abs(weight)));
  const list = (kind, sign) => {
    const those = found
      .filter(({ weight }) => sign * weight > 0)
      .sort((one, other) => sign * (other.weight - one.weight))
      .slice(0, MOST_WORDS);
    if (those.length === 0) return null;
    return el(
      "section",
      { class: `probabilities words-${kind}` },
      el("h3", {}, t(kind, { label })),
      el("ul", {}, those.map((each) => wordBar(each, strongest))),
    );
  };
  const lists = [list("wordsFor", 1), list("wordsAgainst", -1)].filter(Boolean);
  return lists.length > 0
    ? el("div", { class: "evidence" }, ...lists, el("p", { class: "hint" }, t("wordsCaption")))
    : el("p", { class: "hint" }, t("wordsNothing", { label }));
}

function wordBar({ word, weight }, strongest) {
  const shown = number(weight, { maximumSignificantDigits: 2, signDisplay: "always" });
  return line(word, shown, { share: Math.abs(weight) / strongest });
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
