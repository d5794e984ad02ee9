// Builds elements. Text is always text: nothing here reads markup.

export const byId = (id) => document.getElementById(id);

/** `el("p", { class: "hint" }, "text", child)`; `on...` is a listener, null children are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child != null && child !== false));
  return node;
}

/** A term and its description, for a dl; nothing where there is nothing to describe. */
export function entry(term, description) {
  return description ? [el("dt", {}, term), el("dd", {}, description)] : [];
}
