/** `npm run db -- <command>`: everything an operator does with the database, on AWS and on one machine alike. */
import { runProgram } from './program.ts';
import { dbCommands } from './programs.ts';

runProgram('db', dbCommands);
