/** @typedef {import("./messages.d.ts")} Messages */
/* Draws the last `view` of the kernel. Text stays text; what is typed leaves as binary. */

const SILENT = "The kernel does not answer. It may be busy or restarted";
const LABELS = {
  heading: "Sign in",
  connecting: "Waiting for the kernel…",
  scope: "Asks for",
  link: "Open the sign-in page",
  copy: "Copy link",
  copied: "Copied",
  address: "Link to copy",
  refused: "Not a link: neither https nor on this computer: ",
  box: "Or paste the address you arrive at",
  submit: "Continue",
  cancel: "Cancel",
  newLink: "New link",
  again: "Sign in again",
  renew: "Renew now",
  signOut: "Sign out",
  silent: `${SILENT}.`,
  kept: `${SILENT}; your answer is still in the box.`,
  lost: "The kernel was restarted: run the cell again.",
};
/** @type {NewPart[]} What other files add to every panel. */
const parts = [];
/** @type {Lens[]} What other files make of each view before it is drawn. */
const lenses = [];
const TRIES = 3;
const PATIENCE_MS = 2000;

/** crypto.randomUUID does not exist on plain http. */
const newId = () => crypto.getRandomValues(new Uint32Array(4)).join("-");

/** @type {(host: string) => boolean} */
const isLoopback = (host) => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(host);

/** @type {(text: string) => string} The address, or "" where it must not become a link. */
const linkable = (text) => {
  try {
    const { protocol, hostname, href, origin } = new URL(text);
    const near = isLoopback(hostname) || origin === location.origin; // as near as this very page
    return protocol === "https:" || (protocol === "http:" && near) ? href : "";
  } catch {
    return "";
  }
};

/** What tongue.js changes: how a text is said in the browser's language. @type {Voice} */
const voice = { say: (text) => text };

/** @type {Make} */
const make = (tag, name, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  node.className = "nb-oauth-" + name;
  for (const key in attributes) node.setAttribute(key, voice.say(attributes[key]));
  node.append(...children.map(voice.say));
  return node;
};

/** @type {(node: Node, text: string) => void} A live region reads every write out. */
const setText = (node, text) => {
  const said = voice.say(text);
  if (node.textContent !== said) node.textContent = said;
};

/** @type {NewOutbox} */
const newOutbox = (model, onSilence) => {
  /** @type {Map<Kind, Sent>} */
  const sent = new Map();
  /** @type {Outbox} */
  const outbox = {
    drop: (which) =>
      sent.forEach(({ id, timer }, kind) => {
        if (which && which !== id && which !== kind) return;
        clearTimeout(timer);
        sent.delete(kind);
      }),
    send(kind, ...texts) {
      const text = texts.join("\n");
      if (sent.get(kind)?.text === text) return;
      const id = newId();
      const buffers = texts.map((one) => new TextEncoder().encode(one).buffer);
      let left = TRIES;
      const attempt = () => {
        outbox.drop(kind);
        if (!left--) return onSilence(kind);
        sent.set(kind, { id, text, timer: setTimeout(attempt, PATIENCE_MS) });
        try {
          model.send({ type: kind, id }, undefined, buffers);
        } catch {} // a closed comm does not answer either
      };
      attempt();
    },
  };
  return outbox;
};

/** @type {NewPanel} */
const newPanel = (send) => {
  const id = newId();
  const plain = { type: "button" };
  /* An h2, since it may follow the h1 of any notebook. */
  const heading = make("h2", "heading", { id });
  const remarks = make("div", "remarks");
  const scope = make("ul", "scope", { role: "list", "aria-label": LABELS.scope });
  const link = make("a", "link", { target: "_blank", rel: "noopener noreferrer" }, LABELS.link);
  const copy = make("button", "copy", plain, LABELS.copy);
  const copied = make("span", "copied", { role: "status" });
  const address = make("input", "address", { readonly: "", "aria-label": LABELS.address });
  const open = make("div", "open", {}, link, copy, copied, address);
  const refused = make("div", "refused");
  const typing = { autocomplete: "off", autocapitalize: "off", spellcheck: "false" };
  const box = make("input", "box", { ...typing, "aria-describedby": `${id}n ${id}e` });
  const label = make("label", "label", {}, LABELS.box, box);
  const submit = make("button", "submit", {}, LABELS.submit);
  const notice = make("div", "notice", { id: id + "n" });
  const form = make("form", "form", {}, label, submit, notice);
  const progress = make("div", "progress", { role: "status", "aria-live": "polite" });
  const error = make("div", "error", { id: id + "e", role: "alert" });
  const cancel = make("button", "cancel", plain, LABELS.cancel);
  const newLink = make("button", "new-link", plain);
  const renew = make("button", "renew", plain, LABELS.renew);
  const signOut = make("button", "sign-out", plain, LABELS.signOut);
  const actions = make("div", "actions", {}, cancel, newLink, renew, signOut);
  const added = parts.map((newPart) => newPart(send, id));
  const group = { role: "group", "aria-labelledby": id, tabindex: "-1", lang: "en" };
  const root = make("div", "root nb-oauth", group,
    heading, remarks, scope, ...added.map((part) => part.root),
    open, refused, form, progress, error, actions);
  let submitted = false; // and not edited since
  let rejected = false; // the same

  box.oninput = () => (submitted = rejected = false);
  box.onpaste = (event) => {
    event.preventDefault(); // or else line breaks become spaces
    if (rejected) box.setSelectionRange(0, box.value.length); // also where a click unselected it
    const text = event.clipboardData?.getData("text").replace(/\s*[\r\n]\s*/g, "");
    document.execCommand("insertText", false, text);
  };
  box.onkeydown = (event) => event.stopPropagation(); // no notebook shortcuts
  form.onsubmit = (event) => {
    event.preventDefault();
    submitted = true;
    send("answer", box.value); // the kernel says what belongs in an empty one
  };
  cancel.onclick = () => send("cancel");
  newLink.onclick = () => send("new_link");
  renew.onclick = () => send("renew");
  signOut.onclick = () => send("sign_out");
  copy.onclick = async () => {
    setText(copied, "");
    try {
      await navigator.clipboard.writeText(link.href);
      setText(copied, LABELS.copied);
    } catch {
      address.hidden = false; // no clipboard on plain http: the person copies
      address.select();
    }
  };

  const updateLink = (text = "") => {
    const href = linkable(text);
    open.hidden = !href;
    setText(refused, href || !text ? "" : LABELS.refused + text);
    if (href === address.value) return;
    address.value = href;
    address.hidden = true;
    setText(copied, "");
    if (href) link.href = href;
    else link.removeAttribute("href");
  };
  const updateBox = (waiting = false, hasError = false) => {
    if (!waiting) box.value = "";
    if (!hasError || !submitted) return;
    submitted = false;
    rejected = true;
    box.setSelectionRange(0, box.value.length); // select() would take the focus
    if (form.matches(":focus-within")) box.focus();
  };
  /** @type {Panel["update"]} */
  const update = (view, trouble) => {
    const { status } = view;
    const focused = root.querySelector(":focus");
    const lost = trouble === LABELS.lost;
    const signedIn = status === "signed_in";
    const stopped = !signedIn && !status.endsWith("ing");
    const over = lost || stopped || signedIn;
    root.dataset.status = status;
    setText(heading, view.heading);
    heading.hidden = signedIn && !!view.progress;
    remarks.replaceChildren(...view.remarks.map((text) => make("div", "remark", {}, text)));
    scope.replaceChildren(...view.scope.map((name) => make("li", "item", {}, new Text(name))));
    scope.hidden = over;
    updateLink((!over && view.link) || "");
    setText(notice, view.notice);
    form.hidden = over || !view.box;
    setText(progress, lost ? "" : view.progress);
    setText(error, trouble || view.error || "");
    cancel.hidden = over || status === "working"; // then it is too late
    newLink.hidden = !stopped && (status !== "waiting" || !!view.credentials || !!view.registration);
    renew.hidden = !signedIn || !view.can_renew;
    signOut.hidden = !signedIn;
    actions.hidden = lost;
    setText(newLink, stopped ? LABELS.again : LABELS.newLink);
    updateBox(status === "waiting", !!view.error);
    added.forEach((part) => part.update(view, over));
    /* The control that had the focus is gone: keep the keyboard's place. */
    if (focused?.closest("[hidden]")) root.focus();
  };
  return { root, update, end: () => added.forEach((part) => part.end?.()) };
};

/** @type {NewWidget} One closure a model: render() does not see what initialize() sets on it. */
const newWidget = () => {
  /** @type {Outbox} */
  let outbox;
  /** @type {Record<string, Promise<Bearer>>} What the kernel has sent later, by its type. */
  const modules = {};
  /** @type {Set<Panel>} */
  const panels = new Set();
  /** @type {View} */
  let view = {
    type: "view", status: "preparing", heading: LABELS.heading, scope: [], remarks: [],
    link: null, notice: "", progress: LABELS.connecting, error: null, box: false,
  };
  let trouble = "";
  /** @type {(panel: Panel) => void} */
  const draw = (panel) =>
    panel.update(lenses.reduce((seen, lens) => lens(seen, redraw), view), trouble);
  const redraw = () => panels.forEach(draw);
  const show = (text = "") => {
    trouble = text;
    redraw();
  };
  return {
    initialize({ model }) {
      outbox = newOutbox(model, (kind) => show(kind === "answer" ? LABELS.kept : LABELS.silent));
      model.on("msg:custom", async (told) => {
        if ("script" in told)
          /* As anywidget loads this very script. */
          return (modules[told.type] ??=
            import(URL.createObjectURL(new Blob([told.script], { type: "text/javascript" })))
              .then((module) => module.default(outbox.send, voice, panels)));
        await modules.words; // nothing is said in one language, and then in another
        if (told.type === "view") view = { ...told, came: Date.now() };
        else if (told.type === "ack") outbox.drop(told.id);
        else if (told.type !== "verdict") return;
        modules.bearer?.then((take) => take(told));
        if (view.status !== "waiting") ["answer", "credentials", "registration"].forEach(outbox.drop);
        show();
      });
      model.on("comm_live_update", () => {
        outbox.drop();
        show(LABELS.lost);
      });
      outbox.send("hello", navigator.language);
      return () => {
        outbox.drop();
        modules.bearer?.then((take) => take());
        model.off(null);
      };
    },
    render({ el }) {
      const panel = newPanel((kind, ...texts) => {
        view = { ...view, error: null };
        show();
        outbox.send(kind, ...texts);
      });
      panels.add(panel);
      draw(panel);
      el.append(panel.root);
      return () => {
        panels.delete(panel);
        panel.end();
        panel.root.remove();
      };
    },
  };
};
export default newWidget;
export { isLoopback, LABELS, lenses, linkable, make, parts, setText };
