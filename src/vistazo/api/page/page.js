// Wires the page: pictures come in, are sent from the queue, and their results are shown.

import { showModel } from "./about.js";
import { byId, el, refill } from "./elements.js";
import { tell } from "./feedback.js";
import { askKey } from "./key.js";
import { language, prefer, problemText, speak, t } from "./language.js";
import { lineOf } from "./list.js";
import { explainAgain, look } from "./looking.js";
import { Queue } from "./queue.js";
import { progress, resultOf, stateText } from "./result.js";
import { loadDrift, loadModel } from "./service.js";
import { LANGUAGES } from "./strings.js";
import { showSample, takeSamples } from "./writing.js";

const queue = new Queue({ show, showProgress, say, card: () => model.card });
let model = null;
let chosen = null;
let drift = null;
let csv = null;

// ---- pictures come in

function add(files) {
  if (!takesPictures()) return;
  csv ??= import("./table.js"); // while the service is there
  const [first] = queue.add(files, asks() ? "ready" : "waiting");
  if (!first) return;
  chosen ??= first;
  showAll();
  if (asks()) say(byId("unsent").textContent);
  queue.work();
}

/** Before it is sent. */
function remove(item) {
  const place = queue.remove(item);
  if (item === chosen) chosen = queue.items[place] ?? queue.items.at(-1) ?? null;
  showAll();
  say(t("removed", { file: item.file.name }));
  const next = byId("list").children[Math.min(place, queue.items.length - 1)];
  (next?.firstElementChild ?? byId("files")).focus();
}

function clear() {
  queue.clear();
  chosen = null;
  showAll();
  say(t("cleared"));
  byId("files").focus();
}

const asks = () => model?.card.page?.ask ?? false;

/** Where the card asks for a button, it is what sends them. */
function sendAll() {
  [chosen] = queue.unsent();
  queue.sendAll();
  showAll();
  byId("shown").focus();
}

// ---- and are shown

function showAll() {
  document.body.classList.toggle("working", queue.items.length > 0);
  byId("results").hidden = queue.items.length === 0;
  byId("asking").hidden = queue.unsent().length === 0;
  byId("unsent").textContent = t("unsent", { count: queue.unsent().length });
  byId("list").replaceChildren(...queue.items.map(line));
  showChosen();
}

/** Shows what has changed of one item, and leaves the focus where it is. */
function show(item) {
  if (!queue.items.includes(item)) return;
  const old = byId("list").children[queue.items.indexOf(item)];
  const hadFocus = old.contains(document.activeElement);
  const fresh = line(item);
  old.replaceWith(fresh);
  if (hadFocus) fresh.firstElementChild.focus();
  if (item === chosen) showChosen();
}

function showProgress(item) {
  if (!queue.items.includes(item)) return;
  const shown = byId("list").children[queue.items.indexOf(item)];
  shown.querySelector(".state").textContent = stateText(item);
  if (item === chosen) byId("result").querySelector(".progress")?.replaceWith(progress(item));
}

function showChosen() {
  const result = byId("result");
  result.hidden = !chosen;
  if (!chosen || !model) return;
  const item = chosen;
  const on = {
    items: queue.items,
    onLabel: (label) => explainAgain(item, label, queue, show),
    onView: (view) => look(item, view, model.card, { show, say }),
    onTruth: (label) => tell(item, label, model.card, () => show(item), say),
    onAgain: () => queue.again(item),
  };
  refill(result, resultOf(item, model, on), "shown");
}

function choose(item) {
  const before = chosen;
  chosen = item;
  if (before && before !== item) show(before);
  show(item);
}

const line = (item) =>
  lineOf(item, item === chosen, model?.card, { onChoose: () => choose(item), onRemove: () => remove(item) });

function say(text) {
  byId("status").textContent = text;
}

// ---- languages, files, the start

function refresh() {
  byId("languages").replaceChildren(...Object.keys(LANGUAGES).map(languageButton));
  showModel(model);
  drift?.showDrift();
  if (takesPictures()) showAll();
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
  const url = URL.createObjectURL(new Blob([csvOf(queue.items, model.card)], { type: "text/csv" }));
  el("a", { href: url, download: `${model.card.name}.csv` }).click();
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
  byId("predict").addEventListener("click", sendAll);
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

async function start() {
  listen();
  speak();
  refresh();
  try {
    model = await loadModel(askKey, () => (byId("lead").textContent = t("starting")));
    if (!takesPictures()) takeSamples(model, say);
    if (asks()) for (const item of queue.items) item.state = "ready";
    refresh();
    queue.open();
    await watchDrift();
  } catch (problem) {
    if (!problem.code) throw problem;
    byId("lead").textContent = problem.code === "network" ? t("modelFailed") : problemText(problem).join(" ");
  }
}

start();
