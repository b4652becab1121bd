/**
 * How expectations of row-level security are written: per table and verb, which rows each role sees, changes or may add. What
 * is not listed is refused by PostgreSQL itself (no grant). Values are labels of rows; `me` stands for the person's own.
 */
import type { Sql } from '../database.ts';
import type { PolicyWorld, ProjectRows } from '../policy-world.ts';
import { members, outsiders, type PersonName, people } from './people.ts';

export type RoleName = 'nobody' | PersonName | 'worker' | 'reporting';
export const roleNames: readonly RoleName[] = ['nobody', ...people, 'worker', 'reporting'];
export const verbs = ['select', 'insert', 'update', 'delete'] as const;
export type Verb = (typeof verbs)[number];

const groups = {
  readers: ['viewer', 'reviewer', 'approver'],
  writers: ['editor', 'owner'],
  members,
  outsiders,
  signedIn: people,
} as const satisfies Readonly<Record<string, readonly RoleName[]>>;

/** A role by name goes before a group, a smaller group before a larger one. */
type Group = RoleName | keyof typeof groups;
export type Allowed = Readonly<Partial<Record<Group, string>>>;

export interface Rights {
  /** Column (or expression) that names a row; its value has a label. */
  readonly key: string;
  readonly verbs: Readonly<Partial<Record<Verb, Allowed>>>;
  /** What an update sets. */
  readonly set?: string;
  /** Rows to try to add, by label. */
  readonly add?: (world: PolicyWorld, me: string) => Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** By table; a variant of a table has its name and a word in parentheses: only the verbs that it lists are asked. */
export type RightsTable = Readonly<Record<string, Rights>>;

/** Adds an area's rows to the world: for the projects `own`, `other` and `gone`, and for the people. */
export type Fill = (sql: Sql, world: PolicyWorld) => Promise<void>;

export const ALL = 'own other gone';
export const EVERYONE = `${people.join(' ')} rival`;
export const readByMembers: Allowed = { outsiders: '', members: 'own', worker: ALL };
export const writtenByWriters: Allowed = { outsiders: '', readers: '', writers: 'own' };
export const byWorker: Allowed = { worker: ALL };

/** One row for `own` and one for `other`. */
export function perProject(row: (rows: ProjectRows, me: string) => Readonly<Record<string, unknown>>) {
  return ({ projects }: PolicyWorld, me: string) => ({
    own: { project_id: projects.own.projectId, ...row(projects.own, me) },
    other: { project_id: projects.other.projectId, ...row(projects.other, me) },
  });
}

export const fresh = (): string => crypto.randomUUID();

/** The labels that a role is to see, sorted, or `refused`. */
export function expected(allowed: Allowed | undefined, role: RoleName): string {
  const names: readonly Group[] = [role, ...keysOf(groups).filter((name) => includes(groups[name], role))];
  const found = names.map((name) => allowed?.[name]).find((labels) => labels !== undefined);
  if (found === undefined) return 'refused';
  return sorted(found.replace(/\bme\b/g, role).split(' '));
}

export function sorted(labels: readonly string[]): string {
  return [...new Set(labels.filter((label) => label !== ''))].sort().join(' ');
}

function keysOf<T extends object>(value: T): (keyof T & string)[] {
  const keys: string[] = Object.keys(value);
  return keys.filter((key): key is keyof T & string => key in value);
}

function includes(names: readonly string[], name: string): boolean {
  return names.includes(name);
}
