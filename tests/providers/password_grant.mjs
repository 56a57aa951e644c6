// The password grant (RFC 6749 §4.3), which oidc-provider leaves to whoever still wants it: a grant
// type of one's own, as its documentation has them.
import { randomBytes } from 'node:crypto';
import { errors } from 'oidc-provider';

/** Name → password, new in each run; it must be form-urlencoded, and as UTF-8. Its end stays as it is. */
export const passwords = { analyst: `pässwörd+&=%: ${randomBytes(18).toString('hex')}` };

export function registerPasswordGrant(provider) {
  provider.registerGrantType(
    'password',
    (ctx) => answer(provider, ctx),
    ['username', 'password', 'scope'],
  );
}

async function answer(provider, ctx) {
  const { username, password, scope } = ctx.oidc.params;
  if (!Object.hasOwn(passwords, username) || passwords[username] !== password) {
    throw new errors.InvalidGrant('invalid credentials provided');
  }
  const grant = new provider.Grant({ accountId: username, clientId: ctx.oidc.client.clientId });
  grant.addOIDCScope(scope ?? '');
  const issued = {
    accountId: username,
    client: ctx.oidc.client,
    grantId: await grant.save(),
    gty: 'password',
    scope,
  };
  const accessToken = new provider.AccessToken(issued);
  ctx.body = {
    access_token: await accessToken.save(),
    expires_in: accessToken.expiration,
    refresh_token: await new provider.RefreshToken({ ...issued, rotations: 0 }).save(),
    scope,
    token_type: accessToken.tokenType,
  };
}
