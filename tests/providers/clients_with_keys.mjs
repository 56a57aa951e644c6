// The clients that authenticate with a key or a certificate instead of a secret (RFC 7523, RFC 8705).
import { generateKeyPairSync } from 'node:crypto';
import { native, service } from './clients.mjs';
import * as mutualTls from './mutual_tls.mjs';

const pairs = {
  RSA: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  EC: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  Ed25519: generateKeyPairSync('ed25519'),
};

/** Kind of key → private key, as PEM. `kid` is the kind. */
export const clientKeys = Object.fromEntries(
  Object.entries(pairs).map(([kind, { privateKey }]) => [
    kind,
    privateKey.export({ type: 'pkcs8', format: 'pem' }),
  ]),
);

const jwks = {
  keys: Object.entries(pairs).map(([kind, { publicKey }]) => ({
    ...publicKey.export({ format: 'jwk' }),
    kid: kind,
    use: 'sig',
  })),
};
const bySignature = { token_endpoint_auth_method: 'private_key_jwt', jwks };
const byCertificate = {
  token_endpoint_auth_method: 'tls_client_auth',
  tls_client_auth_subject_dn: 'CN=analyst',
};
const bound = { tls_client_certificate_bound_access_tokens: true };

const certified = () => [
  native({ client_id: 'public-bound', token_endpoint_auth_method: 'none', ...bound }),
  native({ client_id: 'private-key-jwt-bound', ...bySignature, ...bound }),
  native({ client_id: 'tls-client-auth', ...byCertificate, ...bound }),
  service({ client_id: 'service-tls-client-auth', ...byCertificate, ...bound }),
  native({
    client_id: 'device-tls-client-auth',
    redirect_uris: [],
    response_types: [],
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    ...byCertificate,
    ...bound,
  }),
  native({
    client_id: 'self-signed-tls-client-auth',
    token_endpoint_auth_method: 'self_signed_tls_client_auth',
    jwks: mutualTls.selfSignedKeys(),
    ...bound,
  }),
];

export const clientsWithKeys = [
  native({ client_id: 'private-key-jwt', ...bySignature }),
  service({ client_id: 'service-private-key-jwt', ...bySignature }),
  ...(mutualTls.isOn ? certified() : []),
];
