/** `npm run admin -- create`: the first administrator. The password is chosen behind a link, so no shell ever sees it. */
import { parseArgs } from 'node:util';
import { email as emailShape } from '../../../shared/auth/shapes.ts';
import { hashToken, randomToken } from '../../../shared/auth/tokens.ts';
import { displayName } from '../../../shared/users/shapes.ts';
import { type Command, print } from '../command.ts';
import { inTransaction, type RunSql, type Target } from '../sql-runner.ts';

export interface NewAdmin {
  readonly email: string;
  readonly name: string;
  readonly tokenHash: string;
  /** Even where there is an administrator already. */
  readonly force: boolean;
  /** Mailed as well, by the next sweep. */
  readonly mailedLink: string | null;
  /** Takes away every way in of before also where nothing is wrong with it. */
  readonly clean?: boolean;
}

export interface MadeAdmin {
  readonly was: 'nobody' | 'cleaned' | 'kept';
  /** Ways in of before: gone where they were cleaned, good as before where they were kept. */
  readonly waysIn: readonly string[];
}

export const create: Command = {
  usage: '--email <address> [--name <name>] [--mail] [--force] [--clean]',
  summary: 'makes a person, or an existing one, administrator, and prints a link under which they choose a password',
  run: async (args, database) => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        email: { type: 'string' },
        name: { type: 'string' },
        mail: { type: 'boolean' },
        force: { type: 'boolean' },
        clean: { type: 'boolean' },
      },
    });
    const address = emailShape.safeParse(values.email);
    if (!address.success) throw new Error('say --email <address>');
    const name = displayName.safeParse(values.name ?? address.data.split('@')[0]);
    if (!name.success) throw new Error('--name is one line of 1 to 100 characters');
    const origin = originOf(process.env.PUBLIC_BASE_URL);
    const token = randomToken();
    const link = `${origin}/reset-password/${token}`;
    const { target } = await database();
    const made = await createAdmin(target, {
      email: address.data,
      name: name.data,
      tokenHash: hashToken(token),
      force: values.force === true,
      mailedLink: values.mail === true ? link : null,
      clean: values.clean === true,
    });
    print(`${address.data} ${made.was === 'nobody' ? 'was created and is' : 'is'} administrator`);
    for (const line of tell(made)) print(line);
    print(`Choose a password within 24 hours, once: ${link}`);
    if (values.mail === true) print('The link is mailed, too.');
  },
};

function tell({ was, waysIn }: MadeAdmin): string[] {
  const listed = waysIn.join(', ');
  if (was === 'cleaned') {
    return [
      `Nothing of before lets anybody in${listed === '' ? '' : `; gone are ${listed}`}. Projects and memberships are as they were.`,
    ];
  }
  if (was === 'nobody' || listed === '') return [];
  return [`What let them in before still does: ${listed}. Say --clean to take it away.`];
}

function originOf(url: string | undefined): string {
  const parsed = url === undefined ? null : URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.pathname !== '/')
    throw new Error(
      'set PUBLIC_BASE_URL to the origin of the API, such as https://api.your.domain: the link begins with it',
    );
  return parsed.origin;
}

const OTHERS = `select email from users
  where role = 'admin' and status = 'active' and deleted_at is null and email <> :email order by id limit 1`;
/** Nobody vouches for what lets in who was kept out, who wanted to go, or an address that nobody has proved: it may be a thief's. */
const WAS = `select u.id::text as id, u.status <> 'active' or u.email_verified_at is null or u.deletion_requested_at is not null as doubtful
  from users u where u.email = :email and u.deleted_at is null for no key update`;
/** In the order and the words of the command's answer. */
const WAYS_IN = `select num_nonnulls(u.password_hash) as password,
    (select count(*) from user_identities i where i.user_id = u.id) as identities,
    (select count(*) from mfa_factors f where f.user_id = u.id and f.kind = 'totp') as apps,
    (select count(*) from mfa_factors f where f.user_id = u.id and f.kind = 'recovery') as codes,
    (select count(*) from user_sessions s where s.user_id = u.id and s.revoked_at is null and s.expires_at > app.now()) as sessions,
    (select count(*) from api_keys k where k.created_by = u.id and k.revoked_at is null
      and (k.expires_at is null or k.expires_at > app.now())) as keys
  from users u where u.id = :id::uuid`;
const CLEAN: readonly string[] = [
  'update users set password_hash = null where id = :id::uuid',
  'delete from user_identities where user_id = :id::uuid',
  'delete from provider_sign_ins where user_id = :id::uuid',
  'delete from mfa_factors where user_id = :id::uuid',
  'delete from proof_tries where user_id = :id::uuid',
  'update api_keys set revoked_at = app.now() where created_by = :id::uuid and revoked_at is null',
  'update password_reset_tokens set used_at = app.now() where user_id = :id::uuid and used_at is null',
  'update email_verification_tokens set used_at = app.now() where user_id = :id::uuid and used_at is null',
  "select app.end_sessions(:id::uuid, 'made administrator by an operator') as ended",
];
const PROMOTE = `update users set role = 'admin', status = 'active', status_reason = null,
    display_name = case when email_verified_at is null then :name else display_name end,
    email_verified_at = coalesce(email_verified_at, app.now()),
    failed_login_attempts = 0, locked_until = null, deletion_requested_at = null
  where id = :id::uuid`;
const CREATE = `insert into users (email, display_name, role, email_verified_at) values (:email, :name, 'admin', app.now())
  returning id::text as id`;
const TOKEN = `insert into password_reset_tokens (user_id, token_hash, expires_at)
  values (:id::uuid, :tokenHash, app.now() + interval '24 hours')`;
const MAIL = `insert into outbox_events (kind, payload) values ('mail', jsonb_build_object('template', 'set-password',
  'to', :email, 'name', :name, 'link', :link))`;

/** Throws where another administrator is there and it was not forced. */
export async function createAdmin(target: Target, admin: NewAdmin): Promise<MadeAdmin> {
  const { email, name, tokenHash, mailedLink } = admin;
  return inTransaction(target, async (run) => {
    // Two operators at once: the second sees the first one's administrator.
    await run("select pg_advisory_xact_lock(hashtextextended('app.first_admin', 0))");
    const [other] = await run(OTHERS, { email });
    if (other !== undefined && !admin.force) {
      throw new Error(
        `${String(other.email)} is administrator already and can make others; say --force if that is meant`,
      );
    }
    const [was] = await run(WAS, { email });
    const [person] = was === undefined ? await run(CREATE, { email, name }) : [was];
    const id = String(person?.id);
    const waysIn = await waysInOf(run, id);
    const isCleaned = was !== undefined && (was.doubtful === true || admin.clean === true);
    if (isCleaned) for (const statement of CLEAN) await run(statement, { id });
    if (was !== undefined) await run(PROMOTE, { id, name });
    await run(TOKEN, { id, tokenHash });
    if (mailedLink !== null) await run(MAIL, { email, name, link: mailedLink });
    return { was: was === undefined ? 'nobody' : isCleaned ? 'cleaned' : 'kept', waysIn };
  });
}

async function waysInOf(run: RunSql, id: string): Promise<string[]> {
  const [count] = await run(WAYS_IN, { id });
  const words: readonly (readonly [unknown, string, string])[] = [
    [count?.password, 'password', 'passwords'],
    [count?.identities, 'identity at a provider', 'identities at providers'],
    [count?.apps, 'authenticator app', 'authenticator apps'],
    [count?.codes, 'set of recovery codes', 'sets of recovery codes'],
    [count?.sessions, 'session', 'sessions'],
    [count?.keys, 'API key', 'API keys'],
  ];
  return words
    .filter(([n]) => Number(n) > 0)
    .map(([n, one, many]) => (Number(n) === 1 ? `1 ${one}` : `${String(n)} ${many}`));
}
