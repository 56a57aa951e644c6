/** @typedef {import("./messages.d.ts")} Messages */
/** @typedef {import("../../redirects/static/messages.d.ts")} ChannelMessages */
/* What lets the answer come back with no copying. A module by itself: the kernel sends it only
   where the person's page takes part in that. */

const PATIENCE_MS = 1000;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** The module to listen with, from the server that has the callback page; none where it has none.
 * @type {(callback: string) => Promise<{ listen?: Listen }>} */
const importFrom = async (callback) => {
  const { href, origin } = new URL("listen.js", callback);
  if (origin !== location.origin) return {}; // what is said there is not heard here
  try {
    return await import(href);
  } catch {
    return {}; // a Jupyter server without our extension
  }
};

/** The address of this server's callback page, or nothing.
 * @type {() => Promise<string>} */
const findCallback = async () => {
  const config = document.getElementById("jupyter-config-data")?.textContent;
  const base = config ? JSON.parse(config).baseUrl : document.body.dataset.baseUrl;
  if (!base) return ""; // no Jupyter server
  const callback = new URL(`${base}nb-oauth/callback`, location.origin).href;
  return (await importFrom(callback)).listen ? callback : "";
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
  /** @type {string | undefined} */
  let probed;

  /** @type {(probe: string) => Promise<void>} */
  const look = async (probe) => {
    if (probe === probed) return;
    probed = probe;
    const isNear = await reaches(probe);
    const callback = isNear ? "" : await findCallback().catch(() => "");
    send("page", callback, isNear ? "1" : "");
  };
  /** @type {(link: string) => Promise<void>} */
  const hear = async (link) => {
    const query = new URL(link).searchParams;
    const asked = query.get("state") ?? "";
    const redirectUri = query.get("redirect_uri") ?? "";
    if (asked === state || !redirectUri.endsWith("/nb-oauth/callback")) return;
    state = asked;
    const { listen } = await importFrom(redirectUri);
    if (asked !== state) return;
    listener?.close(); // not before: the page may still wait for a word on the answer before
    listener = listen?.(state, (address) => send("redirect", address));
  };
  return (content) => {
    if (!content) listener?.close();
    else if (content.type === "verdict") listener?.tell(content.reason && voice.say(content.reason));
    else if (content.type === "view") {
      if (content.probe != null) look(content.probe);
      if (content.link) hear(content.link);
    }
  };
};
export default newBearer;
