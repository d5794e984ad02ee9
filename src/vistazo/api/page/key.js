// The question for a key.

import { byId } from "./elements.js";
import { t } from "./language.js";

let asking = null;

/** The key that is typed, or nothing. One dialog, however many requests wait for it. `why` says what
 * is asked: one of the texts. */
export function askKey(why) {
  asking ??= new Promise((resolve) => {
    const dialog = byId("key");
    byId("key-why").textContent = t(why);
    byId("key-value").value = "";
    dialog.returnValue = "cancel";
    dialog.addEventListener(
      "close",
      () => {
        asking = null;
        resolve(dialog.returnValue === "use" ? byId("key-value").value.trim() : "");
      },
      { once: true },
    );
    dialog.showModal();
  });
  return asking;
}
