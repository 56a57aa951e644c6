/* The code of RFC 8628, to enter on a page that may be open on another device. */
import { LABELS, lenses, make, parts, setText } from "./login.js";

const CODE_LABELS = {
  enter: "Enter this code on the sign-in page",
  copy: "Copy code",
  copied: "Copied",
  selected: "Selected: copy it by keyboard",
  elsewhere: "On a phone or another computer, go to ",
  qr: "QR code of the sign-in page, for a phone",
  good: "The code is good for",
  over: "The code has run out.",
  anew: "New code",
};
const { newLink } = LABELS;
/* A link that brings its answer back has a box to paste it into; a code has none. */
lenses.push((view) => {
  LABELS.newLink = view.box ? newLink : CODE_LABELS.anew;
  return view;
});

/** @type {(seconds: number) => string} As in "4:32". */
const clock = (seconds) => `${Math.floor(seconds / 60)}:${`${seconds % 60}`.padStart(2, "0")}`;

/** @type {(seconds: number) => string} As one says it. */
const roughly = (seconds) => {
  const minutes = Math.floor(seconds / 60);
  if (minutes > 1) return `${minutes} minutes.`;
  return minutes ? "a minute." : "less than a minute.";
};

/** @type {NewPart} */
const newCodePart = () => {
  const enter = make("div", "enter", {}, CODE_LABELS.enter);
  const code = make("strong", "code");
  const copy = make("button", "copy-code", { type: "button" }, CODE_LABELS.copy);
  const copied = make("span", "copied-code", { role: "status" });
  const row = make("div", "code-row", {}, code, copy, copied);
  const timer = make("div", "timer", { role: "timer" });
  const address = make("span", "elsewhere-address");
  const elsewhere = make("div", "elsewhere", {}, CODE_LABELS.elsewhere, address);
  const words = make("div", "code-words", {}, enter, row, timer, elsewhere);
  const qr = make("img", "qr", { alt: CODE_LABELS.qr });
  const panel = make("div", "code-panel", {}, words, qr);
  /* The timer is not read out: it would be, every second. This is, three times a code. */
  const spoken = make("div", "spoken", { role: "status" });
  const root = make("div", "code-part", {}, panel, spoken);
  /** @type {number | undefined} */
  let ticking;
  let ends = Infinity;

  copy.onclick = async () => {
    setText(copied, "");
    try {
      await navigator.clipboard.writeText(code.textContent ?? "");
      setText(copied, CODE_LABELS.copied);
    } catch {
      getSelection()?.selectAllChildren(code); // no clipboard on plain http: the person copies
      setText(copied, CODE_LABELS.selected);
    }
  };

  const end = () => clearInterval(ticking);
  /** Returns what there is to say of the time that is left. */
  const tick = () => {
    const left = Math.max(0, Math.ceil((ends - Date.now()) / 1000));
    const isOver = !left;
    const told = isOver ? CODE_LABELS.over : `${CODE_LABELS.good} ${roughly(left)}`;
    panel.classList.toggle("nb-oauth-run-out", isOver);
    setText(timer, isOver ? told : `${CODE_LABELS.good} ${clock(left)}`);
    if (left < 60) setText(spoken, told);
    if (isOver) end();
    return told;
  };
  /** Returns the same. */
  const updateTimer = (came = 0, seconds = Infinity) => {
    end();
    ends = came + seconds * 1000;
    timer.hidden = seconds === Infinity;
    if (timer.hidden) return "";
    ticking = setInterval(tick, 1000);
    return tick();
  };
  const updatePicture = (picture = "") => {
    qr.hidden = !picture.startsWith("data:image/svg+xml"); // nothing is fetched from anywhere
    if (qr.hidden) qr.removeAttribute("src");
    else if (qr.getAttribute("src") !== picture) qr.src = picture;
  };
  /** @type {Part["update"]} */
  const update = (view, over) => {
    const text = (!over && view.code) || "";
    const isNew = code.textContent !== text;
    panel.hidden = !text;
    setText(code, text);
    setText(address, (text && view.address) || "");
    elsewhere.hidden = !address.textContent;
    updatePicture((text && view.qr) || "");
    const told = updateTimer(view.came, (text ? view.seconds_left : null) ?? undefined);
    if (!isNew) return;
    setText(copied, "");
    /* Letter by letter, or it would be read as a word. */
    setText(spoken, text && `${CODE_LABELS.enter}: ${[...text].join(" ")}. ${told}`);
  };
  return { root, update, end };
};
parts.push(newCodePart);
