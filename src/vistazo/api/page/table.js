// The session's results as a CSV file (RFC 4180), with the separator of the reader's spreadsheet.

import { problemText } from "./language.js";
import { isStrange } from "./verdict.js";

const DIGITS = 6;
const OF_HEADERS = ["modality", "view", "laterality", "body_part", "age_years", "frame", "frames", "turned"];

/** `card` is that of the model with the hash `sha256`: it says nothing of another one's answers. */
export function csvOf(items, card, sha256) {
  const isDicom = items.some(({ answer }) => answer?.dicom);
  const columns = [...columnsOf(card, sha256), ...(isDicom ? headerColumns() : [])];
  const decimal = decimalMark();
  // Where a comma begins the decimals, spreadsheets part the cells by semicolons.
  const separator = decimal === "," ? ";" : ",";
  const lines = [columns.map(([name]) => name), ...items.map((item) => columns.map(([, of]) => of(item) ?? ""))];
  const written = lines.map((cells) => cells.map((value) => cell(value, decimal)).join(separator));
  // The mark at the start tells spreadsheets that it is UTF-8.
  return `\uFEFF${written.join("\r\n")}\r\n`;
}

/** The name of each column, and what stands in it. */
function columnsOf({ labels, output, more_outputs: more = {} }, sha256) {
  const further = Object.keys(more).filter((name) => more[name].kind !== "ignored");
  const isDecidedByIt = labels.length === 2 || output.kind === "multilabel";
  const answered = (of) => ({ answer }) => answer && of(answer);
  return [
    ["file", ({ file }) => file.name],
    ["time", ({ at }) => at?.toISOString()],
    ["warnings", answered(({ warnings }) => warnings.join(" "))],
    // What is struck through on the page is nobody's class: who counts classes does not count it.
    ["predicted_class", answered((answer) => (isStrange(answer) ? "" : answer.predicted_class))],
    ["closest_label", answered((answer) => answer.predicted_class)],
    ["confidence", answered(({ confidence }) => rounded(confidence))],
    ...labels.map((label) => [label, answered(({ probabilities }) => rounded(probabilities[label]))]),
    ...further.map((name) => [name, answered(({ outputs }) => outputs?.[name]?.value ?? outputs?.[name]?.predicted_class)]),
    ["threshold", answered(({ model }) => (isDecidedByIt && model.sha256 === sha256 ? output.threshold : ""))],
    ["likeness", answered(({ in_distribution: likeness }) => rounded(likeness?.score))],
    ["error", ({ problem }) => problem && problemText(problem).join(" ")],
    ["model", answered(({ model }) => model.name)],
    ["model_version", answered(({ model }) => model.version)],
    ["model_sha256", answered(({ model }) => model.sha256)],
    ["request_id", ({ answer, problem, told }) => told?.request_id ?? answer?.request_id ?? problem?.request],
    ["feedback", ({ told }) => told?.label],
  ];
}

/** What the headers of DICOM files said, in their codes. */
const headerColumns = () =>
  OF_HEADERS.map((name) => [name, ({ answer }) => answer?.dicom?.[name]]);

const rounded = (value) => (value == null ? value : Number(value.toFixed(DIGITS)));

/** As the browser's own language writes numbers, whichever the page speaks; the digits are always ours. */
function decimalMark() {
  const format = new Intl.NumberFormat(navigator.language, { numberingSystem: "latn" });
  return format.formatToParts(1.5).find(({ type }) => type === "decimal").value;
}

function cell(value, decimal) {
  if (typeof value === "number") return String(value).replace(".", decimal);
  // A file name such as "=1+1" would be a formula to a spreadsheet.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[";,\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
