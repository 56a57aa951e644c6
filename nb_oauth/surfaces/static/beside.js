/* A page served beside the kernel, and the way to it where the browser is on another machine. */
import { isLoopback, lenses } from "./login.js";

const BESIDE_LABELS = {
  looking: "Looking for the way to the sign-in page…",
  beyond:
    `This link leads to the kernel's machine, and nowhere if you sit at another. The demo needs ` +
    `jupyter-server-proxy for that: run pip install 'nb_oauth[demo]' where Jupyter runs, start ` +
    `Jupyter again, and run this cell.`,
};
/* http on a loopback address: the only pages that may be served beside the kernel and not here. */
const ROOT = /^http:\/\/(localhost|127(\.\d+){3}|\[::1\]):\d+\//;
/* What the demo has there: no other server is shown under Jupyter's own address. */
const SIGN = "static/star.svg";
const SIGN_PATIENCE_MS = 5000;

/** Where the Jupyter server of this page is; "" where there is none, as in an editor. */
const jupyter = () => {
  try {
    const config = document.getElementById("jupyter-config-data")?.textContent;
    const { baseUrl: base } = config ? JSON.parse(config) : document.body.dataset; // nbclassic
    return base ? new URL(base, location.origin).href : "";
  } catch {
    return "";
  }
};

/** @type {(root: string, mode?: RequestMode) => Promise<boolean>} Whether the demo is there. */
const answers = async (root, mode = "same-origin") => {
  try {
    const signal = AbortSignal.timeout(SIGN_PATIENCE_MS);
    const { type, ok, headers } = await fetch(root + SIGN, { mode, signal, cache: "no-store" });
    return type === "opaque" || (ok && headers.get("content-type") === "image/svg+xml");
  } catch {
    return false;
  }
};

/**
 * @type {(root: string) => Promise<string>} What stands for `root` in this browser; "" for nothing.
 * Its own machine is asked only by a page of it: from elsewhere the browser would ask the person.
 */
const wayTo = async (root) => {
  const base = jupyter();
  const isHere = isLoopback(location.hostname);
  if (!base || (isHere && (await answers(root, "no-cors")))) return root;
  const proxied = `${base}proxy/${new URL(root).port}/`;
  if (await answers(proxied)) return proxied;
  return isHere ? root : "";
};

/** @type {Map<string, string | null>} By the link, so that a new one is looked for anew. */
const ways = new Map();

/** @type {Lens} */
const besideLens = (view, redraw) => {
  const root = ROOT.exec(view.link ?? "")?.[0];
  if (!view.link || !root) return view;
  const { link } = view;
  if (!ways.has(link)) {
    ways.set(link, null);
    wayTo(root).then((way) => {
      ways.set(link, way);
      redraw();
    });
  }
  const way = ways.get(link) ?? null;
  if (way === null) {
    return { ...view, link: null, address: null, qr: null, progress: BESIDE_LABELS.looking };
  }
  if (way === root) return view;
  if (!way) return { ...view, error: view.error || BESIDE_LABELS.beyond };
  const moved = (text = "") => text && way + text.slice(root.length);
  /* The picture has the link in it that leads nowhere. */
  return { ...view, link: moved(link), address: moved(view.address ?? ""), qr: null };
};
lenses.push(besideLens);
