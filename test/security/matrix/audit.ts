import type { Cell, Rows } from './row.ts';

/** Owners see what is about their projects, administrators all. */
const but = {
  viewer: 'empty',
  reviewer: 'empty',
  approver: 'empty',
  editor: 'empty',
  onlooker: 'empty',
  admin: 'ok',
} as const;

export const audit: Rows = {
  listAudit: { is: 'projectList', but },
  revealAudit: { is: 'projectList', but, ask: aboutTheProject },
  // The taking away is noted.
  exportAuditCsv: { is: 'self', writes: true },
  exportAuditNdjson: { is: 'self', writes: true },
  verifyAudit: { is: 'admin' },
  verifyProjectAudit: { is: 'projectManage' },
};

async function aboutTheProject({ sample, world, seed }: Cell) {
  const text = 'select id from audit_log where project_id = $1 order by id limit 1';
  const rows = await world.sql(text, [seed.projectId]);
  return { ...sample, bodies: [{ ids: rows.map(({ id }) => id) }] };
}
