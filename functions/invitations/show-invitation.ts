import { z } from 'zod';
import { mailToken } from '../../shared/auth/shapes.ts';
import { hashToken } from '../../shared/auth/tokens.ts';
import { baseSheet } from '../../shared/html/sheet.ts';
import { invitationPage, invitationSheet } from '../../shared/invitations/invitation-page.ts';
import { invitationScript } from '../../shared/invitations/invitation-script.ts';
import { showInvitation } from '../../shared/invitations/queries.ts';
import { endpoint } from '../_kit/endpoint.ts';
import { HTML, htmlPage } from '../_kit/page.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/invitations/{token}',
  auth: 'page',
  summary: 'Show the invitation page',
  description: 'The link in the mail leads here. Opening it changes nothing; its buttons accept or decline.',
  params: z.strictObject({ token: mailToken }),
  status: 200,
  content: HTML,
  errors: [],
  uses: { database: 'api' },
})(async ({ db, params }) => {
  const invitation = await db.maybe(showInvitation, { tokenHash: hashToken(params.token) });
  return htmlPage({
    title: 'An invitation – Posthaste',
    body: invitationPage(invitation).markup,
    style: baseSheet + invitationSheet,
    script: invitationScript,
    head: '<meta name="robots" content="noindex">',
    sources: { 'connect-src': "'self'" },
  });
});
