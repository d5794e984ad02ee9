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

/** Other children for it. The focus stays where it is, or goes to `fallback` where that is gone. */
export function refill(node, children, fallback) {
  const held = node.contains(document.activeElement) ? document.activeElement.id : null;
  node.replaceChildren(...children);
  if (held !== null) (byId(held) ?? byId(fallback)).focus();
}

/** A term and its description, for a dl; nothing where there is nothing to describe. */
export function entry(term, description) {
  return description ? [el("dt", {}, term), el("dd", {}, description)] : [];
}
