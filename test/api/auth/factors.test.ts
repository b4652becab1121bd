/** Authenticator apps over their life: added, confirmed, renamed, removed; and the codes for when one is lost. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { SecondFactorNeeded, SignedIn } from '../../../shared/auth/shapes.ts';
import { Factor, FactorList } from '../../../shared/mfa/shapes.ts';
import { addApp, codeOf, enrol, ticketFor } from '../../support/factors.ts';
import { type Person, password, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let ada: Person;
let eve: Person;
beforeAll(async () => {
  world = await openWorld();
  eve = await registerUser(world, 'Eve Stranger');
});
beforeEach(async () => {
  await world.moveClock(0);
  ada = await registerUser(world);
});
afterAll(() => world.close());

const listOf = async (person: Person) =>
  (await world.call('GET', '/v1/auth/factors', { token: person.token })).json(FactorList);
const confirm = (id: string, code: string, { token }: Person = ada) =>
  world.call('POST', `/v1/auth/factors/${id}/confirm`, { token, json: { code } });
const remove = (id: string, { token }: Person = ada) => world.call('DELETE', `/v1/auth/factors/${id}`, { token });
const rename = (id: string, name: string, { token }: Person = ada, headers = {}) =>
  world.call('PATCH', `/v1/auth/factors/${id}`, { token, json: { name }, headers });
const renew = ({ token }: Person = ada) => world.call('POST', '/v1/auth/recovery-codes', { token });
const login = () => world.call('POST', '/v1/auth/login', { json: { email: ada.email, password } });
const mailed = async () => {
  await world.tick('sweep');
  return world.mails(ada.email)[0]?.subject;
};

describe('adding an app', () => {
  test('shows its secret once, as text, as a link and as a QR code', async () => {
    const { secret, otpauthUri, qrCode } = await enrol(world, ada, 'Phone');
    const uri = new URL(otpauthUri);
    expect([uri.protocol, uri.host, uri.searchParams.get('secret')]).toEqual(['otpauth:', 'totp', secret]);
    expect(decodeURIComponent(uri.pathname)).toBe(`/Posthaste:${ada.email}`);
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    const [type, data = ''] = qrCode.split(',');
    expect(type).toBe('data:image/svg+xml;base64');
    expect(Buffer.from(data, 'base64').toString()).toMatch(/^<\?xml .*<svg /s);
    expect(JSON.stringify(await listOf(ada))).not.toContain(secret);
  });

  test('changes nothing at login until a code was confirmed', async () => {
    const { id, secret } = await enrol(world, ada, 'Phone');
    expect((await listOf(ada)).data).toMatchObject([{ id, name: 'Phone', confirmedAt: null }]);
    expect((await login()).json(SignedIn).status).toBe('signed_in');
    const answer = await confirm(id, await codeOf(world, { secret }));
    expect(answer.json(z.object({ recoveryCodes: z.array(z.string()) })).recoveryCodes).toHaveLength(10);
    expect((await login()).json(SecondFactorNeeded).status).toBe('second_factor_needed');
    expect(await mailed()).toBe('An authenticator app was added');
    expect((await listOf(ada)).recoveryCodesLeft).toBe(10);
  });

  test('begun anew gives up what was never confirmed', async () => {
    const first = await enrol(world, ada);
    const second = await enrol(world, ada);
    expect((await listOf(ada)).data.map(({ id }) => id)).toEqual([second.id]);
    const answer = await confirm(first.id, await codeOf(world, first));
    expect([answer.status, answer.code]).toEqual([404, 'not_found']);
  });

  test('begun twice at the same moment is begun once', async () => {
    const person = await registerUser(world);
    const first = await world.database.connect();
    await first.query('begin');
    await first.query('select from users where id = $1 for no key update', [person.id]);
    await first.query(
      `insert into mfa_factors (user_id, kind, secret_sealed) values ($1, 'totp', 'begun a moment before')`,
      [person.id],
    );
    const second = enrol(world, person);
    await Promise.race([second, new Promise((done) => setTimeout(done, 500))]);
    await first.query('commit');
    await first.end();
    const { id } = await second;
    expect(await world.sql('select id from mfa_factors where user_id = $1', [person.id])).toEqual([{ id }]);
  });

  test('needs a right code: wrong ones are counted', async () => {
    const { id, secret } = await enrol(world, ada);
    for (let guess = 0; guess < 5; guess += 1) {
      const answer = await confirm(id, await codeOf(world, { secret }, 10 + guess));
      expect([answer.status, answer.code]).toEqual([403, 'wrong_code']);
    }
    const answer = await confirm(id, await codeOf(world, { secret }));
    expect([answer.status, answer.code]).toEqual([429, 'too_many_requests']);
    await world.moveClock(31_000);
    expect((await confirm(id, await codeOf(world, { secret }))).status).toBe(200);
    const again = await confirm(id, await codeOf(world, { secret }, 1));
    expect([again.status, again.code]).toEqual([409, 'wrong_state']);
  });

  test('goes up to ten', async () => {
    for (let count = 0; count < 10; count += 1) await addApp(world, ada);
    const answer = await world.call('POST', '/v1/auth/factors', { token: ada.token, json: {} });
    expect([answer.status, answer.code]).toEqual([409, 'too_many_factors']);
  });

  test('is not for a session that has not proven itself lately', async () => {
    await world.moveClock(601_000);
    const answer = await world.call('POST', '/v1/auth/factors', { token: ada.token, json: {} });
    expect([answer.status, answer.code]).toEqual([403, 'step_up_needed']);
  });
});

describe('an app', () => {
  test('is renamed, and by a version that has gone it is not', async () => {
    const { id } = await addApp(world, ada, 'Phone');
    const seen = await world.call('GET', `/v1/auth/factors/${id}`, { token: ada.token });
    const ifMatch = { 'if-match': seen.headers.get('etag') ?? '' };
    const answer = await rename(id, 'Old phone', ada, ifMatch);
    const { version } = seen.json(Factor);
    expect(answer.json(Factor)).toMatchObject({ id, name: 'Old phone', version: version + 1 });
    const stale = await rename(id, 'Tablet', ada, ifMatch);
    expect([stale.status, stale.code]).toEqual([412, 'stale']);
    expect((await listOf(ada)).data[0]?.name).toBe('Old phone');
  });

  test('keeps its version when a code is used', async () => {
    const app = await addApp(world, ada);
    const before = (await listOf(ada)).data[0];
    await world.call('POST', '/v1/auth/login/second-factor', {
      json: { ticket: await ticketFor(world, ada), code: await codeOf(world, app) },
    });
    const after = (await listOf(ada)).data[0];
    expect(after?.version).toBe(before?.version);
    expect(after?.lastUsedAt).not.toBe(null);
  });

  test('that was removed is not asked for, and the recovery codes go with the last one', async () => {
    const [phone, tablet] = [await addApp(world, ada, 'Phone'), await addApp(world, ada, 'Tablet')];
    expect((await remove(phone.id)).status).toBe(204);
    expect(await mailed()).toBe('An authenticator app was removed');
    const answer = await world.call('POST', '/v1/auth/login/second-factor', {
      json: { ticket: await ticketFor(world, ada), code: await codeOf(world, phone) },
    });
    expect(answer.code).toBe('wrong_code');
    expect((await listOf(ada)).recoveryCodesLeft).toBe(10);
    expect((await remove(tablet.id)).status).toBe(204);
    expect((await remove(tablet.id)).code).toBe('not_found');
    expect((await login()).json(SignedIn).status).toBe('signed_in');
    expect(await world.sql('select 1 from mfa_factors where user_id = $1', [ada.id])).toEqual([]);
  });

  test('is nobody else’s', async () => {
    const { id, secret } = await enrol(world, ada);
    expect((await confirm(id, await codeOf(world, { secret }), eve)).code).toBe('not_found');
    expect((await world.call('GET', `/v1/auth/factors/${id}`, { token: eve.token })).code).toBe('not_found');
    expect((await rename(id, 'Mine', eve)).code).toBe('not_found');
    expect((await remove(id, eve)).code).toBe('not_found');
    expect((await listOf(eve)).data).toEqual([]);
    expect((await listOf(ada)).data).toMatchObject([{ id, name: null }]);
  });
});

describe('new recovery codes', () => {
  test('replace the old ones', async () => {
    const { recoveryCodes: old } = await addApp(world, ada);
    const answer = await renew();
    const { recoveryCodes } = answer.json(z.object({ recoveryCodes: z.array(z.string()) }));
    expect([answer.status, new Set(recoveryCodes).size]).toEqual([201, 10]);
    expect(await mailed()).toBe('New recovery codes were generated');
    const ticket = await ticketFor(world, ada);
    const show = (recoveryCode = '') =>
      world.call('POST', '/v1/auth/login/second-factor', { json: { ticket, recoveryCode } });
    expect((await show(old[0])).code).toBe('wrong_code');
    expect((await show(recoveryCodes[0])).status).toBe(200);
  });

  test('are for who has an app, and has proven it lately', async () => {
    const without = await renew();
    expect([without.status, without.code]).toEqual([409, 'wrong_state']);
    await addApp(world, ada);
    await world.moveClock(601_000);
    expect((await renew()).code).toBe('step_up_needed');
  });
});
