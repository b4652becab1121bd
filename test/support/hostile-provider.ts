/** A provider that lies in one thing at a time, as the real one never does. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

export interface Lie {
  /** Claims of the id token, over the true ones; undefined takes one away. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Fields of the protected header. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** Signs with a key that is published nowhere. */
  readonly strangeKey?: true;
  /** An id token without a signature. */
  readonly unsigned?: true;
  /** What the discovery document says, over the truth. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Parameters of the way back, over the true ones. */
  readonly returned?: Readonly<Record<string, string | undefined>>;
  /** What the userinfo endpoint answers. */
  readonly userInfo?: object;
  /** The token endpoint's answer, in place of the true one. */
  readonly tokens?: { readonly status: number; readonly body: string };
}

export interface HostileProvider {
  readonly issuer: string;
  lie: Lie;
  /** Bodies of the requests to the token endpoint. */
  readonly exchanges: URLSearchParams[];
  close(): Promise<void>;
}

export async function startHostile(port: number): Promise<HostileProvider> {
  const issuer = `http://127.0.0.1:${port}`;
  const [known, strange] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
  const jwk = { ...(await exportJWK(known.publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
  const state: { lie: Lie; exchanges: URLSearchParams[] } = { lie: {}, exchanges: [] };
  const asked = { nonce: '' };

  async function idToken(): Promise<string> {
    const { claims, header, strangeKey, unsigned } = state.lie;
    const nowS = Math.floor(Date.now() / 1000);
    const truth = { iss: issuer, aud: 'posthaste', sub: 'mallory', iat: nowS, exp: nowS + 300, nonce: asked.nonce };
    const mail = { email: 'mallory@example.com', email_verified: true };
    const payload: JWTPayload = JSON.parse(JSON.stringify({ ...truth, ...mail, ...claims }));
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    if (unsigned) return `${encode({ alg: 'none' })}.${encode(payload)}.`;
    const signer = new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'one', ...header });
    return signer.sign((strangeKey ? strange : known).privateKey);
  }

  async function answer(request: IncomingMessage): Promise<{ status: number; body: string; location?: string }> {
    const url = new URL(request.url ?? '/', issuer);
    const json = (body: unknown) => ({ status: 200, body: JSON.stringify(body) });
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return json({
          issuer,
          authorization_endpoint: `${issuer}/auth`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/jwks`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['ES256'],
          authorization_response_iss_parameter_supported: true,
          ...state.lie.metadata,
        });
      case '/jwks':
        return json({ keys: [jwk] });
      case '/auth': {
        asked.nonce = url.searchParams.get('nonce') ?? '';
        const truth = { code: 'a code', state: url.searchParams.get('state') ?? '', iss: issuer };
        const back = new URL(url.searchParams.get('redirect_uri') ?? '');
        for (const [name, value] of Object.entries({ ...truth, ...state.lie.returned }))
          if (value !== undefined) back.searchParams.set(name, value);
        return { status: 302, body: '', location: back.href };
      }
      case '/me':
        return json(state.lie.userInfo ?? {});
      case '/token':
        state.exchanges.push(new URLSearchParams(await text(request)));
        return (
          state.lie.tokens ??
          json({ access_token: 'x', token_type: 'Bearer', expires_in: 60, id_token: await idToken() })
        );
      default:
        return { status: 404, body: '{}' };
    }
  }

  const server = createServer(async (request, response) => {
    const { status, body, location } = await answer(request);
    response.writeHead(status, { 'content-type': 'application/json', ...(location !== undefined && { location }) });
    response.end(body);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(state, {
    issuer,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}
