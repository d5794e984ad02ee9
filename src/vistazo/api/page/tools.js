// What can be done with a picture that has its answer: look closer, the layer off and on, save, print.
// Loaded with the first answer, while the service is there.

import { byId, el } from "./elements.js";
import { lensOf } from "./lens.js";
import { colour, legendOf } from "./ramp.js";
import { printOf, watchPrinting } from "./report.js";
import { pictureFile } from "./saving.js";
import { w } from "./sheet_words.js";

const TYPING = "textarea, select, input:not([type=range], [type=radio])";

let onKey = () => false;

for (const name of ["tools.css", "print.css"]) {
  document.head.append(el("link", { rel: "stylesheet", href: `/page/${name}` }));
}
// Only where the focus is among the pictures: a letter alone is no key of the whole page (WCAG 2.1.4).
document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || target.matches(TYPING)) return;
  if (target.closest("#results, #result") && onKey(key.toLowerCase())) event.preventDefault();
});

/** For a figure: its stage, and the slider of its layer if it has one. */
export function toolsOf(item, model, items, { stage, heat, strength }) {
  watchPrinting(items, model);
  const lens = lensOf(item, stage);
  const layer = heat && layerSwitch(item, { heat, strength });
  const press = (key) => (key === "h" && layer ? (layer.press(), true) : lens.onKey(key));
  onKey = (key) => stage.isConnected && press(key); // another may be shown that has no answer yet
  return [
    el("div", { class: "tools" }, lens.controls, layer?.button, ...files(item, model, items)),
    lens.hint,
    layer?.legend,
    el("p", { id: "tool-said", class: "hint", role: "status" }),
  ].filter(Boolean);
}

/** One key, one button. Whoever changes its strength wants to see it. */
function layerSwitch(item, { heat, strength }) {
  const legend = legendOf(item);
  const press = (isHidden = !item.hidesHeat) => {
    item.hidesHeat = isHidden;
    heat.hidden = isHidden;
    legend.hidden = isHidden;
    button.setAttribute("aria-pressed", !isHidden);
  };
  const attributes = { id: "layer", type: "button", "aria-keyshortcuts": "h", onclick: () => press() };
  const button = el("button", attributes, `${w("layer")} `, el("kbd", {}, "H"));
  press(item.hidesHeat ?? false);
  strength.addEventListener("input", () => {
    press(false);
    colour(legend, item);
  });
  return { button, legend, press };
}

function files(item, model, items) {
  const button = (id, text, onclick) => el("button", { id, type: "button", onclick }, text);
  return [
    button("save", w("save"), () => save(item, model)),
    button("print", w("print"), () => printOf([item], model)),
    items.length > 1 && button("print-all", w("printAll"), () => printOf(items, model)),
  ];
}

async function save(item, model) {
  const name = `${item.file.name.replace(/\.\w{1,5}$/, "")}.vistazo.png`;
  const blob = await pictureFile(item, model).catch(() => null);
  if (blob) {
    const url = URL.createObjectURL(blob);
    el("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }
  const said = byId("tool-said");
  if (said) said.textContent = blob ? w("saved", { name }) : w("notSaved");
}
