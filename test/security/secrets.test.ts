/** That the look at the logs sees what it is for: each kind of secret that a test can give or get. */
import { describe, expect, test } from 'vitest';
import type { Mail } from '../../infra/local/aws/ses.ts';
import { newApiKey } from '../../shared/auth/api-key.ts';
import { randomToken } from '../../shared/auth/tokens.ts';
import { createSecretKeeper } from '../support/secrets.ts';

const session = '01a1fd28-0a09-7b5c-b70f-aa863a30c6ea';
const secret = randomToken();
const mail = (text: string): Mail => ({
  id: '1',
  from: 'a@b.c',
  to: ['d@e.f'],
  subject: '',
  text,
  html: null,
  sentAt: '',
});

describe('is found in a log line', () => {
  test.each([
    ['the token of a request', { token: 'aaa.bbb.cccccccccccc' }, '/v1/me', '', 'aaa.bbb.cccccccccccc'],
    ['a password of a body', { json: { password: 'correct horse' } }, '/v1/auth/login', '', 'correct horse'],
    ['a password with quotes', { json: { password: 'a "quoted" one' } }, '/', '', 'a \\"quoted\\" one'],
    ['a password of a body as text', { text: '{"newPassword":"hunter2hunter2"}' }, '/', '', 'hunter2hunter2'],
    ['a key of an answer', {}, '/v1/api-keys', JSON.stringify({ key: newApiKeyText() }), newApiKeyText()],
    ['a code in a query', {}, `/v1/accounts/callback?state=${secret}`, '', secret],
    ['the random part of a path', {}, `/reports/${secret}`, '', secret],
    ['recovery codes', {}, '/', JSON.stringify({ recoveryCodes: ['abcd-1234-efgh'] }), 'abcd-1234-efgh'],
    [
      'a refresh token without its session',
      {},
      '/',
      JSON.stringify({ refreshToken: `phr_${session}.${secret}.${randomToken()}` }),
      secret,
    ],
  ])('%s', (_, options, path, answer, logged) => {
    const keeper = createSecretKeeper();
    keeper.note(options, path, answer);
    expect(keeper.leaks([`{"x":"${logged}"}`, 'other'], [])).toHaveLength(1);
    expect(keeper.leaks(['{"code":"invalid_request"}', `{"sessionId":"${session}"}`], [])).toEqual([]);
  });

  test('the link of a mail', () => {
    const keeper = createSecretKeeper();
    expect(
      keeper.leaks([`went to /verify-email/${secret}`], [mail(`See\nhttps://x.org/verify-email/${secret}\n`)]),
    ).toHaveLength(1);
  });
});

function newApiKeyText(): string {
  key ??= newApiKey().key;
  return key;
}
let key: string | undefined;
