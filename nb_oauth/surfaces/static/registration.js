/* The app to register first: where, with which redirect URI, and what the provider gives for it.
   All that is typed leaves as binary. */
import { linkable, make, parts, setText } from "./login.js";

const REGISTRATION_LABELS = {
  begin: "This needs an app of your own, which you register once.",
  page: "Open the registration page",
  noPage: "Register an app with the provider, as its documentation says.",
  redirect: "Redirect URI to register",
  copy: "Copy",
  copied: "Copied",
  selected: "Selected: copy it by keyboard",
  id: "Client ID",
  secret: "Client secret",
  optional: "Client secret, if it gave you one",
  keep: "Keep for next time, where this notebook runs, in ",
  submit: "Continue",
};

/** @type {NewPart} */
const newRegistrationPart = (send, id) => {
  const described = { "aria-describedby": `${id}e ${id}r` };
  const typing = { autocapitalize: "off", spellcheck: "false" };
  const page = make("a", "register-page", { target: "_blank", rel: "noopener noreferrer" },
    REGISTRATION_LABELS.page);
  const noPage = make("span", "no-page", {}, REGISTRATION_LABELS.noPage);
  const redirect = make("input", "redirect-uri", { readonly: "" });
  const copy = make("button", "copy-redirect", { type: "button" }, REGISTRATION_LABELS.copy);
  const copied = make("span", "copied-redirect", { role: "status" });
  const toRegister = make("div", "to-register", {},
    make("label", "label", {}, REGISTRATION_LABELS.redirect, redirect), copy, copied);
  const client = make("input", "client-id", {
    ...typing, ...described, autocomplete: "off",
  });
  /* As with a password: the browser must neither fill in what it keeps for the notebook server,
     nor learn this for it. */
  const secret = make("input", "client-secret", {
    ...typing, ...described, type: "password", autocomplete: "new-password",
  });
  const secretLabel = make("span", "secret-label");
  const keep = make("input", "keep", { type: "checkbox", checked: "" });
  const file = make("code", "kept-in");
  const notice = make("div", "notice", { id: id + "r" });
  const root = make("form", "registration", {},
    make("div", "begin", {}, REGISTRATION_LABELS.begin), page, noPage, toRegister,
    make("label", "label", {}, REGISTRATION_LABELS.id, client),
    make("label", "label", {}, secretLabel, secret),
    make("label", "keep-label", {}, keep, make("span", "keep-words", {},
      REGISTRATION_LABELS.keep, file)),
    make("button", "register", {}, REGISTRATION_LABELS.submit), notice);
  let submitted = false; // and neither told what came of it nor edited since

  root.oninput = () => (submitted = false);
  root.onkeydown = (event) => event.stopPropagation(); // no notebook shortcuts
  root.onsubmit = (event) => {
    event.preventDefault();
    submitted = true;
    send("registration", client.value, secret.value, keep.checked ? "1" : "");
  };
  copy.onclick = async () => {
    setText(copied, "");
    try {
      await navigator.clipboard.writeText(redirect.value);
      setText(copied, REGISTRATION_LABELS.copied);
    } catch {
      redirect.select(); // no clipboard on plain http: the person copies
      setText(copied, REGISTRATION_LABELS.selected);
    }
  };

  /** @type {Part["update"]} */
  const update = (view, over) => {
    const asked = view.registration;
    root.hidden = over || !asked;
    if (!asked) root.reset(); // taken, or of no use any more: nothing of it stays in the page
    if (!asked || root.hidden) return;
    const href = linkable(asked.page ?? "");
    page.hidden = !href;
    noPage.hidden = !!href;
    if (href) page.href = href;
    toRegister.hidden = !asked.redirect_uri;
    redirect.value = asked.redirect_uri ?? "";
    setText(secretLabel, REGISTRATION_LABELS[asked.needs_secret ? "secret" : "optional"]);
    setText(file, asked.kept_in);
    setText(notice, view.notice);
    if (!view.error || !submitted) return;
    submitted = false;
    /* What is empty is likelier to be wrong. Nobody's focus who went elsewhere is taken. */
    const wrong = client.value.trim() && asked.needs_secret && !secret.value ? secret : client;
    if (!root.parentElement?.matches(":focus-within")) return;
    wrong.focus();
    wrong.select();
  };
  return { root, update };
};
parts.push(newRegistrationPart);
