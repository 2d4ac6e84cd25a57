/** Writing to the page: only what changed, because unchanged writes cost layout too. */

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets a data attribute; null removes it. */
export function setData(element, name, value) {
  if (value === null) delete element.dataset[name];
  else if (element.dataset[name] !== String(value)) element.dataset[name] = value;
}

export function setHidden(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}

/** Returns a new element with classes and an ARIA role, either of which may be empty. */
export function make(tag, className = "", role = "", ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (role) element.setAttribute("role", role);
  element.append(...children);
  return element;
}

export function byId(id) {
  return document.getElementById(id);
}
