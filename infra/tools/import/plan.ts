/** What a system's plan says beyond the map: the order of its tables, and what our rows need that no column of theirs holds. */
import { createHash } from 'node:crypto';
import type { Row } from './source.ts';

/** The id that a row there got here; the engine looks it up. Where it was not taken, neither is the row that names it. */
export interface Ref {
  readonly ref: string;
  readonly id: string;
  /** Null instead, where there is none. */
  readonly optional: boolean;
}

export type Cells = Readonly<Record<string, unknown>>;
/** What the map says of a row, by our table. */
export type Mapped = Readonly<Record<string, Cells>>;
/** What a row becomes besides, by our table; null: nothing there. A list is several rows, of which the map says nothing. */
export type Made = Readonly<Record<string, Cells | readonly Cells[] | null>>;

export interface Context {
  /** The label of the run. */
  readonly system: string;
  readonly now: Date;
  /** The id that this row's rows get. */
  readonly target: string;
  /** Our row was there before. */
  readonly merged: boolean;
  /** What the merge looked up, ids by key. */
  readonly found: ReadonlyMap<string, string>;
  /** Origins of the platforms' APIs; null where every account brings its own. */
  readonly platforms: ReadonlyMap<string, string | null>;
  /** Further ids that this row stands for, by pseudo-table such as `users#project`. */
  alias(table: string, id: string, target: string): void;
  /** A new id, made of an instant and of what it stands for. */
  newId(table: string, id: string, at: unknown): string;
  seal(plain: string, binding: string): Promise<string>;
  /** Said in the report; the row is taken. */
  note(text: string): void;
}

export interface Merge {
  /** Our table, of which an existing row is used instead of a new one. */
  readonly into: string;
  /** What both have in common, the deciding key first; further ones are only looked up. None: it is new. */
  keys(row: Row): readonly string[];
  /** Finds, for the keys as a JSON list :keys, rows of (key, id). */
  readonly sql: string;
}

export interface TablePlan {
  readonly table: string;
  /** Our tables, in the order in which they are written. */
  readonly into: readonly string[];
  /** SQL over `t` that tells a row from all others; `t.id` where nothing is said. */
  readonly id?: string;
  /** Column of theirs whose instant the new ids begin with, so that lists stay in order. */
  readonly since?: string;
  /** What its id here is, where that is no new one: of what only links two others, one of them. */
  readonly same?: (row: Row) => Ref | string | null;
  /** Those of our tables whose rows may be there already: a trigger made them, or somebody else uses them too. */
  readonly shared?: readonly string[];
  /** Columns that the documents do not list, but that the plan needs. */
  readonly reads?: readonly string[];
  readonly more?: Readonly<Record<string, string>>;
  readonly join?: string;
  readonly order?: string;
  readonly merge?: Merge;
  /** What the map does not say: cells to add to those of the map, or null for a table that gets no row. */
  make(row: Row, mapped: Mapped, context: Context): Made | Promise<Made>;
}

export interface SystemPlan {
  readonly seed: string;
  readonly tables: readonly TablePlan[];
  /** What an owner should know whatever the rows are. */
  readonly notes: readonly string[];
}

/** Refuses a row, in words that its owner understands. */
export class Refused extends Error {}

export function ref(table: string, id: unknown, optional = false): Ref | null {
  return id === null || id === undefined ? null : { ref: table, id: String(id), optional };
}

export function isRef(value: unknown): value is Ref {
  return typeof value === 'object' && value !== null && 'ref' in value && 'optional' in value && 'id' in value;
}

export function text(row: Row, column: string): string | null {
  const value = row[column];
  return value === null || value === undefined ? null : String(value);
}

/** For columns that their schema holds NOT NULL. */
export function must(row: Row, column: string): string {
  const value = text(row, column);
  if (value === null) throw new Refused(`${column} is empty`);
  return value;
}

/** A UUIDv7 of that instant; its other bits are a hash of `seed`, so that the same row always gets the same id. */
export function timedId(seed: string, at: unknown, now: Date): string {
  const instant = typeof at === 'string' ? Date.parse(at) : Number.NaN;
  const ms = Number.isFinite(instant) && instant > 0 ? instant : now.getTime();
  const bytes = createHash('sha256').update(seed).digest().subarray(0, 16);
  bytes.writeUIntBE(ms, 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
