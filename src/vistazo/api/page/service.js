// Talks to the service: the model's card, and one picture, text or row at a time.

import { keep, recall } from "./memory.js";

const KEPT = "vistazo-key";
const MOST_TRIES = 30;
const LONGEST_WAIT_S = 90;
// What a header can hold.
const SENDABLE = /^[\x21-\x7e]+$/;

let key = recall("sessionStorage", KEPT) ?? "";

/** What went wrong: `code` as in the service's problem documents, or "network". */
export class Problem extends Error {
  constructor(status, { code, detail = "", request_id: request = "", errors: broken }, retryAfter = 0) {
    super(detail);
    // The same picture can do better another time, unless the picture is what is wrong.
    const canPass = ![413, 415, 422].includes(status);
    Object.assign(this, { status, code, detail, broken, request, retryAfter, canPass });
  }
}

/** The card and signature. `onWait` hears of a service that is still starting. */
export function loadModel(askKey, onWait) {
  return persist(() => send("GET", "/model"), askKey, onWait);
}

/** The picture to try, as a file. */
export async function loadExample(askKey) {
  const picture = await persist(() => send("GET", "/page/example", null, { type: "blob" }), askKey, () => {});
  return new File([picture], `example.${picture.type.slice("image/".length)}`, { type: picture.type });
}

/** The answer for a picture, with a heatmap for `label`, by default the predicted class. It is not
 * waited for any more where `signal` says so. */
export function predict(file, { label, ...how }) {
  return post(file, { explain: "true", ...(label && { label }) }, how);
}

/** What the model saw of a picture: `image`, a URL, and the `range` of the values in it. */
export async function see(file, how) {
  const answer = await post(file, { show_input: "true" }, how);
  return { image: `data:image/png;base64,${answer.input_image}`, range: answer.input_range };
}

/** The picture as the service reads it, its longer side so many pixels at most: a PNG, as a Blob. */
export function preview(file, side, how) {
  return post(file, { max_side_px: side }, { ...how, path: "/preview", type: "blob" });
}

/** The answer for a text, with its words, or for a row of numbers: `{ text }` or `{ row }`. */
export function predictSample(sample, { onWait, askKey }) {
  const url = "text" in sample ? "/predict?explain=true" : "/predict";
  return persist(() => send("POST", url, JSON.stringify(sample)), askKey, onWait);
}

/** Notes what was true of an answer. Who may not say so is asked for no other key: this one predicts. */
export function sendTruth(requestId, label, askKey) {
  const body = JSON.stringify({ request_id: requestId, label });
  const attempt = () => send("POST", "/feedback", body);
  return persist(() => attempt().catch(withoutWait), askKey, null, { keyWanted: [401] });
}

/** How what is asked and answered has changed. Nobody is asked for a key for it. */
export const loadDrift = () => send("GET", "/drift");

function post(file, query, { path = "/predict", onWait = () => {}, askKey, ...how }) {
  const attempt = () => {
    const form = new FormData();
    form.append("file", file);
    return send("POST", `${path}?${new URLSearchParams(query)}`, form, how);
  };
  return persist(() => attempt().catch((problem) => withReason(problem, file)), askKey, onWait, how);
}

/** Whoever pressed a button hears at once that it did nothing. */
function withoutWait(problem) {
  throw Object.assign(problem, { retryAfter: 0 });
}

/** The browser tells a file that has changed since it was added from no network no more than this. */
async function withReason(problem, file) {
  if (problem.code !== "network") throw problem;
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Problem(0, { code: "unreadable" });
  }
  throw problem;
}

/** Try again where that can help: after the wait that the service asks for, or with a key. */
async function persist(attempt, askKey, onWait, { keyWanted = [401, 403], signal } = {}) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (problem) {
      if (keyWanted.includes(problem.status)) {
        await useKey(problem, askKey);
      } else if (problem.retryAfter && problem.retryAfter <= LONGEST_WAIT_S && tries < MOST_TRIES) {
        onWait();
        await pause(problem.retryAfter * 1000 * (0.75 + Math.random() / 2), signal);
      } else {
        throw problem;
      }
    }
  }
}

/** Another key than the one that was refused; where somebody has typed one meanwhile, that one. */
async function useKey(problem, askKey) {
  if (problem.key !== key) return;
  let why = { 403: "keyForbidden", 401: key ? "keyWrong" : "keyWhy" }[problem.status];
  for (;;) {
    const given = await askKey(why);
    if (!given) throw problem;
    if (SENDABLE.test(given)) {
      key = given;
      keep("sessionStorage", KEPT, key);
      return;
    }
    why = "keyWrong";
  }
}

/** XMLHttpRequest, because fetch does not say how much of an upload has left. */
function send(method, url, body = null, { onProgress = () => {}, signal, type = "json" } = {}) {
  const used = key;
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    request.responseType = type;
    if (typeof body === "string") request.setRequestHeader("Content-Type", "application/json");
    if (used) request.setRequestHeader("Authorization", `Bearer ${used}`);
    request.upload.onprogress = (event) => onProgress(event.loaded / event.total);
    request.upload.onload = () => onProgress(1);
    request.onerror = () => reject(new Problem(0, { code: "network" }));
    request.onabort = () => reject(new Problem(0, { code: "aborted" }));
    signal?.addEventListener("abort", () => request.abort());
    request.onload = () => {
      if (request.status < 300 && request.response) resolve(request.response);
      else reject(Object.assign(problemOf(request), { key: used }));
    };
    if (signal?.aborted) request.onabort();
    else request.send(body);
  });
}

function problemOf(request) {
  const document = request.response ?? {};
  const retryAfter = Number(request.getResponseHeader("Retry-After")) || 0;
  const names = { 401: "unauthorized", 403: "forbidden", 413: "upload_too_large" };
  const code = names[request.status] ?? document.code ?? "internal";
  const id = document.request_id ?? request.getResponseHeader("X-Request-ID") ?? "";
  return new Problem(request.status, { ...document, code, request_id: id }, retryAfter);
}

/** Over at once where nobody waits any more. */
const pause = (ms, signal) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
    signal?.addEventListener("abort", resolve);
  });
