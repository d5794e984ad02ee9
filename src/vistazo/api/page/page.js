// Wires the page: pictures come in, are sent one after the other, and their results are shown.

import { showModel } from "./about.js";
import { byId, el, refill } from "./elements.js";
import { tell } from "./feedback.js";
import { askKey } from "./key.js";
import { language, languages, nameOf, percent, prefer, problemText, speak, t } from "./language.js";
import { lineOf } from "./list.js";
import { progress, resultOf, stateText } from "./result.js";
import { loadDrift, loadModel, predict, see } from "./service.js";
import { seenText } from "./viewer.js";
import { showSample, takeSamples } from "./writing.js";

const AT_ONCE = 2;
const FIRST_OPACITY = 60;
const UNTOLD = { told: null, telling: null, untold: null };

const items = [];
let model = null;
let chosen = null;
let running = 0;
let drift = null;
let csv = null;

// ---- pictures come in

function add(files) {
  if (!takesPictures()) return;
  csv ??= import("./table.js"); // while the service is there
  const added = [...files].map((file) => ({
    file,
    url: URL.createObjectURL(file),
    state: asks() ? "ready" : "waiting",
    progress: 0,
    opacity: FIRST_OPACITY,
    view: "picture",
  }));
  if (added.length === 0) return;
  items.push(...added);
  chosen = chosen ?? added[0];
  showAll();
  if (asks()) say(byId("unsent").textContent);
  work();
}

/** Before it is sent. */
function remove(item) {
  const place = items.indexOf(item);
  items.splice(place, 1);
  URL.revokeObjectURL(item.url);
  if (item === chosen) chosen = items[place] ?? items.at(-1) ?? null;
  showAll();
  say(t("removed", { file: item.file.name }));
  const next = byId("list").children[Math.min(place, items.length - 1)];
  (next?.firstElementChild ?? byId("files")).focus();
}

function clear() {
  for (const item of items) URL.revokeObjectURL(item.url);
  items.length = 0;
  chosen = null;
  showAll();
  say(t("cleared"));
  byId("files").focus();
}

// ---- and are sent

const asks = () => model?.card.page?.ask ?? false;
const unsent = () => items.filter(({ state }) => state === "ready");

/** Where the card asks for a button, it is what sends them. */
function sendAll() {
  [chosen] = unsent();
  for (const item of unsent()) item.state = "waiting";
  showAll();
  byId("shown").focus();
  work();
}

function work() {
  while (model && running < AT_ONCE) {
    const next = items.find((item) => item.state === "waiting");
    if (!next) return;
    analyse(next);
  }
}

async function analyse(item) {
  running += 1;
  try {
    await ask(item);
    const { predicted_class: label, confidence } = item.answer;
    item.state = "done";
    say(t("said", { file: item.file.name, label, percent: percent(confidence) }));
  } catch (problem) {
    if (!problem.code) throw problem;
    Object.assign(item, { problem, state: "failed" });
    say(t("saidFailed", { file: item.file.name, problem: problemText(problem).join(" ") }));
  } finally {
    running -= 1;
    show(item);
    work();
  }
}

async function ask(item, label) {
  const change = (state, share) => {
    Object.assign(item, { state, progress: share });
    if (!item.answer) showProgress(item);
  };
  change("sending", 0);
  item.answer = await predict(item.file, {
    label,
    askKey,
    onProgress: (share) => change(share < 1 ? "sending" : "reading", share),
    onWait: () => change("retrying", 0),
  });
}

function again(item) {
  const fresh = { answer: null, problem: null, seen: null, heatFailed: false, view: "picture", ...UNTOLD };
  Object.assign(item, { state: "waiting", progress: 0, ...fresh });
  show(item);
  work();
}

async function explainAgain(item, label) {
  item.heatFailed = false;
  byId("result").setAttribute("aria-busy", "true");
  try {
    await ask(item, label);
  } catch (problem) {
    if (!problem.code) throw problem;
    item.heatFailed = true;
  }
  item.state = "done";
  byId("result").removeAttribute("aria-busy");
  show(item);
}

/** What the model saw is fetched when somebody wants to look: few do, and it can be large. */
async function look(item, view) {
  item.view = view;
  if (view === "picture" || item.seen || item.isLooking) {
    show(item);
    return;
  }
  item.isLooking = true;
  show(item);
  try {
    item.seen = await see(item.file, { askKey });
    say(seenText(item, model.card));
  } catch (problem) {
    if (!problem.code) throw problem;
    item.seenFault = problemText(problem).join(" ");
    say(`${t("seenFailed")} ${item.seenFault}`);
  }
  item.isLooking = false;
  show(item);
}

// ---- and are shown

function showAll() {
  document.body.classList.toggle("working", items.length > 0);
  byId("results").hidden = items.length === 0;
  byId("asking").hidden = unsent().length === 0;
  byId("unsent").textContent = t("unsent", { count: unsent().length });
  byId("list").replaceChildren(...items.map(line));
  showChosen();
}

/** Shows what has changed of one item, and leaves the focus where it is. */
function show(item) {
  if (!items.includes(item)) return;
  const old = byId("list").children[items.indexOf(item)];
  const hadFocus = old.contains(document.activeElement);
  const fresh = line(item);
  old.replaceWith(fresh);
  if (hadFocus) fresh.firstElementChild.focus();
  if (item === chosen) showChosen();
}

function showProgress(item) {
  if (!items.includes(item)) return;
  const shown = byId("list").children[items.indexOf(item)];
  shown.querySelector(".state").textContent = stateText(item);
  if (item === chosen) byId("result").querySelector(".progress")?.replaceWith(progress(item));
}

function showChosen() {
  const result = byId("result");
  result.hidden = !chosen;
  if (!chosen || !model) return;
  const item = chosen;
  const on = {
    onLabel: (label) => explainAgain(item, label),
    onView: (view) => look(item, view),
    onTruth: (label) => tell(item, label, () => show(item), say),
    onAgain: () => again(item),
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
  lineOf(item, item === chosen, { onChoose: () => choose(item), onRemove: () => remove(item) });

function say(text) {
  byId("status").textContent = text;
}

// ---- languages, files, the start

function refresh() {
  byId("languages").replaceChildren(...languages.map(languageButton));
  showModel(model);
  drift?.showDrift();
  if (takesPictures()) showAll();
  else showSample();
}

const takesPictures = () => !model || model.card.task === "image" || !model.card.task;

function languageButton(code) {
  const press = () => {
    prefer(code);
    refresh();
    byId("languages").querySelector("[aria-pressed=true]").focus();
  };
  const isOn = code === language();
  return el("button", { type: "button", lang: code, "aria-pressed": String(isOn), onclick: press }, nameOf(code));
}

async function download() {
  const { csvOf } = await csv;
  const url = URL.createObjectURL(new Blob([csvOf(items, model.card)], { type: "text/csv" }));
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
  drift.watch(found);
}

async function start() {
  listen();
  speak(language());
  refresh();
  try {
    model = await loadModel(askKey, () => (byId("lead").textContent = t("starting")));
    if (!takesPictures()) takeSamples(model, say);
    if (asks()) for (const item of items) item.state = "ready";
    refresh();
    work();
    await watchDrift();
  } catch (problem) {
    if (!problem.code) throw problem;
    byId("lead").textContent = problem.code === "network" ? t("modelFailed") : problemText(problem).join(" ");
  }
}

start();
