// The same provider over https, where a client may show a certificate (RFC 8705). The certificates
// are made by the test run, which names their folder in TLS_FOLDER; without it there is none of this.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';

const folder = process.env.TLS_FOLDER;
const ENDPOINTS = {
  token_endpoint: '/token',
  revocation_endpoint: '/token/revocation',
  introspection_endpoint: '/token/introspection',
  userinfo_endpoint: '/me',
  device_authorization_endpoint: '/device/auth',
};

export const isOn = Boolean(folder);

const read = (name) => readFileSync(join(folder, name));

/** A free port of https on 127.0.0.1, where every certificate is asked for and none is refused. */
export async function listen() {
  const listener = https.createServer({
    cert: read('server.pem'),
    key: read('server.key'),
    ca: read('ca.pem'),
    requestCert: true,
    rejectUnauthorized: false, // the provider refuses, in words
  });
  await new Promise((resolve) => { listener.listen(0, '127.0.0.1', resolve); });
  return listener;
}

/** Where a client that shows a certificate goes instead (RFC 8705 §5). */
export const endpointAliases = (base) => Object.fromEntries(
  Object.entries(ENDPOINTS).map(([endpoint, path]) => [endpoint, base + path]),
);

/** The certificate that the client has shown, if any. */
export const certificateOf = (ctx) => ctx.socket.getPeerX509Certificate?.();

export const feature = {
  enabled: true,
  certificateBoundAccessTokens: true,
  selfSignedTlsClientAuth: true,
  tlsClientAuth: true,
  getCertificate: certificateOf,
  certificateAuthorized: (ctx) => ctx.socket.authorized,
  certificateSubjectMatches: (ctx, property, expected) =>
    property === 'tls_client_auth_subject_dn' && certificateOf(ctx).subject === expected,
};

/** The keys of the client that signed its certificate itself (RFC 8705 §2.2.2). */
export function selfSignedKeys() {
  const certificate = new X509Certificate(read('self-signed.pem'));
  const x5c = [certificate.raw.toString('base64')];
  return { keys: [{ ...certificate.publicKey.export({ format: 'jwk' }), x5c, kid: 'self-signed' }] };
}
