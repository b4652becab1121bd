/** `npm run admin`: who takes the first key of an installation, and what nobody must type into a shell. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { hashToken } from '../../../shared/auth/tokens.ts';
import { type OpenDatabase, openDatabase } from '../database.ts';
import { addTenant } from '../seed.ts';
import { type Ended, environmentHere, runProgram } from './program.ts';

vi.setConfig({ testTimeout: 60_000 });
let open: OpenDatabase;

beforeAll(async () => {
  open = await openDatabase();
});
afterAll(() => open.close());

function admin(args: readonly string[], environment = environmentHere(open)): Promise<Ended> {
  return runProgram('infra/tools/admin.ts', args, { environment });
}

const tokenOf = ({ out }: Ended) =>
  /https:\/\/posthaste\.example\.com\/reset-password\/([\w-]{43})\n/.exec(out)?.[1] ?? '';

it('says how the first one is made while there is none', async () => {
  expect(await admin(['list'])).toEqual({
    code: 0,
    out: 'there is none yet: npm run admin -- create --email <address>\n',
    err: '',
  });
});

it('takes an address, never a password', async () => {
  expect((await admin(['create'])).err).toBe('say --email <address>\n');
  expect((await admin(['create', '--email', 'nobody'])).code).toBe(1);
  expect((await admin(['create', '--email', 'a@example.com', '--password', 'x'])).err).toContain('--password');
  const { PUBLIC_BASE_URL: _, ...rest } = environmentHere(open);
  expect((await admin(['create', '--email', 'a@example.com'], rest)).err).toContain('PUBLIC_BASE_URL');
  for (const wrong of ['api.example.com', 'ftp://api.example.com', 'https://api.example.com/v1']) {
    const { code, err } = await admin(['create', '--email', 'a@example.com'], { ...rest, PUBLIC_BASE_URL: wrong });
    expect([wrong, code, err]).toEqual([wrong, 1, expect.stringContaining('PUBLIC_BASE_URL')]);
  }
  expect(await open.sql('select id from users')).toEqual([]);
});

it('prints a link that leads somewhere, also where the origin was written with a slash', async () => {
  const environment = { ...environmentHere(open), PUBLIC_BASE_URL: 'https://posthaste.example.com/' };
  expect(tokenOf(await admin(['create', '--email', 'slash@example.com'], environment))).toHaveLength(43);
  await open.sql(`delete from users`);
});

it('of two at once one becomes the first administrator', async () => {
  const both = await Promise.all(
    ['a@example.com', 'b@example.com'].map((email) => admin(['create', '--email', email])),
  );
  expect(both.map(({ code }) => code).toSorted()).toEqual([0, 1]);
  expect(both.find(({ code }) => code === 1)?.err).toMatch(/^[ab]@example\.com is administrator already .*--force/);
  const won = both.find(({ code }) => code === 0);
  const [person] = await open.sql(
    `select u.role, u.status, u.email_verified_at is not null as verified, u.password_hash, t.token_hash,
       t.expires_at > app.now() + interval '23 hours' as lasts
     from users u join password_reset_tokens t on t.user_id = u.id`,
  );
  expect(person).toEqual({
    role: 'admin',
    status: 'active',
    verified: true,
    password_hash: null,
    token_hash: hashToken(won === undefined ? '' : tokenOf(won)),
    lasts: true,
  });
});

it('the same one gets a new link; another one must be meant', async () => {
  const [first] = await open.sql('select email from users');
  const again = await admin(['create', '--email', String(first?.email).toUpperCase()]);
  expect(again).toMatchObject({ code: 0, err: '' });
  expect(tokenOf(again)).not.toBe('');
  expect(await admin(['create', '--email', 'second@example.com'])).toMatchObject({ code: 1, out: '' });
  const forced = await admin(['create', '--email', 'second@example.com', '--name', 'Second', '--mail', '--force']);
  expect(forced).toMatchObject({ code: 0, err: '' });
  const [mail] = await open.sql("select payload from outbox_events where kind = 'mail'");
  expect(mail?.payload).toEqual({
    template: 'set-password',
    to: 'second@example.com',
    name: 'Second',
    link: `https://posthaste.example.com/reset-password/${tokenOf(forced)}`,
  });
  expect((await admin(['list'])).out).toBe(
    `${String(first?.email)}  ${String(first?.email)[0]}  has no password yet\nsecond@example.com  Second  has no password yet\n`,
  );
});

it('promotes who is there already, and lets in who was locked out or deactivated', async () => {
  await open.sql(
    "insert into users (email, display_name, status, locked_until) values ('old@example.com', 'Old', 'deactivated', 'infinity')",
  );
  const ended = await admin(['create', '--email', 'old@example.com', '--force']);
  expect(ended.out).toMatch(/^old@example\.com is administrator\n/);
  const [person] = await open.sql("select role, status, locked_until from users where email = 'old@example.com'");
  expect(person).toEqual({ role: 'admin', status: 'active', locked_until: null });
});

it('says what of before is gone, or what still lets them in and how that is taken away', async () => {
  const [person] = await open.sql(
    `insert into users (email, display_name, email_verified_at, password_hash) values ('kept@example.com', 'Kept', now(), 'x') returning id`,
  );
  const userId = String(person?.id);
  const { projectId } = await addTenant(open.sql, userId);
  await open.sql(
    `insert into mfa_factors (user_id, kind, secret_sealed, code_hashes, confirmed_at)
     values ($1, 'totp', 'x', null, now()), ($1, 'totp', 'y', null, now()), ($1, 'recovery', null, '{x}', now())`,
    [userId],
  );
  await open.sql(
    `insert into api_keys (project_id, created_by, name, prefix, key_hash, scopes)
     values ($1, $2, 'Build', 'phk_abcdefgh', $3, '{posts:read}')`,
    [projectId, userId, hashToken('key')],
  );
  const create = ['create', '--email', 'kept@example.com', '--force'];
  const ways = '1 password, 2 authenticator apps, 1 set of recovery codes, 1 API key';
  const [, kept] = (await admin(create)).out.split('\n');
  expect(kept).toBe(`What let them in before still does: ${ways}. Say --clean to take it away.`);
  const [, cleaned] = (await admin([...create, '--clean'])).out.split('\n');
  expect(cleaned).toBe(
    `Nothing of before lets anybody in; gone are ${ways}. Projects and memberships are as they were.`,
  );
  const left = await open.sql(
    `select (select count(*)::integer from mfa_factors where user_id = u.id) as factors, u.password_hash,
       (select count(*)::integer from api_keys where created_by = u.id and revoked_at is null) as keys,
       (select role from project_collaborators where user_id = u.id) as role from users u where u.id = $1`,
    [userId],
  );
  expect(left).toEqual([{ factors: 0, password_hash: null, keys: 0, role: 'owner' }]);
});

it('stands in the log of changes as what an operator did', async () => {
  const rows = await open.sql(
    "select distinct actor from audit_log where table_name = 'users' and (new_values ->> 'role') = 'admin'",
  );
  expect(rows).toEqual([{ actor: 'operator' }]);
});

it('takes the secret of an app from standard input alone, and says what is missing', async () => {
  const set = ['platform-app', 'set', 'threads', '--client-id', 'app-1'];
  expect((await admin(set)).err).toMatch(/^set PLATFORM_APPS_SECRET_ARN\n/);
  const environment = { ...environmentHere(open), PLATFORM_APPS_SECRET_ARN: 'apps' };
  const run = (args: readonly string[], input = '') => runProgram('infra/tools/admin.ts', args, { environment, input });
  expect((await run(['platform-app', 'set', 'nowhere'])).err).toMatch(/^which platform\? .*threads/);
  expect((await run(['platform-app', 'set', 'mastodon', '--client-id', 'x'], 'hush')).err).toBe(
    'accounts of mastodon are connected without an app of ours\n',
  );
  expect((await run(set)).err).toMatch(/^say --client-id <id>, and give the secret on standard input/);
  expect((await run([...set, '--client-secret', 'x'])).err).toContain('--client-secret');
  expect((await run(['platform-app', 'set', 'threads'], 'hush')).code).toBe(1);
});

it('a command for keys says what to do where nothing answers', async () => {
  const environment = {
    ...environmentHere(open),
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    SIGNING_KEYS_SECRET_ARN: 'signing',
    VERIFICATION_KEYS_SECRET_ARN: 'verification',
  };
  const { code, err } = await runProgram('infra/tools/keys.ts', ['ensure'], { environment });
  expect([code, err]).toEqual([1, expect.stringContaining('start the host (npm start)')]);
});
