// A picture under its heatmap as a PNG file, with what has to be known of it written below.

import { factsOf, heatUrl, layerText, noticeOf } from "./facts.js";
import { labelOf, percent } from "./language.js";
import { imageOf } from "./looking.js";
import { stops } from "./ramp.js";
import { w } from "./sheet_words.js";
import { isStrange, warned } from "./verdict.js";

// A phone's browser gives no larger canvas (16.7 megapixels); the words want some of it.
const MOST_PX = 10_000_000;
const MOST_SIDE_PX = 4096;
const LEAST_WIDTH_PX = 640;
const LEAST_LETTER_PX = 13;
const LETTERS_ACROSS = 72;
const LINE = 1.4;

/** As on the screen. Rejects where the picture cannot be shown. */
export async function pictureFile(asked, model) {
  const picture = await imageOf(asked);
  const item = { ...asked }; // as it is now
  const heat = isUnderHeat(item) ? await heatOf(item.answer) : null;
  const size = sizeOf(picture);
  const width = Math.max(LEAST_WIDTH_PX, size.width);
  const letter = Math.max(LEAST_LETTER_PX, Math.round(width / LETTERS_ACROSS));
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  const rows = linesOf(item, model).flatMap((line) => wrapped(pen, line, letter, width - 2 * letter));
  canvas.width = width;
  canvas.height = Math.ceil(size.height + letter * (LINE * rows.length + 2));
  drawPicture(pen, size, picture, heat, item.opacity / 100);
  pen.fillStyle = "#fff";
  pen.fillRect(0, size.height, width, canvas.height);
  rows.forEach((row, place) => write(pen, row, letter, size.height + letter * (1 + LINE * (place + 0.75)), item));
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no room for it"))), "image/png");
  });
}

/** What can be taken off is not there where somebody took it off. */
const isUnderHeat = ({ answer, hidesHeat }) => answer.heatmap && !hidesHeat;

async function heatOf({ heatmap }) {
  const image = new Image();
  image.src = heatUrl(heatmap);
  await image.decode();
  return image;
}

/** As large as it is, within what a canvas can hold. */
function sizeOf({ naturalWidth: width, naturalHeight: height }) {
  const scale = Math.min(1, MOST_SIDE_PX / Math.max(width, height), Math.sqrt(MOST_PX / (width * height)));
  return { width: Math.max(1, Math.floor(width * scale)), height: Math.max(1, Math.floor(height * scale)) };
}

function drawPicture(pen, { width, height }, picture, heat, strength) {
  const left = (pen.canvas.width - width) / 2;
  pen.fillRect(0, 0, pen.canvas.width, height);
  pen.drawImage(picture, left, 0, width, height);
  pen.globalAlpha = strength;
  if (heat) pen.drawImage(heat, left, 0, width, height);
  pen.globalAlpha = 1;
}

/** A warning that the picture is none for the model stands above what it warns of, which is struck out. */
function linesOf(item, model) {
  const { answer } = item;
  const { card } = model;
  const warnings = warned(answer, card).map(({ what }) => ({ text: what, isStrong: true }));
  const share = answer.confidence === undefined ? "" : ` ${percent(answer.confidence)}`;
  const label = labelOf(answer.predicted_class, card).text;
  const verdict = { text: `${label}${share}`, isStrong: true, isStruck: isStrange(answer) };
  return [
    { text: item.file.name },
    ...(verdict.isStruck ? [...warnings, verdict] : [verdict, ...warnings]),
    ...(isUnderHeat(item) ? [{ text: layerText(item, model) }, { text: " ", isLegend: true }] : []),
    ...factsOf(item, model).map(([term, description]) => ({ text: `${term}: ${description}` })),
    { text: noticeOf(model).text },
  ].filter(({ text }) => text);
}

const fontOf = ({ isStrong }, letter) => `${isStrong ? 700 : 400} ${letter}px system-ui, sans-serif`;

/** A line as several, none of them wider: between words, and within one that is too long itself. */
function wrapped(pen, line, letter, width) {
  pen.font = fontOf(line, letter);
  const isTooWide = (text) => pen.measureText(text).width > width;
  const rows = [""];
  for (const word of line.text.split(/(?<= )/)) {
    if (rows.at(-1) && isTooWide(rows.at(-1) + word.trimEnd())) rows.push("");
    for (const sign of word) {
      if (isTooWide(rows.at(-1) + sign) && sign !== " ") rows.push("");
      rows[rows.length - 1] += sign;
    }
  }
  return rows.map((text) => ({ ...line, text: text.trimEnd() }));
}

function write(pen, row, letter, base, item) {
  pen.font = fontOf(row, letter);
  pen.fillStyle = "#000";
  if (row.isLegend) {
    writeLegend(pen, letter, base, item.opacity / 100);
    return;
  }
  pen.fillText(row.text, letter, base);
  if (row.isStruck) pen.fillRect(letter, base - letter * 0.32, pen.measureText(row.text).width, letter / 12);
}

/** little [ramp] much */
function writeLegend(pen, letter, base, strength) {
  const [little, much] = [w("little"), w("much")];
  const left = letter + pen.measureText(little).width + letter / 2;
  const width = letter * 8;
  pen.fillText(little, letter, base);
  pen.fillText(much, left + width + letter / 2, base);
  const ramp = pen.createLinearGradient(left, 0, left + width, 0);
  for (const [at, shade] of stops(strength)) ramp.addColorStop(at, shade);
  pen.fillStyle = ramp;
  pen.fillRect(left, base - letter * 0.8, width, letter);
}
