// The session's results as a CSV file (RFC 4180).

import { problemText } from "./language.js";

export function csvOf(items, labels) {
  const head = ["file", "predicted_class", "confidence", ...labels, "warnings", "error", "model", "request_id", "feedback"];
  const lines = [head, ...items.map((item) => row(item, labels))];
  // The mark at the start tells spreadsheets that it is UTF-8.
  return `\uFEFF${lines.map((cells) => cells.map(cell).join(",")).join("\r\n")}\r\n`;
}

function row({ file, answer, problem, told }, labels) {
  if (!answer) {
    const error = problem ? problemText(problem).join(" ") : "";
    return [file.name, "", "", ...labels.map(() => ""), "", error, "", problem?.request ?? "", ""];
  }
  return [
    file.name,
    answer.predicted_class,
    answer.confidence.toFixed(6),
    ...labels.map((label) => answer.probabilities[label].toFixed(6)),
    answer.warnings.join(" "),
    "",
    `${answer.model.name} ${answer.model.version}`,
    told?.request_id ?? answer.request_id,
    told?.label ?? "",
  ];
}

function cell(value) {
  // A file name such as "=1+1" would be a formula to a spreadsheet.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
