/** `npm run keys -- <command>`: the keys that sign access tokens, on AWS and on one machine alike. */
import { runProgram } from './program.ts';
import { keysCommands } from './programs.ts';

runProgram('keys', keysCommands);
