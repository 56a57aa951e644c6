/** What only the browser can measure: how well text can be read, and what is read out. */

const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });

const paint = (colors) => {
  canvas.clearRect(0, 0, 1, 1);
  for (const color of colors) {
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
  }
  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
};

/** The relative luminance of WCAG 2.2. */
const luminance = (rgb) =>
  rgb
    .map((value) => value / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);

const backgrounds = (node) =>
  node
    ? [...backgrounds(node.parentElement), getComputedStyle(node).backgroundColor]
    : ["white"];

const hasText = (node) => [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE);

/** The contrast ratio of every visible element with text of its own, by class. */
window.contrasts = () => {
  const ratios = {};
  for (const node of document.querySelectorAll(".nb-oauth *")) {
    if (!node.checkVisibility() || !hasText(node)) continue;
    const behind = backgrounds(node);
    const text = luminance(paint([...behind, getComputedStyle(node).color]));
    const back = luminance(paint(behind));
    ratios[node.className] = (Math.max(text, back) + 0.05) / (Math.min(text, back) + 0.05);
  }
  return ratios;
};

/** Counts in window.writes what live regions are told from now on. */
window.countWrites = () => {
  window.writes = 0;
  const observer = new MutationObserver((changes) => {
    window.writes += changes.length;
  });
  for (const part of document.querySelectorAll("[role=status], [role=alert]"))
    observer.observe(part, { childList: true, characterData: true, subtree: true });
};

/** The contrast ratio of a control's border to what is around it. */
window.edge = (node) => {
  const behind = backgrounds(node.parentElement);
  const line = luminance(paint([...behind, getComputedStyle(node).borderTopColor]));
  const back = luminance(paint(behind));
  return (Math.max(line, back) + 0.05) / (Math.min(line, back) + 0.05);
};
