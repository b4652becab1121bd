/** The mails we send. A payload is what the outbox keeps; subject, text and HTML are made from it when it is sent. */
import { z } from 'zod';
import { escapeHtml } from '../html/html.ts';
import { credentialMail, credentialMails } from './credential-mails.ts';
import { factorMail, factorMails } from './factor-mails.ts';
import { pauseMail, pauseMails } from './pause-mails.ts';
import { projectMail, projectMails } from './project-mails.ts';
import { tame } from './tame.ts';

const to = z.string();

export const mailPayload = z.discriminatedUnion('template', [
  z.object({ template: z.literal('verify-email'), to, name: z.string(), link: z.url() }),
  z.object({ template: z.literal('already-registered'), to }),
  z.object({
    template: z.literal('post-failed'),
    to,
    name: z.string(),
    postId: z.string(),
    project: z.string(),
    excerpt: z.string(),
    failures: z.array(z.object({ platform: z.string(), handle: z.string().nullable(), reason: z.string().nullable() })),
  }),
  z.object({ template: z.literal('export-ready'), to, name: z.string(), expiresAt: z.string() }),
  z.object({ template: z.literal('deletion-requested'), to, name: z.string(), dueAt: z.string() }),
  z.object({ template: z.literal('account-deleted'), to, name: z.string() }),
  ...credentialMails,
  ...factorMails,
  ...pauseMails,
  ...projectMails,
  z.object({ template: z.literal('set-password'), to, name: z.string(), link: z.url() }),
  z.object({ template: z.literal('user-invitation'), to, link: z.url() }),
  z.object({ template: z.literal('password-demanded'), to, name: z.string(), link: z.url() }),
  z.object({
    template: z.literal('invitation'),
    to,
    inviter: z.string(),
    project: z.string(),
    role: z.string(),
    link: z.url(),
  }),
]);

export type MailPayload = z.output<typeof mailPayload>;

export interface RenderedMail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export function renderMail(payload: MailPayload): RenderedMail {
  const { subject, paragraphs } = contentOf(payload);
  return {
    to: payload.to,
    // A label in it that an operator chose is one line, whatever was stored.
    subject: subject.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' '),
    text: `${paragraphs.map(({ text, link }) => (link === undefined ? text : `${text}\n${link}`)).join('\n\n')}\n`,
    html: page(subject, paragraphs),
  };
}

interface Paragraph {
  readonly text: string;
  /** Shown as a button in HTML, as a line of its own in text. */
  readonly link?: string;
}

function contentOf(payload: MailPayload): { subject: string; paragraphs: readonly Paragraph[] } {
  switch (payload.template) {
    case 'verify-email':
      return {
        subject: 'Verify your e-mail address',
        paragraphs: [
          // Whoever registered the address may not be its owner.
          { text: `Hello ${tame(payload.name)},` },
          {
            text: 'Please verify that this address is yours. The link is valid for 24 hours and works once.',
            link: payload.link,
          },
          { text: 'If you did not register at Posthaste, do nothing: without the link nobody can use this address.' },
        ],
      };
    case 'set-password':
      return {
        subject: 'Choose your password',
        paragraphs: [
          { text: `Hello ${payload.name},` },
          {
            text: 'You are an administrator of Posthaste. Please choose your password. The link is valid for 24 hours and works once.',
            link: payload.link,
          },
        ],
      };
    case 'user-invitation':
      return {
        subject: 'You are invited to Posthaste',
        paragraphs: [
          { text: 'Hello,' },
          {
            text: 'An administrator of Posthaste invites you to register with this address. The link is valid for 14 days.',
            link: payload.link,
          },
          { text: 'If you do not know what this is about, do nothing: without the link nobody can use this address.' },
        ],
      };
    case 'password-demanded':
      return {
        subject: 'Please choose a new password',
        paragraphs: [
          { text: `Hello ${payload.name},` },
          {
            text: 'An administrator of Posthaste has revoked your password and signed you out everywhere. Please choose a new one. The link is valid for 24 hours and works once.',
            link: payload.link,
          },
        ],
      };
    case 'already-registered':
      return {
        subject: 'You are already registered',
        paragraphs: [
          { text: 'Hello,' },
          { text: 'Somebody, probably you, tried to register this address at Posthaste. It is already registered.' },
          {
            text: 'Log in with the password you chose then, or ask for a new one. If it was not you, do nothing: nothing was changed.',
          },
        ],
      };
    case 'invitation':
      return {
        subject: 'You are invited to a project',
        paragraphs: [
          { text: 'Hello,' },
          {
            text: `${tame(payload.inviter)} invites you to the project “${tame(payload.project)}” at Posthaste as ${payload.role}. The link shows the invitation and lets you accept or decline. It is valid for seven days.`,
            link: payload.link,
          },
          { text: 'If you do not know them, do nothing: without the link nobody can use this address.' },
        ],
      };
    case 'post-failed':
    case 'export-ready':
    case 'deletion-requested':
    case 'account-deleted':
      return accountContent(payload);
    case 'second-factor':
    case 'identity':
      return factorMail(payload);
    case 'accounts-paused':
    case 'accounts-resumed':
      return pauseMail(payload);
    case 'project-handed-over':
    case 'project-taken-over':
      return projectMail(payload);
    default:
      return credentialMail(payload);
  }
}

type Told = Extract<
  MailPayload,
  { template: 'post-failed' | 'export-ready' | 'deletion-requested' | 'account-deleted' }
>;

function accountContent(payload: Told): { subject: string; paragraphs: readonly Paragraph[] } {
  const hello = { text: `Hello ${payload.name},` };
  switch (payload.template) {
    case 'post-failed':
      return {
        subject: 'A post could not be published',
        paragraphs: [
          hello,
          { text: `Your post “${payload.excerpt}” in the project “${payload.project}” was not published everywhere:` },
          ...payload.failures.map(({ platform, handle, reason }) => ({
            text: `${platform}${handle === null ? '' : ` (${handle})`}: ${reason ?? 'the platform gave no reason'}`,
          })),
          { text: `Look at it and try again: post ${payload.postId}.` },
          { text: 'You can switch these mails off in your preferences (postFailureAlerts).' },
        ],
      };
    case 'export-ready':
      return {
        subject: 'Your export is ready',
        paragraphs: [
          hello,
          {
            text: 'The export of your data that you asked for is ready. Sign in and open your exports to download it.',
          },
          { text: `It is kept until ${payload.expiresAt}. If you did not ask for it, change your password.` },
        ],
      };
    case 'deletion-requested':
      return {
        subject: 'Your account will be deleted',
        paragraphs: [
          hello,
          {
            text: `As you asked, your account and everything that is yours alone will be erased after ${payload.dueAt}.`,
          },
          {
            text: 'Until then you can sign in and cancel. If it was not you, do so now and change your password.',
          },
        ],
      };
    case 'account-deleted':
      return {
        subject: 'Your account was deleted',
        paragraphs: [
          hello,
          { text: 'Your account and everything that was yours alone has been erased. We no longer hold this address.' },
        ],
      };
  }
}

function page(title: string, paragraphs: readonly Paragraph[]): string {
  const body = paragraphs.map(({ text, link }) => {
    const button = link === undefined ? '' : `<p><a href="${escapeHtml(link)}">${escapeHtml(title)}</a></p>`;
    return `<p>${escapeHtml(text)}</p>${button}`;
  });
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head><body>${body.join('')}</body></html>`;
}
