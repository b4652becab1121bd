import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hashToken } from '../../../shared/auth/tokens.ts';
import { createProject, mailedToken, password, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const register = (json: unknown, idempotencyKey?: string) =>
  world.call('POST', '/v1/auth/register', { json, ...(idempotencyKey !== undefined && { idempotencyKey }) });
const usersWith = async (email: string) =>
  (await world.sql('select display_name, email_verified_at from users where email = $1', [email])) ?? [];

describe('register', () => {
  test('sends a mail with a link that verifies the address', async () => {
    const answer = await register({ email: '  Grace@Example.COM ', password, displayName: 'Grace <b>Hopper</b>' });
    expect(answer.status).toBe(202);
    expect(answer.text).toBe('{"status":"verification_sent"}');
    const [mail] = world.mails('grace@example.com');
    expect(mail?.subject).toBe('Verify your e-mail address');
    expect(mail?.text).toContain(`${world.origin}/verify-email/${mailedToken(world, 'grace@example.com')}\n`);
    expect(mail?.html).toContain('Grace &lt;b&gt;Hopper&lt;/b&gt;');
    expect(await usersWith('grace@example.com')).toMatchObject([{ email_verified_at: null }]);
  });

  test('leaves neither token nor mail text behind once the mail is sent', async () => {
    await register({ email: 'clean@example.com', password, displayName: 'Clean' }, 'clean-1');
    const token = mailedToken(world, 'clean@example.com');
    const rows = await world.sql(
      `select payload, dispatched_at is not null as sent from outbox_events where kind = 'mail'`,
    );
    expect(rows.every(({ payload, sent }) => sent === true && JSON.stringify(payload) === '{}')).toBe(true);
    const kept = await world.sql('select answer::text, body_hash from idempotency_keys');
    expect(JSON.stringify(kept)).not.toContain(token);
    expect(world.logs.join('\n')).not.toContain(token);
    expect(world.logs.join('\n')).not.toContain(password);
  });

  test('answers a known address alike, changes nothing and tells its owner by mail', async () => {
    const person = await registerUser(world, 'Known Person');
    const answer = await register({ email: person.email, password: 'another password', displayName: 'Impostor' });
    expect(answer.status).toBe(202);
    expect(answer.text).toBe('{"status":"verification_sent"}');
    expect(world.mails(person.email)[0]?.subject).toBe('You are already registered');
    expect(await usersWith(person.email)).toMatchObject([{ display_name: 'Known Person' }]);
    const login = await world.call('POST', '/v1/auth/login', { json: { email: person.email, password } });
    expect(login.status).toBe(200);
  });

  test('a user name is given with the verification, in one written form', async () => {
    await register({ email: 'named@example.com', password, displayName: 'Named', username: ' Ｎamed.One ' });
    const nameOf = async () => (await world.sql(`select username from users where email = 'named@example.com'`))[0];
    expect(await nameOf()).toEqual({ username: null });
    const json = { token: mailedToken(world, 'named@example.com') };
    expect((await world.call('POST', '/v1/auth/verify-email', { json })).status).toBe(200);
    expect(await nameOf()).toEqual({ username: 'named.one' });
  });

  test.each(['NAMED.ONE', 'narned.one', 'named.0ne'])(
    'refuses the user name %s, which looks like one that somebody has',
    async (username) => {
      const answer = await register({ email: 'lookalike@example.com', password, displayName: 'Alike', username });
      expect([answer.status, answer.code]).toEqual([409, 'username_taken']);
      expect(await usersWith('lookalike@example.com')).toEqual([]);
    },
  );

  test('refuses a user name in two scripts, or one that pretends to be us', async () => {
    for (const username of ['nаmed.two', 'supp0rt', 'ab']) {
      const answer = await register({ email: 'names@example.com', password, displayName: 'Names', username });
      expect([answer.status, answer.pointers]).toEqual([422, ['/body/username']]);
    }
  });

  test('a wished name tells nothing about an address, and who verifies first has it', async () => {
    const person = await registerUser(world, 'Known Again');
    const wish = (email: string) => register({ email, password, displayName: 'Wish', username: 'wished.for' });
    expect((await wish(person.email)).status).toBe(202);
    for (const email of ['wish.one@example.com', 'wish.two@example.com']) expect((await wish(email)).status).toBe(202);
    for (const email of ['wish.two@example.com', 'wish.one@example.com']) {
      const json = { token: mailedToken(world, email) };
      expect((await world.call('POST', '/v1/auth/verify-email', { json })).status).toBe(200);
    }
    const rows = await world.sql(`select email, username from users where email like 'wish.%' order by email`);
    expect(rows.map(({ username }) => username)).toEqual([null, 'wished.for']);
  });

  test('where nobody may register, or only who is invited, the answer says so, whoever asks', async () => {
    const person = await registerUser(world, 'Early Person');
    const set = (registration: string) =>
      world.sql('update installation_settings set registration = $1', [registration]);
    const json = { password, displayName: 'Late' };
    await set('closed');
    for (const email of ['late@example.com', person.email]) {
      const answer = await register({ email, ...json });
      expect([answer.status, answer.code]).toEqual([403, 'registration_closed']);
    }
    await set('invite_only');
    for (const invitationToken of [undefined, 'x'.repeat(43)]) {
      const answer = await register({ email: 'late@example.com', ...json, invitationToken });
      expect([answer.status, answer.code]).toEqual([403, 'invitation_needed']);
    }
    const project = await createProject(world, person);
    await world.sql(
      `insert into project_invitations (project_id, email, token_hash, role, created_by) values ($1, 'late@example.com', $2, 'editor', $3)`,
      [project.id, hashToken('i'.repeat(43)), person.id],
    );
    const stranger = await register({ email: 'other@example.com', ...json, invitationToken: 'i'.repeat(43) });
    expect(stranger.code).toBe('invitation_needed');
    expect((await register({ email: 'late@example.com', ...json, invitationToken: 'i'.repeat(43) })).status).toBe(202);
    await set('open');
  });

  test('names every field that is wrong at once', async () => {
    const answer = await register({ email: 'nobody', password: 'short', displayName: ' ', admin: true });
    expect([answer.status, answer.code]).toEqual([422, 'invalid_request']);
    expect(answer.pointers.toSorted()).toEqual(['/body/admin', '/body/displayName', '/body/email', '/body/password']);
  });

  test.each(['password123', 'Grace Hopper 1906', 'posthaste!'])(
    'refuses the password %s, which others would guess, and sends nothing',
    async (guessed) => {
      const json = { email: 'guessed@example.com', password: guessed, displayName: 'Grace Hopper' };
      const answer = await register(json);
      expect([answer.status, answer.code, answer.pointers]).toEqual([422, 'password_too_common', ['/body/password']]);
      expect(world.mails('guessed@example.com')).toEqual([]);
      expect(answer.text).not.toContain(guessed);
    },
  );

  test('an address in capitals or in another script is one address', async () => {
    await register({ email: 'Grace@Bücher.Example', password, displayName: 'Grace' });
    expect(await usersWith('grace@xn--bcher-kva.example')).toHaveLength(1);
    const own = mailedToken(world, 'grace@xn--bcher-kva.example');
    await register({ email: 'grace@XN--bcher-kva.example', password, displayName: 'Impostor' });
    expect(await usersWith('grace@xn--bcher-kva.example')).toHaveLength(1);
    // Whose of the two it is says the link that is used, not who came last.
    await world.call('POST', '/v1/auth/verify-email', { json: { token: own } });
    expect(await usersWith('grace@xn--bcher-kva.example')).toMatchObject([{ display_name: 'Grace' }]);
  });

  test.each(['Ada\r\nBcc: all@example.com', 'Ada\u0007', 'Ada\u0085', 'Ada\u2028Lovelace'])(
    'refuses the name %j: it stands in plain mails',
    async (displayName) => {
      const answer = await register({ email: 'lines@example.com', password, displayName });
      expect([answer.status, answer.pointers]).toEqual([422, ['/body/displayName']]);
      expect(answer.text).toContain('must be one line without control characters');
      expect(world.mails('lines@example.com')).toEqual([]);
    },
  );

  test('keeps the mail for the sweeper when it cannot be sent now', async () => {
    world.faults.arm({ point: 'ses:SendEmail:before', action: 'error', error: 'TooManyRequestsException' });
    const answer = await register({ email: 'later@example.com', password, displayName: 'Later' });
    expect(answer.status).toBe(202);
    expect(world.mails('later@example.com')).toEqual([]);
    const waiting = await world.sql(`select payload ->> 'to' as to from outbox_events where dispatched_at is null`);
    expect(waiting).toEqual([{ to: 'later@example.com' }]);
  });

  test('one Idempotency-Key means one person and one mail, 50 times at once', async () => {
    const json = { email: 'once@example.com', password, displayName: 'Once' };
    const answers = await Promise.all(Array.from({ length: 50 }, () => register(json, 'once-1')));
    for (const answer of answers) {
      if (answer.status !== 202) expect([answer.status, answer.code]).toEqual([409, 'idempotency_in_flight']);
    }
    expect(answers.some(({ status }) => status === 202)).toBe(true);
    expect(world.mails('once@example.com')).toHaveLength(1);
    expect((await register(json, 'once-1')).status).toBe(202);
    expect(world.mails('once@example.com')).toHaveLength(1);
  });

  test('refuses the Idempotency-Key of another request', async () => {
    const first = { email: 'first@example.com', password, displayName: 'First' };
    expect((await register(first, 'taken-1')).status).toBe(202);
    const answer = await register({ ...first, password: `${password}!` }, 'taken-1');
    expect([answer.status, answer.code]).toEqual([409, 'idempotency_mismatch']);
  });
});
