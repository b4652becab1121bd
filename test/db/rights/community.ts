import type { Sql } from '../database.ts';
import type { PolicyWorld } from '../policy-world.ts';
import { addRow } from '../seed.ts';
import { EVERYONE, fresh, perProject, type RightsTable } from './format.ts';
import { members, people } from './people.ts';

const OWN_POSTS = 'public unlisted followers private deleted hidden';
const VISIBLE_TO_ALL = 'public unlisted other-public';
const ALL_POSTS = `${OWN_POSTS} other-public other-private gone-public`;
const on = (posts: string) => posts.replace(/(\S+)/g, 'on-$1');
const takenBack = people.map((name) => `taken-back-by-${name}`).join(' ');
const OWN_STANDING = 'public unlisted followers private other-public';
const ALL_STANDING = `${OWN_STANDING} other-private`;
const ALL_COMMENTS = `${on(ALL_POSTS)} ${takenBack} hidden-comment`;
const onWhatAllSee = on(VISIBLE_TO_ALL);

/** The follower follows all members; the viewer and the stranger follow rival, who follows the owner. */
const follows: readonly (readonly [string, string])[] = [
  ...members.map((name) => ['follower', name] as const),
  ['viewer', 'rival'],
  ['stranger', 'rival'],
  ['rival', 'owner'],
];
const followed = members.map((name) => `follower>${name}`).join(' ');

export async function fill(sql: Sql, world: PolicyWorld): Promise<void> {
  const { posts, labels, rival } = world;
  const idOf = (name: string) => [...labels].find(([, label]) => label === name)?.[0] ?? '';
  for (const [from, to] of follows) {
    const row = { follower_id: idOf(from), following_id: idOf(to) };
    labels.set(await addRow(sql, 'user_followers', row), `${from}>${to}`);
  }
  const hidden = { community_post_id: posts.public, author_id: rival.userId, text: 'x', hidden_at: new Date() };
  labels.set(await addRow(sql, 'comments', hidden), 'hidden-comment');
  for (const name of [...people, 'rival']) {
    const userId = idOf(name);
    await addRow(sql, 'feed_items', { user_id: userId, community_post_id: posts.public, score: 1 });
    await addRow(sql, 'user_engagement', { user_id: userId, comment_id: idOf('on-public'), type: 'like' });
    const report = { reporter_id: userId, target_type: 'user_profile', target_id: rival.userId, reason: 'spam' };
    // One way to every actor: others are noted by triggers.
    await addRow(sql, 'engagement_events', { type: 'profile_view', user_id: rival.userId, actor_id: userId });
    labels.set(await addRow(sql, 'moderation_reports', report), `report-${name}`);
  }
  // Theirs: what is reported more than once is one case.
  for (const { id } of await sql('select id from content_moderation')) labels.set(String(id), 'case');
  await addRow(sql, 'moderation_words', { language: 'xx', word: 'frobnicate', category: 'spam', weight: 0.5 });
  await sql('insert into user_counters (user_id) select id from users on conflict do nothing');
}

/** Something by me on every post, and something under somebody else's name. */
function onPosts(column: string, more: Readonly<Record<string, unknown>>) {
  return ({ posts, rival }: PolicyWorld, me: string) => ({
    ...Object.fromEntries(
      Object.entries(posts).map(([name, id]) => [name, { community_post_id: id, [column]: me, ...more }]),
    ),
    forged: { community_post_id: posts.public, [column]: rival.userId, ...more },
  });
}

/** A row about each thing that the labels name. */
function onLabelled(pattern: RegExp, row: (id: string, me: string) => Readonly<Record<string, unknown>>) {
  return ({ labels }: PolicyWorld, me: string) =>
    Object.fromEntries(
      [...labels].filter(([, label]) => pattern.test(label)).map(([id, label]) => [label, row(id, me)]),
    );
}

const posts: RightsTable = {
  community_posts: {
    key: 'id',
    verbs: {
      select: {
        nobody: VISIBLE_TO_ALL,
        outsiders: VISIBLE_TO_ALL,
        follower: `${VISIBLE_TO_ALL} followers`,
        moderator: ALL_POSTS,
        admin: ALL_POSTS,
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
        nobody: onWhatAllSee,
        outsiders: `${onWhatAllSee} taken-back-by-me`,
        follower: `${onWhatAllSee} on-followers taken-back-by-me`,
        moderator: ALL_COMMENTS,
        admin: ALL_COMMENTS,
        members: `${on(OWN_POSTS)} on-other-public taken-back-by-me`,
        worker: ALL_COMMENTS,
      },
      insert: {
        outsiders: VISIBLE_TO_ALL,
        follower: `${VISIBLE_TO_ALL} followers`,
        moderator: ALL_STANDING,
        admin: ALL_STANDING,
        members: OWN_STANDING,
      },
      update: { signedIn: 'taken-back-by-me' },
    },
    set: 'deleted_at = deleted_at',
    add: onPosts('author_id', { text: 'x' }),
  },
  'comments (text)': { key: 'id', verbs: { update: { signedIn: 'taken-back-by-me' } }, set: "text = 'y'" },
  user_engagement: {
    key: 'user_id',
    verbs: {
      select: { signedIn: 'me', worker: EVERYONE },
      insert: {
        outsiders: VISIBLE_TO_ALL,
        follower: `${VISIBLE_TO_ALL} followers`,
        moderator: ALL_STANDING,
        admin: ALL_STANDING,
        members: OWN_STANDING,
      },
      delete: { signedIn: 'me' },
      update: {},
    },
    add: onPosts('user_id', { type: 'like' }),
  },
  'user_engagement (with comments)': {
    key: 'user_id',
    verbs: {
      insert: {
        outsiders: 'on-unlisted on-other-public',
        follower: 'on-unlisted on-other-public on-followers',
        moderator: on(ALL_POSTS).replace('on-public ', ''),
        admin: on(ALL_POSTS).replace('on-public ', ''),
        members: on(`${OWN_POSTS} other-public`).replace('on-public ', ''),
      },
    },
    // Everybody likes the one on the public post already.
    add: onLabelled(/^on-(?!public)|^hidden-comment/, (id, me) => ({ comment_id: id, user_id: me, type: 'like' })),
  },
  feed_items: {
    key: 'user_id',
    verbs: { select: { signedIn: 'me', worker: EVERYONE }, delete: { worker: EVERYONE } },
  },
};

const relations: RightsTable = {
  engagement_events: {
    key: 'actor_id',
    verbs: { select: { signedIn: 'me', worker: EVERYONE, reporting: EVERYONE }, insert: { worker: 'new' } },
    add: ({ rival }) => ({
      new: { id: fresh(), occurred_at: new Date(), type: 'profile_view', user_id: rival.userId, metadata: {} },
    }),
  },
  user_followers: {
    key: 'id',
    verbs: {
      select: {
        signedIn: '',
        stranger: 'stranger>rival',
        follower: followed,
        readers: 'follower>me',
        viewer: 'follower>viewer viewer>rival',
        editor: 'follower>editor',
        owner: 'follower>owner rival>owner',
        worker: `${followed} viewer>rival stranger>rival rival>owner`,
      },
      insert: { signedIn: 'mine' },
      delete: { signedIn: '', stranger: 'stranger>rival', follower: followed, viewer: 'viewer>rival' },
    },
    add: ({ people: known, rival }, me) => ({
      mine: {
        follower_id: me,
        following_id: me === known.admin.userId ? known.moderator.userId : known.admin.userId,
      },
      forged: { follower_id: rival.userId, following_id: known.stranger.userId },
    }),
  },
  user_counters: {
    key: 'user_id',
    verbs: { select: { signedIn: 'me', worker: EVERYONE } },
    set: 'posts_count = posts_count',
  },
  counter_deltas: { key: "'some'", verbs: { select: { worker: 'some' } }, set: 'step = step' },
};

const reported = [...people, 'rival'].map((name) => `report-${name}`).join(' ');
const byStaff = (labels: string) => ({ signedIn: '', moderator: labels, admin: labels });

const moderation: RightsTable = {
  moderation_words: {
    key: "'some'",
    verbs: {
      select: { ...byStaff('some'), worker: 'some' },
      insert: { signedIn: '', admin: 'new' },
      update: { signedIn: '', admin: 'some' },
      delete: { signedIn: '', admin: 'some' },
    },
    set: 'weight = weight',
    add: () => ({ new: { language: 'xx', word: 'new', category: 'spam', weight: 0.1, enabled: true } }),
  },
  // What reads nothing is held by its own policy alone.
  'moderation_words (unread)': {
    key: "'some'",
    verbs: { update: { signedIn: '', admin: 'some' } },
    set: 'weight = 0.1',
  },
  content_moderation: {
    key: 'id',
    verbs: {
      select: { ...byStaff('case'), worker: 'case' },
      insert: { ...byStaff('new'), worker: 'new' },
      update: byStaff('case'),
    },
    set: "reason = 'x'",
    add: () => ({ new: { target_type: 'user_profile', target_id: fresh(), reason: 'x' } }),
  },
  'content_moderation (unread)': { key: "'some'", verbs: { update: byStaff('some') }, set: "reason = 'x'" },
  moderation_reports: {
    key: 'id',
    verbs: {
      select: { signedIn: 'report-me', ...{ moderator: reported, admin: reported }, worker: reported },
      insert: {
        outsiders: VISIBLE_TO_ALL,
        follower: `${VISIBLE_TO_ALL} followers`,
        moderator: ALL_POSTS,
        admin: ALL_POSTS,
        members: `${OWN_POSTS} other-public`,
      },
    },
    add: ({ posts: about, rival }, me) => ({
      ...Object.fromEntries(
        Object.entries(about).map(([name, id]) => [
          name,
          { reporter_id: me, target_type: 'post', target_id: id, reason: 'spam' },
        ]),
      ),
      forged: { reporter_id: rival.userId, target_type: 'post', target_id: about.public, reason: 'spam' },
    }),
  },
  'moderation_reports (comments)': {
    key: 'id',
    verbs: {
      insert: {
        outsiders: onWhatAllSee,
        follower: `${onWhatAllSee} on-followers`,
        moderator: `${on(ALL_POSTS)} hidden-comment`,
        admin: `${on(ALL_POSTS)} hidden-comment`,
        members: `${on(OWN_POSTS)} on-other-public`,
      },
    },
    add: onLabelled(/^on-|^hidden-comment/, (id, me) => ({
      reporter_id: me,
      target_type: 'comment',
      target_id: id,
      reason: 'spam',
    })),
  },
};

export const rights: RightsTable = { ...posts, ...relations, ...moderation };
