/** Databases of the test run's PostgreSQL, one per test file. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { asSuperuser, type Credentials } from '../../infra/local/postgres.ts';

export const templateName = 'posthaste_template';

export interface TestServer {
  readonly port: number;
  readonly superuser: Credentials;
  /** Owner of the template and of every test database. */
  readonly migrator: Credentials;
  /** The file of the local Secrets Manager: roles belong to the server, so all test files share their passwords. */
  readonly secrets: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    postgres: TestServer;
  }
}

export interface TestDatabase {
  readonly name: string;
  readonly server: TestServer;
  /** A new connection, of the migrator unless another role is given. Its owner ends it. */
  connect(as?: Credentials): Promise<pg.Client>;
  /** Ends every connection to the database and removes it. */
  drop(): Promise<void>;
}

/** The server that all test files share. */
export function testServer(): TestServer {
  return inject('postgres');
}

/** A database that belongs to the caller alone: a copy of the migrated template, or of `template`. */
export async function createTestDatabase(template: string = templateName): Promise<TestDatabase> {
  const server = testServer();
  const name = `test_${randomBytes(8).toString('hex')}`;
  await createDatabaseFrom(server, template, name);
  return {
    name,
    server,
    connect: async (as = server.migrator) => {
      const client = new pg.Client({ host: '127.0.0.1', port: server.port, database: name, ...as });
      await client.connect();
      return client;
    },
    drop: async () => {
      await asSuperuser(server, (client) => client.query(`drop database if exists ${name} with (force)`));
    },
  };
}

async function createDatabaseFrom(server: TestServer, template: string, name: string): Promise<void> {
  await asSuperuser(server, async (client) => {
    const [source, target, owner] = [template, name, server.migrator.user].map((part) => client.escapeIdentifier(part));
    await client.query(`create database ${target} template ${source} owner ${owner}`);
  });
}
