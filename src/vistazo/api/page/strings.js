// The languages that the page speaks. The texts of each come when it is spoken.

export const LANGUAGES = { en: "English", es: "Español" };

const LOADED = {
  en: async () => (await import("./english.js")).english,
  es: async () => (await import("./spanish.js")).spanish,
};

export const stringsOf = (code) => LOADED[code]();
