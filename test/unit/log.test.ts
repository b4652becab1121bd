/** The log: nothing that opens something, nothing that breaks a line, never more than a bounded line. */
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { describeError, type Fields, LOG_SINK, log } from '../../shared/log.ts';

function logged(fields: Fields, message = 'request'): string {
  let line = '';
  const before: unknown = Reflect.get(globalThis, LOG_SINK);
  Reflect.set(globalThis, LOG_SINK, (text: string) => {
    line += text;
  });
  try {
    log('info', message, fields);
  } finally {
    Reflect.set(globalThis, LOG_SINK, before);
  }
  return line;
}

const random = (bytes: number) => randomBytes(bytes).toString('base64url');
const jwt = `eyJ${random(20)}.eyJ${random(40)}.${random(64)}`;
const long = random(32);

describe('what opens something is never written', () => {
  const token = `phr_${randomUUID()}.${long}.${random(32)}`;
  const secrets: readonly (readonly [string, string, string])[] = [
    ['a bearer token', `Bearer ${long}`, long],
    ['a header that was put into words', `authorization: bearer ${long}`, long],
    ['a name and a password in base64', 'Basic dXNlcjpzd29yZGZpc2g=', 'dXNlcjpzd29yZGZpc2g'],
    ['an access token', `the token ${jwt} was refused`, jwt.split('.')[2] ?? ''],
    ['an access token without its signature', jwt.split('.').slice(0, 2).join('.'), jwt.split('.')[1] ?? ''],
    ['a refresh token', token, long],
    ['a refresh token’s mark', token, token.slice(-43)],
    ['an API key', `phk_live_${'a'.repeat(32)}123456`, 'aaaa'],
    ['a random token of a mail', `token ${long}`, long],
    ['one that has no digit by chance', 'token KoLPxZmDQfIvYRDVfSwXERkRjZAv-EMRaOWsxJAGwzw', 'KoLPxZmDQfIv'],
    ['the link of a page', `https://posts.example/r/${random(32)}`, 'unused'],
    ['a page’s path alone', `GET /verify-email/${random(32)} failed`, 'unused'],
    ['what a URL carries behind its path', 'https://a.example/back?code=4711&state=abc', '4711'],
    ['a name and a password before a host', 'postgres://api:swordfish@db.example/posthaste', 'swordfish'],
    ['a hash of a password', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g', 'aGFzaGhhc2g'],
    ['a private key', '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----', 'MC4CAQAwBQYDK2Vw'],
    ['an AWS key', 'AKIAIOSFODNN7EXAMPLE', 'IOSFODNN7'],
    ['somebody’s address', 'sent to ada.lovelace+x@mail.example.org', 'lovelace'],
  ];

  test.each(secrets)('%s', (_, text, secret) => {
    for (const line of [logged({ note: text }), logged({}, text), logged({ frames: ['at x', text] })]) {
      expect(line).toContain('[redacted]');
      expect(line).not.toContain(secret);
    }
  });

  test('a field of a secret’s name, whatever is in it', () => {
    for (const name of [
      'password',
      'newPassword',
      'Authorization',
      'set-cookie',
      'clientSecret',
      'access_token',
      'apiKey',
      'recoveryCode',
    ]) {
      const line = logged(JSON.parse(JSON.stringify({ [name]: 'plain words' })));
      expect(line).not.toContain('plain words');
    }
  });

  test('an object that came where a plain value belongs', () => {
    const request: Fields = JSON.parse(`{"event":{"headers":{"x":"plain words"}},"body":"plain words"}`);
    expect(logged({ event: request.event })).not.toContain('plain words');
    // @ts-expect-error a header is no field of a log
    expect(logged({ headers: ['plain words'] })).toBeDefined();
    // @ts-expect-error nor is a token
    expect(logged({ token: 'plain words' })).not.toContain('plain words');
  });

  test('a thousand random tokens of every length that we make', () => {
    for (let bytes = 16; bytes <= 48; bytes += 1)
      for (let i = 0; i < 30; i += 1) {
        const secret = random(bytes);
        // By chance one may lack a digit or a case: such a one is caught where it stands in a path, if it is long.
        if (!/\d/.test(secret) || !/[a-z]/.test(secret) || !/[A-Z]/.test(secret)) continue;
        expect(logged({ note: `https://posts.example/${secret}/x` })).not.toContain(secret);
        expect(logged({ note: `/r/${secret}` })).not.toContain(secret);
        expect(logged({ note: `(${secret})` })).not.toContain(secret.replace(/^-+|-+$/g, ''));
      }
  });

  test('and what a person at the log needs is', () => {
    const id = randomUUID();
    const plain = {
      requestId: 'abcDEF123_-abcd=',
      operation: 'createPublicationVariation',
      route: 'GET /v1/projects/{projectId}/collaborators',
      actor: id,
      status: 200,
      note: 'SQLSTATE 22P05',
      frames: [
        'at readCursor (/var/task/index.mjs:1234:56)',
        'at async answer (file:///work/functions/_kit/endpoint.ts:88:9)',
      ],
    };
    expect(JSON.parse(logged(plain))).toEqual({ level: 'info', message: 'request', ...plain });
  });
});

describe('a line', () => {
  test('is one, with nothing in it that a terminal or a reader of lines obeys', () => {
    const evil = 'a\r\n{"level":"error"}\u2028\u2029\u0085\u001b[2J\u0000\u202e\ud800\u007f\ufeff';
    const line = logged({ note: evil, [evil]: 1 }, evil);
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    expect(JSON.parse(line)).toMatchObject({ level: 'info' });
  });

  test('does not grow with what is logged', () => {
    const words = 'word '.repeat(100_000);
    const list = Array.from({ length: 1_000 }, () => words);
    expect(logged({ note: words, list, frames: list }, words).length).toBeLessThan(16_000);
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`field${index}`, words]));
    expect(logged(many).length).toBeLessThan(32_000);
  });

  test('is written fast, however long the text and whatever its shape', () => {
    for (const part of ['a', '/a', 'a.', 'a@', 'eyJ', 'Bearer ', '-----BEGIN A', '%', 'A1a', 'a@a.', 'x://']) {
      const began = performance.now();
      logged({ note: part.repeat(200_000) });
      expect([part, performance.now() - began < 5_000]).toEqual([part, true]);
    }
  });
});

describe('of an error', () => {
  test('its name and where it was thrown, but not its words, also when they look like a frame', () => {
    const error = new TypeError('row (7, swordfish)\n    at swordfish (swordfish.ts:1:1)');
    const line = logged(describeError(new AppError('internal', { cause: error, note: 'SQLSTATE 23505' })));
    expect(line).not.toContain('swordfish');
    expect(JSON.parse(line)).toMatchObject({ error: 'AppError', note: 'SQLSTATE 23505', causeName: 'TypeError' });
    expect(JSON.parse(line).causeFrames[0]).toContain('log.test.ts');
  });

  test.each([null, undefined, 'swordfish', 7, { message: 'swordfish' }, ['swordfish'], Symbol('swordfish')])(
    'that is none: %s',
    (thrown) => {
      expect(logged(describeError(thrown))).not.toContain('swordfish');
    },
  );

  test('whose stack somebody removed or replaced', () => {
    for (const stack of [undefined, 7, '', 'swordfish']) {
      const error = new Error('swordfish');
      Object.defineProperty(error, 'stack', { value: stack });
      expect(logged(describeError(error))).not.toContain('swordfish');
    }
  });
});
