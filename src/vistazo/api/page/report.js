// The printed report: a page for each answered picture. What else is on the page is not printed.

import { byId, el } from "./elements.js";
import { entriesOf, factsOf, heatUrl, layerText, noticeOf, timeOf, urlOf } from "./facts.js";
import { furtherParts } from "./further.js";
import { problemText, t, titleOf } from "./language.js";
import { imageOf as shownOf } from "./looking.js";
import { legendOf } from "./ramp.js";
import { decided } from "./result.js";
import { w } from "./sheet_words.js";

// Enough for a page's width: 12 megapixels of twenty pictures would make a file of hundreds of megabytes.
const MOST_SIDE_PX = 1600;
// Wider than that, the picture and its heatmap lie one above the other.
const WIDE = 1.6;

const report = el("div", { id: "report" });
let known = null;
let isPreparing = false;
let isReady = false;

const answered = (items) => items.filter(({ answer }) => answer);

/** The browser's own "Print" prints them all: with its key once they can be seen, else as they are. */
export function watchPrinting(items, model) {
  if (!known) {
    document.body.append(report);
    addEventListener("keydown", onKey);
    addEventListener("beforeprint", () => isReady || fill(known.items, known.model));
    addEventListener("afterprint", empty);
  }
  known = { items, model };
}

function onKey(event) {
  const isPrint = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key === "p";
  if (!isPrint || answered(known.items).length === 0) return;
  event.preventDefault();
  printOf(known.items, known.model);
}

/** Once its pictures can be seen. One after the other: each as large as it is is held for a moment. */
export async function printOf(items, model) {
  if (isPreparing) return;
  tell(w("preparing"));
  isPreparing = true;
  const papers = new Map();
  for (const item of answered(items)) {
    const { answer } = item;
    const image = await shownOf(item).catch(() => el("img")); // that it cannot be shown is told for it
    if (item.answer === answer) papers.set(answer, paperOf(item, image));
  }
  fill(items, model, papers);
  await Promise.all([...report.querySelectorAll("img")].map((image) => image.decode().catch(() => {})));
  [isReady, isPreparing] = [true, false];
  tell("");
  print();
}

function tell(text) {
  const said = byId("tool-said");
  if (said) said.textContent = text;
}

function fill(items, model, papers = new Map()) {
  const missing = items.filter(({ answer }) => !answer);
  const last = missing.length > 0 ? [missingSheet(missing)] : [];
  const paper = (item) => papers.get(item.answer) ?? paperOf(item, el("img", { src: urlOf(item) }));
  const sheet = (item) => sheetOf(item, model, paper(item));
  report.replaceChildren(...answered(items).map(sheet), ...last);
  document.body.classList.toggle("reporting", items.length > 0);
}

/** Nothing of it stays on the page. */
function empty() {
  isReady = false;
  report.replaceChildren();
  document.body.classList.remove("reporting");
}

function sheetOf(item, model, paper) {
  const [notice, title] = [noticeOf(model), titleOf(model.card)];
  return el(
    "article",
    { class: "sheet" },
    el("p", { class: "of" }, el("b", { lang: title.lang }, title.text), " · Vistazo"),
    notice.text && el("p", { class: "caution", lang: notice.lang }, notice.text),
    el("h2", {}, item.file.name),
    el("div", { class: "verdict" }, ...decided(item.answer, model.card), furtherOf(item.answer, model.card)),
    figures(item, model, paper),
    el("dl", {}, ...entriesOf([...factsOf(item, model), [w("printed"), timeOf(new Date())]])),
  );
}

/** At once: what is printed cannot wait. */
function furtherOf({ outputs }, card) {
  return outputs ? el("section", { class: "probabilities" }, ...furtherParts(outputs, card)) : null;
}

/** The picture itself, and under its heatmap beside it. */
function figures(item, model, paper) {
  const { heatmap } = item.answer;
  const pictures = el("div", { class: `pictures ${paper.ratio > WIDE ? "wide" : ""}` });
  const alone = el("figure", {}, el("figcaption", {}, t("viewPicture")), imageOf(item, paper));
  pictures.append(alone);
  if (!heatmap) return pictures;
  const layer = el("img", { class: "heat", src: heatUrl(heatmap), alt: "" });
  layer.style.setProperty("opacity", item.opacity / 100);
  const under = [el("figcaption", {}, layerText(item, model)), legendOf(item), imageOf(item, paper, layer)];
  pictures.append(el("figure", {}, ...under));
  return pictures;
}

/** What is printed of it, and its width by height: of a large picture a smaller copy, where its `image` is
 * there already; of one that the service drew, which may be let go before it is printed, a copy too. */
function paperOf(item, image) {
  const [url, { answer }] = [urlOf(item), item];
  const [width, height] = [image.naturalWidth, image.naturalHeight];
  if (!width) return { url, ratio: ratioOf(answer) };
  const [scale, ratio] = [Math.min(1, MOST_SIDE_PX / Math.max(width, height)), width / height];
  if (scale === 1 && !item.shown) return { url, ratio };
  const canvas = el("canvas", { width: Math.ceil(width * scale), height: Math.ceil(height * scale) });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return { url: canvas.toDataURL("image/jpeg", 0.9), ratio };
}

/** The layer has the proportions of the picture; they stand in the first bytes of a PNG (its section 11.2.2). */
function ratioOf({ heatmap }) {
  if (!heatmap) return 1;
  const bytes = Uint8Array.from(atob(heatmap.image.slice(0, 32)), (sign) => sign.charCodeAt(0));
  const header = new DataView(bytes.buffer);
  return header.getUint32(16) / header.getUint32(20);
}

function imageOf(item, { url, ratio }, layer) {
  const image = el("img", { class: "picture", src: url, alt: t("picture", { file: item.file.name }) });
  const plane = el("div", { class: "plane" }, image, layer);
  plane.style.setProperty("--ratio", ratio);
  // A browser's own "Print" does not wait for a picture that nobody has looked at yet (Chromium 150).
  const late = image.complete ? null : el("p", { class: "late" }, w("late"));
  image.addEventListener("load", () => late?.remove());
  image.addEventListener("error", () => plane.replaceWith(el("p", {}, t("noPreview"))));
  return el("div", { class: "box" }, late, plane);
}

/** Nobody takes fewer pages for all. */
function missingSheet(items) {
  const line = ({ file, problem }) =>
    el("li", {}, el("b", {}, file.name), ": ", problem ? problemText(problem).join(" ") : w("pending"));
  return el("article", { class: "sheet left-out" }, el("h2", {}, w("missing")), el("ul", {}, items.map(line)));
}
