/* Says what the widget says in the browser's language. A module by itself: the kernel sends it,
   with the words of one language, only to a browser that asks for that. */
import { WORDS } from "./zh.js";

/* What a text holds besides words is {} in its English; {0} and {1} say where that goes in the
   other language, [0] and [1] that it is words again. */
const HOLE = /\{\}/;
const PLACE = /\{(\d)\}|\[(\d)\]/g;
const SPOKEN = ["aria-label", "alt", "lang"];

/** @type {(text: string) => string} */
const quoted = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** @type {[RegExp, string][]} The longest first: it says the most of what it stands for. */
const patterns = Object.entries(WORDS)
  .filter(([english]) => HOLE.test(english))
  .sort(([one], [other]) => other.length - one.length)
  .map(([english, words]) => [
    new RegExp(`^${english.split(HOLE).map(quoted).join("([^]*?)")}$`),
    words,
  ]);

/** @type {(text: string) => string} What has no translation stays as it is. */
const translated = (text) => {
  if (Object.hasOwn(WORDS, text)) return WORDS[text];
  for (const [pattern, words] of patterns) {
    const found = pattern.exec(text)?.slice(1);
    if (found)
      return words.replace(PLACE, (_, as, said) => (as ? found[as] : translated(found[said])));
  }
  return text;
};

/** @type {(root: HTMLElement) => void} For what was drawn before this came. */
const sayAgain = (root) => {
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = /** @type {Text} */ (texts.currentNode);
    text.data = translated(text.data);
  }
  for (const node of [root, ...root.querySelectorAll("*")])
    for (const name of SPOKEN)
      if (node.hasAttribute(name)) node.setAttribute(name, translated(node.getAttribute(name) ?? ""));
};

/** @type {Start} */
export default (_, voice, panels) => {
  const asked = navigator.language.split("-")[0].toLowerCase();
  if (!WORDS.en.startsWith(asked)) return () => {}; // another page of the kernel's asked for this
  /** @type {any} */
  const say = (/** @type {unknown} */ said) => (typeof said === "string" ? translated(said) : said);
  voice.say = say;
  panels.forEach(({ root }) => sayAgain(root));
  return () => {};
};
