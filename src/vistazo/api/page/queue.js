// The pictures' queue: each waits, is sent, and gets its answer or a problem.

import { askKey } from "./key.js";
import { isAway, isRefusal, untilReady } from "./readiness.js";
import { predict } from "./service.js";

/** One is sent while another is analysed; two uploads at once would only share the line. */
const AT_ONCE = 2;
/** A picture that breaks the connection each time is not sent for ever. */
const MOST_CUTS = 3;
const FIRST_OPACITY = 60;
const UNTOLD = { told: null, telling: null, untold: null };

export class Queue {
  items = [];
  /** The service cannot be reached: what waits goes on when it is back. */
  isAway = false;
  #underWay = 0;
  #isOpen = false;
  #on;

  /** `on` hears what changes: show(item), showProgress(item), showAway(), finish(item), and
   * stop(): no more may be sent, and what waited is ready again. */
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
      cuts: 0,
      opacity: FIRST_OPACITY,
      view: "picture",
    }));
    this.items.push(...added);
    return added;
  }

  /** What is on its way is not sent to its end. */
  remove(item) {
    this.items.splice(this.items.indexOf(item), 1);
    for (const call of [item.call, item.drawing]) call?.abort();
    for (const url of [item.url, item.shown, item.small]) if (url) URL.revokeObjectURL(url);
    Object.assign(item, { shown: null, isRemoved: true });
  }

  clear() {
    for (const item of [...this.items]) this.remove(item);
  }

  /** From now on what waits is sent: there is a service. */
  open() {
    this.#isOpen = true;
    this.work();
  }

  /** Nothing waits to be sent, or is on its way. */
  get isIdle() {
    return this.#underWay === 0 && !this.items.some(({ state }) => state === "waiting");
  }

  unsent() {
    return this.items.filter(({ state }) => state === "ready");
  }

  /** Those that can do better another time. */
  failed() {
    return this.items.filter(({ problem }) => problem?.canPass);
  }

  /** What came of each answered picture is somewhere else too. */
  noteSaved() {
    for (const item of this.items) item.isSaved = Boolean(item.answer);
  }

  isLosing() {
    return this.items.some(({ problem, isSaved }) => !problem && !isSaved);
  }

  sendAll() {
    for (const item of this.unsent()) item.state = "waiting";
    this.work();
  }

  again(...items) {
    const fresh = { answer: null, problem: null, isSaved: false, seen: null, heatFailed: false, unshown: null, view: "picture", ...UNTOLD };
    // What is on its way already is not sent twice.
    for (const item of items.filter(({ answer, problem }) => answer || problem)) {
      Object.assign(item, { state: "waiting", progress: 0, cuts: 0, ...fresh });
      this.#on.show(item);
    }
    this.work();
  }

  /** Sends it, for its answer with a heatmap for `label`. */
  async ask(item, label) {
    const change = (state, progress) => {
      item.isUploading = state === "sending";
      if (!item.answer) Object.assign(item, { state, progress });
      if (!item.answer) this.#on.showProgress(item);
      this.work();
    };
    item.call = new AbortController();
    change("sending", 0);
    try {
      const answer = await predict(item.file, {
        label,
        askKey,
        signal: item.call.signal,
        onProgress: (share) => change(share < 1 ? "sending" : "reading", share),
        onWait: () => change("retrying", 0),
      });
      Object.assign(item, { answer, at: new Date() });
    } finally {
      item.isUploading = false;
    }
  }

  /** Sends the next ones, where there is room. */
  work() {
    while (this.#isOpen && !this.isAway && this.#underWay < AT_ONCE && !this.items.some((item) => item.isUploading)) {
      const next = this.items.find(({ state }) => state === "waiting");
      if (!next) return;
      this.#analyse(next);
    }
  }

  async #analyse(item) {
    this.#underWay += 1;
    try {
      await this.ask(item);
      this.#finish(item, { state: "done", cuts: 0 });
    } catch (problem) {
      if (!problem.code) throw problem;
      if (isAway(problem) && item.cuts < MOST_CUTS) this.#putOff(item);
      else this.#finish(item, { state: "failed", problem });
      if (isRefusal(problem)) this.#stop();
    } finally {
      this.#underWay -= 1;
      this.#on.show(item);
      this.work();
    }
  }

  /** Each of the rest would be refused as well, and ask for a key once more. */
  #stop() {
    for (const item of this.items) if (item.state === "waiting") item.state = "ready";
    this.#on.stop();
  }

  #finish(item, outcome) {
    if (!this.items.includes(item)) return; // taken out meanwhile
    Object.assign(item, outcome);
    this.#on.finish(item);
  }

  async #putOff(item) {
    Object.assign(item, { state: "waiting", progress: 0, cuts: item.cuts + 1 });
    if (this.isAway) return;
    this.isAway = true;
    this.#on.showAway();
    await untilReady();
    this.isAway = false;
    this.#on.showAway();
    this.work();
  }
}
