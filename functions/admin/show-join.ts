import { z } from 'zod';
import { isUserInvitation } from '../../shared/admin/invitation-queries.ts';
import { joinPage, joinScript } from '../../shared/admin/join-page.ts';
import { mailToken } from '../../shared/auth/shapes.ts';
import { hashToken } from '../../shared/auth/tokens.ts';
import { baseSheet } from '../../shared/html/sheet.ts';
import { endpoint } from '../_kit/endpoint.ts';
import { HTML, htmlPage } from '../_kit/page.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/join/{token}',
  auth: 'page',
  summary: 'Show the page of an invitation to the installation',
  description: 'The link in the mail leads here. Opening it changes nothing; its button registers.',
  tag: 'auth',
  params: z.strictObject({ token: mailToken }),
  status: 200,
  content: HTML,
  errors: [],
  uses: { database: 'api' },
})(async ({ db, params }) => {
  const { good } = await db.one(isUserInvitation, { tokenHash: hashToken(params.token) });
  return htmlPage({
    title: 'An invitation – Posthaste',
    body: joinPage(good).markup,
    style: baseSheet,
    script: joinScript,
    head: '<meta name="robots" content="noindex">',
    sources: { 'connect-src': "'self'" },
  });
});
