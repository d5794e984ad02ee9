// Wires the page: pictures come in, are sent one after the other, and their results are shown.

import { aboutOf, doubtsOf, noticeOf } from "./about.js";
import { byId, el } from "./elements.js";
import { askKey } from "./key.js";
import { language, languages, nameOf, percent, prefer, readable, speak, t } from "./language.js";
import { problemText, progress, resultOf, stateText } from "./result.js";
import { loadModel, predict, see } from "./service.js";
import { csvOf } from "./table.js";
import { seenText } from "./viewer.js";
import { showSample, takeSamples } from "./writing.js";

const AT_ONCE = 2;
const FIRST_OPACITY = 60;

const items = [];
let model = null;
let chosen = null;
let running = 0;

// ---- pictures come in

function add(files) {
  if (!takesPictures()) return;
  const added = [...files].map((file) => ({
    file,
    url: URL.createObjectURL(file),
    state: "waiting",
    progress: 0,
    opacity: FIRST_OPACITY,
    view: "picture",
  }));
  if (added.length === 0) return;
  items.push(...added);
  chosen = chosen ?? added[0];
  showAll();
  work();
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
  const fresh = { answer: null, problem: null, seen: null, heatFailed: false, view: "picture" };
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
  byId("list").replaceChildren(...items.map(lineOf));
  showChosen();
}

/** Shows what has changed of one item, and leaves the focus where it is. */
function show(item) {
  if (!items.includes(item)) return;
  const line = byId("list").children[items.indexOf(item)];
  const hadFocus = line.contains(document.activeElement);
  const fresh = lineOf(item);
  line.replaceWith(fresh);
  if (hadFocus) fresh.firstElementChild.focus();
  if (item === chosen) showChosen();
}

function showProgress(item) {
  if (!items.includes(item)) return;
  const line = byId("list").children[items.indexOf(item)];
  line.querySelector(".state").textContent = stateText(item);
  if (item === chosen) byId("result").querySelector(".progress")?.replaceWith(progress(item));
}

function showChosen() {
  const result = byId("result");
  result.hidden = !chosen;
  if (!chosen || !model) return;
  const item = chosen;
  const held = result.contains(document.activeElement) ? document.activeElement.id : null;
  result.replaceChildren(
    ...resultOf(item, model, {
      onLabel: (label) => explainAgain(item, label),
      onView: (view) => look(item, view),
      onAgain: () => again(item),
    }),
  );
  if (held !== null) (byId(held) ?? byId("shown")).focus();
}

function choose(item) {
  const before = chosen;
  chosen = item;
  if (before && before !== item) show(before);
  show(item);
}

function lineOf(item) {
  const { answer, problem } = item;
  const doubt = answer?.warnings.length ? "doubtful" : "";
  const outcome = answer
    ? [el("b", {}, answer.predicted_class), ` ${percent(answer.confidence)}`]
    : [problem ? t("failed") : stateText(item)];
  return el(
    "li",
    { class: `${problem ? "failed" : doubt} ${answer || problem ? "" : "pending"}` },
    el(
      "button",
      { type: "button", "aria-current": item === chosen ? "true" : null, onclick: () => choose(item) },
      thumbnail(item),
      el("span", { class: "name" }, item.file.name),
      el("span", { class: "state" }, outcome),
    ),
  );
}

function thumbnail(item) {
  const image = el("img", { src: item.url, alt: "", width: 44, height: 44 });
  image.addEventListener("error", () => image.replaceWith(el("span", { class: "blank" })));
  return image;
}

function showModel() {
  const notice = model ? noticeOf(model) : {};
  byId("notice").hidden = !notice.text;
  byId("about").hidden = !model;
  byId("doubts").hidden = !model?.warnings.length;
  if (!model) return;
  const title = model.card.title || readable(model.card.name);
  byId("title").textContent = title;
  byId("title").lang = model.card.language;
  document.title = `${title} · Vistazo`;
  byId("notice").textContent = notice.text;
  byId("notice").lang = notice.lang ?? "";
  byId("lead").textContent = t("lead", { labels: model.card.labels.join(", ") });
  byId("doubts").replaceChildren(...doubtsOf(model));
  byId("about").replaceChildren(...aboutOf(model));
}

function say(text) {
  byId("status").textContent = text;
}

// ---- languages, files, the start

function refresh() {
  byId("languages").replaceChildren(...languages.map(languageButton));
  showModel();
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

function download() {
  const url = URL.createObjectURL(new Blob([csvOf(items, model.card.labels)], { type: "text/csv" }));
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

async function start() {
  listen();
  speak(language());
  refresh();
  try {
    model = await loadModel(askKey, () => (byId("lead").textContent = t("starting")));
    if (!takesPictures()) takeSamples(model, say);
    refresh();
    work();
  } catch (problem) {
    if (!problem.code) throw problem;
    byId("lead").textContent = problem.code === "network" ? t("modelFailed") : problemText(problem).join(" ");
  }
}

start();
