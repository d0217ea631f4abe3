// Elements in one call. Text goes in as text nodes only, so nothing in the data can become markup.

/** @type {<K extends keyof HTMLElementTagNameMap>(tag: K, properties?: object, ...children: (Node | string)[]) => HTMLElementTagNameMap[K]} */
export function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) Object.assign(node, { [name]: value });
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** @type {(text: string, label: string, onclick: () => void) => HTMLButtonElement} */
export function makeButton(text, label, onclick) {
  return make("button", { type: "button", title: label, "aria-label": label, onclick }, text);
}

// Children that stay, in the order they have, are not touched: they keep focus and pointer.
/** @type {(parent: Element, children: Element[]) => void} */
export function setChildren(parent, children) {
  for (const child of [...parent.children]) if (!children.includes(child)) child.remove();
  children.forEach((child, i) => {
    if (parent.children[i] !== child) parent.insertBefore(child, parent.children[i] ?? null);
  });
}

// A menu whose options are replaced only when they differ, so that it keeps the focus.
/** @type {(select: HTMLSelectElement & { signature?: string }, options: string[][], value: string) => void} */
export function setOptions(select, options, value) {
  const signature = JSON.stringify(options);
  if (select.signature !== signature) {
    select.signature = signature;
    select.replaceChildren(...options.map(([key, text]) => make("option", { value: key }, text)));
  }
  select.value = value;
}
