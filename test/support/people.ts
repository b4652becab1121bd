/** People and what is theirs, made through the API as a client would. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { Tokens } from '../../shared/auth/shapes.ts';
import { Project } from '../../shared/projects/shapes.ts';
import { Me } from '../../shared/users/shapes.ts';
import type { World } from './world.ts';

export interface Person {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly displayName: string;
  /** Access token. */
  readonly token: string;
  readonly refreshToken: string;
}

export const password = 'correct horse battery';

/** Registers, verifies by the mail's link, and logs in. */
export async function registerUser(world: World, displayName = 'Ada Lovelace'): Promise<Person> {
  const email = `${displayName.toLowerCase().replace(/[^a-z]+/g, '.')}.${randomUUID().slice(0, 8)}@example.com`;
  const registered = await world.call('POST', '/v1/auth/register', { json: { email, password, displayName } });
  expect(registered.status).toBe(202);
  const verified = await world.call('POST', '/v1/auth/verify-email', { json: { token: mailedToken(world, email) } });
  expect(verified.status).toBe(200);
  const { accessToken, refreshToken } = await login(world, email);
  const me = await world.call('GET', '/v1/me', { token: accessToken });
  return { id: me.json(Me).id, email, password, displayName, token: accessToken, refreshToken };
}

/** The token of the newest mail to the address, which leads to that page. */
export function mailedToken(world: World, email: string, page = 'verify-email'): string {
  const token = new RegExp(`/${page}/([A-Za-z0-9_-]{43})\\s`).exec(world.mails(email)[0]?.text ?? '')?.[1];
  if (token === undefined) throw new Error(`there is no mail to ${email} that leads to ${page}`);
  return token;
}

export async function login(world: World, email: string) {
  const answer = await world.call('POST', '/v1/auth/login', { json: { email, password } });
  expect(answer.status).toBe(200);
  return answer.json(Tokens);
}

export async function createProject(world: World, owner: Person, name = `Launch ${randomUUID()}`) {
  const answer = await world.call('POST', '/v1/projects', { token: owner.token, json: { name } });
  expect(answer.status).toBe(201);
  return answer.json(Project);
}

/** Makes the person a member, without the mail that asks them. */
export async function addMember(world: World, projectId: string, person: Person, role: string): Promise<void> {
  await world.sql('insert into project_collaborators (project_id, user_id, role) values ($1, $2, $3)', [
    projectId,
    person.id,
    role,
  ]);
}

/** Who takes part in a test of rights. */
export interface Cast {
  readonly owner: Person;
  /** Becomes a member by `sharedProject`, in the role that the test is about. */
  readonly viewer: Person;
  readonly stranger: Person;
}

export async function castOf(world: World): Promise<Cast> {
  const [owner, viewer, stranger] = await Promise.all([
    registerUser(world, 'Olivia Owner'),
    registerUser(world, 'Victor Viewer'),
    registerUser(world, 'Sam Stranger'),
  ]);
  return { owner, viewer, stranger };
}

/** A project of the owner with the other person as a member. */
export async function sharedProject(world: World, { owner, viewer }: Cast, role: string) {
  const project = await createProject(world, owner);
  await addMember(world, project.id, viewer, role);
  return project;
}
