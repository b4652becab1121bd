import { afterAll, beforeAll, expect, test } from 'vitest';
import { mailedToken, password } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

async function registered(email: string): Promise<string> {
  await world.call('POST', '/v1/auth/register', { json: { email, password, displayName: 'Somebody' } });
  return mailedToken(world, email);
}
const verify = (token: string) => world.call('POST', '/v1/auth/verify-email', { json: { token } });
const login = (email: string) => world.call('POST', '/v1/auth/login', { json: { email, password } });

test('opening the page of the mail uses nothing up; its button does', async () => {
  const token = await registered('page@example.com');
  const page = await world.call('GET', `/verify-email/${token}`);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain('unsafe-inline');
  expect((await login('page@example.com')).code).toBe('invalid_credentials');
  const answer = await verify(token);
  expect([answer.status, answer.text]).toEqual([200, '{"status":"verified"}']);
  expect((await login('page@example.com')).status).toBe(200);
});

test('a link that no mail can hold is no page', async () => {
  for (const token of ['short', 'x'.repeat(44), '%3Cscript%3E'])
    expect((await world.call('GET', `/verify-email/${token}`)).code).toBe('not_found');
});
