// The clients that the tests sign in with. Secrets are new in each run and hold characters that
// must be form-urlencoded before they go into HTTP Basic (RFC 6749 §2.3.1).
import { randomBytes } from 'node:crypto';

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'].map((host) => `http://${host}/callback`);

/** A JupyterHub, and one below a path. */
const HUBS = ['', '/jhub'];

/** The callback page of a Jupyter server, also below a path as JupyterHub and proxies have one. */
const CALLBACK_PAGES = ['127.0.0.1', 'localhost'].flatMap((host) =>
  ['', '/user/alice', ...HUBS.flatMap((hub) =>
    [`${hub}/user/lab-ada`, `${hub}/hub/user-redirect`, `${hub}/services`]),
  ].map((prefix) => `http://${host}${prefix}/nb-oauth/callback`));

const newSecret = () => `s3cr+t/%:${randomBytes(18).toString('base64')}`;

/** A client that runs on the person's machine: any loopback port will do (RFC 8252 §7.3). */
export const native = (more) => ({
  application_type: 'native',
  redirect_uris: LOOPBACK,
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  ...more,
});

/** A program that acts for itself (RFC 6749 §4.4): nobody is sent anywhere. */
export const service = (more) => ({
  redirect_uris: [],
  grant_types: ['client_credentials'],
  response_types: [],
  scope: 'api:read api:write',
  ...more,
});

/** An app that asks its token of the token endpoint alone: nobody is sent back to it. */
const withoutRedirect = (grantType, more) => ({
  application_type: 'native',
  redirect_uris: [],
  grant_types: [grantType, 'refresh_token'],
  response_types: [],
  ...more,
});

export const clients = [
  native({ client_id: 'public', token_endpoint_auth_method: 'none' }),
  // No loopback listener: only the callback page brings its answer back.
  native({
    client_id: 'callback-page',
    token_endpoint_auth_method: 'none',
    redirect_uris: CALLBACK_PAGES,
  }),
  native({
    client_id: 'implicit-callback-page',
    token_endpoint_auth_method: 'none',
    grant_types: ['implicit'],
    response_types: ['id_token token', 'token'],
    redirect_uris: CALLBACK_PAGES,
  }),
  native({ client_id: 'static', token_endpoint_auth_method: 'none' }), // refresh tokens that stay
  // Its redirect goes to a page that will not load, as that of a kernel on another machine.
  native({
    client_id: 'elsewhere',
    application_type: 'web',
    token_endpoint_auth_method: 'none',
    redirect_uris: ['https://notebook.example/callback'],
  }),
  native({
    client_id: 'confidential-basic',
    client_secret: newSecret(),
    token_endpoint_auth_method: 'client_secret_basic',
  }),
  native({
    client_id: 'confidential-post',
    client_secret: newSecret(),
    token_endpoint_auth_method: 'client_secret_post',
  }),
  // A JupyterHub, which signs people in by this server and keeps their tokens.
  native({
    client_id: 'hub',
    client_secret: newSecret(),
    token_endpoint_auth_method: 'client_secret_post',
    redirect_uris: HUBS.map((hub) => `http://127.0.0.1${hub}/hub/oauth_callback`),
  }),
  // For those who put identifier and secret into HTTP Basic as they are.
  native({
    client_id: 'confidential-plain',
    client_secret: randomBytes(18).toString('hex'),
    token_endpoint_auth_method: 'client_secret_basic',
  }),
  native({
    client_id: 'client-secret-jwt',
    client_secret: newSecret(),
    token_endpoint_auth_method: 'client_secret_jwt',
  }),
  service({
    client_id: 'service-basic',
    client_secret: newSecret(),
    token_endpoint_auth_method: 'client_secret_basic',
  }),
  service({
    client_id: 'service-post',
    client_secret: newSecret(),
    token_endpoint_auth_method: 'client_secret_post',
  }),
  // For HTTPBasicAuth(client_id, client_secret), which encodes nothing.
  service({
    client_id: 'service-plain',
    client_secret: randomBytes(18).toString('hex'),
    token_endpoint_auth_method: 'client_secret_basic',
  }),
  native({
    client_id: 'implicit',
    token_endpoint_auth_method: 'none',
    grant_types: ['implicit'],
    response_types: ['id_token token', 'token'],
  }),
  native({
    client_id: 'implicit-elsewhere',
    application_type: 'web',
    token_endpoint_auth_method: 'none',
    grant_types: ['implicit'],
    response_types: ['id_token token', 'token'],
    redirect_uris: ['https://notebook.example/callback'],
  }),
  withoutRedirect('urn:ietf:params:oauth:grant-type:device_code', {
    client_id: 'device',
    token_endpoint_auth_method: 'none',
  }),
  withoutRedirect('password', { client_id: 'password', token_endpoint_auth_method: 'none' }),
  withoutRedirect('password', {
    client_id: 'password-basic',
    client_secret: newSecret(),
    token_endpoint_auth_method: 'client_secret_basic',
  }),
];

/** client_id → client_secret, of the clients that have one. */
export const clientSecrets = Object.fromEntries(
  clients.filter((one) => one.client_secret).map((one) => [one.client_id, one.client_secret]),
);
