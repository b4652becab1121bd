/** `npm run db -- <command>`: everything an operator does with the database, on AWS and on one machine alike. */
import { runProgram } from './program.ts';

runProgram('db', {
  up: async () => (await import('./migrations.ts')).up,
  down: async () => (await import('./migrations.ts')).down,
  status: async () => (await import('./migrations.ts')).status,
  dump: async () => (await import('./migrations.ts')).dump,
  er: async () => (await import('./er/command.ts')).er,
  verify: async () => (await import('./verify.ts')).verify,
  'verify-audit': async () => (await import('./verify.ts')).verifyLog,
  repair: async () => (await import('./repair.ts')).repair,
  drift: async () => (await import('./drift.ts')).drift,
  archive: async () => (await import('./archive.ts')).archive,
  seed: async () => (await import('./seed/command.ts')).seed,
  'restore-drill': async () => (await import('./restore-drill.ts')).restoreDrill,
  import: async () => (await import('./import/command.ts')).importRows,
});
