// One picture's result: the picture to look at, the verdict, the probabilities.

import { el, entry } from "./elements.js";
import { feedbackOf } from "./feedback.js";
import { headerOf } from "./header.js";
import { bytes, isQuoted, labelOf, number, percent, problemText, t, words } from "./language.js";
import { part } from "./parts.js";
import { isStrange, verdict } from "./verdict.js";
import { picture, viewer } from "./viewer.js";

const MOST_BARS = 8;
const MOST_WORDS = 10;
/** The service's own sentences, whichever language the page speaks. */
const OF_SERVICE = "en";

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
        ...decided(item.answer, model.card),
        furtherOf(item.answer, model.card),
        headerOf(item.answer),
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
  return t(item.state, { percent: percent(item.progress), size: bytes(item.file.size) });
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
      ...decided(item.answer, model.card),
      furtherOf(item.answer, model.card),
      known(item.answer),
      wordsOf(item.answer, model.card),
      feedbackOf(item, model, on.onTruth),
      details(item),
    ),
  ];
}

const heading = () => el("h2", { id: "shown", class: "file", tabindex: "-1" }, t("result"));

function failure(item, onAgain) {
  const [what, todo] = problemText(item.problem);
  const { broken, detail } = item.problem;
  return [
    el(
      "div",
      { class: "banner problem" },
      el("strong", {}, what),
      el("p", { lang: isQuoted(item.problem) ? OF_SERVICE : null }, todo),
    ),
    againButton("again", onAgain, item.problem.canPass),
    el(
      "dl",
      { class: "details" },
      ...entry(t("inServiceWords"), broken && el("span", { lang: OF_SERVICE }, detail)),
      ...entry(t("request"), item.problem.request),
    ),
  ];
}

/** What the screen says, paper says too (report.js). */
export const decided = (answer, card) => [...verdict(answer, card), bars(answer, card)];

/** What a model of several outputs says beside it. */
function furtherOf({ outputs }, card) {
  if (!outputs) return null;
  const section = el("section", { class: "probabilities" });
  part("further").then(({ furtherParts }) => section.replaceChildren(...furtherParts(outputs, card)));
  return section;
}

function bars(answer, card) {
  if (!answer.probabilities) return answer.scores ? scoresOf(answer, card) : null;
  const shares = Object.entries(answer.probabilities);
  const isBinary = shares.length === 2 && card.output.kind !== "multilabel";
  if (!isBinary) shares.sort((one, other) => other[1] - one[1]);
  const rest = shares.slice(MOST_BARS);
  const positive = card.positive ?? card.labels[1];
  const threshold = { label: labelOf(positive, card).text, percent: percent(card.output.threshold ?? 0.5) };
  return el(
    "section",
    { class: "probabilities" },
    el("h3", {}, t("probabilities")),
    el("ul", {}, shares.slice(0, MOST_BARS).map(([label, share]) => bar(label, share, answer, card))),
    rest.length > 0
      ? el("p", { class: "hint" }, t("others", { count: rest.length, percent: percent(rest[0][1]) }))
      : null,
    isBinary && card.output.threshold ? el("p", { class: "hint" }, t("threshold", threshold)) : null,
  );
}

function bar(label, share, answer, card) {
  const { text, lang } = labelOf(label, card);
  return line(text, percent(share), { share, said: words(share), isChosen: isChosen(label, answer), lang });
}

const isChosen = (label, answer) => label === answer.predicted_class && !isStrange(answer);

/** A name and its number; where it is a `share` of the whole line, with a bar as long. */
export function line(name, shown, { share, said, isChosen, lang }) {
  const fillOf = el("span", { class: "fill" });
  fillOf.style.setProperty("--share", share);
  return el(
    "li",
    { class: isChosen ? "chosen" : null },
    el("span", { class: "name", lang }, name),
    said && el("span", { class: "words" }, said),
    el("span", { class: "number" }, shown),
    share !== undefined && el("span", { class: "bar", "aria-hidden": "true" }, fillOf),
  );
}

/** Decision values: the largest decides, and they are no probabilities. */
function scoresOf(answer, card) {
  const largest = Object.entries(answer.scores).sort((one, other) => other[1] - one[1]);
  return el(
    "section",
    { class: "probabilities" },
    el("h3", {}, t("scores")),
    el(
      "ul",
      {},
      largest.slice(0, MOST_BARS).map(([label, score]) => {
        const { text, lang } = labelOf(label, card);
        return line(text, number(score), { isChosen: isChosen(label, answer), lang });
      }),
    ),
  );
}

/** How many of a text's words the model knows. */
function known({ in_distribution: likeness }) {
  if (likeness?.score === undefined) return null;
  return el("p", { class: "hint" }, t("wordsKnown", { percent: percent(likeness.score), words: number(likeness.words) }));
}

function wordsOf({ explanation }, card) {
  if (!explanation) return null;
  const { words: found } = explanation;
  const label = labelOf(explanation.label, card).text;
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
