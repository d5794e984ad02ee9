// The session's results as a CSV file (RFC 4180).

import { problemText } from "./language.js";

export function csvOf(items, { labels, more_outputs: more = {} }) {
  const further = Object.keys(more).filter((name) => more[name].kind !== "ignored");
  const head = ["file", "predicted_class", "confidence", ...labels, ...further, "warnings", "error", "model", "request_id", "feedback"];
  const lines = [head, ...items.map((item) => row(item, labels, further))];
  // The mark at the start tells spreadsheets that it is UTF-8.
  return `\uFEFF${lines.map((cells) => cells.map(cell).join(",")).join("\r\n")}\r\n`;
}

function row({ file, answer, problem, told }, labels, further) {
  if (!answer) {
    const error = problem ? problemText(problem).join(" ") : "";
    return [file.name, "", "", ...labels.map(() => ""), ...further.map(() => ""), "", error, "", problem?.request ?? "", ""];
  }
  return [
    file.name,
    answer.predicted_class,
    answer.confidence.toFixed(6),
    ...labels.map((label) => answer.probabilities[label].toFixed(6)),
    ...further.map((name) => answer.outputs?.[name]?.value ?? answer.outputs?.[name]?.predicted_class ?? ""),
    answer.warnings.join(" "),
    "",
    `${answer.model.name} ${answer.model.version}`,
    told?.request_id ?? answer.request_id,
    told?.label ?? "",
  ];
}

function cell(value) {
  // A file name such as "=1+1" would be a formula to a spreadsheet.
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
