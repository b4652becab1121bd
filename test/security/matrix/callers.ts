/** Who knocks at every door, and the ground on which they do: the owner's real things, and everybody's place among them. */
import { importJWK, SignJWT } from 'jose';
import { z } from 'zod';
import type { EndpointContract } from '../../../functions/_kit/contract.ts';
import { newApiKey } from '../../../shared/auth/api-key.ts';
import { scopes } from '../../../shared/auth/scopes.ts';
import { hashToken } from '../../../shared/auth/tokens.ts';
import { addMember, createProject, login, type Person, registerUser } from '../../support/people.ts';
import { type Seed, seedOwner } from '../../support/samples.ts';
import type { World } from '../../support/world.ts';
import { signingKey } from '../signing-key.ts';
import { type Snapshot, takeSnapshot } from './snapshot.ts';

export const callers = [
  'nobody',
  'stranger',
  'viewer',
  'reviewer',
  'approver',
  'editor',
  'owner',
  /** An editor of the project, and of the installation one who only reads. */
  'onlooker',
  'moderator',
  'admin',
  /** Was an editor. */
  'deactivated',
  /** The owner, an hour ago. */
  'expired',
  /** The owner, whose session was ended. */
  'signedOut',
  /** The owner, who proved themselves long ago. */
  'unproven',
  /** Keys with all scopes but where another thing is said. */
  'ownersKey',
  'viewersKey',
  /** Of the owner, for another project. */
  'foreignKey',
  /** Of the owner, with all scopes but those that would do. */
  'unscopedKey',
  'revokedKey',
  'expiredKey',
  /** Its creator was deactivated. */
  'orphanedKey',
] as const;
export type Caller = (typeof callers)[number];
export const isKey = (caller: Caller) => caller.endsWith('Key');

export interface Ground {
  readonly world: World;
  readonly seed: Seed;
  readonly people: Readonly<Record<string, Person>>;
  readonly snapshot: Snapshot;
  /** What the caller sends as Authorization: Bearer. */
  tokenOf(caller: Caller, contract: EndpointContract): string | undefined;
}

const members = ['viewer', 'reviewer', 'approver', 'editor'] as const;

export async function openGround(world: World): Promise<Ground> {
  const seed = await seedOwner(world);
  const { owner, stranger } = seed;
  const register = async (name: string) => [name, await registerUser(world, `Person ${name}`)] as const;
  const others = await Promise.all(
    [...members, 'onlooker', 'moderator', 'admin', 'deactivated'].map((name) => register(name)),
  );
  const people: Record<string, Person> = { owner, stranger, ...Object.fromEntries(others) };
  const idOf = (name: string) => people[name]?.id;
  for (const { id } of await world.sql('select id from projects where created_by = $1', [owner.id])) {
    for (const name of [...members, 'onlooker', 'deactivated']) {
      const person = people[name];
      const role = members.find((member) => member === name) ?? 'editor';
      if (person !== undefined) await addMember(world, String(id), person, role);
    }
  }
  const setRole = 'update users set role = $2 where id = $1';
  for (const role of ['moderator', 'admin']) await world.sql(setRole, [idOf(role), role]);
  await world.sql(setRole, [idOf('onlooker'), 'viewer']);
  await world.sql(`update users set status = 'deactivated' where id = $1`, [idOf('deactivated')]);
  const tokens: Partial<Record<string, string>> = {
    ...Object.fromEntries(Object.entries(people).map(([name, { token }]) => [name, token])),
    expired: await expiredToken(world, owner.token),
    signedOut: await endedToken(world, owner),
    unproven: await unprovenToken(world, owner),
    ...(await makeKeys(world, { ...seed, foreign: (await createProject(world, owner, 'Elsewhere')).id }, people)),
  };
  await world.stopWorkers();
  const tokenOf = (caller: Caller, { scope }: EndpointContract) =>
    tokens[caller === 'unscopedKey' ? `without ${scope ?? scopes[0]}` : caller];
  return { world, seed, people: { ...people, unproven: owner }, snapshot: await takeSnapshot(world), tokenOf };
}

/** As the door that makes keys would: no door takes a time that has passed, or a key of somebody else. */
async function makeKeys(
  world: World,
  { projectId, foreign }: { readonly projectId: string; readonly foreign: string },
  people: Readonly<Record<string, Person>>,
): Promise<Record<string, string>> {
  const made: Record<string, string> = {};
  const make = async (
    name: string,
    creator: string,
    more: { project?: string; scopes?: readonly string[]; columns?: string } = {},
  ) => {
    const { key, prefix } = newApiKey();
    await world.sql(
      `insert into api_keys (project_id, created_by, name, prefix, key_hash, scopes, revoked_at, expires_at)
       values ($1, $2, $3, $4, $5, $6, ${more.columns ?? 'null, null'})`,
      [more.project ?? projectId, people[creator]?.id, name, prefix, hashToken(key), more.scopes ?? scopes],
    );
    made[name] = key;
  };
  await make('ownersKey', 'owner');
  await make('viewersKey', 'viewer');
  await make('foreignKey', 'owner', { project: foreign });
  await make('revokedKey', 'owner', { columns: 'app.now(), null' });
  await make('expiredKey', 'owner', { columns: `null, app.now() - interval '1 second'` });
  await make('orphanedKey', 'deactivated');
  for (const scope of scopes) {
    const enough = [scope, scope.replace(/read$/, 'write')];
    await make(`without ${scope}`, 'owner', { scopes: scopes.filter((other) => !enough.includes(other)) });
  }
  return made;
}

async function unprovenToken(world: World, { email, id }: Person): Promise<string> {
  const { accessToken } = await login(world, email);
  const text = `update user_sessions set elevated_until = app.now() - interval '1 second'
    where id = (select id from user_sessions where user_id = $1 order by id desc limit 1)`;
  await world.sql(text, [id]);
  return accessToken;
}

async function endedToken(world: World, { email }: Person): Promise<string> {
  const { accessToken } = await login(world, email);
  const answer = await world.call('POST', '/v1/auth/logout', { token: accessToken });
  if (answer.status !== 204) throw new Error(`logout answered ${answer.text}`);
  return accessToken;
}

/** The same claims, an hour older, signed with the real key. */
async function expiredToken(world: World, token: string): Promise<string> {
  const claims = z
    .looseObject({ iat: z.number(), exp: z.number() })
    .parse(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()));
  const key = signingKey(world);
  return new SignJWT({ ...claims, iat: claims.iat - 3_600, exp: claims.exp - 3_600 })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: key.kid })
    .sign(await importJWK(key, 'EdDSA'));
}
