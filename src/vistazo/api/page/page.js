// Wires the page: pictures come in, are sent from the queue, and their results are shown.

import { showModel } from "./about.js";
import { keepInView } from "./desk.js";
import { byId, el } from "./elements.js";
import { askKey } from "./key.js";
import { language, prefer, problemText, speak, t } from "./language.js";
import { isAway, lookNow, untilReady } from "./readiness.js";
import { Results } from "./results.js";
import { loadDrift, loadModel } from "./service.js";
import { LANGUAGES } from "./strings.js";
import { showSample, takeSamples } from "./writing.js";

const results = new Results(say);
let model = null;
let drift = null;
let csv = null;

// ---- pictures come in

function add(files) {
  if (!takesPictures()) return;
  csv ??= import("./table.js"); // while the service is there
  results.add(files, asks() ? "ready" : "waiting");
  if (asks()) say(byId("unsent").textContent);
}

const asks = () => model?.card.page?.ask ?? false;

function clear() {
  results.clear();
  say(t("cleared"));
  byId("files").focus();
}

function say(text) {
  byId("status").textContent = text;
}

// ---- languages, files, the start

function refresh() {
  byId("languages").replaceChildren(...Object.keys(LANGUAGES).map(languageButton));
  showModel(model);
  drift?.showDrift();
  if (takesPictures()) results.showAll();
  else showSample();
}

const takesPictures = () => !model || model.card.task === "image" || !model.card.task;

function languageButton(code) {
  const press = async () => {
    if (!(await prefer(code))) return say(problemText({ code: "network" }).join(" "));
    refresh();
    byId("languages").querySelector("[aria-pressed=true]").focus();
  };
  const isOn = code === language();
  return el("button", { type: "button", lang: code, "aria-pressed": String(isOn), onclick: press }, LANGUAGES[code]);
}

async function download() {
  const { csvOf } = await csv;
  const url = URL.createObjectURL(new Blob([csvOf(results.queue.items, model.card)], { type: "text/csv" }));
  el("a", { href: url, download: `${model.card.name}.csv` }).click();
  results.queue.isUnsaved = false;
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function listen() {
  const files = byId("files");
  files.addEventListener("change", () => {
    add(files.files);
    files.value = ""; // so that the same file can be chosen again
  });
  byId("csv").addEventListener("click", download);
  byId("clear").addEventListener("click", clear);
  byId("predict").addEventListener("click", () => results.sendAll());
  byId("look-now").addEventListener("click", lookNow);
  addEventListener("beforeunload", (event) => results.queue.isLosing() && event.preventDefault());
  document.addEventListener("paste", (event) => add(event.clipboardData.files));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dragging");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dragging");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dragging");
    add(event.dataTransfer.files);
  });
}

/** Only who may know loads what shows it. */
async function watchDrift() {
  const found = await loadDrift().catch(() => null);
  if (!found) return;
  drift = await import("./drift.js");
  drift.watch(found, model.card);
}

/** The model. Where the service cannot be reached, it is waited for. */
async function meet() {
  for (;;) {
    try {
      return await loadModel(askKey, () => (byId("lead").textContent = t("starting")));
    } catch (problem) {
      if (!problem.code) throw problem;
      byId("lead").textContent = problem.code === "network" ? t("modelFailed") : problemText(problem).join(" ");
      if (!isAway(problem)) return null;
      await untilReady();
    }
  }
}

async function start() {
  listen();
  keepInView();
  speak();
  refresh();
  model = await meet();
  if (!model) return;
  results.model = model;
  if (!takesPictures()) takeSamples(model, say);
  if (asks()) for (const item of results.queue.items) item.state = "ready";
  refresh();
  results.queue.open();
  await watchDrift();
}

start();
