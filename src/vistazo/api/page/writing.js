// For a model of texts, or of rows of numbers: one is typed and sent, and its answer is shown.

import { byId } from "./elements.js";
import { askKey } from "./key.js";
import { percent, speakOf, t } from "./language.js";
import { problemText, sampleResultOf } from "./result.js";
import { Problem, predictSample } from "./service.js";

let model = null;
let item = null;
let isBusy = false;

/** From now on the page is for this model, and for no pictures. */
export function takeSamples(served, onSaid) {
  model = served;
  speakOf(model.signature.takes);
  byId("intake").hidden = true;
  byId("writing").hidden = false;
  byId("skip").href = "#sample";
  byId("writing").addEventListener("submit", (event) => {
    event.preventDefault();
    send(onSaid);
  });
}

export function showSample() {
  if (!model) return;
  const names = model.card.input.columns?.length ? model.card.input.columns : model.signature.feature_names;
  const count = model.signature.n_features;
  byId("sample-hint").textContent = t("sampleHint", { count, names: names.slice(0, 40).join(", ") });
  const result = byId("result");
  result.hidden = !item;
  if (item) result.replaceChildren(...sampleResultOf(item, model, () => byId("writing").requestSubmit()));
}

async function send(onSaid) {
  if (isBusy) return;
  isBusy = true;
  byId("result").setAttribute("aria-busy", "true");
  onSaid(t("reading"));
  try {
    const answer = await predictSample(sampleOf(byId("sample").value), {
      askKey,
      onWait: () => onSaid(t("retrying")),
    });
    item = { answer };
    const { predicted_class: label, confidence: share } = answer;
    onSaid(share === undefined ? t("verdictPlain", { label }) : `${label}, ${percent(share)}`);
  } catch (problem) {
    if (!problem.code) throw problem;
    item = { problem };
    onSaid(problemText(problem).join(" "));
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
