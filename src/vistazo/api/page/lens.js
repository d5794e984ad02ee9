// Looks closer at a picture. What is enlarged is scrolled by the browser: with a wheel, a finger, the
// arrow keys or the scroll bars. Dragging is one way more.

import { el } from "./elements.js";
import { number } from "./language.js";
import { w } from "./sheet_words.js";

const MOST = 12;
const STEP = 1.5;
// Of a wheel, in pixels: a mouse tells of 100 at once, a touchpad of few.
const MOST_TURNED = 40;

/** The buttons, a hint, and `onKey(key)`, which says whether it was one of its own. `item` keeps what was chosen. */
export function lensOf(item, stage) {
  const lens = new Lens(item, stage);
  const keys = { "+": () => lens.by(STEP), "=": () => lens.by(STEP), "-": () => lens.by(1 / STEP), 0: () => lens.to(1) };
  return {
    controls: lens.controls(),
    hint: lens.hint,
    onKey: (key) => {
      keys[key]?.();
      return key in keys;
    },
  };
}

class Lens {
  #item;
  #stage;
  #shown = el("output", {});
  #out = button("−", "zoomOut", () => this.by(1 / STEP));
  #in = button("+", "zoomIn", () => this.by(STEP));
  #hint = el("p", { class: "hint" }, w("zoomHint"));
  #fit = button("⤢", "zoomFit", () => this.to(1));

  constructor(item, stage) {
    this.#item = item;
    this.#stage = stage;
    item.zoom ??= 1;
    this.#show();
    this.#listen();
    // Once it is on the page again, where it was.
    queueMicrotask(() => stage.scrollTo(...(item.scrolled ?? [0, 0])));
  }

  controls() {
    const parts = [this.#out, this.#shown, this.#in, this.#fit];
    return el("div", { class: "zoom", role: "group", "aria-label": w("zoom") }, parts);
  }

  /** Shown to whoever has enlarged it. */
  get hint() {
    return this.#hint;
  }

  by(factor, at) {
    this.to(this.#item.zoom * factor, at);
  }

  /** Keeps the place `at` (pixels of the stage, by default its middle) where it is. */
  to(wanted, at = [this.#stage.clientWidth / 2, this.#stage.clientHeight / 2]) {
    const stage = this.#stage;
    const zoom = Math.min(MOST, Math.max(1, wanted));
    const before = [stage.scrollLeft, stage.scrollTop].map((scrolled, axis) => scrolled + at[axis]);
    const ratio = zoom / this.#item.zoom;
    const [width, height] = [stage.clientWidth, stage.clientHeight];
    this.#item.zoom = zoom;
    this.#show();
    // A stage that has grown has more room on both sides of it.
    const grown = [(stage.clientWidth - width) / 2, (stage.clientHeight - height) / 2];
    stage.scrollTo(...before.map((place, axis) => place * ratio - at[axis] - grown[axis]));
  }

  #show() {
    const { zoom } = this.#item;
    this.#stage.style.setProperty("--zoom", zoom);
    this.#stage.classList.toggle("zoomed", zoom > 1);
    this.#stage.tabIndex = zoom > 1 ? 0 : -1;
    this.#hint.hidden = zoom <= 1;
    this.#shown.textContent = number(zoom, { style: "percent" });
    for (const one of [this.#out, this.#fit]) one.setAttribute("aria-disabled", zoom <= 1);
    this.#in.setAttribute("aria-disabled", zoom >= MOST);
  }

  #listen() {
    const stage = this.#stage;
    stage.setAttribute("role", "group");
    stage.setAttribute("aria-label", w("stage"));
    stage.addEventListener("scroll", () => (this.#item.scrolled = [stage.scrollLeft, stage.scrollTop]));
    stage.addEventListener("wheel", (event) => this.#turn(event), { passive: false });
    stage.addEventListener("pointerdown", (event) => this.#grab(event));
    stage.addEventListener("touchstart", (event) => this.#pinch(event), { passive: false });
  }

  /** With Ctrl, as touchpads tell of two fingers too: the wheel alone goes on scrolling the page. */
  #turn(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const turned = Math.min(MOST_TURNED, Math.max(-MOST_TURNED, event.deltaY));
    this.by(Math.exp(-turned / 100), this.#placeOf(event));
  }

  #grab(event) {
    if (event.pointerType !== "mouse" || event.button !== 0 || this.#item.zoom <= 1) return;
    const stage = this.#stage;
    const move = ({ movementX, movementY }) => stage.scrollBy(-movementX, -movementY);
    stage.setPointerCapture(event.pointerId);
    stage.addEventListener("pointermove", move);
    stage.addEventListener("lostpointercapture", () => stage.removeEventListener("pointermove", move), { once: true });
  }

  #pinch({ touches }) {
    if (touches.length !== 2) return;
    const [zoom, first] = [this.#item.zoom, spread(touches)];
    const [clientX, clientY] = ["clientX", "clientY"].map((axis) => (touches[0][axis] + touches[1][axis]) / 2);
    const at = this.#placeOf({ clientX, clientY });
    const move = (event) => {
      if (event.touches.length !== 2) return;
      event.preventDefault(); // the page itself stays as large as it is
      this.to((zoom * spread(event.touches)) / first, at);
    };
    const stage = this.#stage;
    const end = () => stage.removeEventListener("touchmove", move);
    stage.addEventListener("touchmove", move, { passive: false });
    for (const name of ["touchend", "touchcancel"]) stage.addEventListener(name, end, { once: true });
  }

  #placeOf({ clientX, clientY }) {
    const { left, top } = this.#stage.getBoundingClientRect();
    return [clientX - left, clientY - top];
  }
}

const spread = ([one, other]) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;

/** Never disabled: it would lose the focus. */
function button(sign, words, onclick) {
  return el("button", { type: "button", class: "sign", "aria-label": w(words), title: w(words), onclick }, sign);
}
