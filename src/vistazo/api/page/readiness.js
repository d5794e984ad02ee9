// Whether the service is there, and the wait until it is back.

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

let wake = () => {};

/** The next look is now: somebody asks for it, or the browser has a network again. */
export const lookNow = () => wake();
addEventListener("online", lookNow);

/** No fault of what was sent: nobody answered, or only what stands before the service. */
export const isAway = ({ code, status }) => code === "network" || [502, 503, 504].includes(status);

/** Of whoever sends, not of what was sent: without a key, or after too much. */
export const isRefusal = ({ code, status }) => [401, 403].includes(status) || code === "rate_limited";

/** Looks with growing pauses, so that a service that starts is not stormed by all its pages. */
export async function untilReady() {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    await pause(pauseMs * (0.75 + Math.random() / 2));
    if (await isThere()) return;
  }
}

/** A part of the page, `load()`ed; where the service is away just then, as soon as it is back. */
export async function fetched(load, onAway = () => {}) {
  for (;;) {
    try {
      return await load();
    } catch (fault) {
      if (!(fault instanceof TypeError)) throw fault;
      onAway();
      await untilReady();
    }
  }
}

const isThere = () => fetch("/health/ready", { cache: "no-store" }).then(({ status }) => status < 500, () => false);

const pause = (ms) =>
  new Promise((resolve) => {
    wake = resolve;
    setTimeout(resolve, ms);
  });
