/**
 * What the callback page and the notebook say to one another, inside the browser, on a channel that
 * is named after the state of the sign-in: nobody can guess it, so nobody else hears it. For the
 * type checker and the reader alone.
 */
export {};

declare global {
  type ChannelMessage =
    /** The page: this is the address that the provider sent the browser to. */
    | { type: "answer"; address: string }
    /** A notebook: it begins to listen. A page that was opened before says its answer again. */
    | { type: "listening" }
    /** A notebook: it has the answer. */
    | { type: "received" }
    /** A notebook: its kernel has taken the answer; or it has not, and why. */
    | { type: "accepted" }
    | { type: "rejected"; reason: string };

  interface Listener {
    /** Tells the page what the kernel makes of its answer: null for a good one, else why not. */
    tell(reason: string | null): void;
    close(): void;
  }

  /**
   * Listens for the answer to the sign-in with this `state`; `take` gets each that comes. The
   * widget imports it from the server, so it comes from the release that the page comes from.
   */
  type Listen = (state: string, take: (address: string) => void) => Listener;
}
