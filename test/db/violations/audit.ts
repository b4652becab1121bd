import type { Violations } from './format.ts';

export const violations: Violations = {
  audit_keys_key_length: "update audit_keys set key = 'short'",
  audit_log_actor_known: "update audit_log set actor = 'ghost'",
  audit_log_operation_known: "update audit_log set operation = 'guess'",
  audit_log_personal_has_subject: "update audit_log set personal_sealed = 'x', subject_id = null",
  audit_seals_previous_hash_key: `insert into audit_seals select sequence + 1, month, sealed_at, row_count, row_ids, row_hashes,
    previous_hash, sha256('x') from audit_seals`,
  audit_seals_hash_key: `insert into audit_seals select sequence + 1, month, sealed_at, row_count, row_ids, row_hashes,
    sha256('x'), hash from audit_seals`,
  audit_seals_sequence_positive: 'update audit_seals set sequence = 0',
  audit_seals_month_first: 'update audit_seals set month = month + 1',
  audit_seals_complete: 'update audit_seals set row_count = row_count + 1',
  audit_seals_hash_length: "update audit_seals set hash = 'short'",
};
