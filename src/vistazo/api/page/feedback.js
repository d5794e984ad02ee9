// Who knows what was true says so, and the service notes it.

import { el } from "./elements.js";
import { askKey } from "./key.js";
import { labelOf, problemText, t } from "./language.js";
import { sendTruth } from "./service.js";

const MOST_BUTTONS = 4;

/** The question, where the service keeps the answers. `onTruth(label)` hears it. */
export function feedbackOf(item, { card, records }, onTruth) {
  if (!records?.feedback) return null;
  return el(
    "fieldset",
    { class: "feedback" },
    el("legend", {}, t("wasRight")),
    el("p", { class: "hint" }, t("whichIsTrue")),
    el(
      "div",
      { class: "actions" },
      card.labels.length > MOST_BUTTONS ? choice(item, card, onTruth) : card.labels.map(button(item, card, onTruth)),
    ),
    el("p", { class: item.untold ? "banner problem" : "hint" }, feedbackText(item, card)),
  );
}

/** Says it of `item`, again where it was said before. `onChange` shows the item, `onSaid` how it went. */
export async function tell(item, label, card, onChange, onSaid) {
  if (item.telling) return;
  const telling = { label };
  Object.assign(item, { telling, untold: null });
  onChange();
  const outcome = await outcomeOf(item.told?.request_id ?? item.answer.request_id, label);
  if (item.telling !== telling) return; // it was sent again: what was said is of another answer
  Object.assign(item, { telling: null, ...outcome });
  onChange();
  onSaid(feedbackText(item, card));
}

async function outcomeOf(requestId, label) {
  try {
    return { told: await sendTruth(requestId, label, askKey) };
  } catch (problem) {
    if (!problem.code) throw problem;
    return { untold: Object.assign(problem, { label }) };
  }
}

function feedbackText({ telling, untold, told }, card) {
  if (telling) return t("telling");
  if (untold?.status === 403) return `${t("notNoted")} ${t("mayNotTell")}`;
  if (untold) return [t("notNoted"), ...problemText(untold)].join(" ");
  return told ? t("noted", { label: labelOf(told.label, card).text }) : "";
}

const button = (item, card, onTruth) => (label, place) => {
  const { text, lang } = labelOf(label, card);
  const isOn = String(label === item.told?.label);
  const onclick = () => onTruth(label);
  return el("button", { id: `truth-${place}`, type: "button", lang, "aria-pressed": isOn, onclick }, text);
};

/** Of many labels; a list that is walked with the keyboard says nothing before the button. */
function choice(item, card, onTruth) {
  const known = (item.telling ?? item.untold ?? item.told)?.label ?? item.answer.predicted_class;
  const options = card.labels.map((label) => {
    const { text, lang } = labelOf(label, card);
    return el("option", { value: label, lang, selected: label === known }, text);
  });
  const select = el("select", { id: "truth", "aria-label": t("whichIsTrue") }, options);
  return [select, el("button", { id: "truth-send", type: "button", onclick: () => onTruth(select.value) }, t("tell"))];
}
