import type { PolicyWorld } from '../policy-world.ts';
import { EVERYONE, perProject, type RightsTable } from './format.ts';
import { people } from './people.ts';

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

export const rights: RightsTable = {
  community_posts: {
    key: 'id',
    verbs: {
      select: {
        nobody: VISIBLE_TO_ALL,
        outsiders: VISIBLE_TO_ALL,
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
        outsiders: `${on(VISIBLE_TO_ALL)} taken-back-by-me`,
        members: `${on(OWN_POSTS)} on-other-public taken-back-by-me`,
        worker: `${on(ALL_POSTS)} ${takenBack}`,
      },
      insert: { outsiders: VISIBLE_TO_ALL, members: OWN_STANDING },
      update: { signedIn: 'taken-back-by-me' },
    },
    set: 'deleted_at = deleted_at',
    add: onPosts('author_id', { text: 'x' }),
  },
  user_engagement: {
    key: 'user_id',
    verbs: {
      select: { signedIn: 'me', worker: EVERYONE },
      insert: { outsiders: VISIBLE_TO_ALL, members: OWN_STANDING },
      delete: { signedIn: 'me' },
      update: {},
    },
    add: onPosts('user_id', { type: 'like' }),
  },
};
