/** A real OpenID provider on a port of this machine (npm: oidc-provider), whose people are those of the test. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import Provider from 'oidc-provider';

export interface Account {
  readonly sub: string;
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly name?: string;
}

export interface IdentityProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Who sits at the browser; null says no. */
  person: Account | null;
  /** Answers nothing any more until it is back. */
  away: boolean;
  close(): Promise<void>;
}

export async function startProvider(port: number, redirectUri: string): Promise<IdentityProvider> {
  const issuer = `http://127.0.0.1:${port}`;
  const accounts = new Map<string, Account>();
  const client = { clientId: 'posthaste', clientSecret: 'a secret of forty characters at the least' };
  const provider = new Provider(issuer, {
    clients: [{ client_id: client.clientId, client_secret: client.clientSecret, redirect_uris: [redirectUri] }],
    cookies: { keys: ['the provider signs its cookies with this'] },
    claims: { openid: ['sub', 'auth_time'], email: ['email', 'email_verified'], profile: ['name'] },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ ...accounts.get(sub), sub }) }),
  });
  const state: { person: Account | null; away: boolean } = { person: null, away: false };

  /** What a person would press: the name, then "allow"; or "cancel". */
  async function interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { prompt, params, session } = await provider.interactionDetails(request, response);
    const { person } = state;
    if (person === null) {
      await provider.interactionFinished(request, response, { error: 'access_denied' });
    } else if (prompt.name === 'login') {
      accounts.set(person.sub, person);
      await provider.interactionFinished(request, response, { login: { accountId: person.sub } });
    } else {
      const grant = new provider.Grant({ accountId: session?.accountId ?? '', clientId: String(params.client_id) });
      grant.addOIDCScope('openid email profile');
      const grantId = await grant.save();
      await provider.interactionFinished(request, response, { consent: { grantId } });
    }
  }

  const answer = provider.callback();
  const server = createServer((request, response) => {
    if (state.away) request.socket.destroy();
    else if (request.url?.startsWith('/interaction/')) interact(request, response).catch(() => response.destroy());
    else void answer(request, response);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(state, {
    issuer,
    ...client,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}
