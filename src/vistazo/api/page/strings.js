// The languages that the page speaks. The texts of each come when it is spoken.

import { part } from "./parts.js";

export const LANGUAGES = { en: "English", es: "Español" };

const FILES = { en: "english", es: "spanish" };

/** `load` gives a module by its name. */
export const stringsOf = async (code, load = part) => (await load(FILES[code]))[FILES[code]];
