// Parts of the page that come when they are needed.
//
// A browser may hold it against a module, as long as the page is open, that it could not be fetched once: Chromium 150
// does. So the files of a part are fetched before any of them is imported; what has come is only asked about again.

const FILES = {
  english: ["english"],
  spanish: ["spanish"],
  drift: ["drift", "drift_words"],
  further: ["further"],
  incoming: ["incoming"],
  previews: ["previews"],
  tools: ["tools", "further", "lens", "ramp", "report", "saving"],
  writing: ["writing", "facts", "feedback", "header", "header_codes", "result", "sheet_words", "verdict", "viewer"],
  results: [
    "results",
    "desk",
    "facts",
    "feedback",
    "header",
    "header_codes",
    "list",
    "looking",
    "queue",
    "result",
    "sheet_words",
    "table",
    "tally",
    "verdict",
    "viewer",
  ],
};

const coming = {};

/** The module of that name. Rejects with a TypeError where the service is away; may be asked again. */
export function part(name) {
  coming[name] ??= load(name).catch((fault) => {
    delete coming[name];
    throw fault;
  });
  return coming[name];
}

async function load(name) {
  await Promise.all(FILES[name].map(fetchAhead));
  return import(`./${name}.js`);
}

async function fetchAhead(name) {
  const answer = await fetch(new URL(`./${name}.js`, import.meta.url));
  if (!answer.ok) throw new TypeError(`${name}.js: ${answer.status}`);
  await answer.arrayBuffer();
}
