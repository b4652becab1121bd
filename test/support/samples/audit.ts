import type { Samples } from './sample.ts';

export function auditSamples({ projectId }: { readonly projectId: string }): Samples {
  const query = { projectId };
  return {
    reads: {
      listAudit: { stranger: 'empty', query },
      revealAudit: { stranger: 'own', bodies: [{ ids: ['00000000-0000-4000-8000-00000000000A'] }] },
      exportAuditCsv: { stranger: 'own' },
      exportAuditNdjson: { stranger: 'own' },
      verifyAudit: { stranger: 'missing', owner: [404, 'not_found'] },
      verifyProjectAudit: { stranger: 'missing', params: { projectId } },
    },
  };
}
