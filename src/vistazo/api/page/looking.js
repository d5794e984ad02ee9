// What somebody asks of a picture that has its answer: another heatmap, or what the model saw.

import { byId } from "./elements.js";
import { askKey } from "./key.js";
import { problemText, t } from "./language.js";
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
