/** Rows of SocialFlow. */
import type { SeedRow } from './fill.ts';

const standing = { deleted_at: null, is_deleted: false };

export const rows: readonly SeedRow[] = [
  ['user', { id: 1, email: 'ada@flow.example', auth_provider: 'google', ...standing }],
  ['user', { id: 2, email: 'ben@flow.example', auth_provider: 'gitlab', is_deleted: true }],
  ['user', { id: 3, email: 'cleo@flow.example', auth_provider: 'github', ...standing }],
  ['user_preferences', { id: 4, user_id: 1, default_posting_time: '14:30', timezone: 'Europe/Vienna' }],
  ['project', { id: 5, user_id: 1, ...standing }],
  ['project', { id: 6, user_id: 1, is_deleted: true }],
  ['project_collaborators', { project_id: 5, user_id: 3, role: 'editor', permissions: ['approve'] }],
  ['social_account', { id: 7, user_id: 1, platform: 'twitter', ...standing }],
  ['social_account', { id: 8, user_id: 1, platform: 'Threads', is_deleted: true }],
  ['video', { id: 9, project_id: 5, status: 'processing', duration: 61.5, ...standing }],
  ['video', { id: 10, project_id: 5, status: 'ready', duration: 12.25, is_deleted: true }],
  [
    'clip',
    {
      id: 11,
      video_id: 9,
      start_time: 1.25,
      end_time: 17.75,
      ai_score: 87.5,
      transcript: [{ at: 1.5, says: 'Hello' }],
      ...standing,
    },
  ],
  ['clip', { id: 12, video_id: 9, start_time: 20, end_time: 30, ai_score: 12.5, transcript: [], is_deleted: true }],
  ['content_categories', { id: 13, user_id: 1, color: '#1f883d' }],
  ['content_category_videos', { category_id: 13, video_id: 9 }],
  ['content_category_videos', { category_id: 13, video_id: 10 }],
  ['content_category_clips', { category_id: 13, clip_id: 11 }],
  ['hashtags', { id: 14, tag: 'launchday', usage_count: 2 }],
  [
    'content_template',
    {
      id: 15,
      user_id: 1,
      content: 'Hello {{name}}',
      version: 3,
      is_active: false,
      platform_variations: { twitter: 'Short', threads: 'Long' },
      ...standing,
    },
  ],
  [
    'content_template',
    { id: 16, user_id: 1, content: 'Gone', version: 1, platform_variations: null, is_deleted: true },
  ],
  [
    'post',
    {
      id: 17,
      account_id: 7,
      content: 'Out now #launchday',
      status: 'published',
      engagement_rate: '12.34',
      retry_count: 2,
      ...standing,
    },
  ],
  [
    'post',
    {
      id: 18,
      account_id: 7,
      content: 'Again #LaunchDay',
      status: 'failed',
      engagement_rate: null,
      published_at: null,
      ...standing,
    },
  ],
  [
    'post',
    { id: 19, account_id: 8, content: 'Gone #launchday', status: 'draft', published_at: null, is_deleted: true },
  ],
  ['post_variations', { id: 20, original_post_id: 17, variation_type: 'timing' }],
  ['publishing_schedules', { id: 21, user_id: 1 }],
];
