import { ALL, type Fill, type RightsTable } from './format.ts';

/** Of every project of the world; rows about no project are labelled null. */
const ALL_OF_IT = `${ALL} null public public-gone`;

export const rights: RightsTable = {
  audit_log: {
    key: 'project_id',
    verbs: { select: { outsiders: '', members: '', owner: 'own', admin: ALL_OF_IT, worker: ALL_OF_IT } },
    set: 'actor = actor',
  },
  audit_seals: {
    key: "'some'",
    verbs: { select: { signedIn: '', admin: 'some', worker: 'some' } },
    set: 'month = month',
  },
  audit_keys: { key: "'some'", verbs: {}, set: 'user_id = user_id' },
  audit_unsealed: { key: "'some'", verbs: {}, set: 'audit_id = audit_id' },
};

/** The log is written by what the other areas fill in; a part of it is sealed. */
export const fill: Fill = async (sql) => {
  await sql("update users set bio = 'Writes.'");
  await sql('select * from app.seal_audit(10)');
};
