/**
 * The roles of the running code. They belong to the server, not to a database, and their passwords to Secrets Manager;
 * so they are ensured before migrations instead of being one. None owns a table or bypasses row-level security.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { RunSql } from './sql-runner.ts';
import { watching } from './watching.ts';

const ROLES = { api: 'posthaste_api', worker: 'posthaste_worker', reporting: 'posthaste_reporting' } as const;
/** What a call without an actor becomes: it may only run the named functions and read what is public. */
const PUBLIC_ROLE = 'posthaste_public';

export type RolePasswords = Readonly<Record<keyof typeof ROLES, string>>;

export async function ensureRoles(runOnce: RunSql, passwords: RolePasswords): Promise<void> {
  const run = (sql: string) => inTurn(runOnce, sql);
  for (const role of [...Object.values(ROLES), PUBLIC_ROLE]) {
    await run(`do $$ begin create role ${role} nologin; exception when duplicate_object then null; end $$`);
  }
  for (const [key, role] of entries(ROLES)) {
    await run(`alter role ${role} login password '${scramVerifier(passwords[key])}'`);
  }
  // It may become the public, and is it only then: what nobody may do who is known (to look up a login) stays beyond a signed-in person.
  await run(`grant ${PUBLIC_ROLE} to ${ROLES.api} with inherit false, set true`);
  // A replica is for reading, and nobody's report may hold up vacuum for long.
  await run(`alter role ${ROLES.reporting} set default_transaction_read_only = on`);
  await run(`alter role ${ROLES.reporting} set statement_timeout = '60s'`);
  await run(`alter role ${ROLES.reporting} set idle_in_transaction_session_timeout = '60s'`);
  await run(watching);
}

/** A lock of one database does not keep out the migrator of another on the same server; PostgreSQL refuses one of the two. */
async function inTurn(run: RunSql, sql: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await run(sql);
      return;
    } catch (error) {
      const isRace = error instanceof Error && error.message.includes('tuple concurrently updated');
      if (!isRace || attempt === 10) throw error;
      await setTimeout(50 * attempt);
    }
  }
}

function entries<K extends string, V>(record: Readonly<Record<K, V>>): [K, V][] {
  return Object.entries(record) as [K, V][];
}

/** SCRAM-SHA-256 verifier (RFC 5802), so that no password appears in a statement or a log of the server. */
function scramVerifier(password: string): string {
  const iterations = 4096;
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${hmac('Server Key').toString('base64')}`;
}
