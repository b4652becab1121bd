/** Who opens a link that is broken, or too old, reads in the browser what happened and what to do; programs get the problem. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isForPeople } from '../../functions/_kit/page.ts';
import { codeOfLink } from '../support/answers.ts';
import { openChromium } from '../support/chromium.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  world = await openWorld();
  await world.sql('update rate_limits set max_requests = 1000000');
  browser = await openChromium();
  page = await browser.newPage({ viewport: { width: 390, height: 800 } });
  page.setDefaultTimeout(5_000);
}, 60_000);
afterAll(async () => {
  await browser.close();
  await world.close();
});

const token = 'x'.repeat(43);
const links: readonly (readonly [string, number, string])[] = [
  ['/verify-email/short', 404, 'This link does not work'],
  ['/verify-email/', 404, 'There is no page here'],
  [`/reset-password/${token}%3E`, 404, 'This link does not work'],
  ['/join/short', 404, 'This link does not work'],
  ['/invitations/short', 404, 'This link does not work'],
  [`/reports/${token}`, 404, 'This link does not work'],
  [`/v1/auth/sign-in/${token}`, 400, 'This sign-in cannot go on'],
  ['/v1/auth/callback?state=x', 400, 'This sign-in cannot go on'],
  ['/v1/auth/callback', 422, 'This address is incomplete'],
  ['/v1/accounts/callback?state=x&code=y', 400, 'This sign-in cannot go on'],
  ['/v1/accounts/callback', 422, 'This address is incomplete'],
  ['/v1/auth/login', 405, 'There is no page here'],
];

/** What is no browser's; `undefined` is what most programs send. */
const programs = [
  undefined,
  '*/*',
  'application/json',
  'application/json, text/html',
  'application/json, text/html;q=0.9',
  'application/problem+json, text/html;q=0.9, */*;q=0.1',
  'text/html;q=0.1, */*',
  'text/html;q=0, */*;q=0',
  'text/*',
];
const browsers = [
  'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'text/html, application/xhtml+xml, */*',
  'TEXT/HTML;Q=0.9, application/json;q=0.5',
  'text/html;charset=utf-8',
];

describe.each(links)('%s', (path, status, heading) => {
  test('is a page for a person', async () => {
    const answer = await page.goto(world.origin + path);
    expect([answer?.status(), await page.getByRole('heading').textContent()]).toEqual([status, heading]);
    expect(answer?.headers()['content-type']).toBe('text/html; charset=utf-8');
    // On a telephone, with its style allowed by its own policy, and nothing to scroll aside for.
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(await page.evaluate('getComputedStyle(document.querySelector(".card")).borderRadius')).toBe('12px');
    const { link = '', vary, 'x-request-id': requestId, 'content-security-policy': policy } = answer?.headers() ?? {};
    expect(await page.getByText('Reference:').textContent()).toBe(`Reference: ${codeOfLink(link)} ${requestId}`);
    expect(vary).toContain('accept');
    expect(policy).toMatch(
      /^default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-\S+'$/,
    );
    expect(await page.content()).not.toContain(token);
  });

  test('is the same problem for a program', async () => {
    const answer = await world.call('GET', path);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
    expect(answer.headers.get('vary')).toContain('accept');
    const seen = await world.call('GET', path, { headers: { accept: 'text/html' } });
    expect([seen.status, seen.code]).toEqual([answer.status, answer.code]);
  });
});

test('whoever accepts pages above JSON gets one', async () => {
  const kindFor = async (accept: string | undefined) => {
    const answer = await world.call('GET', '/verify-email/short', accept === undefined ? {} : { headers: { accept } });
    return [accept, answer.headers.get('content-type')];
  };
  for (const accept of programs) expect(await kindFor(accept)).toEqual([accept, 'application/problem+json']);
  for (const accept of browsers) expect(await kindFor(accept)).toEqual([accept, 'text/html; charset=utf-8']);
});

test('what a link has in it becomes no part of the page', async () => {
  for (const path of ['/verify-email/', '/no-such/', '/v1/auth/callback?']) {
    const answer = await page.goto(`${world.origin}${path}%3Cimg%20src=x%20onerror=alert(1)%3E`);
    expect(answer?.headers()['content-type']).toBe('text/html; charset=utf-8');
    expect(await page.content()).not.toContain('onerror');
  }
});

test('whoever asks too often reads how long to wait, and a browser is told as well', async () => {
  await world.sql("update rate_limits set max_requests = 1 where class = 'read'");
  const open = () => page.goto(`${world.origin}/reports/${token}`);
  await open();
  const answer = await open();
  const waitS = answer?.headers()['retry-after'];
  expect([answer?.status(), await page.getByRole('heading').textContent()]).toEqual([429, 'Too many tries']);
  expect(await page.getByText(/^Load this page/).textContent()).toBe(`Load this page again in ${waitS} seconds.`);
  expect(answer?.headers().ratelimit).toMatch(/^"read";r=0;t=\d+$/);
  await world.sql('update rate_limits set max_requests = 1000000');
});

test('a database that is away is a page as well', async () => {
  world.faults.arm({ point: 'data-api:*', action: 'error', error: 'DatabaseResumingException', times: 1_000 });
  const answer = await page.goto(`${world.origin}/reports/${token}`).finally(() => world.faults.clear());
  expect([answer?.status(), await page.getByRole('heading').textContent()]).toEqual([503, 'We are away for a moment']);
});

test('doors for programs alone answer them alone', async () => {
  const doors: readonly (readonly [string, string, number])[] = [
    ['GET', '/v1/me', 401],
    ['GET', '/v1/projects', 401],
    ['GET', '/v1/community/posts/none', 404],
    ['POST', '/v1/auth/login', 422],
    ['POST', '/v1/auth/verify-email', 422],
  ];
  for (const [method, path, status] of doors) {
    const options = { headers: { accept: 'text/html' }, ...(method === 'POST' && { json: {} }) };
    const answer = await world.call(method, path, options);
    const kind = answer.headers.get('content-type');
    expect([method, path, answer.status, kind]).toEqual([method, path, status, 'application/problem+json']);
    expect(answer.headers.get('vary')).toBe('origin');
  }
});

test('who comes by a link, or is sent back, comes to a door for people', () => {
  const doors = world.doors.flatMap(({ operation, contract }) =>
    contract.kind === 'endpoint' && isForPeople(contract) ? [operation] : [],
  );
  expect(doors.toSorted()).toEqual([
    'callback',
    'default',
    'getDocs',
    'getErrors',
    'getReport',
    'goToProvider',
    'returnFromProvider',
    'showInvitation',
    'showJoin',
    'showResetPassword',
    'showVerifyEmail',
  ]);
});
