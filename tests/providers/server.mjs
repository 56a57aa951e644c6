// The judge: npm's certified oidc-provider, its own sign-in and consent pages, and a protected
// resource. `node server.mjs` prints one line of JSON when it listens and ends with its standard
// input, so that it never outlives the test run that started it.
//
// Environment: PORT (default 0: a free one), AT_TTL (seconds that an access token lives,
// default 3600), CLOCK_TOLERANCE (seconds that it lives beyond that, except at /api), TLS_FOLDER
// (see mutual_tls.mjs).
import { hash } from 'node:crypto';
import http from 'node:http';
import { Provider } from 'oidc-provider';
import internals from 'oidc-provider/lib/helpers/weak_cache.js';
import { clients, clientSecrets } from './clients.mjs';
import { clientKeys, clientsWithKeys } from './clients_with_keys.mjs';
import { Controls } from './controls.mjs';
import * as mutualTls from './mutual_tls.mjs';
import { passwords, registerPasswordGrant } from './password_grant.mjs';

const listener = http.createServer();
await new Promise((resolve) => {
  listener.listen(Number(process.env.PORT ?? 0), '127.0.0.1', resolve);
});
const { port } = listener.address();
// localhost, where the notebook is on 127.0.0.1: to the browser that is another site.
const issuer = `http://localhost:${port}`;
const secureListener = mutualTls.isOn ? await mutualTls.listen() : null;
const secureBase = secureListener && `https://localhost:${secureListener.address().port}`;
const controls = new Controls({
  paths: { token: '/token', device: '/device/auth', jwks: '/jwks' },
  accessTokenTtl: Number(process.env.AT_TTL ?? 3600),
  clientSecrets,
  passwords,
});

const provider = new Provider(issuer, {
  clients: [...clients, ...clientsWithKeys],
  scopes: ['openid', 'offline_access', 'profile', 'api:read', 'api:write'],
  claims: { profile: ['name'] },
  responseTypes: ['code', 'id_token token'],
  clientAuthMethods: [
    'none', 'client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt',
    ...(mutualTls.isOn ? ['tls_client_auth', 'self_signed_tls_client_auth'] : []),
  ],
  clockTolerance: Number(process.env.CLOCK_TOLERANCE ?? 15), // seconds; the provider's own default
  discovery: mutualTls.isOn
    ? { mtls_endpoint_aliases: mutualTls.endpointAliases(secureBase) }
    : {},
  ttl: {
    AccessToken: () => controls.accessTokenTtl,
    AuthorizationCode: () => controls.lifetimes.AuthorizationCode,
    ClientCredentials: () => controls.accessTokenTtl,
    DeviceCode: () => controls.polling.settings.lifetime,
    IdToken: 3600,
    RefreshToken: 3600,
    Session: 3600,
    Grant: 3600,
    Interaction: () => controls.lifetimes.Interaction,
  },
  // A refresh token works once; using it again revokes everything that came of it (RFC 9700 §4.14).
  rotateRefreshToken: ({ oidc }) => oidc.client?.clientId !== 'static',
  issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  cookies: { keys: ['of-a-test'] },
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    devInteractions: { enabled: true },
    introspection: { enabled: true },
    mTLS: mutualTls.isOn ? mutualTls.feature : { enabled: false },
    revocation: { enabled: true },
  },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, name: id }) }),
});

// Its configuration takes no `token` alone, which OpenID Connect does not have; its code does.
internals(provider).configuration.responseTypes.push('token');
registerPasswordGrant(provider);

/** The access token with that value, a person's or a client's own; undefined where there is none. */
async function findAccessToken(value) {
  return await provider.AccessToken.find(value) ?? provider.ClientCredentials.find(value);
}

/** Whether the token is bound to nothing, or to the certificate that was shown (RFC 8705 §3). */
function isBearerOf(token, ctx) {
  const bound = token['x5t#S256'];
  if (!bound) return true;
  const certificate = mutualTls.certificateOf(ctx);
  return Boolean(certificate) && bound === hash('sha256', certificate.raw, 'base64url');
}

/** `/api`, and `/api/slow?ms=…`: a resource for whoever has an access token (RFC 6750). */
async function protectedResource(ctx, next) {
  if (ctx.path !== '/api' && ctx.path !== '/api/slow') return next();
  if (ctx.path === '/api/slow') {
    await new Promise((resolve) => { setTimeout(resolve, Number(ctx.query.ms ?? 100)); });
  }
  const [, value] = /^Bearer (\S+)$/.exec(ctx.get('authorization')) ?? [];
  const token = value && (await findAccessToken(value));
  ctx.status = token && !token.isExpired && isBearerOf(token, ctx) ? 200 : 401;
  if (ctx.status === 401) {
    ctx.set('WWW-Authenticate', 'Bearer error="invalid_token"');
    ctx.body = { error: 'invalid_token' };
  } else {
    ctx.body = { sub: token.accountId, client_id: token.clientId, scope: token.scope };
  }
  controls.recordApiRequest(ctx.status);
  return undefined;
}

provider.use((ctx, next) => controls.handle(ctx, next));
provider.use(protectedResource);
provider.on('server_error', (_ctx, error) => console.error('server_error', error));

listener.on('request', provider.callback());
secureListener?.on('request', provider.callback());
process.stdin.resume().on('end', () => process.exit(0));
console.log(JSON.stringify({
  issuer,
  port,
  secure_base: secureBase,
  client_secrets: clientSecrets,
  client_keys: clientKeys,
  passwords,
}));
