import type { Fill, RightsTable } from './format.ts';

/** Of the migrator alone. */
export const rights: RightsTable = {
  import_ids: { key: "'some'", verbs: {}, set: 'target_id = target_id' },
};

export const fill: Fill = async (sql) => {
  await sql(
    `insert into import_ids (system, source_table, source_id, target_id) select 'smmp', 'users', id::text, id from users`,
  );
};
