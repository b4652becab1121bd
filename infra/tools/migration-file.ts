/**
 * What a migration file says about how it is run. Within a transaction unless its first comment lines say otherwise:
 *
 *     -- Outside a transaction: indexes of a grown table are built concurrently.
 *
 * Then each statement is a call of its own and must be harmless when it is run again. One that changes many rows does it in batches:
 *
 *     -- Repeat until it changes nothing: select count(*) from posts where language is null
 *     update posts set language = 'und' where id in (select id from posts where language is null limit 1000);
 *
 * The statement after the colon may be left out; it counts the rows before the first batch, for the progress that is shown.
 */
import { splitSql } from './split-sql.ts';

export type Step =
  | { readonly kind: 'once'; readonly text: string }
  /** Runs until it changes no row. `total` counts the rows that are to be changed. */
  | { readonly kind: 'repeat'; readonly text: string; readonly total: string | null }
  | { readonly kind: 'build index'; readonly text: string; readonly index: string; readonly table: string }
  | { readonly kind: 'drop index'; readonly text: string; readonly index: string };

export interface MigrationFile {
  readonly outside: boolean;
  readonly steps: readonly Step[];
}

/** Throws where a comment asks for what cannot be done. */
export function readMigrationFile(source: string): MigrationFile {
  const head = /^(?:\s*--[^\n]*\n?)*/.exec(source)?.[0] ?? '';
  const outside = /^\s*-- Outside a transaction: \S/m.test(head);
  return { outside, steps: splitSql(source).map((statement) => readStep(statement, outside)) };
}

const repeatMark = /^\s*-- Repeat until it changes nothing(?:: (?<total>.+))?$/m;
const indexMark = /^create\s+(?:unique\s+)?index\s+concurrently\s+(?:if\s+not\s+exists\s+)?(\w+)\s+on\s+([\w.]+)/i;
const dropMark = /^drop\s+index\s+concurrently\s+(?:if\s+exists\s+)?(\w+)$/i;

function readStep(statement: string, outside: boolean): Step {
  const head = /^(?:\s*--[^\n]*\n)*/.exec(statement)?.[0] ?? '';
  const text = statement.slice(head.length).trim();
  const repeat = repeatMark.exec(head);
  if (repeat !== null) {
    if (!outside) throw new Error('what is repeated in batches must stand outside a transaction');
    if (!/^(?:update|delete|insert|merge|with)\b/i.test(text))
      throw new Error('only a statement that changes rows can be repeated');
    return { kind: 'repeat', text, total: repeat.groups?.total ?? null };
  }
  if (!outside) return { kind: 'once', text: statement };
  const [, index, table] = indexMark.exec(text) ?? [];
  if (index !== undefined && table !== undefined) return { kind: 'build index', text, index, table };
  const dropped = dropMark.exec(text)?.[1];
  if (dropped !== undefined) return { kind: 'drop index', text, index: dropped };
  if (/\bconcurrently\b/i.test(text))
    throw new Error(`cannot be run again when it fails half way: ${text.slice(0, 60)}`);
  return { kind: 'once', text };
}
