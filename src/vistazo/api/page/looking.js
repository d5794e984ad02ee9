// What somebody asks of a picture that has its answer: another heatmap, or what the model saw.

import { byId, el } from "./elements.js";
import { urlOf } from "./facts.js";
import { askKey } from "./key.js";
import { problemText, t } from "./language.js";
import { part } from "./parts.js";
import { see } from "./service.js";
import { seenText } from "./viewer.js";

export async function explainAgain(item, label, queue, show) {
  item.heatFailed = false;
  byId("result").setAttribute("aria-busy", "true");
  try {
    await queue.ask(item, label);
  } catch (problem) {
    if (!problem.code) throw problem;
    item.heatFailed = true;
  }
  byId("result").removeAttribute("aria-busy");
  show(item);
  queue.work(); // what waited for the line
}

/** To draw with. Rejects where neither the browser can show it nor the service could draw it. */
export async function imageOf(item) {
  const image = el("img", { src: urlOf(item) });
  try {
    await image.decode();
    return image;
  } catch (fault) {
    if (item.shown) throw fault;
    item.isBlind = true;
  }
  await (await part("previews")).large(item);
  return imageOf(item);
}

/** What the model saw is fetched when somebody wants to look: few do, and it can be large. */
export async function look(item, view, card, { show, say }) {
  item.view = view;
  if (view === "picture" || item.seen || item.isLooking) {
    show(item);
    return;
  }
  item.isLooking = true;
  show(item);
  try {
    item.seen = await see(item.file, { askKey });
    say(seenText(item, card));
  } catch (problem) {
    if (!problem.code) throw problem;
    item.seenFault = problemText(problem).join(" ");
    say(`${t("seenFailed")} ${item.seenFault}`);
  }
  item.isLooking = false;
  show(item);
}
