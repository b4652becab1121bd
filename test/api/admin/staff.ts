/** Who stands around in tests of the administrators' doors. */
import { type Person, registerUser } from '../../support/people.ts';
import type { World } from '../../support/world.ts';

export interface Staff {
  readonly admin: Person;
  readonly moderator: Person;
  readonly user: Person;
  /** Was an administrator. */
  readonly formerAdmin: Person;
}

export async function staffOf(world: World): Promise<Staff> {
  const [admin, moderator, user, formerAdmin] = await Promise.all([
    personOf(world, 'Alma Admin', 'admin'),
    personOf(world, 'Mo Moderator', 'moderator'),
    registerUser(world, 'Uma User'),
    personOf(world, 'Dana Deactivated', 'admin'),
  ]);
  await world.sql("update users set status = 'deactivated' where id = $1", [formerAdmin.id]);
  return { admin, moderator, user, formerAdmin };
}

export async function personOf(world: World, name: string, role: string): Promise<Person> {
  const person = await registerUser(world, name);
  await world.sql('update users set role = $2 where id = $1', [person.id, role]);
  return person;
}

/** Everybody but administrators, with what they get at a door of theirs. */
export function refusedOf({ moderator, user, formerAdmin }: Staff): readonly (readonly [string | undefined, number])[] {
  return [
    [undefined, 401],
    [user.token, 404],
    [moderator.token, 404],
    [formerAdmin.token, 401],
  ];
}
