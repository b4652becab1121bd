/** What is asked of sign-ins at providers: each step once, hashes only, and the client's secret of a provider only when needed. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import type { Json } from '../db/parameters.ts';
import { query } from '../db/statement.ts';
import { Identity, SignInProvider } from './shapes.ts';

export const listSignInProviders = query({
  name: 'listSignInProviders',
  kind: 'public',
  access: 'read',
  row: SignInProvider,
})<Record<never, never>>`
  select name, label from app.sign_in_providers()`;

const begun = z.object({ outcome: z.string(), expiresAt: instant });

interface Beginning extends Record<string, string | null> {
  provider: string;
  startHash: string;
  returnTo: string;
  returnOrigin: string | null;
  codeChallenge: string;
}

export const beginSignIn = query({ name: 'beginSignIn', kind: 'public', access: 'write', row: begun })<Beginning>`
  select outcome, expires_at
  from app.begin_provider_sign_in(${'provider'}, 'sign_in', ${'startHash'}, ${'returnTo'}, ${'returnOrigin'}, ${'codeChallenge'})`;

/** For whoever is signed in: to link, or to prove anew. */
export const beginProof = query({ name: 'beginProof', kind: 'actor', access: 'write', row: begun })<
  Beginning & { purpose: string }
>`
  select outcome, expires_at
  from app.begin_provider_sign_in(${'provider'}, ${'purpose'}, ${'startHash'}, ${'returnTo'}, ${'returnOrigin'}, ${'codeChallenge'})`;

const opened = {
  outcome: z.string(),
  provider: z.string(),
  version: z.int(),
  issuer: z.string(),
  clientId: z.string(),
  purpose: z.enum(['sign_in', 'link', 'step_up']),
};

export const openSignIn = query({
  name: 'openSignIn',
  kind: 'public',
  access: 'guarded',
  row: z.object({ ...opened, scopes: z.array(z.string()) }),
})<{ startHash: string; browserHash: string }>`
  select outcome, provider, version, issuer, client_id, purpose, scopes
  from app.open_provider_sign_in(${'startHash'}, ${'browserHash'})`;

export const returnSignIn = query({
  name: 'returnSignIn',
  kind: 'public',
  access: 'write',
  row: z.object({ ...opened, signInId: id, clientSecretSealed: z.string(), returnTo: z.string() }),
})<{ browserHash: string }>`
  select outcome, provider, version, issuer, client_id, purpose, sign_in_id, client_secret_sealed, return_to
  from app.return_provider_sign_in(${'browserHash'})`;

export const keepSignIn = query({
  name: 'keepSignIn',
  kind: 'public',
  access: 'guarded',
  row: z.object({ outcome: z.string() }),
})<{
  signInId: string;
  codeHash: string;
  subject: string;
  email: string | null;
  emailVerified: boolean;
  displayName: string | null;
  isFresh: boolean;
}>`
  select outcome
  from app.keep_provider_sign_in(${'signInId'}::uuid, ${'codeHash'}, ${'subject'}, ${'email'}, ${'emailVerified'}::boolean,
    ${'displayName'}, ${'isFresh'}::boolean)`;

/** `ok` or `second_factor_needed`, or why not. */
export const finishSignIn = query({
  name: 'finishSignIn',
  kind: 'public',
  access: 'write',
  row: z.object({ outcome: z.string(), userId: id.nullable(), sessionId: id.nullable() }),
})<{
  codeHash: string;
  codeChallenge: string;
  invitationHash: string | null;
  secretHash: string;
  userAgent: string | null;
  ip: string;
  device: Json;
}>`
  select outcome, user_id, session_id
  from app.finish_provider_sign_in(${'codeHash'}, ${'codeChallenge'}, ${'invitationHash'}, ${'secretHash'},
    left(${'userAgent'}, 500), ${'ip'}, ${'device'}::jsonb)`;

interface Finishing extends Record<string, string> {
  codeHash: string;
  codeChallenge: string;
}

export const linkIdentity = query({
  name: 'linkIdentity',
  kind: 'actor',
  access: 'write',
  row: Identity.extend({ outcome: z.string() }),
})<Finishing>`
  select outcome, id, provider, label, email, created_at, last_used_at
  from app.link_identity(${'codeHash'}, ${'codeChallenge'})`;

export const stepUpByProvider = query({
  name: 'stepUpByProvider',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string(), elevatedUntil: instant }),
})<Finishing>`
  select outcome, elevated_until from app.step_up_by_provider(${'codeHash'}, ${'codeChallenge'})`;

export const listIdentities = query({ name: 'listIdentities', kind: 'actor', access: 'read', row: Identity })<
  Record<never, never>
>`
  select i.id, i.provider, coalesce(p.label, i.provider) as label, i.email, i.created_at, i.last_used_at
  from user_identities i left join app.identity_provider_labels() p on p.name = i.provider
  where i.user_id = (select app.user_id())
  order by i.created_at, i.id limit 200`;

export const unlinkIdentity = query({
  name: 'unlinkIdentity',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string() }),
})<{ identityId: string }>`
  select outcome from app.unlink_identity(${'identityId'}::uuid)`;
