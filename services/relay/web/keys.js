/** The keyboard: arrows or j k move, Enter opens, / filters, Escape leaves. */

const MOVES = {
  ArrowDown: (list) => list.move(1),
  ArrowUp: (list) => list.move(-1),
  j: (list) => list.move(1),
  k: (list) => list.move(-1),
  PageDown: (list) => list.page(1),
  PageUp: (list) => list.page(-1),
  Home: (list) => list.move(-Infinity),
  End: (list) => list.move(Infinity),
  Enter: (list) => list.choose(),
};
const TYPED = new Set(["j", "k", "Home", "End"]);

/** Wires the keys to the list; `close` leaves the market, `changed` asks for a frame. */
export function handleKeys(list, filter, { close, changed }) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key, target } = event;
    const typing = target === filter;
    if (key === "/" && !typing) filter.focus();
    else if (key === "Escape") escape(list, filter, typing, close);
    else if (Object.hasOwn(MOVES, key) && mayMove(key, target, filter)) {
      MOVES[key](list);
      if (!typing) list.focus();
    } else return;
    event.preventDefault();
    changed();
  });
}

/** The first Escape leaves the filter and shows all markets again; without a filter it leaves the market. */
function escape(list, filter, typing, close) {
  if (filter.value !== "") {
    filter.value = "";
    filter.dispatchEvent(new Event("input"));
  } else if (!typing) {
    close();
  }
  list.focus();
}

/** Letters are text in the filter; elsewhere buttons, links and scrolled ladders keep their own keys. */
function mayMove(key, target, filter) {
  if (target === filter) return !TYPED.has(key);
  if (key === "j" || key === "k") return true;
  return target === document.body || target.id === "list";
}
