// Chips in an order that is changed by dragging one past another, or by the arrow keys on it.

const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

export default function ({ data: { label, items }, parentElement, setTriggerValue }) {
  const list = parentElement.querySelector(".order");
  const chips = () => [...list.children];
  const values = () => chips().map((chip) => chip.value);
  list.setAttribute("aria-label", label);
  if (values().join("\n") !== items.map(([value]) => value).join("\n")) {
    list.replaceChildren(...items.map(([value, name]) => makeChip(value, name)));
  }
  number(chips());

  const tell = () => {
    number(chips());
    setTriggerValue("ordered", values());
  };
  list.onkeydown = (event) => {
    const step = STEPS[event.key];
    const chip = event.target;
    const other = step < 0 ? chip.previousElementSibling : chip.nextElementSibling;
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (!other) return;
    other[step < 0 ? "before" : "after"](chip);
    chip.focus(); // which it loses when moved
    tell();
  };
  list.onpointerdown = (event) => {
    if (event.button !== 0 || event.target === list) return;
    event.target.classList.add("dragged");
    list.setPointerCapture(event.pointerId); // the chip's would end when it is moved
  };
  list.onpointermove = ({ clientX, clientY }) => {
    const dragged = list.querySelector(".dragged");
    const over = dragged && chips().find((chip) => chip !== dragged && holds(chip, clientX, clientY));
    if (!over) return;
    const { left, width } = over.getBoundingClientRect();
    const isAfter = clientX > left + width / 2;
    if (over !== (isAfter ? dragged.previousElementSibling : dragged.nextElementSibling)) {
      over[isAfter ? "after" : "before"](dragged);
    }
  };
  list.onpointerup = list.onpointercancel = () => {
    const dragged = list.querySelector(".dragged");
    if (!dragged) return;
    dragged.classList.remove("dragged");
    dragged.focus();
    if (values().join("\n") !== items.map(([value]) => value).join("\n")) tell();
  };
}

function makeChip(value, name) {
  const chip = document.createElement("button");
  chip.type = "button";
  chip.value = value;
  chip.textContent = name;
  return chip;
}

function number(chips) {
  chips.forEach((chip, index) => {
    chip.setAttribute("aria-label", `${chip.textContent}, ${index + 1} of ${chips.length}`);
  });
}

function holds(chip, x, y) {
  const { left, right, top, bottom } = chip.getBoundingClientRect();
  return left <= x && x <= right && top <= y && y <= bottom;
}
