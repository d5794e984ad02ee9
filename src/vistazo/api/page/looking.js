// What somebody asks of a picture that has its answer: another heatmap, or what the model saw.

import { byId } from "./elements.js";
import { askKey } from "./key.js";
import { problemText, t } from "./language.js";
import { drawn, see } from "./service.js";
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

/** What the browser cannot show the service can: for the list, the paper and the file too. */
export async function draw(item, show) {
  const { label } = item.answer.heatmap;
  if (item.drawing === label) return;
  item.drawing = label; // once: also where it fails
  try {
    const url = URL.createObjectURL(await drawn(item.file, label, { askKey }));
    URL.revokeObjectURL(item.url);
    Object.assign(item, { url, drawnFor: label, opacity: 100, thumbnail: null });
  } catch (problem) {
    if (!problem.code) throw problem;
  }
  show(item);
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
