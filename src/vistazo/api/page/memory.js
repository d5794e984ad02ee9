// What the browser remembers for the page. It may be told not to: then nothing is kept.

export function recall(area, name) {
  try {
    return window[area].getItem(name);
  } catch {
    return null;
  }
}

export function keep(area, name, value) {
  try {
    window[area].setItem(name, value);
  } catch {
    // it lasts as long as the page
  }
}
