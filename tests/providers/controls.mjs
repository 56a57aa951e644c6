// What only a test may do to the server: read what happened, collect every secret of the run,
// make an endpoint slow or wrong, and start afresh. Served under /__test__/.
import * as querystring from 'node:querystring';
import { DevicePolling, SLOW_DOWN } from './device_polling.mjs';
import { certificateOf } from './mutual_tls.mjs';

const REQUEST_SECRETS = [
  'code', 'code_verifier', 'refresh_token', 'client_secret', 'client_assertion', 'password',
  'device_code', 'access_token', 'id_token', 'token',
];
const RESPONSE_SECRETS = ['access_token', 'refresh_token', 'id_token', 'device_code', 'user_code'];
const REDIRECT_SECRETS = ['code', 'access_token', 'id_token', 'state'];

const FAULTS = {
  server_error: { status: 500, type: 'application/json', body: '{"error":"server_error"}' },
  html: { status: 502, type: 'text/html', body: '<!doctype html><h1>502 Bad Gateway</h1>' },
  html_ok: { status: 200, type: 'text/html', body: '<!doctype html><h1>Welcome</h1>' },
  invalid_client: { status: 401, type: 'application/json', body: '{"error":"invalid_client"}' },
  invalid_grant: { status: 400, type: 'application/json', body: '{"error":"invalid_grant"}' },
  slow_down: SLOW_DOWN,
};
const NO_FAULT = { times: 0 };
const DEVICE = { interval: 1, lifetime: 600 }; // seconds
const LIFETIMES = { AuthorizationCode: 60, Interaction: 600 }; // seconds, by oidc-provider's names

const wait = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

export class Controls {
  /** `paths`: of the endpoints `token`, `device` and `jwks`. */
  constructor({ paths, accessTokenTtl, clientSecrets, passwords }) {
    this.paths = paths;
    this.clientSecrets = clientSecrets;
    this.passwords = passwords;
    this.defaultAccessTokenTtl = accessTokenTtl;
    this.polling = new DevicePolling(DEVICE);
    this.reset();
  }

  reset() {
    this.tokenRequests = [];
    this.apiRequests = [];
    this.secrets = new Map(); // value → kind
    for (const secret of Object.values(this.clientSecrets)) this.#collect('client_secret', secret);
    this.faults = {};
    this.lifetimes = { ...LIFETIMES };
    this.headers = {};
    this.polling.reset();
    this.accessTokenTtl = this.defaultAccessTokenTtl;
  }

  /** The middleware: wraps every request to the provider. */
  async handle(ctx, next) {
    if (ctx.path.startsWith('/__test__/')) {
      await this.#serve(ctx);
      return;
    }
    ctx.set(this.headers);
    const sent = await readForm(ctx);
    const record = ctx.path === this.paths.token ? this.#recordTokenRequest(ctx, sent) : null;
    this.#collectFrom(sent, REQUEST_SECRETS);
    this.#collectBasicPassword(ctx.get('authorization'));
    if (!this.#isTooSoon(ctx, sent) && !(await this.#applyFault(ctx, sent))) await next();
    if (ctx.path === this.paths.device && ctx.body?.device_code) ctx.body = this.polling.begin(ctx.body);
    this.#collectFromAnswer(ctx);
    if (record) finishRecord(record, ctx);
  }

  async #serve(ctx) {
    const command = `${ctx.method} ${ctx.path.slice('/__test__'.length)}`;
    const body = ctx.method === 'POST' ? await readJson(ctx.req) : {};
    ctx.status = 200;
    if (command === 'GET /log') ctx.body = this.#log();
    else if (command === 'GET /secrets') ctx.body = [...this.secrets].map(([value, kind]) => ({ kind, value }));
    else if (command === 'GET /client_secrets') ctx.body = this.clientSecrets;
    else if (command === 'GET /passwords') ctx.body = this.passwords;
    else if (command === 'POST /fault') ctx.body = this.#setFault(body);
    else if (command === 'POST /settings') ctx.body = this.#set(body);
    else if (command === 'POST /reset') ctx.body = this.#resetAndSay();
    else ctx.status = 404;
  }

  #log() {
    const counts = {};
    const errors = {};
    for (const { grant_type: grant, status, error } of this.tokenRequests) {
      const key = `${grant} ${status}`;
      counts[key] = (counts[key] ?? 0) + 1;
      if (error) errors[error] = (errors[error] ?? 0) + 1;
    }
    return { token_requests: this.tokenRequests, api_requests: this.apiRequests, counts, errors };
  }

  /**
   * `{kind, times, delay_ms, endpoint}`: what the next `times` (default: all) requests meet at the
   * endpoint `token` (the default), `device` or `jwks`.
   */
  #setFault({ endpoint = 'token', ...fault }) {
    if (fault.kind && !FAULTS[fault.kind]) throw new Error(`no such fault: ${fault.kind}`);
    this.faults[endpoint] = { times: Infinity, delay_ms: 0, ...fault };
    return { endpoint, fault };
  }

  #set({ access_token_ttl: seconds, lifetimes = {}, device = {}, headers }) {
    this.headers = headers ?? this.headers;
    this.accessTokenTtl = seconds ?? this.accessTokenTtl;
    Object.assign(this.lifetimes, lifetimes);
    this.polling.set(device);
    return {
      access_token_ttl: this.accessTokenTtl,
      lifetimes: this.lifetimes,
      device: this.polling.settings,
    };
  }

  #resetAndSay() {
    this.reset();
    return {};
  }

  async #applyFault(ctx, sent) {
    const endpoint = Object.keys(this.paths).find((name) => this.paths[name] === ctx.path);
    const fault = this.faults[endpoint] ?? NO_FAULT;
    if (!fault.times) return false;
    fault.times -= 1;
    if (fault.delay_ms) await wait(fault.delay_ms);
    if (!fault.kind) return false;
    if (fault.kind === 'slow_down') this.polling.slowDown(sent.device_code);
    Object.assign(ctx, FAULTS[fault.kind]);
    return true;
  }

  #isTooSoon(ctx, { device_code: deviceCode }) {
    const refusal = ctx.path === this.paths.token && deviceCode && this.polling.refusal(deviceCode);
    if (refusal) Object.assign(ctx, refusal);
    return Boolean(refusal);
  }

  #recordTokenRequest(ctx, sent) {
    const record = {
      grant_type: sent.grant_type ?? null,
      client_id: sent.client_id ?? null,
      authentication: ctx.get('authorization').split(' ')[0] || authenticationIn(sent),
      certificate: certificateOf(ctx)?.subject ?? null,
      parameters: Object.keys(sent).sort(),
      status: null,
      error: null,
    };
    this.tokenRequests.push(record);
    return record;
  }

  recordApiRequest(status) {
    this.apiRequests.push(status);
  }

  #collect(kind, value) {
    if (typeof value !== 'string' || !value || this.secrets.has(value)) return;
    this.secrets.set(value, kind); // by its first name: to revoke it, any token is just a `token`
  }

  #collectFrom(values, names) {
    for (const name of names) this.#collect(name, values?.[name]);
  }

  #collectBasicPassword(header) {
    const [scheme, credentials] = header.split(' ');
    if (scheme !== 'Basic') return;
    const password = Buffer.from(credentials, 'base64').toString().split(':').slice(1).join(':');
    this.#collect('client_secret', querystring.unescape(password.replaceAll('+', ' ')));
  }

  #collectFromAnswer(ctx) {
    if (typeof ctx.body === 'object') this.#collectFrom(ctx.body, RESPONSE_SECRETS);
    const location = ctx.response.get('location');
    if (!location) return;
    const { searchParams, hash } = new URL(location, ctx.href);
    this.#collectFrom(Object.fromEntries(searchParams), REDIRECT_SECRETS);
    this.#collectFrom(Object.fromEntries(new URLSearchParams(hash.slice(1))), REDIRECT_SECRETS);
  }
}

function authenticationIn(sent) {
  if (sent.client_assertion) return 'assertion';
  return sent.client_secret ? 'post' : 'none';
}

function finishRecord(record, ctx) {
  record.status = ctx.status;
  record.error = errorIn(ctx.body);
  record.client_id = ctx.oidc?.client?.clientId ?? record.client_id;
}

/** The error in an answer: oidc-provider's, an object still, or a fault's text. */
function errorIn(body) {
  if (typeof body !== 'string') return body?.error ?? null;
  return /^\{"error":"(\w+)"\}$/.exec(body)?.[1] ?? null;
}

/** The form that was posted, left where oidc-provider looks for an already parsed one. */
async function readForm(ctx) {
  if (ctx.method !== 'POST' || !ctx.is('application/x-www-form-urlencoded')) return {};
  ctx.req.body = querystring.parse(await readText(ctx.req));
  return ctx.req.body;
}

async function readText(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function readJson(stream) {
  return JSON.parse((await readText(stream)) || '{}');
}
