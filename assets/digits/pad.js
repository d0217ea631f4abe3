// A square to draw on: strokes in the browser, 64x64 gray values to Python after each stroke.

const SIZE = 64;
const SHOWN = 4; // screen pixels for each of the 64
const PEN = 4.5; // px of the 64: as thick as the strokes of the digits that the nets know

export default function ({ parentElement, setStateValue }) {
  const root = parentElement.querySelector(".pad");
  if (root.childElementCount) return;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE * SHOWN;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Pad to draw a digit on");
  const clear = document.createElement("button");
  clear.type = "button";
  clear.textContent = "Clear";
  root.append(canvas, clear);

  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const wipe = () => {
    pen.fillStyle = "black";
    pen.fillRect(0, 0, canvas.width, canvas.height);
  };
  wipe();

  let last = null;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * canvas.width,
      ((event.clientY - box.top) / box.height) * canvas.height,
    ];
  };
  const stroke = (event) => {
    const here = place(event);
    pen.strokeStyle = "white";
    pen.lineWidth = PEN * SHOWN;
    pen.lineCap = "round";
    pen.beginPath();
    pen.moveTo(...last);
    pen.lineTo(...here);
    pen.stroke();
    last = here;
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = place(event);
    stroke(event);
  });
  canvas.addEventListener("pointermove", (event) => last && stroke(event));
  canvas.addEventListener("pointerup", () => {
    last = null;
    setStateValue("drawing", encoded(canvas));
  });
  canvas.addEventListener("pointercancel", () => (last = null));
  clear.addEventListener("click", () => {
    wipe();
    setStateValue("drawing", null);
  });
}

// The drawing reduced to one gray byte per pixel, as base64.
function encoded(canvas) {
  const small = document.createElement("canvas");
  small.width = small.height = SIZE;
  const pen = small.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(canvas, 0, 0, SIZE, SIZE);
  const values = pen.getImageData(0, 0, SIZE, SIZE).data.filter((_, index) => index % 4 === 0);
  return btoa(String.fromCharCode(...values));
}
