/** Mails about how somebody gets in. None but those that were asked for holds a link; none holds what an attacker could use. */
import { z } from 'zod';

const to = z.string();
const link = z.url();
/** Of a login: what the device told of itself, from where, and when (UTC, to the minute). */
const login = { name: z.string().nullable(), system: z.string().nullable(), ip: z.string().nullable(), at: z.string() };

/** What a new password leaves as it is. Missing in mails that were written before it was told. */
const waysIn = {
  identities: z.array(z.string()).default([]),
  apps: z.int().default(0),
  keys: z.int().default(0),
};

export const credentialMails = [
  z.object({ template: z.literal('no-account'), to }),
  z.object({ template: z.literal('verify-again'), to, link }),
  z.object({ template: z.literal('verify-new-email'), to, link }),
  z.object({ template: z.literal('email-change-asked'), to }),
  z.object({ template: z.literal('email-changed'), to }),
  z.object({ template: z.literal('reset-password'), to, link }),
  z.object({ template: z.literal('password-changed'), to, ...waysIn }),
  z.object({ template: z.literal('new-device'), to, ...login }),
  z.object({ template: z.literal('session-replayed'), to, ...login }),
] as const;

type CredentialMail = z.output<(typeof credentialMails)[number]>;

export interface MailContent {
  readonly subject: string;
  readonly paragraphs: readonly { readonly text: string; readonly link?: string }[];
}

const NOT_YOU = 'If it was not you, choose a new password at once (“forgot password”): that ends all sessions.';

export function credentialMail(mail: CredentialMail): MailContent {
  switch (mail.template) {
    case 'no-account':
      return letter('There is no account with this address', [
        'Somebody, probably you, asked Posthaste for a link to this address. Nobody is registered with it.',
        'Perhaps you registered with another address. If it was not you, do nothing.',
      ]);
    case 'verify-again':
      return linkLetter('Verify your e-mail address', mail.link, [
        'Please verify that this address is yours. The link is valid for 24 hours and works once.',
        'If you did not register at Posthaste, do nothing: without the link nobody can use this address.',
      ]);
    case 'verify-new-email':
      return linkLetter('Verify your new e-mail address', mail.link, [
        'Please verify that this address is yours: from then on you log in with it. The link is valid for 24 hours and works once.',
        'If you did not ask for this, do nothing.',
      ]);
    case 'email-change-asked':
      return letter('A change of your e-mail address was requested', [
        'Somebody who is logged in to your account, probably you, asked to change its e-mail address. We have sent a link to the new address; nothing changes until it is used.',
        NOT_YOU,
      ]);
    case 'email-changed':
      return letter('Your e-mail address was changed', [
        'Your account now has another e-mail address. This one is no longer used.',
        'If it was not you, contact whoever runs this Posthaste.',
      ]);
    case 'reset-password':
      return linkLetter('Choose a new password', mail.link, [
        'Somebody, probably you, asked to reset your password. The link is valid for one hour and works once.',
        'If you ask again and no mail comes, this link is valid for another hour.',
        'If it was not you, do nothing: your password stays as it is.',
      ]);
    case 'password-changed':
      return letter('Your password was changed', [
        'Your password was changed, and other sessions were ended.',
        ...leftOf(mail),
        NOT_YOU,
      ]);
    case 'new-device':
      return letter('A login from a new device', [`Somebody logged in to your account ${wordsOf(mail)}.`, NOT_YOU]);
    case 'session-replayed':
      return letter('A session was ended: its token was used twice', [
        `A session that was opened ${wordsOf(mail)} presented a token that had been used before. Somebody may have copied it, so the session was ended. Please log in again.`,
        NOT_YOU,
      ]);
  }
}

/** Whoever was in the account before may have left a way back: only its owner knows which are theirs. */
function leftOf({ identities, apps, keys }: Extract<CredentialMail, { template: 'password-changed' }>): string[] {
  const left = [
    ...identities.map((label) => `signing in with ${label}`),
    ...(apps > 0 ? [`authenticator apps: ${apps}`] : []),
    ...(keys > 0 ? [`your API keys: ${keys}`] : []),
  ];
  if (left.length === 0) return [];
  return [`Still active: ${left.join('; ')}. Please check that all of these are yours, and remove any that are not.`];
}

/** Names come from user agents: whoever logs in writes what stands here, so it is cut to what a name can be. */
function wordsOf({ name, system, ip, at }: Extract<CredentialMail, { at: string }>): string {
  const known = [name, system].map((word) => word?.replaceAll(/[^\p{L}\p{N} ._-]/gu, '').slice(0, 60));
  const device = [known[0] ?? 'an unknown program', ...(known[1] === undefined ? [] : [`on ${known[1]}`])].join(' ');
  return `on ${at} UTC by ${device}${ip === null ? '' : `, from the address ${ip}`}`;
}

function letter(subject: string, texts: readonly string[]): MailContent {
  return { subject, paragraphs: ['Hello,', ...texts].map((text) => ({ text })) };
}

function linkLetter(subject: string, href: string, [first = '', ...rest]: readonly string[]): MailContent {
  return { subject, paragraphs: [{ text: 'Hello,' }, { text: first, link: href }, ...rest.map((text) => ({ text }))] };
}
