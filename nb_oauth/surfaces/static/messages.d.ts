/**
 * What the kernel and the browser say to one another, for the type checker and the reader alone.
 * It stays out of the scripts because every widget shown sends them to the browser.
 */
export {};

declare global {
  /** What ends in "ing" goes on; anything else but "signed_in" has stopped. */
  type Status =
    | "preparing" | "waiting" | "working" | "signed_in" | "cancelled" | "failed" | "signed_out";

  /** Kernel to browser: all there is to show; replaces what was shown before. Text, never HTML. */
  interface View {
    type: "view";
    status: Status;
    /** Such as "Sign in to GitHub". */
    heading: string;
    /** What is asked for. */
    scope: string[];
    /** What to know about this way of signing in, a line each. */
    remarks: string[];
    /** The authorization URL; becomes a link only if it is https, or on this computer or page's server. */
    link: string | null;
    /** One line of explanation beside the box, or beside name and password. */
    notice: string;
    /** What is happening now. */
    progress: string;
    /** What was wrong with the last answer, or why signing in failed. */
    error: string | null;
    /** Whether the box for the callback address is shown. */
    box: boolean;
    /** What to enter on the page at `link`: code.js. */
    code?: string | null;
    /** The page at `link` as one types it elsewhere, without the code in it: code.js. */
    address?: string | null;
    /** A picture of the link for a phone, as a data:image/svg+xml URI: code.js. */
    qr?: string | null;
    /** How much longer `code` was good when this was sent. */
    seconds_left?: number | null;
    /** Whether a name and a password are asked for: password.js. */
    credentials?: boolean;
    /** The app to register first: registration.js. */
    registration?: {
      /** The provider's page for it; becomes a link only if it is https or on this computer. */
      page: string | null;
      /** What to register there; null where nothing need be. */
      redirect_uri: string | null;
      needs_secret: boolean;
      /** The file that the answer can be kept in. */
      kept_in: string;
    } | null;
    /** Whether somebody who has signed in can have the token renewed. */
    can_renew?: boolean;
    /**
     * An address that only a browser on the kernel's machine reaches, or nothing; the page is to
     * say what it can do ("page"). null where it takes no part in bringing the answer.
     */
    probe?: string | null;
    /** Date.now() when this came; the browser's own. */
    came?: number;
  }

  /** Kernel to browser: one message of the browser's has arrived. */
  interface Acknowledgement {
    type: "ack";
    id: string;
  }

  /**
   * Kernel to browser: the source of a module that only some pages need. "bearer" before the first
   * view with a `probe`: bearer.js. "words" before any view, where the browser's language is not
   * English: tongue.js with the words of that language.
   */
  interface Script {
    type: "bearer" | "words";
    script: string;
  }

  /** Kernel to browser: what became of the last "redirect"; null if it is a good answer. */
  interface Verdict {
    type: "verdict";
    reason: string | null;
  }

  /**
   * Browser to kernel, as `{type: Kind, id}`. The same id means the same message, sent again because
   * nothing acknowledged it. "hello" has one binary buffer, the browser's language (BCP 47); "answer" has one binary buffer, the UTF-8 bytes of what was typed;
   * "redirect" has the same of what the provider sent the browser to, as the callback page got it;
   * "page" has two, the address of the callback page or nothing, and "1" or nothing for whether
   * the kernel's machine is reached;
   * "credentials" has two, the name and the password; "registration" has three, the client ID, the
   * client secret, and "1" or nothing for whether to keep both.
   */
  type Kind =
    | "hello" | "page" | "redirect" | "answer" | "credentials" | "registration" | "cancel" | "new_link" | "renew" | "sign_out";

  type Told = View | Acknowledgement | Verdict | Script;

  /** The part of anywidget's model proxy that is used; initialize() and render() get different ones. */
  interface Model {
    on(name: "msg:custom", callback: (content: Told) => void): void;
    on(name: "comm_live_update", callback: () => void): void;
    /** With null: every listener of this proxy. */
    off(name: null): void;
    send(content: { type: Kind; id: string }, callbacks: undefined, buffers: ArrayBufferLike[]): void;
  }

  /** A message on its way: kept, with its texts in one, only until it is acknowledged or given up. */
  interface Sent {
    id: string;
    text: string;
    timer: number;
  }

  interface Outbox {
    /** Sends and repeats; the very message that is already on its way is not sent twice. */
    send(kind: Kind, ...texts: string[]): void;
    /** Forgets the message with this kind or id, or all of them: nothing is repeated any more. */
    drop(which?: string): void;
  }

  type NewOutbox = (model: Model, onSilence: (kind: Kind) => void) => Outbox;

  /**
   * What lets the answer come back with no copying. It is told all that the kernel tells, from its
   * own script on: it answers what the page is asked, listens where the callback page is used, and
   * passes on what became of the answer. Told nothing, it ends.
   */
  type Bearer = (content?: Told) => void;

  type NewBearer = (send: Outbox["send"], voice: Voice) => Bearer;

  interface Voice {
    /** Says a text in the browser's language; returns anything else as it is. */
    say<Said>(said: Said): Said;
  }

  /** What a module that the kernel sends exports: begins, and returns who takes what is told. */
  type Start = (send: Outbox["send"], voice: Voice, panels: Set<Panel>) => Bearer;

  /** One view of the sign-in; a notebook may show several of one model. */
  interface Panel {
    root: HTMLElement;
    /** `trouble` is the script's own, such as a kernel that does not answer; outranks `view.error`. */
    update(view: View, trouble: string): void;
    /** It is gone from the page: nothing of it may go on. */
    end(): void;
  }

  /** What a file of its own adds to every panel, by pushing a function to `parts` of login.js. */
  interface Part {
    root: HTMLElement;
    /** `over`: nothing can be answered now. */
    update(view: View, over: boolean): void;
    end?(): void;
  }

  /** Makes of a view what is drawn; calls `redraw` when it would make something else of the same. */
  type Lens = (view: View, redraw: () => void) => View;

  /** `id` begins the ids of this panel; `${id}e` is its error. */
  type NewPart = (send: Outbox["send"], id: string) => Part;

  type NewPanel = (send: Outbox["send"]) => Panel;

  /** What anywidget calls: initialize() once a model, render() once a view; both return a clean-up. */
  type NewWidget = () => {
    initialize(props: { model: Model }): () => void;
    render(props: { el: HTMLElement }): () => void;
  };

  type Make = <Tag extends keyof HTMLElementTagNameMap>(
    tag: Tag,
    name: string,
    attributes?: Record<string, string>,
    ...children: (Node | string)[]
  ) => HTMLElementTagNameMap[Tag];
}
