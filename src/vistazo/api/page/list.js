// The list of the pictures: what came of each. One Tab stop; the arrow keys move through it.

import { el } from "./elements.js";
import { inShort } from "./header.js";
import { t } from "./language.js";
import { stateText } from "./result.js";
import { isStrange, outcomeOf } from "./verdict.js";

const STEPS = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity };

export class List {
  #node;
  #on;
  #items = [];
  #chosen = null;
  #lines = new Map();

  /** `on` hears onChoose(item, isWalking), which calls show or update, onRemove(item), and onBlank(item, blank)
   * of what the browser cannot show; card() is that of the model. */
  constructor(node, on) {
    this.#node = node;
    this.#on = on;
    node.addEventListener("keydown", (event) => this.#hear(event));
  }

  /** These, in this order. The focus stays on its picture. */
  show(items, chosen) {
    const held = this.#held();
    [this.#items, this.#chosen] = [[...items], chosen];
    this.#lines = new Map(items.map((item) => [item, this.#line(item)]));
    this.#node.replaceChildren(...this.#lines.values());
    if (held) this.focus(this.#lines.has(held) ? held : chosen);
  }

  /** What has changed of one of them. */
  update(item, chosen = this.#chosen) {
    const before = this.#chosen;
    this.#chosen = chosen;
    if (before !== chosen) this.#renew(before);
    this.#renew(item);
  }

  say(item) {
    const line = this.#lines.get(item);
    if (line) line.querySelector(".state").textContent = stateText(item);
  }

  focus(item) {
    this.#lines.get(item)?.querySelector(".open").focus();
  }

  get count() {
    return this.#items.length;
  }

  /** From 1 on. */
  placeOf(item) {
    return this.#items.indexOf(item) + 1;
  }

  /** The one after it, or before it; after the last one comes the first. */
  next(item, step = 1) {
    const count = this.#items.length;
    return this.#items[(this.#items.indexOf(item) + step + count) % count];
  }

  /** What stands in its place when it is gone. */
  neighbour(item) {
    const place = this.#items.indexOf(item);
    return this.#items[place + 1] ?? this.#items[place - 1] ?? null;
  }

  #renew(item) {
    const old = this.#lines.get(item);
    if (!old) return;
    const hadFocus = old.contains(document.activeElement);
    this.#lines.set(item, this.#line(item));
    old.replaceWith(this.#lines.get(item));
    if (hadFocus) this.focus(item);
  }

  #held() {
    return this.#items.find((item) => this.#lines.get(item).contains(document.activeElement));
  }

  #hear(event) {
    const item = this.#held();
    if (!item || event.altKey || event.ctrlKey || event.metaKey) return;
    const step = STEPS[event.key];
    if (step) this.#walk(item, step);
    else if (event.key === "Delete" && !event.repeat) this.#on.onRemove(item);
    else if (event.key === "ArrowRight") this.#lines.get(item).querySelector(".remove").focus();
    else if (event.key === "ArrowLeft") this.focus(item);
    else return;
    event.preventDefault();
  }

  #walk(item, step) {
    const last = this.#items.length - 1;
    const to = this.#items[Math.max(0, Math.min(last, this.#items.indexOf(item) + step))];
    this.#on.onChoose(to, true);
    this.focus(to);
  }

  #outcome(item) {
    if (item.answer) return [...outcomeOf(item.answer, this.#on.card()), headerOf(item.answer)];
    return item.problem ? t("failed") : stateText(item);
  }

  #line(item) {
    const isChosen = item === this.#chosen;
    const open = {
      type: "button",
      class: "open",
      tabindex: isChosen ? 0 : -1,
      "aria-current": isChosen ? "true" : null,
      "aria-keyshortcuts": "Delete",
      onclick: () => this.#on.onChoose(item, false),
    };
    const label = t("remove", { file: item.file.name });
    const remove = { type: "button", class: "remove", tabindex: -1, "aria-label": label, onclick: () => this.#on.onRemove(item) };
    return el(
      "li",
      { class: kindOf(item) },
      el("button", open, thumbnail(item, this.#on.onBlank), el("span", { class: "name" }, item.file.name), el("span", { class: "state" }, this.#outcome(item))),
      el("button", remove, "×"),
    );
  }
}

function kindOf({ answer, problem }) {
  if (problem) return "failed";
  if (!answer) return "pending";
  if (isStrange(answer)) return "strange";
  return answer.warnings.length > 0 ? "doubtful" : null;
}

function headerOf(answer) {
  const said = inShort(answer);
  return said && el("small", {}, ` ${said}`);
}

/** Of many pictures only those in view are read; each of them once. */
function thumbnail(item, onBlank) {
  if (!item.thumbnail) {
    const src = item.small ?? item.url;
    const image = el("img", { src, alt: "", width: 44, height: 44, loading: "lazy", decoding: "async" });
    image.addEventListener("error", () => {
      item.thumbnail = el("span", { class: "blank" });
      image.replaceWith(item.thumbnail);
      onBlank(item, item.thumbnail);
    });
    item.thumbnail = image;
  }
  return item.thumbnail;
}
