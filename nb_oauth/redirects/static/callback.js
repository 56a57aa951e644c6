/** @typedef {import("./messages.d.ts")} Messages */
/* Hands the address that it was opened with to the notebook. It says what the notebook makes of
   it; where no notebook answers, the address is there to be copied. */

const ENGLISH = {
  received: ["Your notebook has the answer", "Go back to it: it will say what came of it."],
  accepted: ["You can close this tab", "Your notebook has the answer."],
  rejected: "Back to your notebook",
  silent: [
    "No notebook answered",
    "Copy this address into the box that your notebook shows. If it is closed, open it again " +
      "in this browser.",
  ],
  nothing: [
    "No answer here",
    "This page takes the answer of a sign-in to a notebook, and its address holds none. If you " +
      "have just signed in, it was lost on the way: go back to your notebook, and open the link " +
      "there once more.",
  ],
  copied: "Copied",
};
/** @type {typeof ENGLISH} */
const CHINESE = {
  received: ["您的笔记本已收到结果", "请回到笔记本：那里会显示登录是否成功。"],
  accepted: ["可以关闭此标签页了", "您的笔记本已收到结果。"],
  rejected: "请回到您的笔记本",
  silent: [
    "没有笔记本响应",
    "请将此网址复制到笔记本显示的输入框中。如果笔记本已关闭，请在此浏览器中重新打开。",
  ],
  nothing: [
    "这里没有登录结果",
    "此页面用于将登录结果交给笔记本，而其网址中没有结果。如果您刚刚登录过，结果已在途中丢失：" +
      "请回到笔记本，再次打开那里的链接。",
  ],
  copied: "已复制",
};
const isChinese = /^zh\b/i.test(navigator.language);
const LABELS = isChinese ? CHINESE : ENGLISH;
const PATIENCE_MS = 2000;

const { href, pathname } = location;
/* First of all: neither a glance at the address bar nor a bookmark gets the answer. */
history.replaceState(null, "", pathname);

const [beforeFragment, fragment = ""] = href.split("#");
const query = beforeFragment.split("?")[1] ?? "";
const state = new URLSearchParams(query).get("state") ?? new URLSearchParams(fragment).get("state");

/** @type {<Type extends Element>(selector: string) => Type} */
const find = (selector) => {
  const found = /** @type {any} */ (document.querySelector(selector));
  return found;
};
const label = find("label");
const address = /** @type {HTMLInputElement} */ (find("input"));
const copy = /** @type {HTMLButtonElement} */ (find("button"));

/** @type {(heading: string, text: string) => void} */
const show = (heading, text) => {
  find("h1").textContent = document.title = heading;
  find("p").textContent = text;
};

/** @type {(hidden: boolean) => void} */
const hideAddress = (hidden) => {
  address.value = hidden ? "" : href;
  label.toggleAttribute("hidden", hidden);
  copy.hidden = hidden || !navigator.clipboard; // there is none on plain http
};

/** What the page says by itself is English. */
const speakChinese = () => {
  document.documentElement.lang = "zh-CN";
  show("正在交给您的笔记本…", "");
  document.title = "正在登录";
  label.firstChild?.replaceWith("要复制的网址");
  copy.textContent = "复制网址";
};

const showSilence = () => {
  show(LABELS.silent[0], LABELS.silent[1]);
  hideAddress(false);
  address.focus();
  address.select();
};

/** @type {(state: string) => void} */
const handOver = (state) => {
  const channel = new BroadcastChannel(`nb-oauth:${state}`);
  const offer = () => channel.postMessage({ type: "answer", address: href });
  const silence = setTimeout(showSilence, PATIENCE_MS);
  /** Whatever is heard after a verdict of another tab changes nothing. */
  let isAccepted = false;
  /** @type {(event: MessageEvent<ChannelMessage>) => void} */
  channel.onmessage = ({ data }) => {
    if (isAccepted) return;
    if (data.type === "listening") return offer();
    clearTimeout(silence);
    hideAddress(true);
    if (data.type === "rejected") show(LABELS.rejected, data.reason);
    else if (data.type === "accepted") show(LABELS.accepted[0], LABELS.accepted[1]);
    else if (data.type === "received") show(LABELS.received[0], LABELS.received[1]);
    isAccepted = data.type === "accepted";
  };
  offer();
};

if (isChinese) speakChinese();
address.onfocus = () => address.select();
copy.onclick = async () => {
  await navigator.clipboard.writeText(href);
  copy.textContent = LABELS.copied;
};
if (state) handOver(state);
else show(LABELS.nothing[0], LABELS.nothing[1]);
