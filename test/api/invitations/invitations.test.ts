import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Tokens } from '../../../shared/auth/shapes.ts';
import { hashToken } from '../../../shared/auth/tokens.ts';
import { Invitation, Membership, OpenInvitation } from '../../../shared/invitations/shapes.ts';
import { Member } from '../../../shared/members/shapes.ts';
import { pageOf } from '../../../shared/paging/rules.ts';
import {
  addMember,
  type Cast,
  castOf,
  createProject,
  type Person,
  password,
  registerUser,
  sharedProject,
} from '../../support/people.ts';
import { invitedToken } from '../../support/samples/invitations.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let cast: Cast;
/** Somebody who is invited, and has an account. */
let guest: Person;
let projectId: string;
beforeAll(async () => {
  world = await openWorld();
  cast = await castOf(world);
});
beforeEach(async () => {
  projectId = (await createProject(world, cast.owner, `Spring ${crypto.randomUUID()}`)).id;
  guest = await registerUser(world, 'Gus Guest');
});
afterAll(() => world.close());

const path = () => `/v1/projects/${projectId}/invitations`;
const invite = (email: string, json: object = {}, person = cast.owner) =>
  world.call('POST', path(), { token: person.token, json: { email, role: 'editor', ...json } });
const list = (query = '', person = cast.owner) => world.call('GET', path() + query, { token: person.token });
const get = (id: string, person = cast.owner) => world.call('GET', `${path()}/${id}`, { token: person.token });
const resend = (id: string, person = cast.owner) =>
  world.call('POST', `${path()}/${id}/resend`, { token: person.token });
const revoke = (id: string, person = cast.owner) => world.call('DELETE', `${path()}/${id}`, { token: person.token });
const read = (token: string) => world.call('GET', `/v1/invitations/by-token/${token}`);
const accept = ({ token: session }: Person, token: string) =>
  world.call('POST', '/v1/invitations/accept', { token: session, json: { token } });
const decline = (token: string) => world.call('POST', '/v1/invitations/decline', { json: { token } });
const page = pageOf(Invitation);
const stateOf = async (id: string) => (await get(id)).json(Invitation).state;

async function invited(email = guest.email, json: object = {}) {
  const answer = await invite(email, json);
  expect(answer.status).toBe(201);
  return { ...answer.json(Invitation), token: invitedToken(world, email) };
}

async function membership(person: Person) {
  const answer = await world.call('GET', `/v1/projects/${projectId}/members/${person.id}`, { token: cast.owner.token });
  return answer.status === 200 ? answer.json(Member) : null;
}

/** As if the mail had been sent so long ago. */
const age = (id: string, by: string) =>
  world.sql(
    `update project_invitations set last_sent_at = last_sent_at - $2::interval, expires_at = expires_at - $2::interval where id = $1`,
    [id, by],
  );

describe('an owner invites', () => {
  test('by a mail that says who, whereto and as what, and holds the link', async () => {
    const answer = await invite(`  ${guest.email.toUpperCase()} `, { permissions: ['approve'] });
    const made = answer.json(Invitation);
    expect(made).toMatchObject({
      projectId,
      email: guest.email,
      role: 'editor',
      permissions: ['approve'],
      state: 'open',
      invitedBy: cast.owner.id,
      acceptedBy: null,
      sentCount: 1,
    });
    expect((await get(made.id)).json(Invitation)).toEqual(made);
    const [mail] = world.mails(guest.email);
    expect(mail?.subject).toBe('You are invited to a project');
    for (const word of ['Olivia Owner', 'Spring', 'editor']) expect(mail?.text).toContain(word);
    const token = invitedToken(world, guest.email);
    // The link is in the mail alone: only its hash is kept, and nobody is shown it.
    expect(answer.text + (await list()).text).not.toContain(token);
    const [row] = await world.sql('select * from project_invitations where id = $1', [made.id]);
    expect(row?.token_hash).toBe(hashToken(token));
    const outbox = await world.sql('select payload from outbox_events where project_id = $1', [projectId]);
    expect(outbox).toEqual([{ payload: {} }]);
  });

  test('a member: no, and no second time while the first is open', async () => {
    await addMember(world, projectId, cast.viewer, 'viewer');
    const member = await invite(cast.viewer.email);
    expect([member.status, member.code]).toEqual([409, 'already_member']);
    const { id } = await invited();
    const twice = await invite(guest.email, { role: 'viewer' });
    expect([twice.status, twice.code]).toEqual([409, 'already_invited']);
    await revoke(id);
    expect((await invite(guest.email)).status).toBe(201);
  });

  test('again, whoever did not answer in time', async () => {
    const { id } = await invited();
    await age(id, '8 days');
    expect(await stateOf(id)).toBe('expired');
    const again = await invited();
    expect(await stateOf(id)).toBe('revoked');
    expect(await stateOf(again.id)).toBe('open');
  });

  test('one address once, of 10 requests at once', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => invite(guest.email)));
    const codes = answers.map(({ status, code }) => code ?? status).toSorted();
    expect(codes).toEqual([201, ...Array.from({ length: 9 }, () => 'already_invited')]);
    expect(world.mails(guest.email).filter(({ subject }) => subject.includes('invited'))).toHaveLength(1);
  });

  test('once with one Idempotency-Key, by one mail', async () => {
    const json = { email: guest.email, role: 'viewer' };
    const send = () => world.call('POST', path(), { token: cast.owner.token, json, idempotencyKey: guest.id });
    const [first, second] = [await send(), await send()];
    expect(second.text).toBe(first.text);
    expect(world.mails(guest.email).filter(({ subject }) => subject.includes('invited'))).toHaveLength(1);
    expect((await read(invitedToken(world, guest.email))).status).toBe(200);
  });

  test('at most a hundred who have not answered', async () => {
    await world.sql(
      `insert into project_invitations (project_id, email, role, token_hash)
       select $1, 'p' || n || '@example.com', 'viewer', gen_random_uuid() from generate_series(1, 100) n`,
      [projectId],
    );
    const answer = await invite(guest.email);
    expect([answer.status, answer.code]).toEqual([409, 'limit_reached']);
    await world.sql('update project_invitations set declined_at = now() where project_id = $1', [projectId]);
    expect((await invite(guest.email)).status).toBe(201);
  });

  test('nobody by what is no address and no role', async () => {
    const answer = await invite('nobody', { role: 'king', permissions: ['manage'], projectId });
    expect([answer.status, answer.pointers.toSorted()]).toEqual([
      422,
      ['/body/email', '/body/permissions/0', '/body/projectId', '/body/role'],
    ]);
  });

  test('and names in the mail are names, whatever somebody calls themselves', async () => {
    const evil = 'Win at https://evil.example.com\r\nBcc: all@example.com\n<a href="https://evil.example">now</a>';
    await world.sql('update users set display_name = $2 where id = $1', [cast.owner.id, evil.slice(0, 250)]);
    await world.sql('update projects set name = $2 where id = $1', [projectId, `${'x'.repeat(200)} evil.com`]);
    await invited();
    await world.sql('update users set display_name = $2 where id = $1', [cast.owner.id, cast.owner.displayName]);
    const [mail] = world.mails(guest.email);
    expect(mail?.subject).toBe('You are invited to a project');
    const links = [...(mail?.text ?? '').matchAll(/https?:\/\/[^\s]+/g)].map(([link]) => link);
    expect(links).toEqual([`${world.origin}/invitations/${invitedToken(world, guest.email)}`]);
    expect(mail?.text).not.toMatch(/^Bcc/m);
    expect(mail?.text).not.toMatch(/evil\.\S/);
    expect(mail?.html).not.toMatch(/href="https:\/\/evil/);
  });
});

describe.each(['editor', 'approver', 'reviewer', 'viewer'])('a member who is %s', (role) => {
  test('invites nobody and sees no invitation', async () => {
    projectId = (await sharedProject(world, cast, role)).id;
    const { id } = await invited();
    const { viewer } = cast;
    const answers = [
      await invite('x@example.com', {}, viewer),
      await list('', viewer),
      await get(id, viewer),
      await resend(id, viewer),
      await revoke(id, viewer),
    ];
    expect(answers.map(({ status, code }) => [status, code])).toEqual(answers.map(() => [403, 'forbidden']));
    expect(await stateOf(id)).toBe('open');
  });
});

test('a stranger is told of nothing', async () => {
  const { id } = await invited();
  const { stranger } = cast;
  const answers = [
    await invite('x@example.com', {}, stranger),
    await list('', stranger),
    await get(id, stranger),
    await resend(id, stranger),
    await revoke(id, stranger),
  ];
  expect(answers.map(({ status, code }) => [status, code])).toEqual(answers.map(() => [404, 'not_found']));
  // Nor does the owner of another project reach it through theirs.
  projectId = (await createProject(world, cast.owner)).id;
  expect((await get(id)).code).toBe('not_found');
  expect((await revoke(id)).code).toBe('not_found');
  expect((await resend(id)).code).toBe('not_found');
});

test('the list pages, newest first, and shows those in one state alone', async () => {
  expect((await list()).json(page)).toEqual({ data: [], nextCursor: null });
  const made = [];
  for (const name of ['a', 'b', 'c']) made.push(await invited(`${name}.${projectId}@example.com`));
  await revoke(made[1]?.id ?? '');
  const first = (await list('?limit=2')).json(page);
  const second = (await list(`?limit=2&cursor=${first.nextCursor}`)).json(page);
  expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(made.map(({ id }) => id).toReversed());
  const open = (await list('?state=open')).json(page).data;
  expect(open.map(({ id, state }) => [id, state])).toEqual([
    [made[2]?.id, 'open'],
    [made[0]?.id, 'open'],
  ]);
  expect((await list('?state=lost')).pointers).toEqual(['/query/state']);
});

describe('who holds the link', () => {
  test('reads what the mail said, and no address; reading changes nothing', async () => {
    const { token, expiresAt } = await invited();
    const answer = await read(token);
    expect(answer.json(OpenInvitation)).toEqual({
      projectName: expect.stringMatching(/^Spring /),
      inviter: 'Olivia Owner',
      role: 'editor',
      permissions: [],
      expiresAt,
    });
    expect(answer.text).not.toContain('@');
    expect((await read(token)).status).toBe(200);
  });

  test('sees a page that says so and does nothing by being opened', async () => {
    await world.sql(`update projects set name = '<script>alert(1)</script>' where id = $1`, [projectId]);
    const { id, token } = await invited();
    const shown = await world.call('GET', `/invitations/${token}`);
    expect(shown.headers.get('content-type')).toContain('text/html');
    expect(shown.text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(shown.text).toContain('Olivia Owner invites you');
    expect(shown.text).not.toContain(guest.email);
    expect(shown.headers.get('content-security-policy')).toMatch(/default-src 'none'.*script-src 'sha256-/);
    expect(shown.headers.get('referrer-policy')).toBe('no-referrer');
    expect(await stateOf(id)).toBe('open');
    await revoke(id);
    const gone = await world.call('GET', `/invitations/${token}`);
    expect(gone.text).toContain('good no more');
    expect(gone.text).not.toContain('alert(1)');
  });

  test('declines without an account, once and again', async () => {
    const { id, token } = await invited();
    expect((await decline(token)).status).toBe(200);
    expect((await decline(token)).status).toBe(200);
    expect(await stateOf(id)).toBe('declined');
    expect((await accept(guest, token)).code).toBe('invalid_token');
    expect((await read(token)).code).toBe('not_found');
    const answered = await revoke(id);
    expect([answered.status, answered.code]).toEqual([409, 'wrong_state']);
    // Asked once more, they may say yes.
    expect((await invite(guest.email)).status).toBe(201);
  });
});

describe('who was invited', () => {
  test('accepts and belongs to it, as what was offered', async () => {
    const { id, token } = await invited(guest.email, { role: 'approver', permissions: ['write'] });
    expect((await accept(guest, token)).json(Membership)).toEqual({ projectId, role: 'approver' });
    expect(await membership(guest)).toMatchObject({ role: 'approver', permissions: ['write'] });
    expect((await get(id)).json(Invitation)).toMatchObject({ state: 'accepted', acceptedBy: guest.id });
    // The second click is answered alike; as soon as they left, the link is used up.
    expect((await accept(guest, token)).json(Membership)).toEqual({ projectId, role: 'approver' });
    await world.call('POST', `/v1/projects/${projectId}/leave`, { token: guest.token });
    const used = await accept(guest, token);
    expect([used.status, used.code]).toEqual([400, 'invalid_token']);
    expect((await decline(token)).code).toBe('invalid_token');
  });

  test('becomes one member by ten clicks at once', async () => {
    const { token } = await invited();
    const answers = await Promise.all(Array.from({ length: 10 }, () => accept(guest, token)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const text = `select new_values ->> 'user_id' as user_id from audit_log
      where table_name = 'project_collaborators' and operation = 'insert' and project_id = $1`;
    const joined = await world.sql(text, [projectId]);
    expect(joined.filter(({ user_id }) => user_id === guest.id)).toHaveLength(1);
  });

  test('is the only one who may: another is refused, and not told whose it is', async () => {
    const { token } = await invited();
    const answer = await accept(cast.stranger, token);
    expect([answer.status, answer.code]).toEqual([403, 'invitation_of_another']);
    expect(answer.text).not.toContain(guest.email);
    expect(answer.text).not.toContain('@');
    expect(await membership(cast.stranger)).toBe(null);
    expect((await accept(guest, token)).status).toBe(200);
  });

  test('and a member already stays what they are', async () => {
    const { token } = await invited(guest.email, { role: 'viewer' });
    await addMember(world, projectId, guest, 'editor');
    expect((await accept(guest, token)).json(Membership).role).toBe('editor');
  });

  test('comes too late when it expired, was revoked, or its project is gone', async () => {
    const expired = await invited();
    await age(expired.id, '8 days');
    for (const answer of [await accept(guest, expired.token), await decline(expired.token)]) {
      expect([answer.status, answer.code]).toEqual([400, 'invalid_token']);
    }
    expect((await read(expired.token)).code).toBe('not_found');
    const revoked = await invited();
    expect((await revoke(revoked.id)).status).toBe(204);
    expect((await revoke(revoked.id)).status).toBe(204);
    expect((await accept(guest, revoked.token)).code).toBe('invalid_token');
    const lost = await invited();
    expect((await world.call('DELETE', `/v1/projects/${projectId}`, { token: cast.owner.token })).status).toBe(204);
    expect((await accept(guest, lost.token)).code).toBe('invalid_token');
    expect((await read(lost.token)).code).toBe('not_found');
    expect((await accept(guest, 'no-token')).code).toBe('invalid_token');
  });
});

describe('who has no account yet', () => {
  const newcomer = () => `new.${crypto.randomUUID()}@example.com`;
  const register = (email: string, invitationToken: string) =>
    world.call('POST', '/v1/auth/register', { json: { email, password, displayName: 'Nia New', invitationToken } });
  const logIn = (email: string) => world.call('POST', '/v1/auth/login', { json: { email, password } });

  test('registers by the invitation, and is in without another mail', async () => {
    const email = newcomer();
    const { id, token } = await invited(email);
    const registered = await register(email, token);
    expect([registered.status, registered.text]).toEqual([202, '{"status":"verification_sent"}']);
    expect(world.mails(email).map(({ subject }) => subject)).toEqual(['You are invited to a project']);
    const { accessToken } = (await logIn(email)).json(Tokens);
    const accepted = await world.call('POST', '/v1/invitations/accept', { token: accessToken, json: { token } });
    expect(accepted.json(Membership)).toEqual({ projectId, role: 'editor' });
    expect(await stateOf(id)).toBe('accepted');
    // Nor does the sweeper send what is not needed.
    const waiting = `select from outbox_events where payload ->> 'to' = $1`;
    expect(await world.sql(waiting, [email])).toEqual([]);
  });

  test('proves nothing by an invitation of another address, or one that is over', async () => {
    const { id, token } = await invited();
    const other = newcomer();
    await register(other, token);
    expect((await logIn(other)).code).toBe('invalid_credentials');
    expect(world.mails(other)[0]?.subject).toBe('Verify your e-mail address');
    expect(await stateOf(id)).toBe('open');
    const late = newcomer();
    const revoked = await invited(late);
    await revoke(revoked.id);
    await register(late, revoked.token);
    expect((await logIn(late)).code).toBe('invalid_credentials');
  });

  test('does not change the password of who has one', async () => {
    const { token } = await invited();
    const json = { email: guest.email, password: 'a password of mine 77', displayName: 'X', invitationToken: token };
    expect((await world.call('POST', '/v1/auth/register', { json })).status).toBe(202);
    expect((await logIn(guest.email)).status).toBe(200);
  });

  test('comes in by it where registration is by invitation only, but not once it was declined', async () => {
    await world.sql(`update installation_settings set registration = 'invite_only'`);
    const may = async (email: string, token: string) =>
      (await world.sql('select app.may_register($1, $2) as may', [email, hashToken(token)]))[0]?.may;
    const { email, token } = await invited(newcomer());
    expect(await may(email, token)).toBe(true);
    expect(await may(newcomer(), token)).toBe(false);
    await decline(token);
    expect(await may(email, token)).toBe(false);
    await world.sql(`update installation_settings set registration = 'open'`);
  });
});

describe('an invitation sent again', () => {
  test('has a new link, and the old one is good no more', async () => {
    const { id, token } = await invited();
    await age(id, '2 minutes');
    expect((await resend(id)).status).toBe(200);
    const fresh = invitedToken(world, guest.email);
    expect(fresh).not.toBe(token);
    expect((await accept(guest, token)).code).toBe('invalid_token');
    expect((await get(id)).json(Invitation)).toMatchObject({ state: 'open', sentCount: 2 });
    expect((await accept(guest, fresh)).status).toBe(200);
    const answered = await resend(id);
    expect([answered.status, answered.code]).toEqual([409, 'wrong_state']);
  });

  test('waits longer each time, and says how long', async () => {
    const { id } = await invited();
    const soon = await resend(id);
    expect([soon.status, soon.code]).toEqual([429, 'too_many_requests']);
    expect(Number(soon.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(Number(soon.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    await age(id, '1 minute');
    expect((await resend(id)).status).toBe(200);
    await age(id, '1 minute');
    expect((await resend(id)).code).toBe('too_many_requests');
    await age(id, '3 minutes');
    expect((await resend(id)).status).toBe(200);
  });

  test('comes to life again after it expired', async () => {
    const { id } = await invited();
    await age(id, '8 days');
    expect((await resend(id)).status).toBe(200);
    expect(await stateOf(id)).toBe('open');
    expect((await accept(guest, invitedToken(world, guest.email))).status).toBe(200);
  });

  test('not to who became a member meanwhile', async () => {
    const { id } = await invited();
    await age(id, '1 day');
    await addMember(world, projectId, guest, 'viewer');
    const answer = await resend(id);
    expect([answer.status, answer.code]).toEqual([409, 'already_member']);
  });
});

test('the invitations of who is sent away end; who is owner no more makes nobody owner', async () => {
  const [away, down] = [await registerUser(world, 'Away Owner'), await registerUser(world, 'Down Owner')];
  for (const person of [away, down]) await addMember(world, projectId, person, 'owner');
  const asked = async (person: Person, role: string) => {
    const answer = await invite(`${role}.${person.id}@example.com`, { role }, person);
    return answer.json(Invitation).id;
  };
  const ofAway = await asked(away, 'viewer');
  const [ownerByDown, viewerByDown] = [await asked(down, 'owner'), await asked(down, 'viewer')];
  const members = `/v1/projects/${projectId}/members`;
  await world.call('DELETE', `${members}/${away.id}`, { token: cast.owner.token });
  await world.call('PATCH', `${members}/${down.id}`, { token: cast.owner.token, json: { role: 'viewer' } });
  const states = [await stateOf(ofAway), await stateOf(ownerByDown), await stateOf(viewerByDown)];
  expect(states).toEqual(['revoked', 'revoked', 'open']);
});

test('no door fell over on the way', () => {
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
