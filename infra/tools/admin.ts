/** `npm run admin -- <command>`: an operator's way in, on AWS and on one machine alike. Nobody has to be signed in. */
import { runProgram } from './program.ts';
import { adminCommands } from './programs.ts';

runProgram('admin', adminCommands);
