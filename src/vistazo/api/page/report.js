// The printed report: a page for each answered picture. What else is on the page is not printed.

import { el } from "./elements.js";
import { entriesOf, factsOf, heatUrl, layerText, noticeOf, timeOf } from "./facts.js";
import { furtherParts } from "./further.js";
import { problemText, t, titleOf } from "./language.js";
import { legendOf } from "./ramp.js";
import { decided } from "./result.js";
import { w } from "./sheet_words.js";

// Enough for a page's width: 12 megapixels of twenty pictures would make a file of hundreds of megabytes.
const MOST_SIDE_PX = 1600;
// Wider than that, the picture and its heatmap lie one above the other.
const WIDE = 1.6;

const report = el("div", { id: "report" });
let known = null;
let isReady = false;

const answered = (items) => items.filter(({ answer }) => answer);

/** The browser's own "Print" prints them all. */
export function watchPrinting(items, model) {
  if (!known) {
    document.body.append(report);
    addEventListener("beforeprint", () => isReady || fill(known.items, known.model));
    addEventListener("afterprint", empty);
  }
  known = { items, model };
}

/** Once its pictures can be seen. */
export async function printOf(items, model) {
  fill(items, model);
  isReady = true;
  // One that this browser cannot show is told for it.
  await Promise.all([...report.querySelectorAll("img")].map((image) => image.decode().catch(() => {})));
  print();
}

function fill(items, model) {
  const missing = items.filter(({ answer }) => !answer);
  const last = missing.length > 0 ? [missingSheet(missing)] : [];
  report.replaceChildren(...answered(items).map((item) => sheetOf(item, model)), ...last);
  document.body.classList.toggle("reporting", items.length > 0);
}

/** Nothing of it stays on the page. */
function empty() {
  isReady = false;
  report.replaceChildren();
  document.body.classList.remove("reporting");
}

function sheetOf(item, model) {
  const [notice, title] = [noticeOf(model), titleOf(model.card)];
  return el(
    "article",
    { class: "sheet" },
    el("p", { class: "of" }, el("b", { lang: title.lang }, title.text), " · Vistazo"),
    notice.text && el("p", { class: "caution", lang: notice.lang }, notice.text),
    el("h2", {}, item.file.name),
    el("div", { class: "verdict" }, ...decided(item.answer, model.card), furtherOf(item.answer, model.card)),
    figures(item, model),
    el("dl", {}, ...entriesOf([...factsOf(item, model), [w("printed"), timeOf(new Date())]])),
  );
}

/** At once: what is printed cannot wait. */
function furtherOf({ outputs }, card) {
  return outputs ? el("section", { class: "probabilities" }, ...furtherParts(outputs, card)) : null;
}

/** The picture itself, and under its heatmap beside it. */
function figures(item, model) {
  const { heatmap } = item.answer;
  const paper = paperOf(item);
  const alone = el("figure", {}, el("figcaption", {}, t("viewPicture")), imageOf(item, paper));
  const pictures = el("div", { class: `pictures ${paper.ratio > WIDE ? "wide" : ""}` }, alone);
  if (!heatmap) return pictures;
  const layer = el("img", { class: "heat", src: heatUrl(heatmap), alt: "" });
  layer.style.opacity = item.opacity / 100;
  const under = [el("figcaption", {}, layerText(item, model)), legendOf(item), imageOf(item, paper, layer)];
  pictures.append(el("figure", {}, ...under));
  return pictures;
}

/** Of a large picture a smaller copy. At once: the browser holds the picture for the list. */
function paperOf({ url }) {
  const image = el("img", { src: url });
  const [width, height] = [image.naturalWidth, image.naturalHeight];
  const scale = MOST_SIDE_PX / Math.max(width, height);
  const ratio = width / height || 1;
  if (!(scale < 1)) return { url, ratio };
  const canvas = el("canvas", { width: Math.ceil(width * scale), height: Math.ceil(height * scale) });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return { url: canvas.toDataURL("image/jpeg", 0.9), ratio };
}

function imageOf(item, { url, ratio }, layer) {
  const image = el("img", { class: "picture", src: url, alt: t("picture", { file: item.file.name }) });
  const plane = el("div", { class: "plane" }, image, layer);
  plane.style.setProperty("--ratio", ratio);
  image.addEventListener("error", () => plane.replaceWith(el("p", {}, t("noPreview"))));
  return el("div", { class: "box" }, plane);
}

/** Nobody takes fewer pages for all. */
function missingSheet(items) {
  const line = ({ file, problem }) =>
    el("li", {}, el("b", {}, file.name), ": ", problem ? problemText(problem).join(" ") : w("pending"));
  return el("article", { class: "sheet" }, el("h2", {}, w("missing")), el("ul", {}, items.map(line)));
}
