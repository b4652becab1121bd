import { z } from 'zod';
import type { Cast } from '../people.ts';
import type { World } from '../world.ts';
import type { PostsSeed } from './posts.ts';
import type { ProjectsSeed } from './projects.ts';
import { made, type Samples } from './sample.ts';

export interface ReportsSeed {
  readonly reportLinkId: string;
  readonly reportToken: string;
}

export async function seedReports(world: World, { owner, postId }: Cast & PostsSeed): Promise<ReportsSeed> {
  const shape = z.looseObject({ id: z.string(), url: z.string() });
  const report = await made(world, owner, `/v1/posts/${postId}/report-links`, {}, shape);
  return { reportLinkId: report.id, reportToken: report.url.split('/').at(-1) ?? '' };
}

export function reportsSamples({
  projectId,
  postId,
  reportLinkId,
  reportToken,
}: ProjectsSeed & PostsSeed & ReportsSeed): Samples {
  return {
    reads: {
      listReportLinks: { query: { projectId, postId }, stranger: 'empty' },
      getReport: { stranger: 'own', params: { token: reportToken } },
    },
    writes: {
      createReportLink: { params: { postId }, bodies: [{ expiresInDays: 1 }], stranger: 'missing' },
    },
    ends: {
      revokeReportLink: { params: { reportLinkId }, stranger: 'missing' },
    },
  };
}
