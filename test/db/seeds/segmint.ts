/** Rows of Segmint. */
import type { SeedRow } from './fill.ts';

export const rows: readonly SeedRow[] = [
  ['User', { id: 1, email: 'ada@segmint.example', role: 'creator' }],
  ['User', { id: 2, email: 'ben@segmint.example', role: 'team_member' }],
  ['User', { id: 3, email: 'cleo@segmint.example', role: 'admin' }],
  ['SocialProfile', { id: 4, user_id: 1, platform: 'YouTube' }],
  ['Content', { id: 5, user_id: 1 }],
  ['IdeaSuggestion', { id: 6, content_id: 5, relevance_score: '0.83' }],
  ['Platform', { id: 7, name: 'youtube', api_endpoint: 'https://www.googleapis.com' }],
  ['PlatformPost', { id: 8, content_id: 5, platform_id: 7, status: 'posted' }],
  ['ApprovalWorkflow', { id: 9, user_id: 1, status: 'rejected' }],
  ['ApprovalWorkflow', { id: 10, user_id: 1, status: 'pending' }],
  ['TeamMember', { id: 11, workflow_id: 9, member_id: 2, role: 'reviewer' }],
  ['TeamMember', { id: 12, workflow_id: 9, member_id: 3, role: 'approver' }],
];
