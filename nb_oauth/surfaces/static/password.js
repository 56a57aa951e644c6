/* The name and the password of RFC 6749 §4.3. Both leave as binary; the password at once. */
import { make, parts, setText } from "./login.js";

const PASSWORD_LABELS = { username: "User name", password: "Password", submit: "Sign in" };

/** @type {NewPart} */
const newPasswordPart = (send, id) => {
  const described = { "aria-describedby": `${id}e ${id}p` };
  const typing = { autocapitalize: "off", spellcheck: "false", ...described };
  /*
   * These belong to the provider, and the page to the notebook server, so "current-password" would
   * be wrong: the browser would fill in the password it keeps for the notebook server, and that
   * would be sent to the provider; what it learned here, it would fill in for any notebook.
   * Browsers heed no "off" at a password, but none fills in where a new one is wanted.
   */
  const username = make("input", "username", { ...typing, autocomplete: "off" });
  const password = make("input", "password", {
    ...typing, type: "password", autocomplete: "new-password",
  });
  const notice = make("div", "notice", { id: id + "p" });
  const root = make("form", "credentials", {},
    make("label", "label", {}, PASSWORD_LABELS.username, username),
    make("label", "label", {}, PASSWORD_LABELS.password, password),
    make("button", "sign-in", {}, PASSWORD_LABELS.submit), notice);
  let submitted = false; // and neither told what came of it nor edited since

  root.oninput = () => (submitted = false);
  root.onkeydown = (event) => event.stopPropagation(); // no notebook shortcuts
  root.onsubmit = (event) => {
    event.preventDefault();
    const empty = [username, password].find((input) => !input.value);
    if (empty) return empty.focus();
    const secret = password.value;
    password.value = "";
    submitted = true;
    send("credentials", username.value, secret);
  };

  /** @type {Part["update"]} */
  const update = (view, over) => {
    root.hidden = over || !view.credentials;
    setText(notice, view.notice);
    if (over) root.reset();
    if (root.hidden || !view.error || !submitted) return;
    submitted = false;
    /* The panel took the focus while the form was away. Nobody's who went elsewhere is taken. */
    if (root.parentElement?.matches(":focus-within")) password.focus();
  };
  return { root, update };
};
parts.push(newPasswordPart);
