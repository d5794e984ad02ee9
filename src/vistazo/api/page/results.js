// What is shown of the pictures: the list with its totals, and the result of the one that is chosen.

import { bring, keepInView, wayBack } from "./desk.js";
import { byId, el, refill } from "./elements.js";
import { tell } from "./feedback.js";
import { problemText, t } from "./language.js";
import { List } from "./list.js";
import { explainAgain, look } from "./looking.js";
import { Queue } from "./queue.js";
import { part } from "./parts.js";
import { fetched, lookNow } from "./readiness.js";
import { progress, resultOf } from "./result.js";
import { csvOf } from "./table.js";
import { arranged, finishedText, orderParts, tallyParts } from "./tally.js";
import { saidOf } from "./verdict.js";

const AS_ADDED = { kind: "", order: "added" };

export class Results {
  model = null;
  #chosen = null;
  #arrangement = AS_ADDED;
  #list;
  #say;
  #onOther;
  #lookedUp = null;
  #previews = null;

  /** `say(text)` tells those who do not see it; `onOther()` hears that another model answers. */
  constructor(say, onOther) {
    this.#say = say;
    this.#onOther = onOther;
    this.queue = new Queue({
      finish: (item) => this.#finish(item),
      show: (item) => this.#show(item),
      showProgress: (item) => this.#showProgress(item),
      showAway: () => this.#showAway(),
      stop: () => this.#stop(),
    });
    this.#list = new List(byId("list"), {
      onChoose: (item, isWalking) => this.#choose(item, isWalking),
      onRemove: (item) => this.#remove(item),
      onBlank: async (item, blank) => (await this.#drawing()).watch(item, blank),
      card: () => this.model?.card,
    });
    this.#listen();
  }

  /** From now on what waits is sent: there is a service, with this model. */
  open(model) {
    this.model = model;
    if (model.card.page?.ask) for (const item of this.queue.items) item.state = "ready";
    this.showAll();
    this.queue.open();
  }

  /** The service has changed its model meanwhile. */
  renew(model) {
    this.model = model;
    this.showAll();
    byId("renewed").hidden = false;
    this.#say(byId("renewed").textContent);
  }

  add(files, state) {
    const [first] = this.queue.add(files, state);
    if (!first) return;
    this.#chosen ??= first;
    this.#arrangement = AS_ADDED; // whatever was looked at: what comes is to be seen
    this.showAll();
    this.queue.work();
  }

  /** Where the card asks for a button, it is what sends them. */
  #sendAll() {
    [this.#chosen] = this.queue.unsent();
    this.queue.sendAll();
    this.showAll();
    byId("shown").focus();
  }

  showAll() {
    const { items } = this.queue;
    const unsent = this.queue.unsent().length;
    document.body.classList.toggle("working", items.length > 0);
    byId("results").hidden = items.length === 0;
    byId("asking").hidden = unsent === 0;
    byId("csv").disabled = !this.model;
    byId("unsent").textContent = t("unsent", { count: unsent });
    this.#showList();
    this.#showTally();
    this.#showOrder();
    this.#showChosen();
  }

  // ---- the list and its totals

  #showList() {
    const { items } = this.queue;
    let those = arranged(items, this.#arrangement);
    if (those.length === 0) {
      [those, this.#arrangement] = [items, AS_ADDED];
      this.#showOrder();
    }
    if (!those.includes(this.#chosen)) this.#chosen = those[0] ?? this.#chosen;
    this.#list.show(those, this.#chosen);
  }

  #showOrder() {
    const parts = orderParts(this.queue.items, this.#arrangement, this.#onTally);
    refill(byId("order-of"), parts, "results-title");
  }

  #showTally() {
    const parts = tallyParts(this.queue, this.#arrangement, this.#onTally);
    refill(byId("tally"), parts.filter(Boolean), "results-title");
  }

  #onTally = {
    card: () => this.model?.card,
    onArrange: (arrangement) => {
      this.#arrangement = arrangement;
      this.showAll();
    },
    onAgain: () => this.queue.again(...this.queue.failed()),
  };

  /** Shows what has changed of one item, and leaves the focus where it is. */
  #show(item) {
    if (!this.queue.items.includes(item)) return;
    const before = this.#chosen;
    if (this.#arrangement === AS_ADDED) this.#list.update(item);
    else this.#showList();
    this.#showTally();
    if (item === before || before !== this.#chosen) this.#showChosen();
    if (this.queue.isIdle) this.#previews?.then(({ work }) => work());
  }

  /** What draws for the browser. */
  #drawing() {
    this.#previews ??= fetched(() => part("previews")).then((previews) => {
      const onLarge = (item) => this.#chosen === item && this.#showChosen();
      const onSmall = (item) => this.#list.update(item);
      previews.attend({ isIdle: () => this.queue.isIdle, onLarge, onSmall });
      return previews;
    });
    return this.#previews;
  }

  async #preview(item) {
    const { look: drawFor } = await this.#drawing();
    if (this.#chosen === item) drawFor(item);
  }

  #showProgress(item) {
    this.#list.say(item);
    if (item === this.#chosen) byId("result").querySelector(".progress")?.replaceWith(progress(item));
  }

  #finish(item) {
    const problem = item.problem && problemText(item.problem).join(" ");
    const said = problem ? t("saidFailed", { file: item.file.name, problem }) : saidOf(item, this.model.card);
    this.#say(finishedText(this.queue.items, this.model.card) || said);
    this.#watchModel(item.answer?.model.sha256);
  }

  /** Once for each change: while one model replaces another, both may answer. */
  #watchModel(sha256) {
    if (!sha256 || [this.model.sha256, this.#lookedUp].includes(sha256)) return;
    this.#lookedUp = sha256;
    this.#onOther();
  }

  #showAway() {
    const { isAway } = this.queue;
    byId("away").hidden = !isAway;
    if (isAway) this.#say(byId("away-text").textContent);
  }

  /** What was refused is told already; what waited is sent by the button. */
  #stop() {
    this.showAll();
    if (this.queue.unsent().length > 0) this.#say(`${byId("status").textContent} ${byId("unsent").textContent}`);
  }

  #remove(item) {
    const next = this.#list.neighbour(item);
    this.queue.remove(item);
    if (item === this.#chosen) this.#chosen = next;
    this.showAll();
    this.#say(t("removed", { file: item.file.name }));
    if (this.queue.items.length === 0) byId("files").focus();
    else this.#list.focus(next ?? this.#chosen); // without a filter there are others
  }

  #listen() {
    document.head.append(el("link", { rel: "stylesheet", href: "/page/tally.css" }));
    keepInView();
    byId("csv").addEventListener("click", () => this.#download());
    byId("clear").addEventListener("click", () => this.#clear());
    byId("predict").addEventListener("click", () => this.#sendAll());
    byId("look-now").addEventListener("click", lookNow);
    addEventListener("beforeunload", (event) => this.queue.isLosing() && event.preventDefault());
  }

  #clear() {
    this.queue.clear();
    this.#chosen = null;
    byId("renewed").hidden = true;
    this.showAll();
    this.#say(t("cleared"));
    byId("files").focus();
  }

  #download() {
    const { card, sha256 } = this.model;
    const url = URL.createObjectURL(new Blob([csvOf(this.queue.items, card, sha256)], { type: "text/csv" }));
    el("a", { href: url, download: `${card.name}.csv` }).click();
    this.queue.noteSaved();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }

  // ---- the one that is chosen

  #choose(item, isWalking) {
    this.#chosen = item;
    this.#list.update(item, item);
    this.#showChosen();
    bring(isWalking);
  }

  #showChosen() {
    const [item, { model, queue }] = [this.#chosen, this];
    const result = byId("result");
    result.hidden = !item;
    if (!item || !model) return;
    const [show, say] = [(each) => this.#show(each), this.#say];
    const on = {
      items: queue.items,
      onLabel: (label) => explainAgain(item, label, queue, show),
      onUnseen: () => this.#preview(item),
      onView: (view) => look(item, view, model.card, { show, say }),
      onTruth: (label) => tell(item, label, model.card, () => show(item), say),
      onAgain: () => queue.again(item),
    };
    refill(result, [...resultOf(item, model, on), this.#wayBack(item)].filter(Boolean), "shown");
    if (item.isBlind || this.#previews) this.#preview(item);
  }

  #wayBack(item) {
    if (this.#list.count < 2) return null;
    return wayBack({
      place: this.#list.placeOf(item),
      count: this.#list.count,
      onBack: () => this.#list.focus(item),
      onStep: (step) => {
        this.#choose(this.#list.next(item, step), true);
        byId("result").scrollIntoView({ block: "start" });
      },
    });
  }
}
