// For a model of texts, or of rows of numbers: one is typed and sent, and its answer is shown.

import { byId, el, refill } from "./elements.js";
import { tell } from "./feedback.js";
import { askKey } from "./key.js";
import { labelOf, percent, problemText, purposeOf, speakOf, t } from "./language.js";
import { sampleResultOf } from "./result.js";
import { Problem, predictSample } from "./service.js";
import { isStrange } from "./verdict.js";

let model = null;
let item = null;
let isBusy = false;
let say = null;

/** From now on the page is for this model, and for no pictures. */
export function takeSamples(served, onSaid) {
  model = served;
  say = onSaid;
  speakOf(model.signature.takes);
  byId("intake").hidden = true;
  byId("writing").hidden = false;
  byId("skip").href = "#sample";
  byId("writing").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
}

export function showSample() {
  if (!model) return;
  const names = model.card.input.columns?.length ? model.card.input.columns : model.signature.feature_names;
  const count = model.signature.n_features;
  const hint = t("sampleHint", { count, names: names.slice(0, 40).join(", ") });
  const { text, lang } = purposeOf(model.card);
  byId("sample-hint").replaceChildren(hint, " ", el("span", { lang }, text));
  const result = byId("result");
  result.hidden = !item;
  if (!item) return;
  const on = {
    onAgain: () => byId("writing").requestSubmit(),
    onTruth: (label) => tell(item, label, model.card, showSample, say),
  };
  refill(result, sampleResultOf(item, model, on), "shown");
}

async function send() {
  if (isBusy) return;
  isBusy = true;
  byId("result").setAttribute("aria-busy", "true");
  say(t("reading"));
  try {
    const answer = await predictSample(sampleOf(byId("sample").value), {
      askKey,
      onWait: () => say(t("retrying")),
    });
    item = { answer };
    const label = labelOf(answer.predicted_class, model.card).text;
    const told = answer.confidence === undefined ? t("verdictPlain", { label }) : `${label}, ${percent(answer.confidence)}`;
    say(isStrange(answer) ? t("verdictUnknownPlain", { label }) : told);
  } catch (problem) {
    if (!problem.code) throw problem;
    item = { problem };
    say(problemText(problem).join(" "));
  }
  isBusy = false;
  byId("result").removeAttribute("aria-busy");
  document.body.classList.add("working");
  showSample();
  byId("shown").focus({ preventScroll: false });
}

function sampleOf(typed) {
  return model.signature.takes === "texts" ? { text: typed } : { row: numbersOf(typed) };
}

/** `1.5, 2` or `1,5; 2`: where a semicolon divides, a comma is that of a decimal. Nothing, or a
 * question mark, between two of them is a missing number. */
function numbersOf(typed) {
  const hasSemicolons = typed.includes(";");
  const cells = typed.trim().split(hasSemicolons ? /\s*;\s*/ : /\s*[,\t\n]\s*|\s+/);
  return cells.map((cell) => {
    if (cell === "" || cell === "?") return null;
    const value = Number(hasSemicolons ? cell.replace(",", ".") : cell);
    if (!Number.isFinite(value)) throw new Problem(422, { code: "bad_sample", detail: t("noNumber", { cell }) });
    return value;
  });
}
