/** What is asked of users. Before an actor is known, only through the named functions. */
import { z } from 'zod';
import { id } from '../db/columns.ts';
import { query } from '../db/statement.ts';

/**
 * The row says which mail was written, null for one too many, not what is in it: rows are kept for a repeat, and the mail
 * holds a token.
 */
export const registerUser = query({
  name: 'registerUser',
  kind: 'public',
  access: 'write',
  row: z.object({
    outcome: z.string(),
    mailId: id.nullable(),
    template: z.enum(['verify-email', 'already-registered']).nullable(),
  }),
})<{
  email: string;
  passwordHash: string;
  displayName: string;
  tokenHash: string;
  link: string;
  username: string | null;
  usernameSkeleton: string | null;
  invitationHash: string | null;
}>`
  select outcome, mail_id, payload ->> 'template' as template
  from app.register(${'email'}, ${'passwordHash'}, ${'displayName'}, ${'tokenHash'}, ${'link'}, ${'username'},
    ${'usernameSkeleton'}, ${'invitationHash'})`;

export const verifyEmail = query({
  name: 'verifyEmail',
  kind: 'public',
  access: 'write',
  row: z.object({ outcome: z.string() }),
})<{ tokenHash: string }>`
  select outcome from app.verify_email(${'tokenHash'})`;
