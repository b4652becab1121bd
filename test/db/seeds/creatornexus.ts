/** Rows of CreatorNexus. */
import type { SeedRow } from './fill.ts';

const published = { platform: 'youtube', content_type: 'short', status: 'draft' };

export const rows: readonly SeedRow[] = [
  ['users', { id: 'user_ada', email: 'ada@nexus.example' }],
  ['projects', { id: 7, user_id: 'user_ada', type: 'campaign', platform: 'youtube', status: 'draft' }],
  ['content', { id: 8, user_id: 'user_ada', project_id: 7, ...published }],
  ['content', { id: 9, user_id: 'user_ada', project_id: null, ...published }],
  ['social_posts', { id: 10, user_id: 'user_ada', status: 'scheduled' }],
  ['post_schedules', { id: 11, social_post_id: 10, recurrence: 'weekly', timezone: 'Europe/Vienna' }],
  ['post_schedules', { id: 12, social_post_id: 10, recurrence: 'none', timezone: 'UTC' }],
];
