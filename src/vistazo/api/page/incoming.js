// What lies in folders that are dropped or chosen: the pictures by their names or, where a name says nothing, by their
// first bytes. Loaded when somebody adds a folder.

import { fill, language, number } from "./language.js";

export const WORDS = {
  en: {
    looking: "Looking through the folder",
    found: "In the folder: pictures {count}.",
    others: "In the folder: pictures {count}, other files {left}, which are left out.",
  },
  es: {
    looking: "Se mira la carpeta",
    found: "En la carpeta: imágenes {count}.",
    others: "En la carpeta: imágenes {count}, otros archivos {left}, que se dejan fuera.",
  },
};

/** Those of vistazo/pictures/formats.py. */
export const SUFFIXES = ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "webp", "avif", "dcm", "dicom"];
const OF_PROGRAMS = ["__MACOSX", "@eaDir", "$RECYCLE.BIN"];
/** Names the files of a medium, and is no picture. */
const INDEX = "DICOMDIR";
const HEAD_BYTES = 132;
const BEGINNINGS = ["\x89PNG\r\n", "\xff\xd8\xff", "BM", "II*\0", "MM\0*"];
const AT_ONCE = 32;

export const lookingText = () => WORDS[language()].looking;

/** How many there were. */
export function foundText({ files, left }) {
  const values = { count: number(files.length), left: number(left) };
  return fill(WORDS[language()][left > 0 ? "others" : "found"], values);
}

/** Of dropped entries of a file system: their `files`, by name, and how many others were `left` out. */
export async function picturesOf(entries) {
  const [files, unreadable] = [[], []];
  await collect(entries, files, unreadable);
  const { files: pictures, left } = await sorted(files);
  return { files: pictures, left: left + unreadable.length };
}

/** As `picturesOf`, of a chosen folder's files. */
export function picturesIn(files) {
  const those = [...files].filter((file) => !pathOf(file).split("/").some(isHidden));
  return sorted(those.sort((one, other) => (pathOf(one) < pathOf(other) ? -1 : 1)));
}

const pathOf = (file) => file.webkitRelativePath || file.name;

const isHidden = (name) => name.startsWith(".") || OF_PROGRAMS.includes(name);

async function collect(entries, files, unreadable) {
  const those = entries.filter(({ name }) => !isHidden(name)).sort((one, other) => (one.name < other.name ? -1 : 1));
  for (const entry of those) {
    try {
      if (entry.isDirectory) await collect(await entriesIn(entry), files, unreadable);
      else files.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    } catch {
      unreadable.push(entry.name);
    }
  }
}

/** A browser gives a hundred at a time. */
async function entriesIn(folder) {
  const [reader, all] = [folder.createReader(), []];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

async function sorted(files) {
  const pictures = [];
  for (let at = 0; at < files.length; at += AT_ONCE) {
    const some = files.slice(at, at + AT_ONCE);
    const found = await Promise.all(some.map(isPicture));
    pictures.push(...some.filter((_, place) => found[place]));
  }
  return { files: pictures, left: files.length - pictures.length };
}

/** The name of many a DICOM file is a number with dots: its end says nothing. */
async function isPicture(file) {
  if (file.name.toUpperCase() === INDEX) return false;
  const [, suffix = ""] = /\.([^.]+)$/.exec(file.name) ?? [];
  if (SUFFIXES.includes(suffix.toLowerCase())) return true;
  if (/\D/.test(suffix)) return false;
  const bytes = await file.slice(0, HEAD_BYTES).arrayBuffer().catch(() => new ArrayBuffer(0));
  const head = String.fromCharCode(...new Uint8Array(bytes));
  return (
    head.slice(128) === "DICM" ||
    BEGINNINGS.some((beginning) => head.startsWith(beginning)) ||
    head.slice(8, 12) === "WEBP" ||
    head.slice(4, 12) === "ftypavif"
  );
}
