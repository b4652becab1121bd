/** The commands of every program, each loaded when it is run. */
import type { Commands } from './program.ts';

export const adminCommands: Commands = {
  create: async () => (await import('./admin/create.ts')).create,
  'platform-app': async () => (await import('./admin/platform-app.ts')).platformApp,
  list: async () => (await import('./admin/list.ts')).list,
};

export const dbCommands: Commands = {
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
};

export const keysCommands: Commands = {
  ensure: async () => (await import('./keys/rotate.ts')).ensure,
  rotate: async () => (await import('./keys/rotate.ts')).rotate,
};
