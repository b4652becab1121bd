/** Authenticator apps of the tests' people. */
import { expect } from 'vitest';
import { z } from 'zod';
import { SecondFactorNeeded } from '../../shared/auth/shapes.ts';
import { Enrolment } from '../../shared/mfa/shapes.ts';
import { codeAt } from '../../shared/mfa/totp.ts';
import type { Person } from './people.ts';
import type { World } from './world.ts';

export interface App {
  readonly id: string;
  readonly secret: string;
  /** Empty for an app that is not the first one. */
  readonly recoveryCodes: readonly string[];
}

export async function enrol(world: World, { token }: Pick<Person, 'token'>, name?: string) {
  const json = name === undefined ? {} : { name };
  const answer = await world.call('POST', '/v1/auth/factors', { token, json });
  expect([answer.status, answer.text]).toEqual([201, answer.text]);
  return answer.json(Enrolment);
}

/** What the app shows, so many steps of 30 seconds from now by the database's clock. */
export async function codeOf(world: World, { secret }: Pick<App, 'secret'>, steps = 0): Promise<string> {
  const [row] = await world.sql('select extract(epoch from app.now())::float8 as now');
  return codeAt(secret, Number(row?.now) + 30 * steps);
}

/** An app that is asked for at every login, and whose codes of this minute are all unused. */
export async function addApp(world: World, person: Pick<Person, 'token'>, name?: string): Promise<App> {
  const { id, secret } = await enrol(world, person, name);
  const answer = await world.call('POST', `/v1/auth/factors/${id}/confirm`, {
    token: person.token,
    json: { code: await codeOf(world, { secret }) },
  });
  expect(answer.status).toBe(200);
  await world.sql('update mfa_factors set last_step = last_step - 10 where id = $1', [id]);
  const { recoveryCodes } = answer.json(z.object({ recoveryCodes: z.array(z.string()).nullable() }));
  return { id, secret, recoveryCodes: recoveryCodes ?? [] };
}

/** The ticket that the password alone gives. */
export async function ticketFor(world: World, { email, password }: Person): Promise<string> {
  const answer = await world.call('POST', '/v1/auth/login', { json: { email, password } });
  return answer.json(SecondFactorNeeded).ticket;
}
