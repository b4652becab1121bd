import { addMember, type Cast, createProject, registerUser } from '../people.ts';
import type { World } from '../world.ts';
import type { Samples } from './sample.ts';

export interface ProjectsSeed {
  readonly projectId: string;
  readonly spareProjectId: string;
  /** An editor of both projects. */
  readonly memberId: string;
}

export async function seedProjects(world: World, { owner }: Cast): Promise<ProjectsSeed> {
  const projectId = (await createProject(world, owner)).id;
  const spareProjectId = (await createProject(world, owner, 'Spare')).id;
  const member = await registerUser(world, 'Mia Member');
  for (const id of [projectId, spareProjectId]) await addMember(world, id, member, 'editor');
  return { projectId, spareProjectId, memberId: member.id };
}

export function projectsSamples({ projectId, spareProjectId, memberId: userId }: ProjectsSeed): Samples {
  const stranger = 'missing';
  const member = { projectId, userId };
  return {
    reads: {
      listProjects: { stranger: 'empty' },
      getProject: { params: { projectId }, stranger },
      getProjectUsage: { params: { projectId }, stranger },
      listMembers: { params: { projectId }, stranger },
      getMember: { params: member, stranger },
    },
    writes: {
      createProject: { bodies: [{ name: 'Walk', description: 'All routes', timeZone: 'UTC' }], stranger: 'own' },
      updateProject: { params: { projectId }, bodies: [{ name: 'N', description: 'D', timeZone: 'UTC' }], stranger },
      changeMember: { params: member, bodies: [{ role: 'reviewer', permissions: ['approve'] }], stranger },
    },
    ends: {
      removeMember: { params: member, stranger },
      leaveProject: { params: { projectId }, stranger, owner: [409, 'last_owner'] },
      transferProject: { params: { projectId: spareProjectId }, bodies: [{ userId, role: 'viewer' }], stranger },
      deleteProject: { params: { projectId }, stranger, owner: [409, 'in_use'] },
    },
  };
}
