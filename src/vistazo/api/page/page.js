// Wires the page: what the model is, in which language; pictures come in.

import { showModel } from "./about.js";
import { byId, el } from "./elements.js";
import { askKey } from "./key.js";
import { language, prefer, problemText, speak, t } from "./language.js";
import { part } from "./parts.js";
import { fetched, isAway, untilReady } from "./readiness.js";
import { loadDrift, loadExample, loadModel } from "./service.js";
import { LANGUAGES } from "./strings.js";

let model = null;
let drift = null;
let writing = null;
let results = null;
let loading = null;

// ---- pictures come in

async function add(files) {
  const those = [...files];
  if (those.length === 0 || !takesPictures()) return;
  await load();
  if (!takesPictures()) return; // the model has come meanwhile
  results.add(those, asks() ? "ready" : "waiting");
  if (asks()) say(byId("unsent").textContent);
}

/** The pictures in folders: `find` gives them of a part that comes now. */
async function addFolder(find) {
  if (!takesPictures()) return;
  const incoming = await fetched(() => part("incoming"), () => tellFound(t("away")));
  tellFound(incoming.lookingText());
  const found = await find(incoming);
  await add(found.files);
  tellFound(incoming.foundText(found));
}

function tellFound(text) {
  say((byId("found").textContent = text));
}

/** A browser gives a folder's files to a field of its own only. */
function chooseFolder() {
  const field = el("input", { type: "file", multiple: true, webkitdirectory: true });
  field.addEventListener("change", () => addFolder(({ picturesIn }) => picturesIn(field.files)));
  field.click();
}

function drop({ items, files }) {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.some(({ isDirectory }) => isDirectory)) addFolder(({ picturesOf }) => picturesOf(entries));
  else add(files);
}

/** A picture that lies beside the model, for who has none. */
async function tryExample() {
  byId("untried").textContent = "";
  try {
    await add([await loadExample(askKey)]);
  } catch (problem) {
    if (!problem.code) throw problem;
    say((byId("untried").textContent = problemText(problem).join(" ")));
  }
}

const asks = () => model?.card.page?.ask ?? false;

/** What is needed from the first picture on, and nobody who only reads needs. */
async function load() {
  loading ??= fetched(() => part("results"), () => say((byId("lead").textContent = t("away"))));
  const { Results } = await loading;
  if (results) return;
  showModel(model);
  results = new Results(say, renew);
  if (model) results.open(model);
}

function say(text) {
  byId("status").textContent = text;
}

// ---- languages, files, the start

function refresh() {
  byId("languages").replaceChildren(...Object.keys(LANGUAGES).map(languageButton));
  showModel(model);
  drift?.showDrift();
  results?.showAll();
  writing?.showSample();
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

function listen() {
  const files = byId("files");
  files.addEventListener("change", () => {
    add(files.files);
    files.value = ""; // so that the same file can be chosen again
  });
  byId("try").addEventListener("click", tryExample);
  byId("folder").addEventListener("click", chooseFolder);
  for (const intent of ["focusin", "pointerenter"]) byId("intake").addEventListener(intent, load, { once: true });
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
    drop(event.dataTransfer);
  });
}

/** Only who may know loads what shows it. */
async function watchDrift() {
  const found = await loadDrift().catch(() => null);
  if (!found) return;
  drift = await part("drift");
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

/** Another model answers than the one that was met. */
async function renew() {
  const found = await meet();
  if (!found || found.sha256 === model.sha256) return;
  model = found;
  showModel(model);
  results.renew(model);
}

/** The page is for texts, or for numbers. */
async function takeSamples() {
  writing = await fetched(() => part("writing"));
  writing.takeSamples(model, say);
}

async function start() {
  listen();
  speak();
  refresh();
  model = await meet();
  if (!model) return;
  if (!takesPictures()) await takeSamples();
  refresh();
  results?.open(model);
  await watchDrift();
}

start();
