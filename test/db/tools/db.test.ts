/** `npm run db` as an operator meets it: what it says, and what it exits with. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type OpenDatabase, openDatabase } from '../database.ts';
import { type Ended, environmentHere, runProgram } from './program.ts';

// A fresh build of the whole schema takes seconds, on a machine that runs other tests beside it.
vi.setConfig({ testTimeout: 120_000 });

let open: OpenDatabase;

beforeAll(async () => {
  open = await openDatabase();
});
afterAll(() => open.close());

function db(args: readonly string[], environment = environmentHere(open)): Promise<Ended> {
  return runProgram('infra/tools/db.ts', args, { environment });
}

it('names its commands to whoever asks for another one', async () => {
  const { code, err } = await db(['bogus'], {});
  expect(code).toBe(1);
  for (const name of [
    'up',
    'down',
    'status',
    'verify',
    'repair',
    'drift',
    'seed',
    'import',
    'archive',
    'restore-drill',
    'er',
  ])
    expect(err).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
});

it('names the variables that are missing, and where they come from', async () => {
  const { code, out, err } = await db(['status'], {});
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(/^set DATABASE_CLUSTER_ARN, DATABASE_MIGRATOR_SECRET_ARN\n/);
  expect(err).toContain('npm start -s -- --env');
  expect(err).toContain('on AWS');
});

it('says what to do where nothing answers, where no credentials are, where no region is', async () => {
  const { AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, ...named } = environmentHere(open);
  const keys = { AWS_ACCESS_KEY_ID: String(AWS_ACCESS_KEY_ID), AWS_SECRET_ACCESS_KEY: String(AWS_SECRET_ACCESS_KEY) };
  const region = { AWS_REGION: String(AWS_REGION) };
  const refused = await db(['status'], { ...named, ...keys, ...region, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' });
  expect(refused).toMatchObject({ code: 1, out: '' });
  expect(refused.err).toMatch(/^nothing answers at http:\/\/127\.0\.0\.1:1 .*npm start/);
  expect((await db(['status'], { ...named, ...region })).err).toMatch(/^no AWS credentials were found\n/);
  expect((await db(['status'], { ...named, ...keys })).err).toMatch(/^set AWS_REGION\n/);
});

it('sets right what verify found to be wrong', async () => {
  await open.sql("insert into users (email, display_name) values ('counted@example.com', 'C')");
  await open.sql('insert into user_counters (user_id, followers_count) select id, 7 from users');
  expect((await db(['verify'])).out).toContain('NOT the counters are what their rows say');
  expect(await db(['repair'])).toMatchObject({ code: 0, err: '' });
  const again = await db(['repair']);
  expect(again).toMatchObject({ code: 0, out: 'every counter was right\n' });
  await open.sql('delete from users');
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
