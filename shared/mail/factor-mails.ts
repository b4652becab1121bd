/** Mails about second factors and ways of signing in: whoever loses one hears of it. */
import { z } from 'zod';
import type { MailContent } from './credential-mails.ts';

const to = z.string();

export const factorMails = [
  z.object({
    template: z.literal('second-factor'),
    to,
    change: z.enum(['added', 'removed', 'recovery_codes_made', 'recovery_code_used', 'guessed']),
    /** Recovery codes that are left. */
    left: z.int().optional(),
  }),
  z.object({ template: z.literal('identity'), to, change: z.enum(['linked', 'unlinked']), label: z.string() }),
] as const;

type FactorMail = z.output<(typeof factorMails)[number]>;

const NOT_YOU =
  'If it was not you, choose a new password at once (“forgot password”) and look at your authenticator apps.';

export function factorMail(mail: FactorMail): MailContent {
  const { subject, texts } = mail.template === 'identity' ? identityWords(mail) : factorWords(mail);
  return { subject, paragraphs: ['Hello,', ...texts, NOT_YOU].map((text) => ({ text })) };
}

function identityWords({ change, label }: Extract<FactorMail, { template: 'identity' }>) {
  return change === 'linked'
    ? { subject: `You can sign in with ${label} now`, texts: [`An identity at ${label} was linked to your account.`] }
    : {
        subject: `You no longer sign in with ${label}`,
        texts: [`An identity at ${label} was unlinked from your account.`],
      };
}

function factorWords({ change, left = 0 }: Extract<FactorMail, { template: 'second-factor' }>) {
  switch (change) {
    case 'added':
      return {
        subject: 'An authenticator app was added',
        texts: ['Every login asks for one of its codes from now on.'],
      };
    case 'removed':
      return { subject: 'An authenticator app was removed', texts: ['Its codes are no longer accepted.'] };
    case 'recovery_codes_made':
      return { subject: 'New recovery codes were generated', texts: ['The previous ones are no longer accepted.'] };
    case 'recovery_code_used':
      return {
        subject: 'A recovery code was used',
        texts: [`It stood in for your authenticator app. ${leftWords(left)}`],
      };
    case 'guessed':
      return {
        subject: 'Somebody is trying to guess your second factor',
        texts: ['Somebody who knows your password, or uses one of your sessions, entered five wrong codes in a row.'],
      };
  }
}

function leftWords(left: number): string {
  if (left === 0) return 'None are left: generate new ones before you need them.';
  const few = left <= 3 ? ': generate new ones soon.' : '.';
  return left === 1 ? `One is left${few}` : `${left} are left${few}`;
}
