import type { Violations } from './format.ts';

const post = (set: string) => `update community_posts set ${set}`;
const word = (set: string) => `update moderation_words set ${set}`;
const judged = (set: string) => `update content_moderation set ${set}`;
const reported = (set: string) => `update moderation_reports set ${set}`;

export const violations: Violations = {
  community_posts_visibility_known: post("visibility = 'secret'"),
  community_posts_like_count_natural: post('like_count = -1'),
  community_posts_comment_count_natural: post('comment_count = -1'),
  community_posts_share_count_natural: post('share_count = -1'),
  community_posts_view_count_natural: post('view_count = -1'),
  community_posts_save_count_natural: post('save_count = -1'),
  community_posts_click_count_natural: post('click_count = -1'),
  community_posts_engagement_score_natural: post('engagement_score = -1'),
  community_posts_location_length: post("location = ''"),
  community_posts_tags_few: post("tags = array_fill('x'::text, array[51])"),
  community_posts_publication_key: `insert into community_posts (project_id, publication_id, account_id, text)
    select project_id, publication_id, account_id, text from community_posts limit 1`,
  comments_text_length: "update comments set text = ''",
  comments_like_count_natural: 'update comments set like_count = -1',
  comments_reply_count_natural: 'update comments set reply_count = -1',
  user_engagement_once:
    'insert into user_engagement (user_id, community_post_id, type) select user_id, community_post_id, type from user_engagement where comment_id is null',
  user_engagement_comment_once:
    'insert into user_engagement (user_id, comment_id, type) select user_id, comment_id, type from user_engagement where comment_id is not null',
  user_engagement_type_known: "update user_engagement set type = 'hug' where comment_id is null",
  user_engagement_one_target: 'update user_engagement set community_post_id = null where comment_id is null',
  user_engagement_comments_are_liked: "update user_engagement set type = 'save' where comment_id is not null",
  user_engagement_metadata_object: "update user_engagement set metadata = '[]'",
  user_followers_once:
    'insert into user_followers (follower_id, following_id) select follower_id, following_id from user_followers',
  user_followers_not_oneself: 'update user_followers set following_id = follower_id',
  feed_items_once:
    'insert into feed_items (user_id, community_post_id, score) select user_id, community_post_id, 1 from feed_items',
  feed_items_reason_length: "update feed_items set reason = ''",
  engagement_events_type_known: "update engagement_events set type = 'hug'",
  engagement_events_target_fits: "update engagement_events set type = 'like', community_post_id = null",
  engagement_events_metadata_object: "update engagement_events set metadata = '[]'",
  counter_deltas_counter_known: "update counter_deltas set counter = 'hug_count'",
  user_counters_followers_count_natural: 'update user_counters set followers_count = -1',
  user_counters_following_count_natural: 'update user_counters set following_count = -1',
  user_counters_posts_count_natural: 'update user_counters set posts_count = -1',
  moderation_words_word_key:
    "insert into moderation_words (language, word, category, weight) select language, word, 'spam', 1 from moderation_words",
  moderation_words_language_form: word("language = 'English'"),
  moderation_words_word_form: word("word = 'Loud'"),
  moderation_words_category_known: word("category = 'dull'"),
  moderation_words_weight_range: word('weight = 0'),
  content_moderation_target_type_known: judged("target_type = 'project'"),
  content_moderation_status_known: judged("status = 'lost'"),
  content_moderation_score_range: judged('automated_score = 1.01'),
  content_moderation_reason_length: judged("reason = ''"),
  content_moderation_decided: judged("status = 'approved'"),
  content_moderation_open_key:
    "insert into content_moderation (target_type, target_id, status) select target_type, target_id, 'flagged' from content_moderation",
  moderation_reports_target_type_known: reported("target_type = 'project'"),
  moderation_reports_reason_known: reported("reason = 'dull'"),
  moderation_reports_details_length: reported("details = ''"),
  moderation_reports_status_known: reported("status = 'lost', resolved_at = app.now()"),
  moderation_reports_resolved: reported('resolved_at = app.now()'),
  moderation_reports_open_key: `insert into moderation_reports (reporter_id, target_type, target_id, reason)
    select reporter_id, target_type, target_id, reason from moderation_reports`,
};
