/** Registers through the API, reads the mail from the local inbox, verifies and logs in. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type Api, createApi, until } from './api.ts';

const inbox = z.object({ data: z.array(z.object({ subject: z.string(), text: z.string() })) });
const tokens = z.object({ accessToken: z.string() });

export interface Person {
  readonly email: string;
  readonly password: string;
  readonly api: Api;
}

export async function registerPerson(origin: string, displayName: string): Promise<Person> {
  const api = createApi(origin);
  const email = `${displayName.toLowerCase().replaceAll(/[^a-z]+/g, '.')}.${randomBytes(4).toString('hex')}@example.com`;
  const password = randomBytes(12).toString('base64url');
  await api.call('POST', '/v1/auth/register', z.unknown(), { email, password, displayName });
  const read = () => api.call('GET', `/inbox.json?to=${encodeURIComponent(email)}`, inbox);
  const { data } = await until('the verification mail', 10_000, read, (mails) => mails.data.length > 0);
  const token = /\/verify-email\/([A-Za-z0-9_-]+)/.exec(data[0]?.text ?? '')?.[1];
  if (token === undefined) throw new Error('the verification mail holds no link');
  await api.call('POST', '/v1/auth/verify-email', z.unknown(), { token });
  const { accessToken } = await api.call('POST', '/v1/auth/login', tokens, { email, password });
  return { email, password, api: api.as(accessToken) };
}
