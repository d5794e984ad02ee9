// The pictures' queue: each waits, is sent, and gets its answer or a problem.

import { askKey } from "./key.js";
import { problemText, t } from "./language.js";
import { predict } from "./service.js";
import { saidOf } from "./verdict.js";

const AT_ONCE = 2;
const FIRST_OPACITY = 60;
const UNTOLD = { told: null, telling: null, untold: null };

export class Queue {
  items = [];
  #running = 0;
  #isOpen = false;
  #on;

  /** `on` hears what changes: show(item), showProgress(item), say(text);
   * card() is that of the model. */
  constructor(on) {
    this.#on = on;
  }

  /** Pictures that are "waiting" to be sent, or "ready" until somebody sends them. */
  add(files, state) {
    const added = [...files].map((file) => ({
      file,
      url: URL.createObjectURL(file),
      state,
      progress: 0,
      opacity: FIRST_OPACITY,
      view: "picture",
    }));
    this.items.push(...added);
    return added;
  }

  /** Where it was. */
  remove(item) {
    const place = this.items.indexOf(item);
    this.items.splice(place, 1);
    URL.revokeObjectURL(item.url);
    return place;
  }

  clear() {
    for (const item of this.items) URL.revokeObjectURL(item.url);
    this.items.length = 0;
  }

  /** From now on what waits is sent: there is a service. */
  open() {
    this.#isOpen = true;
    this.work();
  }

  unsent() {
    return this.items.filter(({ state }) => state === "ready");
  }

  sendAll() {
    for (const item of this.unsent()) item.state = "waiting";
    this.work();
  }

  again(item) {
    const fresh = { answer: null, problem: null, seen: null, heatFailed: false, view: "picture", ...UNTOLD };
    Object.assign(item, { state: "waiting", progress: 0, ...fresh });
    this.#on.show(item);
    this.work();
  }

  /** Sends it, for its answer with a heatmap for `label`. */
  async ask(item, label) {
    const change = (state, share) => {
      Object.assign(item, { state, progress: share });
      if (!item.answer) this.#on.showProgress(item);
    };
    change("sending", 0);
    item.answer = await predict(item.file, {
      label,
      askKey,
      onProgress: (share) => change(share < 1 ? "sending" : "reading", share),
      onWait: () => change("retrying", 0),
    });
    Object.assign(item, { state: "done", at: new Date() });
  }

  /** Sends the next ones, where there is room. */
  work() {
    while (this.#isOpen && this.#running < AT_ONCE) {
      const next = this.items.find(({ state }) => state === "waiting");
      if (!next) return;
      this.#analyse(next);
    }
  }

  async #analyse(item) {
    this.#running += 1;
    try {
      await this.ask(item);
      this.#on.say(saidOf(item, this.#on.card()));
    } catch (problem) {
      if (!problem.code) throw problem;
      Object.assign(item, { problem, state: "failed" });
      this.#on.say(t("saidFailed", { file: item.file.name, problem: problemText(problem).join(" ") }));
    } finally {
      this.#running -= 1;
      this.#on.show(item);
      this.work();
    }
  }
}
