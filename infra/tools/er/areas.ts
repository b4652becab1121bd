/** Which table belongs to which area of the pictures: those of the design, in its order. A new table is entered here. */
export const areas = {
  identity: [
    'users',
    'user_identities',
    'user_sessions',
    'password_reset_tokens',
    'email_verification_tokens',
    'mfa_factors',
    'api_keys',
    'user_preferences',
    'idempotency_keys',
    'rate_limits',
    'rate_counters',
    'installation_settings',
    'audit_log',
    'audit_keys',
    'audit_seals',
    'audit_unsealed',
  ],
  projects: ['projects', 'project_collaborators', 'project_invitations', 'content_categories'],
  accounts: [
    'platforms',
    'platform_apps',
    'social_accounts',
    'account_tokens',
    'account_health_checks',
    'oauth_states',
    'rate_budgets',
  ],
  media: ['media', 'media_renditions', 'videos', 'clips', 'video_categories', 'clip_categories'],
  content: [
    'content',
    'content_versions',
    'content_category_links',
    'content_templates',
    'content_template_versions',
    'template_platform_variations',
    'starter_templates',
    'hashtags',
    'content_hashtags',
    'hashtag_deltas',
    'hashtag_suggestions',
    'niches',
    'idea_suggestions',
    'ai_generation_tasks',
    'ai_content_suggestions',
  ],
  publishing: [
    'posts',
    'post_media',
    'post_hashtags',
    'post_mentions',
    'post_variations',
    'post_publications',
    'publication_attempts',
    'publishing_schedules',
    'schedule_slots',
    'schedule_occurrences',
    'report_links',
  ],
  approvals: ['approval_workflows', 'approval_members', 'approval_requests', 'approval_decisions', 'review_links'],
  analytics: [
    'analytics',
    'analytics_touched',
    'analytics_rollups',
    'account_metrics',
    'user_analytics',
    'system_metrics',
    'derivation_marks',
  ],
  community: [
    'community_posts',
    'community_hashtags',
    'comments',
    'user_followers',
    'user_counters',
    'user_engagement',
    'engagement_events',
    'counter_deltas',
    'feed_items',
    'content_moderation',
    'moderation_reports',
    'moderation_words',
  ],
  messaging: ['notifications', 'realtime_connections', 'webhooks', 'webhook_deliveries', 'outbox_events'],
  operations: ['partitioned_tables', 'partition_archives', 'archive_parts', 'import_ids'],
} as const satisfies Record<string, readonly string[]>;

export type AreaName = keyof typeof areas;
export const areaNames = Object.keys(areas).filter((name): name is AreaName => name in areas);

/** The migrator's own. */
export const withoutArea: ReadonlySet<string> = new Set(['schema_migrations']);

/** Table → area. */
export const areaOf: ReadonlyMap<string, AreaName> = new Map(
  areaNames.flatMap((area) => areas[area].map((table): [string, AreaName] => [table, area])),
);
