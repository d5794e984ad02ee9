// The languages that the page speaks.

import { english } from "./english.js";
import { spanish } from "./spanish.js";

export const STRINGS = { en: english, es: spanish };
