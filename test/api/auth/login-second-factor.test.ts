/** Whoever has a second factor gets in with it, and nobody without. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SecondFactorNeeded, SignedIn } from '../../../shared/auth/shapes.ts';
import { type App, addApp, codeOf, enrol, ticketFor } from '../../support/factors.ts';
import { mailedToken, type Person, password, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let ada: Person;
let app: App;
beforeAll(async () => {
  world = await openWorld();
});
beforeEach(async () => {
  await world.moveClock(0);
  ada = await registerUser(world);
  app = await addApp(world, ada);
});
afterAll(() => world.close());

const show = (json: unknown) => world.call('POST', '/v1/auth/login/second-factor', { json });
const sessionsOf = async ({ id }: Person) =>
  Number((await world.sql('select count(*) as n from user_sessions where user_id = $1', [id]))[0]?.n);
const wrong = async () => {
  const right = new Set(await Promise.all([-1, 0, 1].map((steps) => codeOf(world, app, steps))));
  return ['111111', '222222', '333333', '444444'].find((code) => !right.has(code)) ?? '';
};

describe('a login', () => {
  test('with the password alone gives a ticket and no session', async () => {
    const before = await sessionsOf(ada);
    const answer = await world.call('POST', '/v1/auth/login', { json: { email: ada.email, password } });
    const { status, expiresIn, methods } = answer.json(SecondFactorNeeded);
    expect([answer.status, status, expiresIn, methods]).toEqual([
      200,
      'second_factor_needed',
      600,
      ['totp', 'recovery_code'],
    ]);
    expect(answer.text).not.toContain('accessToken');
    expect(await sessionsOf(ada)).toBe(before);
  });

  test('with the code of the app opens a session', async () => {
    const answer = await show({ ticket: await ticketFor(world, ada), code: await codeOf(world, app) });
    const { status, accessToken } = answer.json(SignedIn);
    expect(status).toBe('signed_in');
    expect((await world.call('GET', '/v1/me', { token: accessToken })).status).toBe(200);
  });

  test('takes a code with a space in it, and one of a clock that is half a minute off', async () => {
    const code = await codeOf(world, app, 1);
    const spaced = `${code.slice(0, 3)} ${code.slice(3)}`;
    expect((await show({ ticket: await ticketFor(world, ada), code: spaced })).status).toBe(200);
  });

  test('refuses codes of other minutes, of other people and made-up ones', async () => {
    const eve = await registerUser(world, 'Eve Stranger');
    const other = await addApp(world, eve);
    const ticket = await ticketFor(world, ada);
    for (const code of [await codeOf(world, app, 4), await codeOf(world, app, -4), await codeOf(world, other)]) {
      const answer = await show({ ticket, code });
      expect([answer.status, answer.code]).toEqual([403, 'wrong_code']);
    }
    expect((await show({ ticket, code: await codeOf(world, app) })).status).toBe(200);
  });

  test('of somebody without a second factor needs none', async () => {
    const bob = await registerUser(world, 'Bob Without');
    const answer = await world.call('POST', '/v1/auth/login', { json: { email: bob.email, password } });
    expect(answer.json(SignedIn).status).toBe('signed_in');
  });

  test('takes no code of an app that was begun and never confirmed', async () => {
    const abandoned = await enrol(world, ada, 'Abandoned');
    const ticket = await ticketFor(world, ada);
    expect((await show({ ticket, code: await codeOf(world, abandoned) })).code).toBe('wrong_code');
    expect((await show({ ticket, code: await codeOf(world, app) })).status).toBe(200);
  });

  test('refuses the code of a minute ago, and of the next minute', async () => {
    const ticket = await ticketFor(world, ada);
    for (const steps of [-2, 2])
      expect((await show({ ticket, code: await codeOf(world, app, steps) })).code).toBe('wrong_code');
  });

  test('takes any of several apps', async () => {
    const second = await addApp(world, ada, 'Tablet');
    expect(second.recoveryCodes).toEqual([]);
    for (const one of [app, second]) {
      const answer = await show({ ticket: await ticketFor(world, ada), code: await codeOf(world, one) });
      expect(answer.status).toBe(200);
    }
  });
});

describe('a code', () => {
  test('is good once, also with another ticket', async () => {
    const code = await codeOf(world, app);
    const [one, two] = [await ticketFor(world, ada), await ticketFor(world, ada)];
    expect((await show({ ticket: one, code })).status).toBe(200);
    expect((await show({ ticket: two, code })).code).toBe('wrong_code');
    // Nor is one from before it, which somebody may have seen.
    expect((await show({ ticket: two, code: await codeOf(world, app, -1) })).code).toBe('wrong_code');
    expect((await show({ ticket: two, code: await codeOf(world, app, 1) })).status).toBe(200);
  });

  test('that is sent twenty times at once opens one session', async () => {
    const before = await sessionsOf(ada);
    const ticket = await ticketFor(world, ada);
    const code = await codeOf(world, app);
    const answers = await Promise.all(Array.from({ length: 20 }, () => show({ ticket, code })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await sessionsOf(ada)).toBe(before + 1);
  });

  test('that was used to enrol opens no session', async () => {
    const eve = await registerUser(world, 'Eve Enroller');
    const { id, secret } = await enrol(world, eve);
    const code = await codeOf(world, { secret });
    const path = `/v1/auth/factors/${id}/confirm`;
    expect((await world.call('POST', path, { token: eve.token, json: { code } })).status).toBe(200);
    expect((await show({ ticket: await ticketFor(world, eve), code })).code).toBe('wrong_code');
  });
});

describe('guesses', () => {
  test('wait longer and longer after the fifth, with every ticket, and the person is told', async () => {
    const code = await wrong();
    const tickets = await Promise.all(Array.from({ length: 3 }, () => ticketFor(world, ada)));
    const tried = [];
    for (let guess = 0; guess < 5; guess += 1) tried.push((await show({ ticket: tickets[guess % 3], code })).code);
    expect(tried).toEqual(Array.from({ length: 5 }, () => 'wrong_code'));
    const [ticket] = tickets;
    const right = await show({ ticket, code: await codeOf(world, app) });
    expect([right.status, right.code]).toEqual([429, 'too_many_requests']);
    expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(25);
    await world.tick('sweep');
    expect(world.mails(ada.email)[0]?.subject).toBe('Somebody is trying to guess your second factor');
    await world.moveClock(31_000);
    expect((await show({ ticket, code })).code).toBe('wrong_code');
    const later = await show({ ticket, code: await codeOf(world, app) });
    expect(Number(later.headers.get('retry-after'))).toBeGreaterThan(50);
    await world.moveClock(95_000);
    expect((await show({ ticket, code: await codeOf(world, app) })).status).toBe(200);
    // Whoever was right begins anew.
    expect((await show({ ticket: await ticketFor(world, ada), code })).code).toBe('wrong_code');
  });

  test('are none where the right code is shown many times at once: one gets in, and nobody is told of guesses', async () => {
    const [tickets, code] = [
      await Promise.all(Array.from({ length: 3 }, () => ticketFor(world, ada))),
      await codeOf(world, app),
    ];
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => show({ ticket: tickets[n % 3], code })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    await world.tick('sweep');
    expect(world.mails(ada.email).map(({ subject }) => subject)).not.toContain(
      'Somebody is trying to guess your second factor',
    );
  });

  test('are told although the right code follows, half a minute later', async () => {
    const ticket = await ticketFor(world, ada);
    const code = await wrong();
    for (let guess = 0; guess < 5; guess += 1) await show({ ticket, code });
    await world.moveClock(31_000);
    expect((await show({ ticket, code: await codeOf(world, app, 1) })).status).toBe(200);
    await world.tick('sweep');
    expect(world.mails(ada.email).map(({ subject }) => subject)).toContain(
      'Somebody is trying to guess your second factor',
    );
  });

  test('are counted before they are looked at: fifty at once are not fifty guesses', async () => {
    const tickets = await Promise.all(Array.from({ length: 10 }, () => ticketFor(world, ada)));
    const code = await wrong();
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => show({ ticket: tickets[n % 10], code })));
    expect(answers.filter((answer) => answer.code === 'wrong_code')).toHaveLength(5);
    expect(answers.filter((answer) => answer.code === 'too_many_requests')).toHaveLength(45);
  });

  test('wait an hour at most, and a day without one forgets them', async () => {
    const code = await wrong();
    await show({ ticket: await ticketFor(world, ada), code });
    await world.sql('update proof_tries set failures = 40 where user_id = $1', [ada.id]);
    const ticket = await ticketFor(world, ada);
    expect((await show({ ticket, code })).code).toBe('wrong_code');
    const held = await show({ ticket, code });
    expect(Number(held.headers.get('retry-after'))).toBeGreaterThan(3_500);
    expect(Number(held.headers.get('retry-after'))).toBeLessThanOrEqual(3_600);
    await world.moveClock(24 * 3600_000 + 3_700_000);
    const next = await ticketFor(world, ada);
    for (let guess = 0; guess < 4; guess += 1)
      expect((await show({ ticket: next, code: '000000' })).code).toBe('wrong_code');
  });

  test('of whoever knew the old password hold up nobody who has chosen a new one by mail', async () => {
    const person = await registerUser(world, 'Helga Held');
    const app = await addApp(world, person);
    const theirs = await ticketFor(world, person);
    const show = async (ticket: string, code: string) =>
      (await world.call('POST', '/v1/auth/login/second-factor', { json: { ticket, code } })).code;
    for (let n = 0; n < 6; n += 1) await show(theirs, '000000');
    expect(await show(await ticketFor(world, person), await codeOf(world, app))).toBe('too_many_requests');
    await world.call('POST', '/v1/auth/forgot-password', { json: { email: person.email } });
    const json = {
      token: mailedToken(world, person.email, 'reset-password'),
      newPassword: 'nine brown hens in a barn',
    };
    expect((await world.call('POST', '/v1/auth/reset-password', { json })).status).toBe(200);
    expect(await show(theirs, '000000')).toBe('invalid_token');
    const mine = await ticketFor(world, { ...person, password: json.newPassword });
    expect(await show(mine, await codeOf(world, app))).toBeNull();
  });

  test('of one person hold up nobody else', async () => {
    const code = await wrong();
    const ticket = await ticketFor(world, ada);
    for (let guess = 0; guess < 6; guess += 1) await show({ ticket, code });
    const bob = await registerUser(world, 'Bob Untouched');
    const other = await addApp(world, bob);
    const answer = await show({ ticket: await ticketFor(world, bob), code: await codeOf(world, other) });
    expect(answer.status).toBe(200);
  });
});

describe('a ticket', () => {
  test('is good once', async () => {
    const ticket = await ticketFor(world, ada);
    expect((await show({ ticket, code: await codeOf(world, app) })).status).toBe(200);
    const again = await show({ ticket, code: await codeOf(world, app, 1) });
    expect([again.status, again.code]).toEqual([400, 'invalid_token']);
  });

  test('is good for ten tries; those that had to wait are none', async () => {
    const ticket = await ticketFor(world, ada);
    const code = await wrong();
    for (let guess = 0; guess < 10; guess += 1) {
      expect((await show({ ticket, code })).code).toBe('wrong_code');
      if (guess < 4 || guess === 9) continue;
      expect((await show({ ticket, code })).code).toBe('too_many_requests');
      // The wait is over.
      await world.sql('update proof_tries set failures = 4, blocked_until = null where user_id = $1', [ada.id]);
    }
    expect((await show({ ticket, code: await codeOf(world, app) })).code).toBe('invalid_token');
    await world.sql('delete from proof_tries where user_id = $1', [ada.id]);
    const next = await ticketFor(world, ada);
    expect((await show({ ticket: next, code: await codeOf(world, app) })).status).toBe(200);
  });

  test('ends after ten minutes', async () => {
    const ticket = await ticketFor(world, ada);
    await world.moveClock(601_000);
    expect((await show({ ticket, code: await codeOf(world, app) })).code).toBe('invalid_token');
  });

  test('is none where nobody gave it', async () => {
    for (const ticket of ['', 'x', 'x'.repeat(43), ada.token.slice(0, 200)])
      expect((await show({ ticket, code: '123456' })).code).toBe('invalid_token');
  });

  test('ends with a new password, which does not stand in for the second factor', async () => {
    const ticket = await ticketFor(world, ada);
    await world.call('POST', '/v1/auth/forgot-password', { json: { email: ada.email } });
    const token = /([A-Za-z0-9_-]{43})\s/.exec(world.mails(ada.email)[0]?.text ?? '')?.[1];
    const newPassword = 'quite another horse';
    const reset = await world.call('POST', '/v1/auth/reset-password', { json: { token, newPassword } });
    expect(reset.status).toBeLessThan(300);
    expect(reset.text).not.toContain('Token');
    expect((await show({ ticket, code: await codeOf(world, app) })).code).toBe('invalid_token');
    const answer = await world.call('POST', '/v1/auth/login', { json: { email: ada.email, password: newPassword } });
    expect(answer.json(SecondFactorNeeded).status).toBe('second_factor_needed');
  });

  test('of somebody who was deactivated opens nothing', async () => {
    const ticket = await ticketFor(world, ada);
    await world.sql(`update users set status = 'deactivated' where id = $1`, [ada.id]);
    expect((await show({ ticket, code: await codeOf(world, app) })).code).toBe('invalid_token');
  });
});

describe('a recovery code', () => {
  test('stands in for the app once, in whatever way it is typed, and the person is told', async () => {
    const [code = '', next = ''] = app.recoveryCodes;
    const typed = code.toUpperCase().replaceAll('-', ' ');
    expect((await show({ ticket: await ticketFor(world, ada), recoveryCode: typed })).status).toBe(200);
    await world.tick('sweep');
    const [mail] = world.mails(ada.email);
    expect([mail?.subject, mail?.text]).toEqual(['A recovery code was used', expect.stringContaining('9 are left')]);
    const ticket = await ticketFor(world, ada);
    expect((await show({ ticket, recoveryCode: code })).code).toBe('wrong_code');
    expect((await show({ ticket, recoveryCode: next })).status).toBe(200);
  });

  test('used twenty times at once opens one session', async () => {
    const before = await sessionsOf(ada);
    const tickets = await Promise.all(Array.from({ length: 4 }, () => ticketFor(world, ada)));
    const [recoveryCode] = app.recoveryCodes;
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => show({ ticket: tickets[n % 4], recoveryCode })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await sessionsOf(ada)).toBe(before + 1);
  });

  test('of somebody else is wrong', async () => {
    const eve = await registerUser(world, 'Eve Collector');
    const [recoveryCode] = (await addApp(world, eve)).recoveryCodes;
    expect((await show({ ticket: await ticketFor(world, ada), recoveryCode })).code).toBe('wrong_code');
  });
});

test('one proof is sent at a time', async () => {
  const ticket = await ticketFor(world, ada);
  for (const given of [{}, { code: '123456', recoveryCode: 'x' }]) {
    const answer = await show({ ticket, ...given });
    expect([answer.status, answer.pointers]).toEqual([422, ['/body']]);
  }
  expect((await show({ ticket, code: '12345' })).pointers).toEqual(['/body/code']);
});

test('a repeated Idempotency-Key is told that it is done', async () => {
  const json = { ticket: await ticketFor(world, ada), code: await codeOf(world, app) };
  const send = () => world.call('POST', '/v1/auth/login/second-factor', { json, idempotencyKey: `mfa-${ada.id}` });
  expect((await send()).status).toBe(200);
  expect((await send()).code).toBe('already_done');
});

test('neither secret nor codes nor tickets are stored or logged in the clear', async () => {
  const ticket = await ticketFor(world, ada);
  const tables = ['mfa_factors', 'sign_in_tickets', 'idempotency_keys', 'outbox_events', 'audit_log'];
  const rows = await Promise.all(tables.map((table) => world.sql(`select * from ${table}`)));
  const seen = JSON.stringify(rows) + world.logs.join('\n');
  const asCompared = app.recoveryCodes.map((code) => code.replaceAll('-', ''));
  expect(asCompared).toHaveLength(10);
  for (const secret of [app.secret, ticket, ...app.recoveryCodes, ...asCompared]) expect(seen).not.toContain(secret);
});

test('the secret of another person’s row opens nothing', async () => {
  const eve = await registerUser(world, 'Eve Copyist');
  const own = await addApp(world, eve);
  await world.sql(
    'update mfa_factors set secret_sealed = (select secret_sealed from mfa_factors where id = $1) where id = $2',
    [own.id, app.id],
  );
  const answer = await show({ ticket: await ticketFor(world, ada), code: await codeOf(world, own) });
  expect(answer.status).toBe(500);
});
