/**
 * A model as anywidget hands it out: initialize() and every render() get a proxy of their own, and
 * off(null) on a proxy takes off only what that proxy put on. The kernel's part is played by the
 * test: `deliver` what it says, read `sent` for what it would have heard.
 */
class FakeModel {
  sent = [];
  listeners = [];
  acknowledges = true;
  broken = false;

  proxy() {
    const owner = Symbol("proxy");
    return {
      on: (name, callback) => this.listeners.push({ owner, name, callback }),
      off: (name, callback) => {
        this.listeners = this.listeners.filter(
          (one) =>
            one.owner !== owner ||
            (name && name !== one.name) ||
            (callback && callback !== one.callback),
        );
      },
      send: (content, callbacks, buffers) => {
        this.sent.push({
          ...content,
          keys: Object.keys(content).sort(),
          callbacks: callbacks === undefined ? "none" : "some",
          binary: buffers.every((buffer) => buffer instanceof ArrayBuffer),
          bytes: buffers.map((buffer) => [...new Uint8Array(buffer)]),
        });
        if (this.broken) throw new Error("Cannot send");
        if (this.acknowledges) queueMicrotask(() => this.deliver({ type: "ack", id: content.id }));
      },
    };
  }

  trigger(name, ...values) {
    for (const one of [...this.listeners]) if (one.name === name) one.callback(...values);
  }

  deliver(content) {
    this.trigger("msg:custom", content, []);
  }
}

/** One widget of a kernel in one page: a model, and as many views as are asked for. */
class FakeNotebook {
  model = new FakeModel();
  cleanups = [];

  async start(newWidget) {
    this.widget = await newWidget();
    this.destroy = await this.widget.initialize({ model: this.model.proxy() });
  }

  async show(where = document.getElementById("output")) {
    const el = document.createElement("div");
    where.append(el);
    this.cleanups.push(await this.widget.render({ model: this.model.proxy(), el }));
  }
}

/** Loads the style sheet that is sent with this script. */
const dress = async (kind) => {
  const sheet = document.getElementById("style");
  if (sheet.getAttribute("href") === `${kind}.css`) return;
  await new Promise((resolve) => {
    sheet.onload = resolve;
    sheet.href = `${kind}.css`;
  });
};

window.startNotebook = async (acknowledges = true, kind = "login") => {
  await dress(kind);
  const { default: newWidget } = await import(`./${kind}.js`);
  const notebook = new FakeNotebook();
  notebook.model.acknowledges = acknowledges;
  await notebook.start(newWidget);
  await notebook.show();
  window.notebook = notebook;
  return notebook;
};
window.ready = true;
