/** The page of an invitation as a person meets it in a browser: with a second factor, on a telephone, and with slips. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openChromium } from '../../support/chromium.ts';
import { addApp, codeOf } from '../../support/factors.ts';
import { createProject, type Person, password, registerUser } from '../../support/people.ts';
import { invitedToken } from '../../support/samples/invitations.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let browser: Browser;
let owner: Person;
let guest: Person;
let projectId: string;
let page: Page;
beforeAll(async () => {
  world = await openWorld();
  browser = await openChromium();
  owner = await registerUser(world, 'Olivia Owner');
}, 60_000);
beforeEach(async () => {
  guest = await registerUser(world, 'Gus Guest');
  projectId = (await createProject(world, owner)).id;
  page = await browser.newPage({ viewport: { width: 320, height: 700 } });
  await page.goto(`${world.origin}/invitations/${await invite(guest.email)}`);
}, 30_000);
afterEach(() => page.close());
afterAll(async () => {
  await browser.close();
  await world.close();
});

async function invite(email: string): Promise<string> {
  const json = { email, role: 'editor' };
  const asked = await world.call('POST', `/v1/projects/${projectId}/invitations`, { token: owner.token, json });
  expect(asked.status).toBe(201);
  return invitedToken(world, email);
}

async function logIn(person: { readonly email: string; readonly password: string } = guest): Promise<void> {
  await page.getByLabel('E-mail address').fill(person.email);
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Accept' }).click();
}
const says = (text: string) => page.getByRole('status').filter({ hasText: text }).waitFor({ timeout: 10_000 });
const goOn = () => page.getByRole('button', { name: 'Go on' }).click();
const code = () => page.getByLabel('The six digits');
const isMember = async (person: Person) =>
  (await world.call('GET', `/v1/projects/${projectId}/members/${person.id}`, { token: owner.token })).status === 200;
/** Sessions that the page left open: those of the person but the first, which the test's own registration made. */
const leftOpen = async (person: Person) =>
  (await world.sql('select from user_sessions where user_id = $1 and revoked_at is null', [person.id])).length - 1;

test('who has no second factor is in with address and password', async () => {
  await logIn({ email: guest.email, password: 'not the password' });
  await says('wrong');
  await logIn();
  await says('Welcome');
  expect([await isMember(guest), await leftOpen(guest)]).toEqual([true, 0]);
  expect(await page.getByRole('button', { name: 'Decline' }).isVisible()).toBe(false);
});

test('who has an app is asked for its code, may mistype it, and is in', async () => {
  const app = await addApp(world, guest);
  await logIn();
  await code().fill('000 000');
  await goOn();
  await says('The code is wrong');
  // Empty and ready for the next try.
  expect(await code().inputValue()).toBe('');
  await code().fill(await codeOf(world, app));
  await goOn();
  await says('Welcome');
  expect([await isMember(guest), await leftOpen(guest)]).toEqual([true, 0]);
});

test('without the telephone a recovery code does, and the way back to the app is open', async () => {
  const app = await addApp(world, guest);
  await logIn();
  await page.getByRole('button', { name: 'Use a recovery code' }).click();
  await page.getByLabel('One of your recovery codes').fill('no-such-code');
  await goOn();
  await says('The code is wrong');
  await page.getByRole('button', { name: 'Use the app' }).click();
  expect(await code().isVisible()).toBe(true);
  await page.getByRole('button', { name: 'Use a recovery code' }).click();
  await page.getByLabel('One of your recovery codes').fill(app.recoveryCodes[0] ?? '');
  await goOn();
  await says('Welcome');
  expect(await isMember(guest)).toBe(true);
});

test('too many wrong codes are told with the wait; who took too long begins again', async () => {
  await addApp(world, guest);
  await logIn();
  for (let guess = 0; guess < 5; guess += 1) {
    await code().fill(`00000${guess}`);
    await goOn();
    await says('The code is wrong');
  }
  await code().fill('000009');
  await goOn();
  await says('Try again in');
  await world.sql('delete from proof_tries where user_id = $1', [guest.id]);
  await world.sql(`update sign_in_tickets set expires_at = now() - interval '1 second' where user_id = $1`, [guest.id]);
  await code().fill('000009');
  await goOn();
  await says('Please log in again');
  expect(await page.getByLabel('E-mail address').isVisible()).toBe(true);
  expect(await isMember(guest)).toBe(false);
});

test('somebody else is told so, stays outside, and leaves no session behind', async () => {
  const other = await registerUser(world, 'Otto Other');
  const app = await addApp(world, other);
  await logIn(other);
  await code().fill(await codeOf(world, app));
  await goOn();
  await says('an address other than yours');
  expect([await isMember(other), await leftOpen(other)]).toEqual([false, 0]);
  // The right person goes on at the same screen.
  await logIn();
  await says('Welcome');
  expect(await isMember(guest)).toBe(true);
});

test('who is new registers and is in by one press', async () => {
  const email = `new.${crypto.randomUUID()}@example.com`;
  await page.goto(`${world.origin}/invitations/${await invite(email)}`);
  await page.getByLabel('I am new here').check();
  await page.getByLabel('Your name').fill('Nia New');
  await logIn({ email, password });
  await says('Welcome');
});

test('who has registered, and could not log in yet, is asked for no name again', async () => {
  const email = `new.${crypto.randomUUID()}@example.com`;
  await page.goto(`${world.origin}/invitations/${await invite(email)}`);
  await page.getByLabel('I am new here').check();
  await page.getByLabel('Your name').fill('Nia New');
  // What fails after the registration: here the login that follows it.
  await page.route('**/v1/auth/login', (route) => route.abort());
  await logIn({ email, password });
  await says('could not be reached');
  expect(await page.getByLabel('I am new here').isChecked()).toBe(false);
  expect(await page.getByLabel('Your name').isVisible()).toBe(false);
  await page.unroute('**/v1/auth/login');
  await page.getByRole('button', { name: 'Accept' }).click();
  await says('Welcome');
});

test('declining takes one press', async () => {
  await page.getByRole('button', { name: 'Decline' }).click();
  await says('You declined');
  expect(await page.getByLabel('Password').isVisible()).toBe(false);
});

test('nothing is wider than a small telephone, in either step', async () => {
  await addApp(world, guest);
  const overflow = () => page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  expect(await overflow()).toBe(0);
  await logIn();
  await code().waitFor();
  expect(await overflow()).toBe(0);
});
