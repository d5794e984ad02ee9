// How good the model is, in sentences that need no statistics: the rule of vistazo/cli/worth.py.

import { fill, labelOf, number, readable, spoken, table } from "./language.js";

const COUNTED = ["pictures", "texts", "rows"];
// Of those that another group holds too, only the table tells.
const PARTS_OF_ANOTHER = ["those_that_look_like_the_other_label"];
// Far less than any figure's last digit: 1 - 0.975 is not quite 0.025.
const ROUNDING = 1e-9;

/** The groups of figures on a card: [key, figures]. */
export const groupsOf = ({ figures }) => Object.entries(figures).filter(([, group]) => isTable(group));

const isTable = (value) => value !== null && typeof value === "object" && !("value" in value);

/** What each group comes to, { group, count, told, note }; left out are those that tell nothing. */
export function worthOf(card) {
  return groupsOf(card)
    .filter(([name]) => !PARTS_OF_ANOTHER.includes(name))
    .map(([name, group]) => ({
      group: groupName(name, group, card),
      count: countOf(group),
      told: phrases(card, group).join("; "),
      note: spoken(group.note, card.language),
    }))
    .filter(({ told }) => told);
}

/** The group's own title, else its key; with the language, where it is not the page's. */
export function groupName(name, { title }, card) {
  const own = spoken(title, card.language);
  return own.text ? own : { text: table("figureNames")[name] ?? readable(name) };
}

function phrases(card, group) {
  const kind = COUNTED.find((name) => name in group) ?? "cases";
  const own = card.positive ?? card.labels[1];
  const other = card.labels.find((label) => label !== own);
  const [positive, negative] = [own, other].map((label) => labelOf(label, card).text);
  const [sensitivity, specificity] = [group.sensitivity, group.specificity].map(shareOf);
  const [accuracy, marked] = [group.accuracy, group.out_of_distribution].map(shareOf);
  const isOfTwo = card.labels.length === 2;
  const say = (key, share) =>
    share && fill(table("worth")[key], { kind: table("worth")[kind], positive, negative, count: counted(share) });
  return [
    isOfTwo && say("missed", rest(sensitivity)),
    isOfTwo && say("called", rest(specificity)),
    !(isOfTwo && (sensitivity || specificity)) && say("right", accuracy),
    say("marked", marked),
  ].filter(Boolean);
}

/** How many of 100, with the interval widened to whole numbers; one of no width comes of too few. */
function counted({ value, low, high }) {
  const middle = ofHundred(value);
  if (low === null || high === null || low >= high) return middle;
  const bounds = [Math.floor(100 * low + ROUNDING), Math.ceil(100 * high - ROUNDING)];
  return fill(table("worth").interval, { middle, low: bounds[0], high: bounds[1] });
}

/** What is not none is never shown as if it were, nor as all. */
function ofHundred(share) {
  if (share > 0 && share < 0.01 - ROUNDING) return table("worth").hardlyAny;
  if (share > 0.99 + ROUNDING && share < 1) return table("worth").nearlyAll;
  return String(Math.floor(100 * share + 0.5 + ROUNDING));
}

function shareOf(figure) {
  const { value, low, high } = figure !== null && typeof figure === "object" ? figure : { value: figure };
  return isShare(value) ? { value, low: isShare(low) ? low : null, high: isShare(high) ? high : null } : null;
}

const isShare = (value) => typeof value === "number" && value >= 0 && value <= 1;

function rest(share) {
  const other = (bound) => (bound === null ? null : 1 - bound);
  return share && { value: 1 - share.value, low: other(share.high), high: other(share.low) };
}

function countOf(group) {
  const kind = COUNTED.find((name) => name in group);
  return Number.isInteger(group[kind]) ? `${number(group[kind])} ${table("worth")[kind]}` : "";
}
