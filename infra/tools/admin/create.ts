/** `npm run admin -- create`: the first administrator. The password is chosen behind a link, so no shell ever sees it. */
import { parseArgs } from 'node:util';
import { email as emailShape } from '../../../shared/auth/shapes.ts';
import { hashToken, randomToken } from '../../../shared/auth/tokens.ts';
import { displayName } from '../../../shared/users/shapes.ts';
import { type Command, print } from '../command.ts';
import { inTransaction, type Target } from '../sql-runner.ts';

export interface NewAdmin {
  readonly email: string;
  readonly name: string;
  readonly tokenHash: string;
  /** Even where there is an administrator already. */
  readonly force: boolean;
  /** Mailed as well, by the next sweep. */
  readonly mailedLink: string | null;
}

export const create: Command = {
  usage: '--email <address> [--name <name>] [--mail] [--force]',
  summary: 'makes a person, or an existing one, administrator, and prints a link under which they choose a password',
  run: async (args, database) => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        email: { type: 'string' },
        name: { type: 'string' },
        mail: { type: 'boolean' },
        force: { type: 'boolean' },
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
    });
    print(`${address.data} ${made === 'created' ? 'was created and is' : 'is'} administrator`);
    print(`Choose a password within 24 hours, once: ${link}`);
    if (values.mail === true) print('The link is mailed, too.');
  },
};

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
/** Of an address that nobody has proved, what was registered with it goes: whoever did it may be anybody. */
const FORGET = `select app.forget_registration(u.id)::text as done from users u
  where u.email = :email and u.deleted_at is null for no key update`;
/** Who was kept out may have been so for a thief, who would come in by the identity that they linked. */
const UNLINK = `delete from user_identities i using users u
  where i.user_id = u.id and u.email = :email and u.deleted_at is null and u.status <> 'active'`;
/** A password that nobody vouches for is none: one that was never proven, and one of somebody who was kept out. */
const PROMOTE = `update users set role = 'admin', status = 'active', status_reason = null,
    password_hash = case when email_verified_at is not null and status = 'active' then password_hash end,
    display_name = case when email_verified_at is null then :name else display_name end,
    email_verified_at = coalesce(email_verified_at, app.now()),
    failed_login_attempts = 0, locked_until = null, deletion_requested_at = null
  where email = :email and deleted_at is null returning id::text as id`;
const CREATE = `insert into users (email, display_name, role, email_verified_at) values (:email, :name, 'admin', app.now())
  returning id::text as id`;
const TOKEN = `insert into password_reset_tokens (user_id, token_hash, expires_at)
  values (:id::uuid, :tokenHash, app.now() + interval '24 hours')`;
const MAIL = `insert into outbox_events (kind, payload) values ('mail', jsonb_build_object('template', 'set-password',
  'to', :email, 'name', :name, 'link', :link))`;

/** Throws where another administrator is there and it was not forced. */
export async function createAdmin(target: Target, admin: NewAdmin): Promise<'created' | 'promoted'> {
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
    await run(FORGET, { email });
    await run(UNLINK, { email });
    const [promoted] = await run(PROMOTE, { email, name });
    const [person] = promoted === undefined ? await run(CREATE, { email, name }) : [promoted];
    await run(TOKEN, { id: String(person?.id), tokenHash });
    if (mailedLink !== null) await run(MAIL, { email, name, link: mailedLink });
    return promoted === undefined ? 'created' : 'promoted';
  });
}
