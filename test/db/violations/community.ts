import type { Violations } from './format.ts';

export const violations: Violations = {
  community_posts_visibility_known: "update community_posts set visibility = 'secret'",
  community_posts_like_count_natural: 'update community_posts set like_count = -1',
  community_posts_comment_count_natural: 'update community_posts set comment_count = -1',
  community_posts_publication_key: `insert into community_posts (project_id, publication_id, account_id, text)
    select project_id, publication_id, account_id, text from community_posts limit 1`,
  comments_text_length: "update comments set text = ''",
  user_engagement_once:
    'insert into user_engagement (user_id, community_post_id, type) select user_id, community_post_id, type from user_engagement',
  user_engagement_type_known: "update user_engagement set type = 'hug'",
};
