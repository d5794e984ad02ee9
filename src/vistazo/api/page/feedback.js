// Who knows what was true says so, and the service notes it.

import { el } from "./elements.js";
import { askKey } from "./key.js";
import { problemText, t } from "./language.js";
import { sendTruth } from "./service.js";

const MOST_BUTTONS = 4;

/** The question, where the service keeps the answers. `onTruth(label)` hears it. */
export function feedbackOf(item, { card, records }, onTruth) {
  if (!records?.feedback) return null;
  const { labels } = card;
  return el(
    "fieldset",
    { class: "feedback" },
    el("legend", {}, t("wasRight")),
    el("p", { class: "hint" }, t("whichIsTrue")),
    el(
      "div",
      { class: "actions" },
      labels.length > MOST_BUTTONS ? choice(item, labels, onTruth) : labels.map(button(item, onTruth)),
    ),
    el("p", { class: item.untold ? "banner problem" : "hint" }, feedbackText(item)),
  );
}

/** Says it of `item`, again where it was said before. `onChange` shows the item, `onSaid` how it went. */
export async function tell(item, label, onChange, onSaid) {
  if (item.telling) return;
  const telling = { label };
  Object.assign(item, { telling, untold: null });
  onChange();
  const outcome = await outcomeOf(item.told?.request_id ?? item.answer.request_id, label);
  if (item.telling !== telling) return; // it was sent again: what was said is of another answer
  Object.assign(item, { telling: null, ...outcome });
  onChange();
  onSaid(feedbackText(item));
}

async function outcomeOf(requestId, label) {
  try {
    return { told: await sendTruth(requestId, label, askKey) };
  } catch (problem) {
    if (!problem.code) throw problem;
    return { untold: Object.assign(problem, { label }) };
  }
}

function feedbackText({ telling, untold, told }) {
  if (telling) return t("telling");
  if (untold?.status === 403) return `${t("notNoted")} ${t("mayNotTell")}`;
  if (untold) return [t("notNoted"), ...problemText(untold)].join(" ");
  return told ? t("noted", { label: told.label }) : "";
}

const button = (item, onTruth) => (label, place) =>
  el(
    "button",
    { id: `truth-${place}`, type: "button", "aria-pressed": String(label === item.told?.label), onclick: () => onTruth(label) },
    label,
  );

/** Of many labels; a list that is walked with the keyboard says nothing before the button. */
function choice(item, labels, onTruth) {
  const known = (item.telling ?? item.untold ?? item.told)?.label ?? item.answer.predicted_class;
  const options = labels.map((label) => el("option", { selected: label === known }, label));
  const select = el("select", { id: "truth", "aria-label": t("whichIsTrue") }, options);
  return [select, el("button", { id: "truth-send", type: "button", onclick: () => onTruth(select.value) }, t("tell"))];
}
