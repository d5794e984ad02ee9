// The question for a key.

import { byId } from "./elements.js";
import { t } from "./language.js";

let asking = null;

/** The key that is typed, or nothing. One dialog, however many requests wait for it. */
export function askKey(wasWrong) {
  asking ??= new Promise((resolve) => {
    const dialog = byId("key");
    byId("key-why").textContent = t(wasWrong ? "keyWrong" : "keyWhy");
    byId("key-value").value = "";
    dialog.returnValue = "cancel";
    dialog.addEventListener(
      "close",
      () => {
        asking = null;
        resolve(dialog.returnValue === "use" ? byId("key-value").value : "");
      },
      { once: true },
    );
    dialog.showModal();
  });
  return asking;
}
