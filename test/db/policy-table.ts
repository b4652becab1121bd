/**
 * Who may do what, as one table. What is not listed is refused by PostgreSQL itself (no grant). Values are the labels of the
 * rows that a role sees, changes or may add; `me` stands for the person's own.
 */
import { type PersonName, type PolicyWorld, people } from './policy-world.ts';

export type RoleName = 'nobody' | PersonName | 'worker' | 'reporting';
export const roleNames: readonly RoleName[] = ['nobody', ...people, 'worker', 'reporting'];
export const verbs = ['select', 'insert', 'update', 'delete'] as const;
export type Verb = (typeof verbs)[number];

/** `readers`: viewer, reviewer, approver. `writers`: editor, owner. `members`: both. `signedIn`: members and stranger. */
type Group = RoleName | 'readers' | 'writers' | 'members' | 'signedIn';
type Allowed = Readonly<Partial<Record<Group, string>>>;

export interface Rights {
  /** Column (or expression) that names a row; its value has a label. */
  readonly key: string;
  readonly verbs: Readonly<Partial<Record<Verb, Allowed>>>;
  /** What an update sets. */
  readonly set?: string;
  /** Rows to try to add, by label. */
  readonly add?: (world: PolicyWorld, me: string) => Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const ALL = 'own other gone';
const readByMembers = { stranger: '', members: 'own', worker: ALL };
const writtenByWriters = { stranger: '', readers: '', writers: 'own' };
const byWorker = { worker: ALL };
const EVERYONE = `${people.join(' ')} rival`;

/** One row for `own` and one for `other`. */
function perProject(row: (rows: PolicyWorld['projects']['own'], me: string) => Readonly<Record<string, unknown>>) {
  return ({ projects }: PolicyWorld, me: string) => ({
    own: { project_id: projects.own.projectId, ...row(projects.own, me) },
    other: { project_id: projects.other.projectId, ...row(projects.other, me) },
  });
}

const fresh = () => crypto.randomUUID();
const OWN_POSTS = 'public unlisted followers private deleted';
const VISIBLE_TO_ALL = 'public unlisted other-public';
const ALL_POSTS = `${OWN_POSTS} other-public other-private`;
const on = (posts: string) => posts.replace(/(\S+)/g, 'on-$1');
const takenBack = people.map((name) => `taken-back-by-${name}`).join(' ');
const OWN_STANDING = 'public unlisted followers private other-public';

/** Something by me on every post, and something under somebody else's name. */
function onPosts(column: string, more: Readonly<Record<string, unknown>>) {
  return ({ posts, rival }: PolicyWorld, me: string) => ({
    ...Object.fromEntries(
      Object.entries(posts).map(([name, id]) => [name, { community_post_id: id, [column]: me, ...more }]),
    ),
    forged: { community_post_id: posts.public, [column]: rival.userId, ...more },
  });
}

export const rights: Readonly<Record<string, Rights>> = {
  idempotency_keys: {
    key: "'own'",
    verbs: { select: { worker: 'own' }, delete: { worker: 'own' } },
    set: 'answer = null',
  },
  users: {
    key: 'id',
    verbs: { select: { signedIn: 'me', worker: EVERYONE }, update: { signedIn: 'me' } },
    set: 'display_name = display_name',
  },
  user_sessions: {
    key: 'user_id',
    verbs: { select: { signedIn: 'me' }, update: { signedIn: 'me' } },
    set: 'revoked_at = revoked_at',
  },
  'user_sessions (id)': {
    key: "'some'",
    verbs: { select: { signedIn: 'some', worker: 'some' }, delete: { worker: 'some' } },
  },
  // An update that reads nothing is held by its own policy alone, not by the one of select.
  'users (unread)': { key: "'some'", verbs: { update: { signedIn: 'some' } }, set: "display_name = 'x'" },
  'user_sessions (unread)': { key: "'some'", verbs: { update: { signedIn: 'some' } }, set: 'revoked_at = null' },
  email_verification_tokens: { key: "'some'", verbs: { select: { worker: 'some' }, delete: { worker: 'some' } } },
  outbox_events: {
    key: 'project_id',
    verbs: { select: byWorker, insert: { worker: 'own other' }, update: byWorker, delete: byWorker },
    set: 'attempts = attempts',
    add: perProject(() => ({ kind: 'mail', payload: {} })),
  },
  projects: {
    key: 'id',
    verbs: { select: readByMembers, update: { stranger: '', readers: '', editor: '', owner: 'own' } },
    set: 'name = name',
  },
  project_collaborators: {
    key: 'project_id',
    verbs: { select: { stranger: '', members: 'own' } },
    set: "role = 'owner'",
  },
  platforms: {
    key: "'some'",
    verbs: { select: { nobody: 'some', signedIn: 'some', worker: 'some' } },
    set: 'enabled = false',
  },
  platform_apps: { key: "'some'", verbs: { select: { signedIn: 'some', worker: 'some' } }, set: 'client_id = null' },
  social_accounts: {
    key: 'project_id',
    verbs: { select: readByMembers, update: { ...writtenByWriters, ...byWorker } },
    set: 'status = status',
  },
  account_tokens: {
    key: 'project_id',
    verbs: { select: readByMembers, update: byWorker, delete: byWorker },
    set: 'refresh_lease_until = refresh_lease_until',
  },
  oauth_states: {
    key: 'project_id',
    verbs: {
      select: { stranger: '', readers: '', editor: '', owner: 'own gone' },
      insert: { stranger: '', readers: '', writers: 'own' },
    },
    add: (world, me) => {
      const state = { state_hash: fresh(), platform: 'mastodon', base_url: 'x', code_verifier_sealed: 'x' };
      const rows = perProject(() => ({ ...state, user_id: me }))(world, me);
      return { ...rows, forged: { ...rows.own, user_id: world.rival.userId } };
    },
  },
  'oauth_states (id)': {
    key: "'some'",
    verbs: {
      select: { stranger: '', readers: '', editor: '', owner: 'some', worker: 'some' },
      delete: { worker: 'some' },
    },
  },
  media: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: writtenByWriters, update: { ...writtenByWriters, ...byWorker } },
    set: 'deleted_at = deleted_at',
    add: perProject(() => ({
      file_name: 'a',
      declared_mime_type: 'image/png',
      declared_bytes: 1,
      upload_key: fresh(),
    })),
  },
  media_renditions: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: { worker: 'own other' }, update: byWorker, delete: byWorker },
    set: 'bytes = bytes',
    add: perProject(({ mediaId }) => {
      const file = { object_key: 'k', mime_type: 'image/jpeg', bytes: 1, width: 1, height: 1, sha256: 'x' };
      return { media_id: mediaId, name: 'poster', ...file };
    }),
  },
  videos: {
    key: 'project_id',
    verbs: { select: readByMembers, update: byWorker, delete: byWorker, insert: { worker: '' } },
    set: 'fps = fps',
    add: () => ({}),
  },
  posts: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: writtenByWriters, update: writtenByWriters },
    set: 'text = text',
    add: perProject(() => ({ schedule_type: 'draft' })),
  },
  post_publications: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: writtenByWriters, update: { ...writtenByWriters, ...byWorker } },
    set: 'text = text',
    add: perProject(({ postId, spareAccountId }) => ({
      post_id: postId,
      account_id: spareAccountId,
      platform: 'community',
    })),
  },
  post_media: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: writtenByWriters },
    add: perProject(({ postId, mediaId }) => ({ post_id: postId, media_id: mediaId, position: 9 })),
  },
  publication_attempts: {
    key: 'project_id',
    verbs: {
      select: readByMembers,
      insert: { ...writtenByWriters, worker: 'own other forged' },
      update: byWorker,
    },
    set: 'message = message',
    add: (world, me) => {
      const rows = perProject(({ publicationId, accountId }) => {
        const attempt = { kind: 'resolve', generation: 1, lease_token: fresh() };
        return { publication_id: publicationId, account_id: accountId, ...attempt };
      })(world, me);
      return { ...rows, forged: { ...rows.own, kind: 'publish' } };
    },
  },
  community_posts: {
    key: 'id',
    verbs: {
      select: {
        nobody: VISIBLE_TO_ALL,
        stranger: VISIBLE_TO_ALL,
        members: `${OWN_POSTS} other-public`,
        worker: ALL_POSTS,
      },
      insert: { worker: 'own other' },
      update: { worker: ALL_POSTS },
    },
    set: 'deleted_at = deleted_at',
    add: perProject(({ unpublishedId, accountId }) => ({
      publication_id: unpublishedId,
      account_id: accountId,
      text: 'x',
    })),
  },
  comments: {
    key: 'id',
    verbs: {
      select: {
        nobody: on(VISIBLE_TO_ALL),
        stranger: `${on(VISIBLE_TO_ALL)} taken-back-by-me`,
        members: `${on(OWN_POSTS)} on-other-public taken-back-by-me`,
        worker: `${on(ALL_POSTS)} ${takenBack}`,
      },
      insert: { stranger: VISIBLE_TO_ALL, members: OWN_STANDING },
      update: { signedIn: 'taken-back-by-me' },
    },
    set: 'deleted_at = deleted_at',
    add: onPosts('author_id', { text: 'x' }),
  },
  user_engagement: {
    key: 'user_id',
    verbs: {
      select: { signedIn: 'me', worker: EVERYONE },
      insert: { stranger: VISIBLE_TO_ALL, members: OWN_STANDING },
      delete: { signedIn: 'me' },
      update: {},
    },
    add: onPosts('user_id', { type: 'like' }),
  },
  analytics: {
    key: 'project_id',
    verbs: { select: { ...readByMembers, reporting: ALL }, insert: { worker: 'own other' } },
    add: perProject(({ publicationId, accountId }) => {
      return { publication_id: publicationId, account_id: accountId, platform: 'community' };
    }),
  },
  report_links: {
    key: 'project_id',
    verbs: { select: { stranger: '', members: 'own' }, insert: writtenByWriters, update: writtenByWriters },
    set: 'revoked_at = revoked_at',
    add: perProject(({ postId }) => ({ post_id: postId, token_hash: fresh() })),
  },
};

const groups: Readonly<Record<'readers' | 'writers' | 'members' | 'signedIn', readonly RoleName[]>> = {
  readers: ['viewer', 'reviewer', 'approver'],
  writers: ['editor', 'owner'],
  members: ['viewer', 'reviewer', 'approver', 'editor', 'owner'],
  signedIn: people,
};

/** The labels that a role is to see, sorted, or `refused`. */
export function expected(allowed: Allowed | undefined, role: RoleName): string {
  const group = Object.entries(groups).find(([name, roles]) => roles.includes(role) && name in (allowed ?? {}))?.[0];
  const found =
    Object.entries(allowed ?? {}).find(([name]) => name === role) ??
    Object.entries(allowed ?? {}).find(([name]) => name === group);
  if (found === undefined) return 'refused';
  return sorted(found[1].replace(/\bme\b/g, role).split(' '));
}

export function sorted(labels: readonly string[]): string {
  return [...new Set(labels.filter((label) => label !== ''))].sort().join(' ');
}
