/**
 * What the kernel and the browser say to one another, for the type checker and the reader alone.
 * It stays out of login.js because every widget shown sends that file to the browser.
 */
export {};

declare global {
  /** Kernel to browser: all there is to show; replaces what was shown before. Text, never HTML. */
  interface View {
    type: "view";
    status: "preparing" | "waiting" | "working" | "signed_in" | "cancelled" | "failed";
    /** Such as "Sign in to GitHub". */
    heading: string;
    /** What is asked for. */
    scope: string[];
    /** The authorization URL; becomes a link only if it is https or stays on this computer. */
    link: string | null;
    /** One line of explanation beside the box. */
    notice: string;
    /** What is happening now. */
    progress: string;
    /** What was wrong with the last answer, or why signing in failed. */
    error: string | null;
    /** Whether the box for the callback address is shown. */
    box: boolean;
  }

  /** Kernel to browser: one message of the browser's has arrived. */
  interface Acknowledgement {
    type: "ack";
    id: string;
  }

  /**
   * Browser to kernel, as `{type: Kind, id}`. The same id means the same message, sent again because
   * nothing acknowledged it. "answer" has one binary buffer, the UTF-8 bytes of what was typed.
   */
  type Kind = "hello" | "answer" | "cancel" | "new_link";

  /** The part of anywidget's model proxy that is used; initialize() and render() get different ones. */
  interface Model {
    on(name: "msg:custom", callback: (content: View | Acknowledgement) => void): void;
    on(name: "comm_live_update", callback: () => void): void;
    /** With null: every listener of this proxy. */
    off(name: null): void;
    send(content: { type: Kind; id: string }, callbacks: undefined, buffers: ArrayBufferLike[]): void;
  }

  /** A message on its way: kept, with its text, only until it is acknowledged or given up. */
  interface Sent {
    id: string;
    text: string;
    timer: number;
  }

  interface Outbox {
    /** Sends and repeats; the very message that is already on its way is not sent twice. */
    send(kind: Kind, text?: string): void;
    /** Forgets the message with this kind or id, or all of them: nothing is repeated any more. */
    drop(which?: string): void;
  }

  type NewOutbox = (model: Model, onSilence: (kind: Kind) => void) => Outbox;

  /** One view of the sign-in; a notebook may show several of one model. */
  interface Panel {
    root: HTMLElement;
    /** `trouble` is the script's own, such as a kernel that does not answer; outranks `view.error`. */
    update(view: View, trouble: string): void;
  }

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
