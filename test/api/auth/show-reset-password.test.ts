import { afterAll, beforeAll, expect, test } from 'vitest';
import { mailedToken, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

test('opening the page of the mail uses nothing up, runs only its own script and sends its address nowhere', async () => {
  const person = await registerUser(world, 'Page Person');
  await world.call('POST', '/v1/auth/forgot-password', { json: { email: person.email } });
  const token = mailedToken(world, person.email, 'reset-password');
  const page = await world.call('GET', `/reset-password/${token}`);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('referrer-policy')).toBe('no-referrer');
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain('unsafe-inline');
  expect(page.text).not.toContain(token);
  expect(page.text).toContain('autocomplete="new-password"');
  const json = { token, newPassword: 'a password for later' };
  expect((await world.call('POST', '/v1/auth/reset-password', { json })).status).toBe(200);
  expect(world.logs.join('\n')).not.toContain(token);
});

test('a link that no mail can hold is no page', async () => {
  for (const token of ['short', 'x'.repeat(44), '%3Cscript%3E'])
    expect((await world.call('GET', `/reset-password/${token}`)).code).toBe('not_found');
});
