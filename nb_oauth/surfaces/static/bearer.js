/** @typedef {import("./messages.d.ts")} Messages */
/** @typedef {import("../../redirects/static/messages.d.ts")} ChannelMessages */
/* What lets the answer come back with no copying. A module by itself: the kernel sends it only
   where the person's page takes part in that. */

const BEARER_LABELS = {
  late: "Its kernel has not taken the answer yet: it is busy, or it has ended.",
};
const PATIENCE_MS = 1000;
const VERDICT_MS = 8000; // longer than the widget repeats what a kernel does not take
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** The module to listen with, from the server that has the callback page; none where it has none.
 * @type {(callback: string) => Promise<{ listen?: Listen }>} */
const importFrom = async (callback) => {
  if (!callback) return {};
  const { href, origin } = new URL("listen.js", callback);
  if (origin !== location.origin) return {}; // what is said there is not heard here
  try {
    return await import(href);
  } catch {
    return {}; // a Jupyter server without our extension
  }
};

/** @type {(path: string, base: string | undefined) => string} */
const below = (path, base) => (base ? new URL(path, base).href : "");

/** Where callback pages can be that this page hears: that of its Jupyter server; that of its Hub,
 * `shared`, one for everybody; and where its Hub leads from there to each person's own server.
 * @type {() => { own: string, shared: string, redirect: string }} */
const places = () => {
  const config = document.getElementById("jupyter-config-data")?.textContent;
  const { baseUrl, hubPrefix, hubHost } = // of nbclassic in the body
    config ? JSON.parse(config) : document.body.dataset;
  const hub = below(hubPrefix, hubPrefix && (hubHost || location.origin));
  return {
    own: below(`${baseUrl}nb-oauth/callback`, baseUrl && location.origin),
    shared: below("../services/nb-oauth/callback", hub),
    redirect: below("user-redirect/nb-oauth/callback", hub),
  };
};

/** The same, the one to use first: that which is `chosen`, as far as it can be seen from here; then
 * that of a Hub, for it is what people register who have one.
 * @type {(chosen: string) => string[]} */
const inOrder = (chosen) => {
  const { own, shared, redirect } = places();
  return [chosen && chosen === redirect ? own : chosen, shared, own];
};

/** The callback page that a link leads back to, or nothing.
 * @type {(link: string | null) => string} */
const pageOf = (link) => {
  const redirectUri = (link && new URL(link).searchParams.get("redirect_uri")) ?? "";
  return redirectUri.endsWith("/nb-oauth/callback") ? redirectUri : "";
};

/** The address of the callback page to use, or nothing; one that is `chosen` is used where it is.
 * @type {(chosen: string) => Promise<string>} */
const findCallback = async (chosen) => {
  const found = inOrder(chosen).map(async (place) => (await importFrom(place)).listen && place);
  const [isThere, ...others] = await Promise.all(found);
  return isThere ? chosen : (others.find(Boolean) ?? "");
};

/** What to listen with where the app is sent back to `redirectUri`: any page of this origin has it.
 * @type {(redirectUri: string) => Promise<Listen | undefined>} */
const listenerFor = async (redirectUri) => {
  for (const place of inOrder(redirectUri)) {
    const { listen } = await importFrom(place);
    if (listen) return listen;
  }
};

/** Whether this browser is on the kernel's machine. A page from elsewhere may not even try; one of
 * a program, such as an editor, may.
 * @type {(probe: string) => Promise<boolean>} */
const reaches = async (probe) => {
  const { protocol, hostname } = location;
  if (!probe || (protocol.startsWith("http") && !LOOPBACK.test(hostname))) return false;
  try {
    const answer = await fetch(probe, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return (await answer.text()) === "nb_oauth";
  } catch {
    return false;
  }
};

/** @type {NewBearer} */
const newBearer = (send, voice) => {
  /** @type {Listener | undefined} */
  let listener;
  let state = "";
  let late = 0;
  /** @type {string | undefined} */
  let probed;

  /** @type {(probe: string, link: string | null) => Promise<void>} */
  const look = async (probe, link) => {
    if (probe === probed) return;
    probed = probe;
    const isNear = await reaches(probe);
    const callback = isNear ? "" : await findCallback(pageOf(link)).catch(() => "");
    send("page", callback, isNear ? "1" : "");
  };
  /** @type {(link: string) => Promise<void>} */
  const hear = async (link) => {
    const asked = new URL(link).searchParams.get("state") ?? "";
    const redirectUri = pageOf(link);
    if (asked === state || !redirectUri) return;
    state = asked;
    const listen = await listenerFor(redirectUri).catch(() => undefined);
    if (asked !== state) return;
    listener?.close(); // not before: the page may still wait for a word on the answer before
    listener = listen?.(state, (address) => {
      send("redirect", address);
      clearTimeout(late);
      late = setTimeout(() => listener?.tell(voice.say(BEARER_LABELS.late)), VERDICT_MS);
    });
  };
  return (content) => {
    if (!content || content.type === "verdict") clearTimeout(late);
    if (!content) listener?.close();
    else if (content.type === "verdict") listener?.tell(content.reason && voice.say(content.reason));
    else if (content.type === "view") {
      if (content.probe != null) look(content.probe, content.link);
      if (content.link) hear(content.link);
    }
  };
};
export default newBearer;
