/** Statement → what it needs to have work. Ids in braces are those of the person who asks (see work.ts). */
export interface Work {
  /** SQL that lays out rows. */
  readonly rows?: string;
  readonly values?: Readonly<Record<string, string | null>>;
  /** What looks like a filter of a list and must be given. */
  readonly needs?: readonly string[];
}

/** Person 8: somebody else. */
const OTHER = '00000001-0000-7000-8000-000000000008';
const AT_FIRST = { expectedVersion: '1' };
const ADMIN = "update users set role = 'admin' where id = '{user}'";
const PASSWORD = "update users set password_hash = 'x' where id = '{user}'";
const MAIL = { email: 'person7@example.com' };
const NEW_MAIL = { email: 'nobody.yet@example.com' };
const VERIFICATION = "insert into email_verification_tokens (user_id, token_hash) values ('{user}', 'x')";
const RESET = "insert into password_reset_tokens (user_id, token_hash) values ('{user}', 'x')";
const REPORT =
  "insert into report_links (id, project_id, post_id, token_hash) values ('{publication}', '{project}', '{post}', 'x')";
const FACTOR = `insert into mfa_factors (id, user_id, kind, name, secret_sealed, confirmed_at)
  values ('{publication}', '{user}', 'totp', 'Phone', 'x', app.now())`;
const RECOVERY =
  "insert into mfa_factors (user_id, kind, code_hashes, confirmed_at) values ('{user}', 'recovery', '{x}', app.now())";
const TICKET = "insert into sign_in_tickets (user_id, token_hash) values ('{user}', 'x')";
const INVITED = `insert into project_invitations (id, project_id, email, role, token_hash, last_sent_at)
  values ('{publication}', '{project}', 'person8@example.com', 'viewer', 'x', app.now() - interval '1 day')`;
const INVITED_ME = `${INVITED}; update project_invitations set email = 'person7@example.com',
  project_id = (select p.id from projects p where not exists (
    select from project_collaborators c where c.project_id = p.id and c.user_id = '{user}') order by p.id limit 1) where token_hash = 'x'`;
const STAFF_INVITED = `${ADMIN}; insert into user_invitations (id, email, role, token_hash, sent_at)
  values ('{publication}', 'staff@example.com', 'moderator', 'x', app.now() - interval '1 day')`;
const PROVIDER = `insert into identity_providers (name, label, issuer, client_id, client_secret_sealed)
  values ('x', 'X', 'https://x.example', 'x', 'x')`;
const LINKED = `${PROVIDER}; insert into user_identities (id, user_id, provider, subject) values ('{publication}', '{user}', 'x', 'x');
  ${PASSWORD}`;
const signIn = (purpose: string) => `${LINKED}; insert into provider_sign_ins
  (id, provider, purpose, user_id, start_hash, browser_hash, return_to, code_challenge)
  values ('{publication}', 'x', '${purpose}', ${purpose === 'sign_in' ? 'null' : "'{user}'"}, 'x', 'x', '/', 'x')`;
const RETURNED = "update provider_sign_ins set returned_at = app.now(), code_hash = 'x', subject = 'x'";
const EXPORT = `insert into account_exports (id, user_id, state, lease_token, lease_until, parts, completed_at, expires_at)
  values ('{publication}', '{user}', 'running', '{publication}', app.now() + interval '1 minute', '[{"bytes": 1}]', null, null)`;
const LEAVING =
  "insert into account_deletions (user_id, requested_at, due_at) values ('{user}', app.now() - interval '40 days', app.now() - interval '1 day'); update users set deletion_requested_at = app.now() - interval '40 days' where id = '{user}'";
const LOGGED = `${ADMIN}; insert into audit_log (id, actor, user_id, project_id, table_name, row_id, operation)
  values ('{publication}', 'person', '{user}', '{project}', 'projects', '{project}', 'update');
  insert into audit_unsealed (audit_id, occurred_at) select id, occurred_at from audit_log on conflict do nothing`;
const SEALED = `${LOGGED}; select app.seal_audit(20)`;
const ARCHIVE = `insert into partition_archives (id, table_name, partition_name, to_at)
  values ('{publication}', 'analytics', 'bench_part', app.now() - interval '1 year')`;
const HASH = 'a'.repeat(64);
const PART = `${ARCHIVE}; insert into archive_parts (archive_id, number, object_key, row_count, bytes, sha256, last_id)
  values ('{publication}', 1, 'x', 1, 1, '${HASH}', 'x')`;
const AVATAR = `insert into user_avatars (id, user_id, status, declared_mime_type, declared_bytes)
  values ('{publication}', '{user}', 'processing', 'image/png', 1)`;
const API_KEY = `insert into api_keys (id, project_id, created_by, name, prefix, key_hash, scopes)
  values ('{publication}', '{project}', '{user}', 'Build', 'ph_x', 'y', '{posts:read}')`;
const CONTENT =
  "update content set id = '{publication}', platform = 'threads', status = 'draft' where id = (select min(c.id::text)::uuid from content c where c.project_id = '{project}')";
const OAUTH = `insert into oauth_states (state_hash, user_id, project_id, platform, base_url, code_verifier_sealed)
  values ('x', '{user}', '{project}', 'threads', 'https://threads.example', 'x');
  insert into platform_apps (platform, base_url, redirect_uri, client_id, client_secret_sealed)
  values ('threads', 'https://threads.example', 'x', 'x', 'x') on conflict do nothing`;
const event = (kind: string, payload: string, more = '') =>
  `insert into outbox_events (id, kind, payload, created_at${more === '' ? '' : ', lease_until'})
   values ('{publication}', '${kind}', '${payload}', app.now() - interval '1 hour'${more})`;
const publication = (set: string) => `update post_publications set ${set} where id = '{publication}'`;
const attempt = `insert into publication_attempts (project_id, publication_id, account_id, kind, generation, lease_token)
  values ('{project}', '{publication}', '{account}', 'publish', 1, '{user}')`;
const PUBLISHING = `${publication("state = 'publishing', generation = 1, lease_token = '{user}', lease_until = app.now() + interval '1 minute', commit_started_at = null, published_at = null, platform_post_id = null, due_at = app.now() - interval '1 second'")}; ${attempt}`;
const LOST = publication(
  "state = 'processing', next_attempt_at = app.now() - interval '1 minute', lease_until = null, published_at = null",
);
const WAITING = publication(
  "state = 'scheduled', due_at = app.now() + interval '1 minute', published_at = null, commit_started_at = null, prepared_ready = false, generation = 1",
);
const VERSION_OF_TOKEN = { version: '1' };
const NEEDY_TOKEN =
  "update account_tokens set expires_at = app.now() + interval '1 minute', token_version = 1, refresh_lease_until = null where account_id = '{account}'";
const LIST = { externalId: null, createdBy: null, before: null, status: null, updatedSince: '2020-01-01T00:00:00Z' };

export const work: Readonly<Record<string, Work>> = {
  changeEmail: { values: NEW_MAIL },
  changePassword: { rows: PASSWORD, values: { presentedHash: 'x' } },
  findLoginRecipe: { values: MAIL },
  findResetCandidate: { rows: RESET },
  renewPasswordHash: { rows: PASSWORD, values: { sessionId: '{session}' } },
  resetPassword: { rows: RESET },
  registerUser: { values: { ...NEW_MAIL, username: null, usernameSkeleton: null, invitationHash: null } },
  verifyEmail: { rows: VERIFICATION },
  openSessionByPassword: { rows: PASSWORD, values: { ...MAIL, ip: '192.0.2.1', device: '{}' } },
  rotateSession: {
    values: { presentedHash: 'hash of person7@example.com', successorHash: 'y', ip: '192.0.2.7', device: '{}' },
  },
  findReport: { rows: REPORT },
  listReportLinks: { rows: REPORT, values: { before: null } },
  revokeReportLink: { rows: REPORT },
  listUsage: { values: { scope: 'user', subjectId: '{user}' } },
  setQuotas: { rows: ADMIN, values: { scope: 'user', subjectId: '{user}', limits: '{"projects": 5}' } },
  claimAgain: { rows: publication("state = 'scheduled', next_attempt_at = app.now(), published_at = null") },
  claimLooks: { rows: LOST },
  claimOwn: { rows: WAITING },
  claimPost: { rows: WAITING },
  recoverPublications: { rows: PUBLISHING.replace("+ interval '1 minute'", "- interval '1 minute'") },
  resolvePublication: { rows: publication("state = 'unknown', published_at = null, next_attempt_at = null") },
  retryPublication: {
    rows: publication("state = 'failed', failure_class = 'retry-later', failure_code = 'x', published_at = null"),
  },
  claimRefresh: { rows: NEEDY_TOKEN, values: VERSION_OF_TOKEN },
  postponeRefresh: { rows: NEEDY_TOKEN, values: VERSION_OF_TOKEN },
  releaseRefresh: { rows: NEEDY_TOKEN, values: VERSION_OF_TOKEN },
  storeRefreshed: { rows: NEEDY_TOKEN, values: VERSION_OF_TOKEN },
  guardCommits: { rows: PUBLISHING },
  leaseLooks: { rows: LOST },
  leasePreparations: { rows: WAITING },
  leasePublications: {
    rows: publication(
      "state = 'queued', generation = 1, due_at = app.now() - interval '1 second', next_attempt_at = null, published_at = null, commit_started_at = null",
    ),
  },
  settlePublications: {
    rows: PUBLISHING,
    values: {
      results:
        '[{"id": "{publication}", "leaseToken": "{user}", "state": "published", "outcome": "published", "platformPostId": "1-1"}]',
    },
  },
  storePrepared: {
    rows: `${WAITING}; update post_publications set revision = 1 where id = '{publication}'`,
    values: { results: '[{"id": "{publication}", "revision": 1, "prepared": {}, "ready": true, "expiresInS": 60}]' },
  },
  deleteProject: { rows: "delete from post_publications where project_id = '{project}' and state <> 'published'" },
  updateProject: { values: { ...AT_FIRST, patch: '{"name": "Other"}' } },
  updatePreferences: { values: { expectedVersion: null } },
  listPosts: { values: LIST },
  listPostsByHashtag: { values: { ...LIST, hashtag: 'topic500' } },
  listPostsDue: {
    values: { ...LIST, hashtag: null },
    rows: "update posts set due_at = app.now() + interval '1 hour' where id = '{post}'",
  },
  searchPosts: { values: { ...LIST, words: 'word7', hashtag: null } },
  cancelPost: {
    rows: "update post_publications set state = 'scheduled', published_at = null, due_at = app.now() + interval '1 hour' where post_id = '{post}'",
  },
  insertPost: {
    values: {
      timeZone: null,
      wallTime: null,
      dueAt: '2100-01-01T00:00:00Z',
      externalId: null,
      metadata: '{}',
      publications: '[{"accountId": "{account}"}]',
      media: '[{"mediaId": "{media}"}]',
    },
  },
  confirmFactor: {
    rows: `${FACTOR}; update mfa_factors set confirmed_at = null where user_id = '{user}'`,
    values: { codeHashes: '{a,b}' },
  },
  getFactor: { rows: FACTOR },
  listFactors: { rows: FACTOR },
  openEnrolment: { rows: `${FACTOR}; update mfa_factors set confirmed_at = null where user_id = '{user}'` },
  openTicket: { rows: `${FACTOR}; ${TICKET}` },
  removeFactor: { rows: FACTOR },
  renameFactor: { rows: FACTOR, values: AT_FIRST },
  replaceRecoveryCodes: { rows: `${FACTOR}; ${RECOVERY}`, values: { codeHashes: '{a}' } },
  stepUpByCode: { rows: `${FACTOR}; ${RECOVERY}`, values: { factorId: null, step: null } },
  stepUpByPassword: { rows: PASSWORD },
  useTicket: { rows: `${FACTOR}; ${RECOVERY}; ${TICKET}`, values: { ip: '192.0.2.1', device: '{}' } },
  changeMember: { values: AT_FIRST },
  listMembers: { needs: ['projectId'] },
  listInvitations: { needs: ['projectId'] },
  listApiKeys: { needs: ['projectId'] },
  removeMember: {
    rows: "update project_collaborators set role = 'owner' where project_id = '{project}'",
    values: AT_FIRST,
  },
  transferProject: {
    rows: `insert into project_collaborators (project_id, user_id, role) values ('{project}', '${OTHER}', 'editor') on conflict do nothing`,
    values: { userId: OTHER, role: 'editor' },
  },
  listMedia: { values: { status: 'ready', mediaKind: 'image', before: null } },
  claimDeleted: {
    rows: `update media set deleted_at = app.now() where id = '{media}'; delete from post_media where media_id = '{media}'; ${event('media.deleted', '{"mediaId": "{media}"}')}`,
  },
  claimMedia: {
    rows: "update media set status = 'pending_upload', upload_key = 'x' where id = '{media}'",
    values: { uploadKey: 'x' },
  },
  failStuck: {
    rows: "update media set status = 'pending_upload', upload_expires_at = app.now() - interval '1 hour' where id = '{media}'",
  },
  updateMe: { values: AT_FIRST },
  markMailSent: { rows: event('mail', '{}'), values: { mailId: '{publication}' } },
  acceptInvitation: { rows: INVITED_ME },
  createInvitation: { values: { ...NEW_MAIL, role: 'viewer', permissions: '{}' } },
  declineInvitation: { rows: INVITED },
  getInvitation: { rows: INVITED },
  resendInvitation: { rows: INVITED, values: { tokenHash: 'y' } },
  revokeInvitation: { rows: INVITED },
  showInvitation: { rows: INVITED },
  verifyInvited: {
    rows: `${VERIFICATION}; ${INVITED_ME}; update users set email_verified_at = null where id = '{user}'`,
  },
  createIdentityProvider: {
    rows: ADMIN,
    values: { issuer: 'https://x.example', scopes: '{openid}', returnOrigins: '{}' },
  },
  getIdentityProvider: { rows: `${ADMIN}; ${PROVIDER}` },
  listIdentityProviders: { rows: `${ADMIN}; ${PROVIDER}` },
  removeIdentityProvider: { rows: `${ADMIN}; ${PROVIDER}` },
  updateIdentityProvider: { rows: `${ADMIN}; ${PROVIDER}`, values: AT_FIRST },
  beginProof: { rows: LINKED, values: { purpose: 'step_up', returnTo: '/', returnOrigin: null } },
  beginSignIn: { rows: PROVIDER, values: { returnTo: '/', returnOrigin: null } },
  openSignIn: { rows: signIn('sign_in') },
  returnSignIn: { rows: signIn('sign_in') },
  keepSignIn: {
    rows: `${signIn('sign_in')}; ${RETURNED}; update provider_sign_ins set code_hash = null`,
    values: { signInId: '{publication}', emailVerified: 'true', email: null },
  },
  finishSignIn: {
    rows: `${signIn('sign_in')}; ${RETURNED}`,
    values: { ip: '192.0.2.1', device: '{}', invitationHash: null },
  },
  linkIdentity: { rows: `${signIn('link')}; ${RETURNED}` },
  stepUpByProvider: { rows: `${signIn('step_up')}; ${RETURNED}` },
  listIdentities: { rows: LINKED },
  listSignInProviders: { rows: PROVIDER },
  unlinkIdentity: { rows: LINKED },
  claimObjects: { rows: event('objects.deleted', '{"keys": ["a"]}') },
  settleMails: { rows: event('mail', '{}'), values: { sent: '{{publication}}' } },
  settleObjects: { rows: event('objects.deleted', '{"keys": ["a"]}'), values: { events: '{{publication}}' } },
  listHashtags: { values: { prefix: 'topic' } },
  deleteExport: { rows: EXPORT },
  findExport: { rows: EXPORT },
  findExportPart: {
    rows: `${EXPORT}; update account_exports set state = 'ready', parts = '[{"bytes": 1, "number": 1}]', completed_at = app.now(), expires_at = app.now() + interval '1 day'`,
    values: { number: '1' },
  },
  listExports: { rows: EXPORT, values: { before: null } },
  claimExport: {
    rows: EXPORT.replace("'running', '{publication}', app.now() + interval '1 minute'", "'waiting', null, null"),
  },
  keepExport: { rows: EXPORT },
  noteExportPart: { rows: EXPORT, values: { cursor: '{}', part: '{"bytes": 1}', done: 'false' } },
  findLostExports: {
    rows: `${EXPORT}; update account_exports set created_at = app.now() - interval '1 hour', lease_until = app.now() - interval '1 minute'`,
  },
  readExportPage: { rows: EXPORT, values: { table: 'user_sessions', ofProjects: 'false', after: null } },
  readExportFiles: { rows: EXPORT, values: { after: null } },
  findExportAvatar: { rows: `${EXPORT}; ${AVATAR}; update user_avatars set status = 'ready'` },
  claimErasures: { rows: LEAVING },
  finishDeletion: { rows: LEAVING },
  requestDeletion: { values: { deleteProjects: '{{project}}', cancelPending: 'true' } },
  findContent: { rows: CONTENT, values: { contentId: '{publication}' } },
  listContent: {
    rows: CONTENT,
    values: { status: 'draft', platform: 'threads', before: null, since: '2020-01-01T00:00:00Z' },
  },
  listContentTitles: { values: { userId: null, before: null } },
  searchContent: { values: { words: 'word7', status: null, platform: null, before: null, since: null } },
  popularPosts: { rows: 'refresh materialized view popular_posts', values: { afterRank: null } },
  searchCommunityPosts: { values: { words: 'word7', afterWeight: null, afterId: null } },
  publishToCommunity: {
    rows: `delete from community_posts where publication_id = '{publication}'; ${publication("state = 'publishing', lease_until = app.now() + interval '1 minute'")}`,
    values: { visibility: 'public', media: '[]' },
  },
  addComment: { values: { parentId: null } },
  deleteComment: { rows: "update comments set author_id = '{user}' where id = '{comment}'" },
  repairCounters: { rows: "update community_posts set like_count = 999 where id = '{communityPost}'" },
  rescorePosts: {
    rows: "update community_posts set engagement_score = 5, scored_at = app.now() - interval '2 hours' where id = '{communityPost}'",
  },
  claimAvatar: { rows: AVATAR.replace('processing', 'pending_upload'), values: { avatarId: '{publication}' } },
  settleAvatar: {
    rows: AVATAR,
    values: { avatarId: '{publication}', status: 'ready', failureCode: null, failureReason: null },
  },
  listAudit: {
    rows: LOGGED,
    values: {
      before: null,
      userId: null,
      actor: null,
      table: null,
      rowId: null,
      operation: null,
      requestId: null,
      from: null,
      to: null,
    },
  },
  revealAudit: { rows: LOGGED },
  sealAudit: { rows: LOGGED },
  listSeals: { rows: SEALED, values: { after: '0' } },
  listProjectSealing: { rows: SEALED, values: { after: null, until: null } },
  listAltered: { rows: `${SEALED}; update audit_log set actor = 'worker'`, values: { first: '1', last: '20' } },
  changeApiKey: { rows: API_KEY, values: { ...AT_FIRST, apiKeyId: '{publication}' } },
  createApiKey: { values: { prefix: 'ph_test_1', scopes: '{posts:read}', expiresInDays: '30' } },
  getApiKey: { rows: API_KEY, values: { apiKeyId: '{publication}' } },
  revokeApiKey: { rows: API_KEY, values: { expectedVersion: null, apiKeyId: '{publication}' } },
  rotateApiKey: { rows: API_KEY, values: { apiKeyId: '{publication}', prefix: 'ph_test_2', overlapS: '60' } },
  claimDueMetrics: {
    rows: publication("next_metrics_at = app.now() - interval '1 minute', metrics_lease_until = null"),
  },
  createUserInvitation: { rows: ADMIN, values: { ...NEW_MAIL, role: 'moderator' } },
  resendUserInvitation: { rows: STAFF_INVITED, values: { invitationId: '{publication}', tokenHash: 'y' } },
  revokeUserInvitation: { rows: STAFF_INVITED, values: { invitationId: '{publication}' } },
  notePlatformApp: { rows: ADMIN, values: { action: 'set' } },
  switchPlatform: { rows: ADMIN, values: { enabled: 'false' } },
  getSettings: { rows: ADMIN },
  updateSettings: { rows: ADMIN, values: AT_FIRST },
  administerUser: {
    rows: `${ADMIN}; update users set locked_until = app.now() + interval '1 hour' where email = 'person8@example.com'`,
    values: { userId: OTHER, action: 'unlock', value: null, expectedVersion: null },
  },
  listOwnerlessProjects: {
    rows: `${ADMIN}; update users set status = 'deactivated' where id = '${OTHER}'`,
    values: { ownerId: null, before: null },
  },
  handOverProject: {
    rows: `${ADMIN}; update users set email_verified_at = app.now() where id = '${OTHER}';
      delete from project_collaborators where project_id = '{project}' and role = 'owner'`,
    values: { userId: OTHER, role: 'editor' },
  },
  forcePasswordReset: { rows: ADMIN },
  lookAtUser: { rows: ADMIN, values: { userId: '{user}' } },
  consumeOauthState: { rows: OAUTH },
  finishOauth: {
    rows: `${OAUTH}; update oauth_states set used_at = app.now()`,
    values: {
      platformAccountId: 'new',
      scopes: '{}',
      expiresInS: '60',
      avatarUrl: null,
      baseUrl: 'https://threads.example',
    },
  },
  listAccounts: { values: { platform: 'threads', status: null, before: null } },
  addArchivePart: {
    rows: ARCHIVE,
    values: { archiveId: '{publication}', number: '1', rows: '1', bytes: '1', sha256: HASH },
  },
  listArchiveParts: { rows: PART },
  listArchives: { rows: PART },
  markArchiveWritten: { rows: PART },
  nextArchive: { rows: PART },
  readArchivePage: {
    rows: `${ARCHIVE}; create table archive.bench_part (id uuid primary key, n integer); grant select on archive.bench_part to public;
      insert into archive.bench_part values ('{publication}', 1)`,
    values: { afterId: null },
  },
  rollupsOf: {
    rows: `insert into analytics_rollups (project_id, account_id, publication_id, period, starts_at, likes)
      values ('{project}', '{account}', '{publication}', 'daily', date_trunc('day', app.now(), 'UTC'), 1)`,
    values: { targetId: '{publication}', period: 'daily', since: '2020-01-01T00:00:00Z' },
    needs: ['since'],
  },
  claimRevocations: { rows: event('account.disconnected', '{"accountId": "{account}"}') },
};

/** Statement → why there is nothing for it to do here. */
export const idle: Readonly<Record<string, string>> = {
  detachExpired: 'no partition is older than what is kept',
  purgeKept: 'no row is older than what is kept',
};
