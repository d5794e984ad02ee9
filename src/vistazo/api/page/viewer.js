// The picture to look at: under its heatmap, or as the model saw it.

import { el } from "./elements.js";
import { heatUrl, urlOf } from "./facts.js";
import { labelOf, number, problemText, readable, t, table } from "./language.js";
import { part } from "./parts.js";
import { w } from "./sheet_words.js";

// As large as there is room for.
const ANY_SIZE_PX = 9999;

let tools = null;

/** `on.onLabel(label)` asks for another heatmap, `on.onView(view)` for the other view, `on.onUnseen()`
 * for a drawing that this browser can show; `on.items` are all that can be printed with it. */
export function viewer(item, model, on) {
  const { onView, items } = on;
  const parts = item.view === "seen" ? seenBy(item, model.card, on) : underHeat(item, model, on);
  const isBusy = item.view === "seen" && item.isLooking;
  const figure = el("figure", { "aria-busy": isBusy ? "true" : null }, views(item, onView), ...parts);
  addTools(figure, item, model, items);
  return figure;
}

/** At once, but for the first time. */
function addTools(figure, item, model, items) {
  const [stage, heat, strength] = [".stage", ".heat", "#heat-strength"].map((name) => figure.querySelector(name));
  const add = () => stage.after(...tools(item, model, items, { stage, heat, strength }));
  if (tools) return add();
  const later = () => {}; // the next picture asks again
  part("tools").then(({ toolsOf }) => ((tools = toolsOf), add()), later);
}

/** The picture as it was added, or as the service drew it. */
export function picture(item, layer, onUnseen = () => {}) {
  if (item.isBlind && !item.shown) return stageOf(blind(item, onUnseen), {});
  const image = el("img", { class: "picture", src: urlOf(item), alt: t("picture", { file: item.file.name }) });
  image.addEventListener("error", () => {
    item.isBlind = true;
    layer?.remove();
    image.replaceWith(blind(item, onUnseen));
    onUnseen();
  });
  return stageOf(image, { layer });
}

/** What stands in its place until it is drawn. */
function blind(item, onUnseen) {
  const { answer, unshown } = item;
  if (!unshown) return el("p", { class: "blind" }, `${t("noPreview")} ${w(answer ? "drawing" : "drawnLater")}`);
  const onclick = () => {
    item.unshown = null;
    again.textContent = w("drawing");
    onUnseen();
  };
  const again = el("button", { id: "draw-again", type: "button", onclick }, t("again"));
  return el("p", { class: "blind" }, `${t("noPreview")} ${w("notDrawn")} ${problemText(unshown).join(" ")} `, again);
}

/** Of the proportions of the image, once they are known: at once, if it was shown before. */
function stageOf(image, { layer, least }) {
  const stage = el("div", { class: "stage" }, el("div", { class: "plane" }, image, layer));
  const fit = () => {
    stage.style.setProperty("--ratio", image.naturalWidth / image.naturalHeight);
    stage.style.setProperty("--least", least ?? image.naturalWidth);
  };
  if (image.naturalWidth) fit();
  else image.addEventListener("load", fit);
  return stage;
}

/** What the model saw, in a sentence. */
export function seenText({ seen }, { input }) {
  const [low, high] = seen.range.map((value) => number(value));
  const colour = table("colours")[input.colour];
  return t("seenCaption", { width: input.width, height: input.height, colour, low, high });
}

function views(item, onView) {
  const option = (view, text) => [
    el("input", {
      id: `view-${view}`,
      type: "radio",
      name: "view",
      checked: item.view === view,
      onchange: () => onView(view),
    }),
    el("label", { for: `view-${view}` }, text),
  ];
  return el(
    "fieldset",
    { class: "views" },
    el("legend", { class: "unseen" }, t("views")),
    ...option("picture", t("viewPicture")),
    ...option("seen", t("viewSeen")),
  );
}

function seenBy(item, card, { onView, onUnseen }) {
  if (item.seen) return [seenStage(item, card.input), el("figcaption", {}, seenText(item, card))];
  if (item.isLooking) return [picture(item, null, onUnseen), el("figcaption", {}, t("reading"))];
  return [
    picture(item, null, onUnseen),
    el("figcaption", {}, el("strong", {}, t("seenFailed")), ` ${item.seenFault}`),
    el("button", { id: "look-again", type: "button", onclick: () => onView("seen") }, t("again")),
  ];
}

function seenStage(item, { width, height }) {
  const alt = t("seenPicture", { file: item.file.name });
  return stageOf(el("img", { class: "seen", src: item.seen.image, alt, width, height }), { least: ANY_SIZE_PX });
}

function underHeat(item, model, { onLabel, onUnseen }) {
  const { heatmap } = item.answer;
  if (!heatmap) return [picture(item, null, onUnseen), item.shown && el("figcaption", {}, w("drawn"))];
  const heat = item.isBlind && !item.shown ? null : el("img", { class: "heat", src: heatUrl(heatmap), alt: "" });
  const stage = picture(item, heat, onUnseen);
  const isEmpty = !heatmap.grid.some((row) => row.some((value) => value > 0));
  const caption = t(isEmpty ? "heatNothing" : "heatCaption", { label: labelOf(heatmap.label, model.card).text });
  return [
    stage,
    el(
      "div",
      { class: "controls" },
      choice(model.card, heatmap.label, onLabel),
      heat && slider(item, heat),
    ),
    el(
      "figcaption",
      {},
      item.heatFailed ? el("strong", {}, `${t("heatFailed")} `) : null,
      `${caption} `,
      item.shown ? `${w("drawn")} ` : null,
      el("cite", {}, table("methods")[heatmap.method] ?? readable(heatmap.method)),
    ),
  ];
}

function choice(card, chosen, onLabel) {
  const options = card.labels.map((label) => {
    const { text, lang } = labelOf(label, card);
    return el("option", { value: label, lang, selected: label === chosen }, text);
  });
  const select = el("select", { id: "heat-label", onchange: () => onLabel(select.value) }, options);
  return el("label", { for: "heat-label" }, el("span", {}, t("heatOf")), select);
}

function slider(item, heat) {
  const output = el("output", { for: "heat-strength" });
  const show = (value) => {
    item.opacity = value;
    heat.style.opacity = value / 100;
    output.textContent = percentOf(value);
    input.setAttribute("aria-valuetext", output.textContent);
  };
  const input = el("input", {
    id: "heat-strength",
    type: "range",
    min: 0,
    max: 100,
    step: 5,
    value: item.opacity,
    oninput: () => show(Number(input.value)),
  });
  show(item.opacity);
  return el("label", { for: "heat-strength" }, el("span", {}, t("heatStrength")), input, output);
}

const percentOf = (value) => number(value / 100, { style: "percent" });
