/**
 * Every statement of the code, described by a real PostgreSQL against the migrated schema: no parameter whose type is left to
 * guessing, columns exactly those of the declared row, and its role may run it.
 */
import { glob } from 'node:fs/promises';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import type { Parameter } from '../../shared/db/parameters.ts';
import type { Statement, StatementKind } from '../../shared/db/statement.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

type AnyStatement = Statement<Record<string, Parameter>, z.ZodObject>;

const root = new URL('../../', import.meta.url);
const files: string[] = [];
for await (const file of glob('shared/**/*queries.ts', { cwd: root })) files.push(file);
files.sort();
const statements: { file: string; statement: AnyStatement }[] = [];
for (const file of files) {
  const module: Record<string, unknown> = await import(new URL(file, root).href);
  for (const exported of Object.values(module)) {
    if (isStatement(exported)) statements.push({ file, statement: exported });
  }
}

function isStatement(value: unknown): value is AnyStatement {
  return (
    typeof value === 'object' &&
    value !== null &&
    'text' in value &&
    'keys' in value &&
    'row' in value &&
    'access' in value
  );
}

const roles: Record<StatementKind, string[]> = {
  actor: ['posthaste_api'],
  public: ['posthaste_public'],
  anyone: ['posthaste_api', 'posthaste_public'],
  worker: ['posthaste_worker'],
};

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = await database.connect(database.server.superuser);
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

test('the code has statements, each under its own name', () => {
  expect(statements.length).toBeGreaterThan(30);
  const names = statements.map(({ statement }) => statement.name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

describe.each(statements)('$statement.name ($file)', ({ statement }) => {
  test('is exported under its name, and a write says what came of it', () => {
    const writes = /\b(insert into|(?<!for )update|delete from)\b/i.test(statement.text);
    expect(writes ? statement.access !== 'read' : true).toBe(true);
    if (writes) expect(statement.text).toMatch(/\breturning\b/i);
  });

  test('has columns as declared: names, types and nothing twice', async () => {
    const columns = await describeStatement(statement);
    expect(columns.map(({ name }) => camel(name)).sort()).toEqual(Object.keys(statement.row.shape).sort());
    const lossy = columns.filter(({ type }) => lossyTypes.has(type)).map(({ name }) => name);
    expect(lossy, 'bigint and numeric are selected ::text').toEqual([]);
  });

  test.each(roles[statement.kind])('%s may run it', async (role) => {
    await client.query('set search_path = public, pg_temp');
    const types = statement.keys.map(() => 'text').join(', ');
    const nulls = statement.keys.map(() => 'null').join(', ');
    await client.query('deallocate all');
    await client.query(`prepare described${types === '' ? '' : `(${types})`} as ${statement.text}`);
    try {
      await client.query(`set role ${role}`);
      const plan = await client.query(`explain (costs off) execute described${nulls === '' ? '' : `(${nulls})`}`);
      expect(plan.rows.length).toBeGreaterThan(0);
    } finally {
      await client.query('reset role');
    }
  });
});

const TEXT = 25;
const lossyTypes = new Set([20, 1700, 705]); // int8, numeric, unknown

interface Column {
  readonly name: string;
  readonly type: number;
}

/** Parse and Describe over the wire protocol, every parameter declared text: nothing is executed. */
function describeStatement(statement: AnyStatement): Promise<Column[]> {
  return new Promise((resolve, reject) => {
    let columns: Column[] = [];
    let failure: Error | undefined;
    client.query({
      submit: (connection: pg.Connection) => {
        connection.parse(
          { name: '', text: statement.text, types: statement.keys.map(() => TEXT) as unknown as string[] },
          true,
        );
        connection.describe({ type: 'S', name: '' }, true);
        connection.sync();
      },
      handleRowDescription: (message: { fields: { name: string; dataTypeID: number }[] }) => {
        columns = message.fields.map((field) => ({ name: field.name, type: field.dataTypeID }));
      },
      handleError: (error: Error) => {
        failure = error;
      },
      handleReadyForQuery: () => (failure === undefined ? resolve(columns) : reject(failure)),
    } as pg.Submittable);
  });
}

function camel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
