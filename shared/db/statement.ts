/**
 * SQL statements as data. The text never depends on the arguments: a placeholder is the name of an argument, and all
 * parameters travel as text, so every one that is not text carries its cast: `where id = ${'postId'}::uuid`.
 * `test/db/statements.test.ts` lets PostgreSQL describe each one and compares columns with the declared row.
 */
import type { z } from 'zod';
import type { Parameter } from './parameters.ts';

/** `anyone`: with or without an actor; the policies decide what each sees. */
export type StatementKind = 'actor' | 'public' | 'anyone' | 'worker';

/** `read` and `guarded` (a state or key makes a second run harmless) are repeated by the client's retry loop; `write` only
 *  when the call carries an Idempotency-Key or the database was certainly not reached. */
export type Access = 'read' | 'guarded' | 'write';

export interface Statement<Args extends Record<string, Parameter>, Row extends z.ZodObject> {
  readonly name: string;
  readonly kind: StatementKind;
  readonly access: Access;
  readonly text: string;
  /** Argument names in the order of `$1…`. */
  readonly keys: readonly (keyof Args & string)[];
  readonly row: Row;
  /** Comes before the effect that an Idempotency-Key stands for: it uses none up, and runs for a repeat too. */
  readonly isPrelude?: true;
  /** Milliseconds after which the database counts as away. Default: the client's minute. */
  readonly limitMs?: number;
}

const MAX_PARAMETERS = 32; // app.run binds v[1] … v[32]

/** A piece of SQL that several statements share, with its own placeholders. */
export interface Fragment<Key extends string = string> {
  readonly parts: readonly string[];
  readonly keys: readonly Key[];
}

/** `fragment<Args>()\`and status = ${'status'}\``; stands in a statement, or in another fragment, as `${that}`. */
export function fragment<Args extends Record<string, Parameter> = Record<never, Parameter>>() {
  return (
    parts: TemplateStringsArray,
    ...holes: readonly ((keyof Args & string) | Fragment<keyof Args & string>)[]
  ): Fragment<keyof Args & string> => flatten(parts.raw, holes);
}

/** `query({ name, kind, access, row })<Args>\`select … ${'postId'}::uuid\`` */
export function query<Row extends z.ZodObject>(declaration: {
  readonly name: string;
  readonly kind: StatementKind;
  readonly access: Access;
  readonly row: Row;
  readonly isPrelude?: true;
  readonly limitMs?: number;
}) {
  return <Args extends Record<string, Parameter>>(
    template: TemplateStringsArray,
    ...holes: readonly ((keyof Args & string) | Fragment<keyof Args & string>)[]
  ): Statement<Args, Row> => {
    const { parts, keys } = flatten(template.raw, holes);
    const distinct = [...new Set(keys)];
    if (distinct.length > MAX_PARAMETERS)
      throw new Error(`${declaration.name} has more than ${MAX_PARAMETERS} parameters`);
    const text = parts.reduce((sql, part, index) => {
      const key = keys[index - 1];
      return key === undefined ? sql + part : `${sql}$${distinct.indexOf(key) + 1}${part}`;
    });
    return { ...declaration, text: text.trim(), keys: distinct };
  };
}

/** One run of parts and keys, fragments put in: between two parts stands one key. */
function flatten<Key extends string>(
  template: readonly string[],
  holes: readonly (Key | Fragment<Key>)[],
): Fragment<Key> {
  const parts = [template[0] ?? ''];
  const keys: Key[] = [];
  holes.forEach((hole, index) => {
    const after = template[index + 1] ?? '';
    const [first = '', ...rest] = typeof hole === 'string' ? ['', ''] : hole.parts;
    keys.push(...(typeof hole === 'string' ? [hole] : hole.keys));
    const tail = [`${parts.pop() ?? ''}${first}`, ...rest];
    tail.push(`${tail.pop() ?? ''}${after}`);
    parts.push(...tail);
  });
  return { parts, keys };
}
