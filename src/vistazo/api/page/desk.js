// The desk: what is chosen is shown where it is looked at.

import { byId, el } from "./elements.js";
import { t } from "./language.js";

const WIDE = matchMedia("(min-width: 60rem)");
const GAP_PX = 16;

let last = 0;
let stick = Infinity;

/** Beside the list the result stays in view, its top or, as it is scrolled, its bottom. */
export function keepInView() {
  addEventListener("scroll", () => WIDE.matches && settle(stick - scrollY + last), { passive: true });
}

/** Brings it into view. Who walks through the list stays there. */
export function bring(isWalking) {
  if (WIDE.matches) settle(Infinity);
  else if (!isWalking) goTo(byId("result"), byId("shown"));
}

/** There, with the focus on what says where one is. */
export function goTo(part, heading) {
  part.scrollIntoView({ block: "start" });
  heading?.focus({ preventScroll: true });
}

/** The way back from it, where it stands below the list; and to its neighbours. */
export function wayBack({ place, count, onBack, onStep }) {
  const button = (id, sign, onclick) => el("button", { id, type: "button", "aria-label": t(id), onclick }, sign);
  return el(
    "nav",
    { class: "way", "aria-label": t("results") },
    el("button", { id: "back", type: "button", onclick: onBack }, `↑ ${t("back")}`),
    button("previous", "‹", () => onStep(-1)),
    el("span", {}, t("place", { place, count })),
    button("next", "›", () => onStep(1)),
  );
}

function settle(wished) {
  const top = document.querySelector(".top").offsetHeight + GAP_PX;
  const lowest = Math.min(top, innerHeight - byId("result").offsetHeight - GAP_PX);
  stick = Math.max(lowest, Math.min(top, wished));
  last = scrollY;
  byId("result").style.setProperty("--stick", `${stick}px`);
}
