// What a browser cannot show, such as DICOM, the service draws: one at a time. First what is looked at, then what is
// to be printed or saved; of the list what is in view, once nothing else is waiting to be sent.

import { askKey } from "./key.js";
import { preview } from "./service.js";

const LARGE_PX = 1600;
const SMALL_PX = 96;
/** Each is a megabyte or two; those that were looked at before are fetched anew. */
const MOST_HELD = 12;

let on = { isIdle: () => true, onLarge() {}, onSmall() {} };
let looked = null;
let running = null;
let held = [];
const needed = new Map();
const inView = new Map();
const observer = new IntersectionObserver(see);

/** `listener.isIdle()` says whether nothing waits to be sent; `onLarge(item)` and `onSmall(item)` hear that
 * `item.shown` or `item.small` is there, or why not: `item.unshown`, a problem. */
export function attend(listener) {
  on = listener;
}

/** It is looked at from now on, and nothing else. */
export function look(item) {
  looked = item;
  if (running?.side === LARGE_PX && running.item !== item && !needed.has(running.item)) running.call.abort();
  work();
}

/** Once it can be seen. Rejects where it cannot be drawn. */
export function large(item) {
  if (item.shown) return Promise.resolve();
  item.unshown = null;
  return new Promise((resolve, reject) => {
    needed.set(item, [...(needed.get(item) ?? []), { resolve, reject }]);
    work();
  });
}

/** `blank` stands in the list for it. */
export function watch(item, blank) {
  blank.item = item;
  observer.observe(blank);
}

function see(entries) {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) inView.set(target, target.item);
    else inView.delete(target);
    if (!target.isConnected) observer.unobserve(target);
  }
  work();
}

/** Whatever is next, where nothing is being drawn. */
export function work() {
  if (running) return;
  const next = nextOne();
  if (next) draw(next);
}

function nextOne() {
  if (looked?.answer && isDue(looked) && !looked.shown) return { item: looked, side: LARGE_PX };
  for (const item of needed.keys()) return { item, side: LARGE_PX };
  if (!on.isIdle()) return null;
  for (const item of inView.values()) if (isSmallDue(item)) return { item, side: SMALL_PX };
  return null;
}

const isDue = ({ isRemoved, unshown }) => !isRemoved && !unshown;

/** Of what is no picture at all there is nothing to be drawn. */
const isSmallDue = (item) =>
  isDue(item) && !item.small && (item.answer || item.problem?.code === "rejected_upload");

async function draw({ item, side }) {
  const call = new AbortController();
  running = { item, side, call };
  item.drawing = call;
  let fault = null;
  try {
    const png = await preview(item.file, side, { askKey, signal: call.signal });
    if (!call.signal.aborted) await keep(item, side, png, call.signal);
  } catch (problem) {
    if (!problem.code) throw problem;
    fault = problem;
  } finally {
    running = null;
  }
  if (fault && !call.signal.aborted) item.unshown = fault;
  if (side === LARGE_PX) {
    tellWhoWaits(item, fault);
    on.onLarge(item);
  }
  on.onSmall(item);
  work();
}

function tellWhoWaits(item, fault) {
  for (const { resolve, reject } of needed.get(item) ?? []) {
    if (item.shown) resolve();
    else reject(fault);
  }
  needed.delete(item);
}

async function keep(item, side, png, signal) {
  if (side === SMALL_PX) return keepSmall(item, png);
  item.shown = URL.createObjectURL(png);
  held = [...held.filter((other) => other.shown && other !== item), item];
  const [oldest] = held;
  if (held.length > MOST_HELD) {
    held.shift();
    URL.revokeObjectURL(oldest.shown);
    oldest.shown = null;
  }
  const small = item.small ? null : await reduced(png);
  if (small && !signal.aborted) keepSmall(item, small);
}

function keepSmall(item, png) {
  Object.assign(item, { small: URL.createObjectURL(png), thumbnail: null });
}

async function reduced(png) {
  const image = await createImageBitmap(png);
  const scale = Math.min(1, SMALL_PX / Math.min(image.width, image.height));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.ceil(image.width * scale), Math.ceil(image.height * scale)];
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  return new Promise((resolve) => canvas.toBlob(resolve));
}
