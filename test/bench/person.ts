/** Somebody with a token and a project, made through the API. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type Api, createApi, until } from '../../infra/local/demo/api.ts';

const inbox = z.object({ data: z.array(z.object({ text: z.string() })) });
const tokens = z.object({ accessToken: z.string(), refreshToken: z.string() });
const withId = z.object({ id: z.string() });

export interface Person {
  readonly api: Api;
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly projectId: string;
}

export async function registerPerson(origin: string): Promise<Person> {
  const nobody = createApi(origin);
  const name = randomBytes(6).toString('hex');
  const [email, password] = [`${name}@example.com`, randomBytes(12).toString('base64url')];
  await nobody.call('POST', '/v1/auth/register', z.unknown(), { email, password, displayName: 'Grace Hopper' });
  const read = () => nobody.call('GET', `/inbox.json?to=${email}`, inbox);
  const { data } = await until('the verification mail', 20_000, read, (mails) => mails.data.length > 0);
  const token = /\/verify-email\/([A-Za-z0-9_-]+)/.exec(data[0]?.text ?? '')?.[1];
  await nobody.call('GET', `/v1/auth/verify-email/${token}`, z.unknown()).catch(() => undefined);
  await nobody.call('POST', '/v1/auth/verify-email', z.unknown(), { token });
  const given = await nobody.call('POST', '/v1/auth/login', tokens, { email, password });
  const api = nobody.as(given.accessToken);
  const { id } = await api.call('GET', '/v1/me', withId);
  const project = await api.call('POST', '/v1/projects', withId, { name: 'Bench' });
  return { api, id, email, password, ...given, projectId: project.id };
}
