import type { World } from '../world.ts';
import type { ProjectsSeed } from './projects.ts';
import type { Samples } from './sample.ts';

export interface ContentSeed {
  readonly contentId: string;
}

/** There is no door yet that writes content. */
export async function seedContent(world: World, { projectId }: ProjectsSeed): Promise<ContentSeed> {
  const text = `insert into content (project_id, created_by, title, body)
    select id, created_by, 'Plan', 'A #plan' from projects where id = $1 returning id`;
  const [row] = await world.sql(text, [projectId]);
  return { contentId: String(row?.id) };
}

export function contentSamples({ projectId, contentId }: ProjectsSeed & ContentSeed): Samples {
  return {
    reads: {
      listContent: { query: { projectId, q: 'plan' }, stranger: 'empty' },
      listContentTitles: { stranger: 'empty' },
      listNewestByAuthor: { query: { projectId }, stranger: 'empty' },
      getContent: { params: { contentId }, stranger: 'missing' },
    },
  };
}
