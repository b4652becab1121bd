/**
 * Whether the live catalogue is what the applied migrations build. They are built anew in a database of their own on the same
 * server and both are compared; where the role may make no database, sql/schema.sql stands in for it.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Command, print, Unwell } from './command.ts';
import { type Piece, readCatalogue, writeSchema } from './dump-schema.ts';
import { applyFiles, migrationStatus } from './migrate.ts';
import { sqlRunner, sqlStateOf, type Target } from './sql-runner.ts';

export interface Drift {
  /** The table, function or other thing. */
  readonly about: string;
  /** Only in a fresh build. */
  readonly missing: readonly string[];
  /** Only in the live catalogue. */
  readonly foreign: readonly string[];
}

export interface DriftReport {
  readonly compared: 'a fresh build' | 'sql/schema.sql';
  readonly drifts: readonly Drift[];
}

export async function findDrift(target: Target, folder?: URL): Promise<DriftReport> {
  const live = await readCatalogue(sqlRunner(target));
  const fresh = await buildFresh(target, folder);
  if (fresh !== null) return { compared: 'a fresh build', drifts: comparePieces(fresh, live) };
  const committed = await readFile(new URL('../../sql/schema.sql', import.meta.url), 'utf8');
  const whole = (text: string): Piece[] => [{ about: '', part: 0, item: '', text }];
  return { compared: 'sql/schema.sql', drifts: comparePieces(whole(committed), whole(writeSchema(live))) };
}

/** The catalogue that the applied files build; null where no database can be made. */
async function buildFresh(target: Target, folder?: URL): Promise<Piece[] | null> {
  const applied = (await migrationStatus(target, folder)).filter(({ state }) => state === 'applied');
  const versions = new Set(applied.map(({ version }) => version));
  const database = `${target.database.slice(0, 40)}_drift_${randomBytes(6).toString('hex')}`;
  const run = sqlRunner(target);
  try {
    await run(`create database "${database}" template template0`);
  } catch (error) {
    if (sqlStateOf(error) === '42501') return null;
    throw error;
  }
  try {
    const scratch = { ...target, database };
    await applyFiles(scratch, { only: ({ version }) => versions.has(version), ...(folder && { folder }) });
    return await readCatalogue(sqlRunner(scratch));
  } finally {
    await run(`drop database "${database}" with (force)`);
  }
}

/** Differences by thing, each line that only one of the two has. */
export function comparePieces(fresh: readonly Piece[], live: readonly Piece[]): Drift[] {
  const keyOf = ({ about, part, item }: Piece) => JSON.stringify([about, part, item]);
  const textsOf = (pieces: readonly Piece[]) => new Map(pieces.map((piece) => [keyOf(piece), piece]));
  const [wanted, found] = [textsOf(fresh), textsOf(live)];
  const drifts = new Map<string, { missing: string[]; foreign: string[] }>();
  for (const key of new Set([...wanted.keys(), ...found.keys()])) {
    const [one, other] = [wanted.get(key), found.get(key)];
    if (one?.text === other?.text) continue;
    const about = nameOf(one ?? other);
    const drift = drifts.get(about) ?? { missing: [], foreign: [] };
    drifts.set(about, drift);
    drift.missing.push(...linesOnlyIn(one?.text, other?.text));
    drift.foreign.push(...linesOnlyIn(other?.text, one?.text));
  }
  return [...drifts].map(([about, { missing, foreign }]) => ({ about, missing, foreign }));
}

function nameOf(piece: Piece | undefined): string {
  if (piece === undefined || piece.about === '') return 'schema';
  return piece.about.startsWith('~') ? `function ${piece.about.slice(1)}` : piece.about;
}

function linesOnlyIn(text = '', other = ''): string[] {
  const there = Map.groupBy(other.split('\n').map(bare), (line) => line);
  return text.split('\n').filter((line) => {
    const same = there.get(bare(line));
    return line.trim() !== '' && (same === undefined || same.pop() === undefined);
  });
}

/** A line of a list is the same with and without the comma that the next one needs. */
function bare(line: string): string {
  return line.replace(/,$/, '');
}

export function driftLines({ drifts }: DriftReport): string[] {
  return drifts.flatMap(({ about, missing, foreign }) => [
    about,
    ...missing.map((line) => `  - ${bare(line.trim())}`),
    ...foreign.map((line) => `  + ${bare(line.trim())}`),
  ]);
}

export const drift: Command = {
  usage: '',
  summary: 'compares the live catalogue with a fresh build, line by line',
  run: async (_args, database) => {
    const report = await findDrift((await database()).target);
    if (report.drifts.length === 0) {
      print(`no drift: the catalogue is that of ${report.compared}`);
      return;
    }
    const head = `drift against ${report.compared} (- missing here, + only here)`;
    throw new Unwell([head, ...driftLines(report)].join('\n'));
  },
};
