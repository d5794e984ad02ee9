// Of many pictures: how far it has come, how many of each class, which of them are listed and in what
// order. Loaded when pictures are added.

import { el } from "./elements.js";
import { fill, labelOf, language, number } from "./language.js";
import { isStrange } from "./verdict.js";

const MOST_CLASSES = 8;
const FEWEST_TO_ORDER = 3;
const GRAVITY = ["out_of_distribution", "uncertain"];

export const WORDS = {
  en: {
    progress: "{done} of {all}",
    finished: "All {all} are done. {totals}.",
    show: "Show",
    all: "All",
    strange: "Not of its kind",
    uncertain: "Not sure",
    failed: "No result",
    others: "Others",
    order: "Order",
    orders: { added: "As added", class: "By class", doubt: "Most doubtful first" },
    again: "Try {count} again",
    keys: "Arrow keys move through the list, Delete removes.",
  },
  es: {
    progress: "{done} de {all}",
    finished: "Las {all} están listas. {totals}.",
    show: "Mostrar",
    all: "Todas",
    strange: "De otro tipo",
    uncertain: "Sin seguridad",
    failed: "Sin resultado",
    others: "Otras",
    order: "Orden",
    orders: { added: "Como se añadieron", class: "Por clase", doubt: "Las más dudosas primero" },
    again: "Repetir {count}",
    keys: "Las flechas recorren la lista, Supr quita.",
  },
};

const w = (key, values = {}) => fill(WORDS[language()][key], values);

/** What a picture counts as: its class, as ":label"; what is not of the model's kind has none. */
export function kindsOf({ answer, problem }) {
  if (problem) return ["failed"];
  if (!answer) return [];
  if (isStrange(answer)) return ["strange"];
  const label = `:${answer.predicted_class}`;
  return answer.warnings.includes("uncertain") ? [label, "uncertain"] : [label];
}

/** Those of the kind, or all, in the order: "added", "class" or "doubt". */
export function arranged(items, { kind, order }) {
  const those = kind ? items.filter((item) => kindsOf(item).includes(kind)) : [...items];
  if (order === "class") return sortedBy(those, (item) => kindsOf(item)[0] ?? "\uffff");
  if (order === "doubt") return sortedBy(those, ({ answer }) => (answer ? gravityOf(answer) + answer.confidence : 9));
  return those;
}

const gravityOf = ({ warnings }) => {
  const grave = GRAVITY.findIndex((warning) => warnings.includes(warning));
  return 2 * (grave < 0 ? GRAVITY.length : grave);
};

const sortedBy = (items, keyOf) =>
  items
    .map((item) => [keyOf(item), item])
    .sort(([one], [other]) => (one < other ? -1 : Number(one > other)))
    .map(([, item]) => item);

/** What stands above the list. `on` hears onArrange(arrangement) and onAgain(); card() is that of the model. */
export function tallyParts(queue, arrangement, on) {
  const { items } = queue;
  const failed = queue.failed().length;
  const done = items.filter(isDone).length;
  if (items.length < 2) return [];
  return [
    done < items.length && progressOf(done, items.length),
    kinds(items, arrangement, on),
    failed > 0 && el("button", { id: "again-all", type: "button", onclick: on.onAgain }, w("again", { count: number(failed) })),
  ];
}

/** What stands below: the choice of the order, which stays while results come in. */
export function orderParts(items, arrangement, { onArrange }) {
  if (items.length < FEWEST_TO_ORDER) return [];
  const names = WORDS[language()].orders;
  const options = Object.keys(names).map((name) => el("option", { value: name, selected: name === arrangement.order }, names[name]));
  const select = el("select", { id: "order", onchange: () => onArrange({ ...arrangement, order: select.value }) }, options);
  return [
    el("label", { class: "order", for: "order" }, el("span", {}, w("order")), select),
    el("p", { class: "hint keys" }, w("keys")),
  ];
}

/** How many of each, once all are done. */
export function finishedText(items, card) {
  const totals = counted(items).map(([kind, count]) => `${nameOf(kind, card).text} ${number(count)}`);
  return items.length > 1 && items.every(isDone) && w("finished", { all: number(items.length), totals: totals.join(", ") });
}

const isDone = ({ answer, problem }) => Boolean(answer || problem);

function progressOf(done, all) {
  const said = w("progress", { done: number(done), all: number(all) });
  return el("p", { class: "progress" }, el("span", {}, said), el("progress", { "aria-label": said, value: done, max: all }));
}

/** [kind, count]: the classes, the most frequent first, then what is to be doubted. */
function counted(items) {
  const counts = new Map();
  for (const kind of items.flatMap(kindsOf)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const isClass = ([kind]) => kind.startsWith(":");
  const classes = [...counts].filter(isClass).sort((one, other) => other[1] - one[1]);
  return [...classes, ...["strange", "uncertain", "failed"].filter((kind) => counts.has(kind)).map((kind) => [kind, counts.get(kind)])];
}

function kinds(items, arrangement, { onArrange, card }) {
  const chip = ([kind, count]) => {
    const { text, lang } = nameOf(kind, card());
    return el(
      "button",
      {
        id: `kind-${encodeURIComponent(kind)}`,
        type: "button",
        class: kind.replace(/^:.*/, "class"),
        "aria-pressed": String(kind === arrangement.kind),
        onclick: () => onArrange({ ...arrangement, kind }),
      },
      el("span", { lang }, text),
      " ",
      el("b", {}, number(count)),
    );
  };
  const found = counted(items);
  if (found.length === 0) return null;
  const most = found.filter(([kind], place) => place < MOST_CLASSES || !kind.startsWith(":"));
  const others = found.filter((each) => !most.includes(each));
  return el(
    "div",
    { class: "kinds", role: "group", "aria-label": w("show") },
    [["", items.length], ...most].map(chip),
    others.length > 0 && el("details", { open: areOthersOpen, ontoggle: noteOpen }, el("summary", {}, w("others")), others.map(chip)),
  );
}

let areOthersOpen = false;
const noteOpen = (event) => (areOthersOpen = event.target.open);

const nameOf = (kind, card) => (kind.startsWith(":") ? labelOf(kind.slice(1), card) : { text: w(kind || "all") });
