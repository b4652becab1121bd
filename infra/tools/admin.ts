/** `npm run admin -- <command>`: an operator's way in, on AWS and on one machine alike. Nobody has to be signed in. */
import { runProgram } from './program.ts';

runProgram('admin', {
  create: async () => (await import('./admin/create.ts')).create,
  'platform-app': async () => (await import('./admin/platform-app.ts')).platformApp,
  list: async () => (await import('./admin/list.ts')).list,
});
