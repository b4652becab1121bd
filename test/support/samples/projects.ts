import { type Cast, createProject } from '../people.ts';
import type { World } from '../world.ts';
import type { Samples } from './sample.ts';

export interface ProjectsSeed {
  readonly projectId: string;
  readonly spareProjectId: string;
}

export async function seedProjects(world: World, { owner }: Cast): Promise<ProjectsSeed> {
  const projectId = (await createProject(world, owner)).id;
  return { projectId, spareProjectId: (await createProject(world, owner, 'Spare')).id };
}

export function projectsSamples({ projectId }: ProjectsSeed): Samples {
  const stranger = 'missing';
  return {
    reads: {
      listProjects: { stranger: 'empty' },
      getProject: { params: { projectId }, stranger },
    },
    writes: {
      createProject: { bodies: [{ name: 'Walk', description: 'All routes', timeZone: 'UTC' }], stranger: 'own' },
      updateProject: { params: { projectId }, bodies: [{ name: 'N', description: 'D', timeZone: 'UTC' }], stranger },
    },
    ends: {
      deleteProject: { params: { projectId }, stranger, owner: [409, 'in_use'] },
    },
  };
}
