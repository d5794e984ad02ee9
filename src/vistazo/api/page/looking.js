// What somebody asks of a picture that has its answer: another heatmap, or what the model saw.

import { byId, el } from "./elements.js";
import { isDrawn, urlOf } from "./facts.js";
import { askKey } from "./key.js";
import { problemText, t } from "./language.js";
import { drawn, see } from "./service.js";
import { seenText } from "./viewer.js";

export async function explainAgain(item, label, queue, show) {
  item.heatFailed = false;
  byId("result").setAttribute("aria-busy", "true");
  try {
    await queue.ask(item, label);
    if (item.isBlind) await draw(item);
  } catch (problem) {
    if (!problem.code) throw problem;
    item.heatFailed = true;
  }
  byId("result").removeAttribute("aria-busy");
  show(item);
  queue.work(); // what waited for the line
}

/** What the browser cannot show the service can: for the list, the paper and the file too. Once for each
 * answer: also where it fails. */
export async function draw(item, show = () => {}) {
  const { answer } = item;
  if (item.drawing?.of !== answer) item.drawing = { of: answer, done: drawFor(answer, item) };
  const { drawing } = item;
  if (drawing.isOver) return;
  await drawing.done;
  drawing.isOver = true;
  show(item);
}

async function drawFor(answer, item) {
  const { signal } = item.call;
  try {
    const picture = await drawn(item.file, answer.heatmap.label, { askKey, signal });
    if (signal.aborted || item.answer !== answer) return; // removed, or another heatmap is shown
    if (item.drawn) URL.revokeObjectURL(item.drawn.url);
    item.drawn = { of: answer, url: URL.createObjectURL(picture) };
    Object.assign(item, { opacity: 100, thumbnail: null });
  } catch (problem) {
    if (!problem.code) throw problem;
    if (item.answer === answer) item.heatFailed = true;
  }
}

/** To draw with. Rejects where neither the browser can show it nor the service could draw it. */
export async function imageOf(item) {
  const [image, { answer }] = [el("img", { src: urlOf(item) }), item];
  try {
    await image.decode();
  } catch (fault) {
    if (isDrawn(item) || !item.answer?.heatmap) throw fault;
    await draw(item);
    if (!isDrawn(item)) throw fault;
    return imageOf(item);
  }
  return item.answer === answer ? image : imageOf(item);
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
