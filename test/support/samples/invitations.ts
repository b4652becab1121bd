import { z } from 'zod';
import type { Cast } from '../people.ts';
import type { World } from '../world.ts';
import type { ProjectsSeed } from './projects.ts';
import { made, type Samples } from './sample.ts';

export interface InvitationsSeed {
  readonly invitationId: string;
  /** Of the link in its mail. */
  readonly invitationToken: string;
}

export async function seedInvitations(
  world: World,
  { owner, projectId }: Cast & ProjectsSeed,
): Promise<InvitationsSeed> {
  const json = { email: `guest-${projectId}@example.com`, role: 'editor' };
  const { id } = await made(
    world,
    owner,
    `/v1/projects/${projectId}/invitations`,
    json,
    z.looseObject({ id: z.string() }),
  );
  // Long enough ago to be sent again.
  await world.sql(`update project_invitations set last_sent_at = now() - interval '2 days' where id = $1`, [id]);
  return { invitationId: id, invitationToken: invitedToken(world, json.email) };
}

/** The token of the newest invitation to the address. */
export function invitedToken(world: World, email: string): string {
  const token = /\/invitations\/([A-Za-z0-9_-]{43})\s/.exec(world.mails(email)[0]?.text ?? '')?.[1];
  if (token === undefined) throw new Error(`there is no invitation to ${email}`);
  return token;
}

export function invitationsSamples({
  projectId,
  invitationId,
  invitationToken,
}: ProjectsSeed & InvitationsSeed): Samples {
  const stranger = 'missing';
  const invitation = { projectId, invitationId };
  const token = 'x'.repeat(43);
  return {
    reads: {
      listInvitations: { params: { projectId }, query: { state: 'open' }, stranger },
      getInvitation: { params: invitation, stranger },
      readInvitation: { params: { token: invitationToken }, stranger: 'own' },
      showInvitation: { params: { token: invitationToken }, stranger: 'own' },
      acceptInvitation: { bodies: [{ token }], stranger: 'own', owner: [400, 'invalid_token'] },
      declineInvitation: { bodies: [{ token }], stranger: 'own', owner: [400, 'invalid_token'] },
    },
    writes: {
      createInvitation: {
        params: { projectId },
        bodies: [{ email: 'asked@example.com', role: 'reviewer', permissions: ['write'] }],
        stranger,
      },
    },
    ends: {
      resendInvitation: { params: invitation, stranger },
      revokeInvitation: { params: invitation, stranger },
    },
  };
}
