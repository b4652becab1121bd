/** Mails about accounts that a quota pauses, to whoever may disconnect them. */
import { z } from 'zod';
import type { MailContent } from './credential-mails.ts';

const letter = {
  to: z.string(),
  name: z.string(),
  /** Those of which there are more than the mail names. */
  others: z.int(),
};
const account = z.object({ project: z.string(), platform: z.string(), handle: z.string() });

const pausedAccount = z.object({
  ...account.shape,
  /** The limits that it is beyond. Another member's is theirs alone to know. */
  projectLimit: z.int().nullable(),
  ownLimit: z.int().nullable(),
  memberLimited: z.boolean(),
});

export const pauseMails = [
  z.object({ template: z.literal('accounts-paused'), ...letter, accounts: z.array(pausedAccount) }),
  z.object({ template: z.literal('accounts-resumed'), ...letter, accounts: z.array(account) }),
] as const;

type PauseMail = z.output<(typeof pauseMails)[number]>;

const OPTION = 'You can switch these mails off in your preferences (emailNotifications).';

export function pauseMail(mail: PauseMail): MailContent {
  const { subject, texts } = mail.template === 'accounts-paused' ? pausedWords(mail) : resumedWords(mail);
  return { subject, paragraphs: [`Hello ${mail.name},`, ...texts, OPTION].map((text) => ({ text })) };
}

function pausedWords({ accounts, others }: Extract<PauseMail, { template: 'accounts-paused' }>) {
  return {
    subject: 'Connected accounts are paused',
    texts: [
      'More accounts are connected than a limit allows. These are paused, because they were connected last:',
      ...accounts.map((paused) => [placeOf(paused), ...limitsOf(paused)].join(': ')),
      ...othersOf(others),
      'Nothing was deleted. Nothing is published through a paused account, and posts that are scheduled there wait.',
      'Disconnect an account that is not needed, or ask whoever runs this Posthaste for a higher limit. As soon as there is room, paused accounts publish again, and so do the posts that wait.',
    ],
  };
}

function resumedWords({ accounts, others }: Extract<PauseMail, { template: 'accounts-resumed' }>) {
  return {
    subject: 'Paused accounts publish again',
    texts: [
      'There is room for these accounts again. They are no longer paused:',
      ...accounts.map(placeOf),
      ...othersOf(others),
      'Posts whose time came meanwhile are published now. You need not do anything.',
    ],
  };
}

function placeOf({ project, platform, handle }: z.output<typeof account>): string {
  return `${platform} (${handle}) in the project “${project}”`;
}

function limitsOf({ projectLimit, ownLimit, memberLimited }: z.output<typeof pausedAccount>): string[] {
  const limits = [
    ...(projectLimit === null ? [] : [`the project may have ${countOf(projectLimit)}`]),
    ...(ownLimit === null ? [] : [`you may connect ${countOf(ownLimit)}, in all projects together`]),
    ...(memberLimited ? ['the member who connected it has connected as many as they may'] : []),
  ];
  return limits.length === 0 ? [] : [limits.join('; ')];
}

const countOf = (most: number) => (most === 1 ? '1 account' : `${most === 0 ? 'no' : most} accounts`);

const othersOf = (others: number) => (others === 0 ? [] : [`… and ${others} more.`]);
