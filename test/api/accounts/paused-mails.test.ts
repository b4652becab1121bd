/** Who manages a project's accounts hears by mail that a quota pauses them, and that they publish again: once, and if still so. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { addMember, createProject, type Person, registerUser } from '../../support/people.ts';
import { connectCommunity } from '../../support/posts.ts';
import { openWorld, type World } from '../../support/world.ts';
import { type Staff, staffOf } from '../admin/staff.ts';

let world: World;
let staff: Staff;
let owner: Person;
beforeAll(async () => {
  world = await openWorld();
  staff = await staffOf(world);
});
beforeEach(async () => {
  owner = await registerUser(world, 'Paula Pause');
});
afterAll(() => world.close());

const PAUSED = 'Connected accounts are paused';
const RESUMED = 'Paused accounts publish again';
const mailsTo = (person: Person, about: string) => world.mails(person.email).filter(({ subject }) => subject === about);
const countsOf = (person: Person) => [mailsTo(person, PAUSED).length, mailsTo(person, RESUMED).length];

async function limit(path: string, accounts: number | null) {
  const json = accounts === null ? {} : { accounts };
  const answer = await world.call('PUT', `/v1/admin/${path}/quotas`, { token: staff.admin.token, json });
  expect(answer.status).toBe(200);
}
const limitOwner = (accounts: number | null) => limit(`users/${owner.id}`, accounts);

/** Several sweeps at once, so many minutes from now. */
async function sweepIn(minutes: number): Promise<void> {
  await world.moveClock(minutes * 60_000);
  await Promise.all([world.tick('sweep'), world.tick('sweep')]);
  await world.moveClock(0);
}

/** A project with an account of the person. */
async function projectOf(person: Person, name: string) {
  const { id } = await createProject(world, person, name);
  const { handle } = await connectCommunity(world, person, id);
  return { id, handle };
}

/** Accounts of other platforms, as a callback leaves them. */
async function connectOthers(projectId: string, person: Person, handles: readonly string[]) {
  for (const handle of handles)
    await world.sql(
      `insert into social_accounts (project_id, platform, platform_account_id, handle, base_url, connected_by)
       values ($1, 'mastodon', gen_random_uuid()::text, $2, 'https://social.example', $3)`,
      [projectId, handle, person.id],
    );
}

test('one mail to each who may disconnect accounts names all that are paused, the limit and what to do; another says that they publish again', async () => {
  const { id, handle } = await projectOf(owner, 'Engines <&>');
  await connectOthers(id, owner, ['second@social.example', 'third@social.example']);
  const roles = ['editor', 'approver', 'reviewer', 'viewer'] as const;
  const members = await Promise.all(roles.map((role) => registerUser(world, `Max ${role}`)));
  for (const [n, member] of members.entries()) await addMember(world, id, member, roles[n] ?? '');
  await limit(`projects/${id}`, 1);
  await sweepIn(1);
  expect(countsOf(owner)).toEqual([0, 0]);
  await sweepIn(3);
  await sweepIn(4);
  expect(countsOf(owner)).toEqual([1, 0]);
  expect(members.map(countsOf)).toEqual([[1, 0], ...[1, 2, 3].map(() => [0, 0])]);
  const [mail] = mailsTo(owner, PAUSED);
  expect(mail?.text).toContain('Hello Paula Pause,');
  for (const paused of ['second@social.example', 'third@social.example'])
    expect(mail?.text).toContain(`mastodon (${paused}) in the project “Engines <&>”: the project may have 1 account\n`);
  expect(mail?.text).not.toContain(handle);
  expect(mail?.text).toContain('Nothing was deleted');
  expect(mail?.text).toContain('posts that are scheduled there wait');
  expect(mail?.text).toContain('Disconnect an account that is not needed');
  expect(mail?.html).toContain('mastodon (second@social.example) in the project “Engines &lt;&amp;&gt;”');

  await limit(`projects/${id}`, 2);
  await sweepIn(7);
  await sweepIn(8);
  expect(countsOf(owner)).toEqual([1, 1]);
  expect(members.map(countsOf)).toEqual([[1, 1], ...[1, 2, 3].map(() => [0, 0])]);
  const [again] = mailsTo(owner, RESUMED);
  expect(again?.text).toContain('mastodon (second@social.example)');
  expect(again?.text).not.toContain('third@social.example');
});

test('a person’s limit pauses in several projects: one mail, and whoever shares a project is not told the number', async () => {
  await projectOf(owner, 'First');
  const second = await projectOf(owner, 'Second');
  const third = await projectOf(owner, 'Third');
  const editor = await registerUser(world, 'Eddie Editor');
  await addMember(world, third.id, editor, 'editor');
  await limitOwner(1);
  await sweepIn(3);
  const own = 'you may connect 1 account, in all projects together';
  expect(mailsTo(owner, PAUSED).map(({ text }) => text)).toEqual([
    expect.stringMatching(
      new RegExp(
        `\\(${second.handle}\\) in the project “Second”: ${own}\\s.*\\(${third.handle}\\).*“Third”: ${own}`,
        's',
      ),
    ),
  ]);
  const [theirs] = mailsTo(editor, PAUSED);
  expect(theirs?.text).toContain('“Third”: the member who connected it has connected as many as they may');
  expect(theirs?.text).not.toMatch(/Second|1 account/);
});

test('whoever does not want such mails, is deactivated or never proved the address gets none', async () => {
  const { id } = await projectOf(owner, 'Quiet');
  const [deactivated, unproven] = [await registerUser(world, 'Dana Gone'), await registerUser(world, 'Una Unproven')];
  for (const other of [deactivated, unproven]) await addMember(world, id, other, 'owner');
  await world.sql("update users set status = 'deactivated' where id = $1", [deactivated.id]);
  await world.sql('update users set email_verified_at = null where id = $1', [unproven.id]);
  const json = { emailNotifications: false };
  expect((await world.call('PATCH', '/v1/me/preferences', { token: owner.token, json })).status).toBe(200);
  await limit(`projects/${id}`, 0);
  await sweepIn(3);
  expect([owner, deactivated, unproven].map(countsOf)).toEqual([
    [0, 0],
    [0, 0],
    [0, 0],
  ]);
});

test('what is over again within two minutes is not told, and neither is what happened in between', async () => {
  await projectOf(owner, 'Flapping');
  await limitOwner(0);
  await limitOwner(null);
  await sweepIn(3);
  expect(countsOf(owner)).toEqual([0, 0]);
  for (const most of [0, null, 0, null, 0]) await limitOwner(most);
  await sweepIn(3);
  await sweepIn(4);
  expect(countsOf(owner)).toEqual([1, 0]);
  // Hours later, too: they know that it is paused.
  for (const most of [null, 0]) await limitOwner(most);
  await sweepIn(200);
  await sweepIn(300);
  expect(countsOf(owner)).toEqual([1, 0]);
});

test('however often it goes to and fro: one mail of a kind an hour and project, and at its end what is so then', async () => {
  const restless = await projectOf(owner, 'To and fro');
  const other = await projectOf(owner, 'Another');
  const pauseIn = (minutes: number) => limit(`projects/${restless.id}`, 0).then(() => sweepIn(minutes));
  const resumeIn = (minutes: number) => limit(`projects/${restless.id}`, null).then(() => sweepIn(minutes));
  await pauseIn(3);
  await resumeIn(6);
  expect(countsOf(owner)).toEqual([1, 1]);
  await pauseIn(9);
  await resumeIn(12);
  await pauseIn(15);
  expect(countsOf(owner)).toEqual([1, 1]);
  await limit(`projects/${other.id}`, 0);
  await sweepIn(18);
  expect(countsOf(owner)).toEqual([2, 1]);
  expect(mailsTo(owner, PAUSED)[0]?.text).toContain('“Another”');
  expect(mailsTo(owner, PAUSED)[0]?.text).not.toContain('“To and fro”');
  await sweepIn(62);
  expect(countsOf(owner)).toEqual([2, 1]);
  await sweepIn(64);
  await sweepIn(65);
  expect(countsOf(owner)).toEqual([3, 1]);
  expect(mailsTo(owner, PAUSED)[0]?.text).toContain('“To and fro”');
});

test('an account that was disconnected meanwhile, or must be connected anew, does not publish again', async () => {
  const { id } = await projectOf(owner, 'Leaving');
  await connectOthers(id, owner, ['expired@social.example', 'fine@social.example']);
  await limitOwner(0);
  await sweepIn(3);
  expect(countsOf(owner)).toEqual([1, 0]);
  await world.sql(
    "update social_accounts set status = 'reauthorization_needed' where project_id = $1 and handle like 'expired@%'",
    [id],
  );
  await world.sql(
    "update social_accounts set status = 'disconnected', disconnected_at = app.now() where project_id = $1 and platform = 'community'",
    [id],
  );
  await limitOwner(null);
  await sweepIn(6);
  const [mail, ...more] = mailsTo(owner, RESUMED);
  expect(more).toEqual([]);
  expect(mail?.text).toContain('fine@social.example');
  expect(mail?.text).not.toMatch(/expired@|community/);
});

test('a mail that could not leave leaves later, once; of hundreds of accounts it names fifty and counts the others', async () => {
  const { id } = await projectOf(owner, 'Crowded');
  await connectOthers(
    id,
    owner,
    Array.from({ length: 60 }, (_, n) => `a${n + 1}@social.example`),
  );
  await limit(`projects/${id}`, 1);
  world.faults.arm({ point: 'ses:SendEmail:before', action: 'error', error: 'TooManyRequestsException' });
  await sweepIn(3);
  expect(countsOf(owner)).toEqual([0, 0]);
  await sweepIn(10);
  await sweepIn(12);
  expect(countsOf(owner)).toEqual([1, 0]);
  const text = mailsTo(owner, PAUSED)[0]?.text ?? '';
  expect(text.match(/^mastodon/gm)).toHaveLength(50);
  expect(text).toContain('a50@social.example');
  expect(text).toContain('… and 10 more.');
});

test('mails that wait leave first', async () => {
  await projectOf(owner, 'Behind');
  await limitOwner(0);
  await world.sql(
    `insert into outbox_events (kind, payload)
     select 'mail', jsonb_build_object('template', 'already-registered', 'to', 'crowd@example.com') from generate_series(1, 120)`,
  );
  const waiting = async () =>
    (await world.sql("select from outbox_events where payload ->> 'to' = 'crowd@example.com'")).length;
  await sweepIn(3);
  expect([await waiting(), countsOf(owner)]).toEqual([20, [0, 0]]);
  await sweepIn(4);
  expect([await waiting(), countsOf(owner)]).toEqual([0, [1, 0]]);
});

test('hundreds of accounts of a hundred people among thousands are told in a moment, and hold up no other mail', async () => {
  const { id } = await projectOf(owner, 'Vast');
  await world.sql(
    `with crowd as (insert into users (email, display_name, email_verified_at)
       select 'vast' || n || '@example.com', 'Vera Vast', app.now() from generate_series(1, 3000) n returning id, email),
     members as (insert into project_collaborators (project_id, user_id, role)
       select $1, id, 'editor' from crowd where email like 'vast__@%' returning user_id)
     insert into social_accounts (project_id, platform, platform_account_id, handle, base_url, connected_by)
     select $1, 'mastodon', n::text, 'v' || n || '@social.example', 'https://social.example', $2 from generate_series(1, 600) n`,
    [id, owner.id],
  );
  await limit(`projects/${id}`, 1);
  const beganAt = performance.now();
  await sweepIn(3);
  expect(performance.now() - beganAt).toBeLessThan(30_000);
  const vast = async () =>
    (
      await world.sql(
        "select payload ->> 'others' as others from outbox_events where kind = 'mail' and payload ->> 'to' like 'vast%'",
      )
    ).map(({ others }) => others);
  const waiting = await vast();
  expect(waiting.length).toBeGreaterThan(0);
  expect(new Set(waiting)).toEqual(new Set(['550']));
  await world.moveClock(3.5 * 60_000);
  await world.sql(
    `insert into outbox_events (kind, payload) values ('mail', '{"template": "already-registered", "to": "later@example.com"}')`,
  );
  await world.moveClock(4 * 60_000);
  await world.tick('sweep');
  expect(world.mails('later@example.com')).toHaveLength(1);
  for (let minutes = 5; (await vast()).length > 0 && minutes < 15; minutes += 1) await sweepIn(minutes);
  await world.moveClock(0);
  expect(world.mails('vast10@example.com')).toHaveLength(1);
  expect(countsOf(owner)).toEqual([1, 0]);
});

test('no mail, log or entry of the audit names somebody else’s address, and what waits for whoever is erased goes with them', async () => {
  const { id } = await projectOf(owner, 'Erased');
  const editor = await registerUser(world, 'Eve Editor');
  await addMember(world, id, editor, 'editor');
  await limitOwner(0);
  world.faults.arm({ point: 'ses:SendEmail:before', action: 'error', error: 'TooManyRequestsException', times: 4 });
  await sweepIn(3);
  world.faults.clear();
  const waiting = async () => {
    const rows = await world.sql(
      "select payload::text as mail from outbox_events where payload ->> 'template' like 'accounts-%'",
    );
    return rows.map(({ mail }) => String(mail));
  };
  const mails = await waiting();
  expect(mails).toHaveLength(2);
  expect(mails.filter((mail) => mail.includes(owner.email))).toHaveLength(1);
  expect(mails.filter((mail) => mail.includes(editor.email))).toHaveLength(1);
  const audit = await world.sql('select to_jsonb(l)::text as entry from audit_log l where project_id = $1', [id]);
  const written = JSON.stringify(audit) + world.logs.join('\n');
  for (const { email } of [owner, editor]) expect(written).not.toContain(email);
  await world.sql('update users set deletion_requested_at = app.now() where id = $1', [editor.id]);
  expect(await world.sql('select outcome from app.erase_user($1)', [editor.id])).toEqual([{ outcome: 'ok' }]);
  expect(await waiting()).toEqual(mails.filter((mail) => mail.includes(owner.email)));
});
