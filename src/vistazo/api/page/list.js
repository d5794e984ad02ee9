// The list of the pictures: what came of each; one that was not sent yet can be taken out.

import { el } from "./elements.js";
import { t } from "./language.js";
import { stateText } from "./result.js";
import { isStrange, outcomeOf } from "./verdict.js";

export function lineOf(item, isChosen, card, { onChoose, onRemove }) {
  const { answer, problem, state, file } = item;
  const doubt = answer?.warnings.length ? (isStrange(answer) ? "strange" : "doubtful") : "";
  const outcome = answer
    ? outcomeOf(answer, card)
    : [problem ? t("failed") : stateText(item)];
  const remove = { type: "button", class: "remove", "aria-label": t("remove", { file: file.name }), onclick: onRemove };
  return el(
    "li",
    { class: `${problem ? "failed" : doubt} ${answer || problem ? "" : "pending"}` },
    el(
      "button",
      { type: "button", class: "open", "aria-current": isChosen ? "true" : null, onclick: onChoose },
      thumbnail(item),
      el("span", { class: "name" }, file.name),
      el("span", { class: "state" }, outcome),
    ),
    state === "ready" && el("button", remove, "×"),
  );
}

function thumbnail(item) {
  const image = el("img", { src: item.url, alt: "", width: 44, height: 44 });
  image.addEventListener("error", () => image.replaceWith(el("span", { class: "blank" })));
  return image;
}
