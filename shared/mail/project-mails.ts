/** Mails about who owns a project, to those who did not do it themselves. */
import { z } from 'zod';
import type { MailContent } from './credential-mails.ts';
import { tame } from './tame.ts';

const project = { to: z.string(), name: z.string(), project: z.string() };

export const projectMails = [
  z.object({ template: z.literal('project-handed-over'), ...project }),
  /** `role`: what the former owner is in it from now on. */
  z.object({ template: z.literal('project-taken-over'), ...project, owner: z.string(), role: z.string() }),
] as const;

type ProjectMail = z.output<(typeof projectMails)[number]>;

export function projectMail(mail: ProjectMail): MailContent {
  const project = `“${tame(mail.project)}”`;
  const hello = { text: `Hello ${mail.name},` };
  if (mail.template === 'project-handed-over') {
    return {
      subject: 'You are the owner of a project now',
      paragraphs: [
        hello,
        {
          text: `An administrator of Posthaste has made you the owner of the project ${project}, since none of its owners can manage it any more.`,
        },
        { text: 'You can invite people, change what they may do, and transfer or delete the project.' },
      ],
    };
  }
  return {
    subject: 'Your project has a new owner',
    paragraphs: [
      hello,
      {
        text: `You can no longer manage the project ${project}, and it had no other active owner. An administrator of Posthaste has made ${tame(mail.owner)} its owner.`,
      },
      { text: `You are ${article(mail.role)} ${mail.role} of it from now on, as far as your account may be used.` },
    ],
  };
}

function article(role: string): string {
  return /^[aeiou]/.test(role) ? 'an' : 'a';
}
