/**
 * What is asked of people's credentials: all of it through named functions, since hashes can be read by nobody. Rows say which
 * mail was written, not what is in it: rows are kept for a repeat, and the mail holds a token.
 */
import { z } from 'zod';
import { id } from '../db/columns.ts';
import { query } from '../db/statement.ts';

const written = z.object({
  outcome: z.string(),
  mailId: id.nullable(),
  template: z
    .enum(['verify-again', 'verify-new-email', 'already-registered', 'reset-password', 'no-account'])
    .nullable(),
});

/** `waitS`: seconds until another may be asked for. */
const waiting = written.extend({ waitS: z.int().nullable() });

interface Asked extends Record<string, string> {
  email: string;
  tokenHash: string;
  link: string;
}

/** Parameters and salt of the hash; null where it is another system's, or there is none. */
export const findLoginRecipe = query({
  name: 'findLoginRecipe',
  kind: 'public',
  access: 'read',
  row: z.object({ recipe: z.string().nullable() }),
})<{ email: string }>`
  select recipe from app.login_recipe(${'email'})`;

export const renewPasswordHash = query({
  name: 'renewPasswordHash',
  kind: 'public',
  access: 'guarded',
  row: z.object({ outcome: z.string() }),
})<{ sessionId: string; presentedHash: string; newHash: string }>`
  select outcome from app.renew_password_hash(${'sessionId'}::uuid, ${'presentedHash'}, ${'newHash'})`;

export const resendVerification = query({
  name: 'resendVerification',
  kind: 'public',
  access: 'write',
  row: written,
})<Asked>`
  select outcome, mail_id, template from app.resend_verification(${'email'}, ${'tokenHash'}, ${'link'})`;

export const askPasswordReset = query({
  name: 'askPasswordReset',
  kind: 'public',
  access: 'write',
  row: written,
})<Asked>`
  select outcome, mail_id, template from app.ask_password_reset(${'email'}, ${'tokenHash'}, ${'link'})`;

export const changeEmail = query({ name: 'changeEmail', kind: 'actor', access: 'write', row: waiting })<Asked>`
  select outcome, mail_id, template, wait_s from app.change_email(${'email'}, ${'tokenHash'}, ${'link'})`;

const named = { email: z.string(), displayName: z.string(), username: z.string().nullable() };

export const findResetCandidate = query({
  name: 'findResetCandidate',
  kind: 'public',
  access: 'read',
  row: z.object(named),
})<{ tokenHash: string }>`
  select email, display_name, username from app.reset_candidate(${'tokenHash'})`;

export const resetPassword = query({
  name: 'resetPassword',
  kind: 'public',
  access: 'write',
  row: z.object({ outcome: z.string() }),
})<{ tokenHash: string; passwordHash: string }>`
  select outcome from app.reset_password(${'tokenHash'}, ${'passwordHash'})`;

export const getOwnRecipe = query({
  name: 'getOwnRecipe',
  kind: 'actor',
  access: 'read',
  row: z.object({ ...named, recipe: z.string().nullable() }),
})<Record<never, never>>`
  select email, display_name, username, app.own_recipe() as recipe from users where id = (select app.user_id())`;

/** `ok`, `wrong_password`, or `too_many_requests` with the seconds to wait. */
export const changePassword = query({
  name: 'changePassword',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string(), waitS: z.number().nullable() }),
})<{ presentedHash: string; newHash: string }>`
  select outcome, wait_s from app.change_password(${'presentedHash'}, ${'newHash'})`;
