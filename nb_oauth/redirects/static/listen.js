/** @typedef {import("./messages.d.ts")} Messages */
/* The notebook's end. That it can be imported from the server says that the page is there. */

/** @type {Listen} */
export const listen = (state, take) => {
  const channel = new BroadcastChannel(`nb-oauth:${state}`);
  /** @type {(message: ChannelMessage) => void} */
  const say = (message) => channel.postMessage(message);
  channel.onmessage = ({ data }) => {
    if (data?.type !== "answer" || typeof data.address !== "string") return;
    take(data.address);
    say({ type: "received" });
  };
  say({ type: "listening" });
  return {
    tell: (reason) => say(reason === null ? { type: "accepted" } : { type: "rejected", reason }),
    close: () => channel.close(),
  };
};
