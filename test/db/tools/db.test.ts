/** `npm run db` as an operator meets it: what it says, and what it exits with. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { region, sdkCredentials } from '../../../infra/local/environment.ts';
import { type OpenDatabase, openDatabase } from '../database.ts';

// A fresh build of the whole schema takes seconds, on a machine that runs other tests beside it.
vi.setConfig({ testTimeout: 120_000 });

const project = fileURLToPath(new URL('../../..', import.meta.url));
let open: OpenDatabase;

beforeAll(async () => {
  open = await openDatabase();
});
afterAll(() => open.close());

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function db(args: readonly string[], environment?: Record<string, string>): Promise<Ended> {
  const child = spawn(process.execPath, ['infra/tools/db.ts', ...args], {
    cwd: project,
    env: { PATH: process.env.PATH, ...(environment ?? here()) },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    err += String(chunk);
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
}

function here(): Record<string, string> {
  return {
    AWS_REGION: region,
    AWS_ENDPOINT_URL: open.api.endpoint,
    AWS_ACCESS_KEY_ID: sdkCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: sdkCredentials.secretAccessKey,
    DATABASE_CLUSTER_ARN: open.target.clusterArn,
    DATABASE_NAME: open.database.name,
    DATABASE_MIGRATOR_SECRET_ARN: open.target.secretArn,
  };
}

it('names its commands to whoever asks for another one', async () => {
  const { code, err } = await db(['bogus'], {});
  expect(code).toBe(1);
  for (const name of ['up', 'down', 'status', 'verify', 'drift', 'seed', 'import', 'archive', 'restore-drill', 'er'])
    expect(err).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
});

it('names the variables that are missing', async () => {
  expect(await db(['status'], {})).toEqual({
    code: 1,
    out: '',
    err: 'set DATABASE_CLUSTER_ARN, DATABASE_MIGRATOR_SECRET_ARN (npm start prints them with --env)\n',
  });
});

it('waits for a database that sleeps', async () => {
  const point = 'data-api:ExecuteStatement:before';
  open.api.faults.arm({ point, action: 'error', error: 'DatabaseResumingException', times: 2 });
  const { code, out } = await db(['status']);
  expect(code).toBe(0);
  expect(out).toMatch(/^applied {2}0001-app /);
});

it('finds all well with 0, and what is not with 2', async () => {
  expect(await db(['drift'])).toMatchObject({ code: 0, out: 'no drift: the catalogue is that of a fresh build\n' });
  await open.sql('alter table posts add column sneaky text');
  expect(await db(['drift'])).toMatchObject({
    code: 2,
    out: 'drift against a fresh build (- missing here, + only here)\nposts\n  + sneaky text\n',
  });
  const verified = await db(['verify']);
  await open.sql('alter table posts drop column sneaky');
  expect(verified.code).toBe(2);
  expect(verified.out).toContain(
    'NOT the catalogue is what the migrations build\n      posts\n        + sneaky text\n',
  );
  expect(verified.out).toMatch(/1 of \d+ checks failed\n$/);
});

it('takes nothing back that would lose rows, unless that is meant', async () => {
  const { code, err } = await db(['down', '999']);
  expect(code).toBe(1);
  expect(err).toMatch(/^taking back \S+ would lose .+; say --force if that is meant\n$/);
});

it('loads a set, shows its login once, and takes it away', async () => {
  const loaded = await db(['seed', 'minimal']);
  expect(loaded).toMatchObject({ code: 0, err: '' });
  expect(loaded.out).toMatch(/log in as person1@minimal\.seed\.example with \S{12} /);
  expect(await db(['seed', 'minimal'])).toMatchObject({
    code: 1,
    err: 'minimal is there already: npm run db -- seed clear minimal\n',
  });
  expect((await db(['seed', 'clear'])).code).toBe(0);
  expect(await open.sql('select id from users')).toEqual([]);
  expect(await db(['seed', 'huge'])).toMatchObject({ code: 1, err: 'which set? minimal, demo, production-like\n' });
});
