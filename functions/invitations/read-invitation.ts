import { z } from 'zod';
import { mailToken } from '../../shared/auth/shapes.ts';
import { hashToken } from '../../shared/auth/tokens.ts';
import { showInvitation } from '../../shared/invitations/queries.ts';
import { OpenInvitation } from '../../shared/invitations/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/invitations/by-token/{token}',
  auth: 'public',
  rate: 'login',
  summary: 'Get an invitation by the token from its mail',
  description: 'What the mail said, as long as the link is valid. Reading it changes nothing.',
  params: z.strictObject({ token: mailToken }),
  status: 200,
  response: OpenInvitation,
  errors: [],
  uses: { database: 'api' },
})(async ({ db, params }) => db.one(showInvitation, { tokenHash: hashToken(params.token) }));
