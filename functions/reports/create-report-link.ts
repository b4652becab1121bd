import { z } from 'zod';
import { hashToken, randomToken } from '../../shared/auth/tokens.ts';
import { config } from '../../shared/config/config.ts';
import { id } from '../../shared/db/columns.ts';
import { createReportLink } from '../../shared/reports/queries.ts';
import { ReportLink } from '../../shared/reports/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'POST',
  path: '/v1/posts/{postId}/report-links',
  auth: 'user',
  scope: 'analytics:write',
  tag: 'reports',
  summary: 'Share the report of a post',
  description:
    'Anybody with the link can read the report in a browser, until it expires or is revoked, and as long as you are a member of the project and your account is active.',
  params: z.strictObject({ postId: id }),
  body: z.strictObject({ expiresInDays: z.int().min(1).max(365).default(30) }),
  status: 201,
  response: ReportLink,
  errors: ['forbidden'],
  secretAnswer: true,
  uses: { database: 'api', secrets: ['verificationKeys'] },
})(async ({ params: { postId }, body, db }) => {
  const token = randomToken();
  const link = await db.change(createReportLink, { postId, tokenHash: hashToken(token), days: body.expiresInDays });
  return ReportLink.parse({ ...link, postId, url: `${config('http').PUBLIC_BASE_URL}/reports/${token}` });
});
